"""Optimal pairs where the distance is a gap on one line: a score and nothing else.

Everybody sees everybody here; a caliper enters as the price of leaving out, for no pair wider
than the price is ever worth it.
"""

from heapq import heappop, heappush
from itertools import accumulate, pairwise

import numpy as np

from agir_pipeline.methods.matching.arrays import Floats, Ints
from agir_pipeline.methods.matching.pairs import LEFT_OUT


def all_pairs_on_line(mine: Floats, theirs: Floats) -> Ints:
    """The control of each beneficiary when all are paired; there are at least as many controls.

    Walking up the line, a beneficiary is a step up and a control a step down. Some optimum pairs
    only steps at the same level, where both kinds alternate, so levels are solved apart: an even
    number of points in consecutive pairs, an odd one (it begins and ends with a control) around
    the control that is best left out. One sort, then work in proportion to the beneficiaries.
    Source: Aggarwal et al. (1992), doi:10.1137/0221056 (levels).
    """
    order, ranked = np.argsort(mine, kind="stable"), np.argsort(theirs, kind="stable")
    low, high = mine[order], theirs[ranked]
    levels_up = np.arange(len(low)) - np.searchsorted(high, low)
    levels_down = np.searchsorted(low, high, side="right") - np.arange(len(high)) - 1
    has_beneficiary = np.zeros(len(low) + len(high) + 1, dtype=np.bool_)
    has_beneficiary[levels_up] = True  # a negative level counts from the end
    kept = np.flatnonzero(has_beneficiary[levels_down])

    level = np.concatenate([levels_up, levels_down[kept]])
    place = np.concatenate([low, high[kept]])
    who = np.concatenate([order, ranked[kept]])
    is_mine = np.arange(len(level)) < len(low)
    # a beneficiary stands before a control at its place, as the two searches above say
    walk = np.lexsort((~is_mine, place, level))
    walk = np.delete(walk, _left_out(level[walk], place[walk]))
    one, other = walk[::2], walk[1::2]
    first = is_mine[one]
    control_of = np.full(len(mine), LEFT_OUT, dtype=np.int64)
    control_of[who[np.where(first, one, other)]] = who[np.where(first, other, one)]
    return control_of


def _left_out(level: Ints, place: Floats) -> list[int]:
    """The control that stays alone on each level with an odd number of points."""
    starts = np.flatnonzero(np.diff(level, prepend=len(level) + 1)).tolist()
    places = place.tolist()
    return [
        start + 2 * _best_left_out(places[start:end])
        for start, end in pairwise([*starts, len(places)])
        if (end - start) % 2
    ]


def _best_left_out(places: list[float]) -> int:
    """Which control of a level, counted from its lower end; the first of equals."""
    gaps = [after - before for before, after in pairwise(places)]
    differences = [left - right for left, right in zip(gaps[::2], gaps[1::2], strict=True)]
    sums = list(accumulate(differences, initial=0.0))
    return sums.index(min(sums))


def pairs_worth_a_price(mine: Floats, theirs: Floats, price: float) -> Ints:
    """The control of each beneficiary, -1 where leaving it out at ``price`` is better.

    One walk up the line with two heaps of offers. An offer taken may be regretted: the offer that
    takes it back goes to the other heap. At equality a beneficiary stays out.
    """
    kept = np.flatnonzero(_gap_to_nearest(theirs, mine) <= price)
    place = np.concatenate([mine, theirs[kept]])
    walk = np.argsort(place, kind="stable")
    is_in = bytearray(len(place))  # beneficiaries kept, controls used
    _walk(walk.tolist(), place[walk].tolist(), len(mine), price, is_in)
    inside = np.frombuffer(is_in, dtype=np.bool_)[walk]
    is_mine = walk < len(mine)
    control_of = np.full(len(mine), LEFT_OUT, dtype=np.int64)
    used = walk[inside & ~is_mine] - len(mine)
    control_of[walk[inside & is_mine]] = kept[used]
    return control_of


def _gap_to_nearest(of: Floats, among: Floats) -> Floats:
    """The distance of each point to the nearest of the others; infinite without any."""
    ranked = np.concatenate([[-np.inf], np.sort(among), [np.inf]])
    above = np.searchsorted(ranked, of)
    return np.asarray(np.minimum(ranked[above] - of, of - ranked[above - 1]))


def _walk(
    walk: list[int], places: list[float], n_mine: int, price: float, is_in: bytearray
) -> None:
    to_mine: list[tuple[float, int]] = []
    to_theirs: list[tuple[float, int]] = []
    for who, place in zip(walk, places, strict=True):
        if who < n_mine:
            offers, answers, alone = to_mine, to_theirs, price
        else:
            offers, answers, alone = to_theirs, to_mine, 0.0
        if offers and offers[0][0] + place < alone:
            value, taken = heappop(offers)
            is_in[who] = 1
            is_in[taken] ^= 1
            heappush(answers, (-(value + place) - place, taken))
        else:
            heappush(answers, (-alone - place, who))


def line_prices(
    mine: Floats, theirs: Floats, control_of: Ints, price: float
) -> tuple[Floats, Floats]:
    """Dual prices of pairs on the line, from the pairs alone; they prove them if optimal.

    They are one function f along the line, a beneficiary's price f and a control's -f, of slope
    between -1 and 1: 0 at unused controls, at least 0 at used ones, at most ``price`` at
    beneficiaries and equal to it where left out, falling or rising by the full gap wherever a
    pair spans it. One walk up finds what f may be, one walk down chooses.
    """
    place = np.concatenate([mine, theirs])
    walk = np.argsort(place, kind="stable")
    is_mine = walk < len(mine)
    is_paired = np.zeros(len(place), dtype=np.bool_)
    paired = np.flatnonzero(control_of != LEFT_OUT)
    is_paired[paired] = is_paired[len(mine) + control_of[paired]] = True
    inside = is_paired[walk]
    matters = np.zeros(len(walk) + 2, dtype=np.bool_)
    for shift in range(3):
        matters[shift : len(walk) + shift] |= inside | is_mine
    kept = matters[1:-1]  # an unused control among unused ones says nothing
    walk, is_mine, inside = walk[kept], is_mine[kept], inside[kept]
    spanned = np.cumsum(np.where(inside, np.where(is_mine, 1, -1), 0))
    slope = np.sign(spanned)
    lowest = np.where(~inside & is_mine, price, 0.0)
    lowest[inside & is_mine] = -np.inf
    highest = np.where(is_mine, price, np.where(inside, np.inf, 0.0))
    heights = _heights(
        np.diff(place[walk], append=place[walk][-1:]).tolist(),
        slope.tolist(),
        lowest.tolist(),
        highest.tolist(),
    )
    height = np.zeros(len(place))
    height[walk] = heights
    return np.minimum(height[: len(mine)], price), np.minimum(-height[len(mine) :], 0.0)


def _heights(
    gaps: list[float], slopes: list[int], lowest: list[float], highest: list[float]
) -> list[float]:
    """A value at each point within its bounds that moves by the gap where a slope is given."""
    low, high = -np.inf, np.inf
    bounds = []
    for place, (least, most) in enumerate(zip(lowest, highest, strict=True)):
        low, high = max(low, least), min(high, most)
        bounds.append((low, high))
        gap, slope = gaps[place], slopes[place]
        low, high = low - gap * (slope or 1), high - gap * (slope or -1)
    value = 0.0
    heights = []
    for place in range(len(bounds) - 1, -1, -1):
        least = value + gaps[place] * (slopes[place] or -1)
        low, high = bounds[place]
        value = min(max(least, low), high)
        heights.append(value)
    return heights[::-1]
