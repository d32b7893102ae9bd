"""How often the figures beside the effects hold the truth, and how often a test is wrong.

``python -m benchmarks.beside`` prints a line per interval or test, at 75 and at 23 pairs; 4,000
draws have a Monte-Carlo error of 0.35 points at 95 %. Pairs as in ``coverage``, with endings that
compete: whoever has no event by 400 days ends otherwise between the 120th day and the 400th, so
that the risk by a horizon, and the ratio of the subdistribution hazards, are known exactly.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agir_pipeline.methods.effects import paired
from agir_pipeline.methods.effects.competing import (
    gray_test,
    hazard_ratio_within,
    subdistribution_ratio,
)
from agir_pipeline.methods.effects.measure import (
    difference_from_reference,
    paired_mean_difference,
    weighted_difference,
)
from agir_pipeline.methods.effects.proportional import hazard_ratio
from agir_pipeline.methods.effects.response import PairedAnswers, ipw_difference
from agir_pipeline.methods.effects.response_rates import newcombe_unpaired
from agir_pipeline.methods.effects.subgroups import interaction
from agir_pipeline.methods.effects.survival import (
    censored_bonett_price,
    cumulative_incidence,
    free_time_difference,
    log_log_interval,
)
from agir_pipeline.methods.mechanism.apart import compared_risks, wilson
from agir_pipeline.methods.mechanism.change import clustered_mean
from agir_pipeline.methods.mechanism.mediation import mediated
from benchmarks.coverage import (
    HORIZON,
    LEVEL,
    RESPONSE,
    event_days,
    response_truth,
    status_answers,
    status_truth,
)

Floats = NDArray[np.float64]
Figures = Iterator[tuple[str, float]]
"""Name → 1 where the truth is held (or a test is wrong), 0 where not, NaN where nothing is told."""

LATEST = 400
NO_EFFECT = (0.18, 0.18)


class Pairs(NamedTuple):
    """Arm × pair: days, causes, and how far the calendar goes."""

    times: Floats
    causes: Floats
    follow_up: Floats

    @property
    def has_event(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (self.causes == 1) & (self.times <= HORIZON)
        return found


def pairs_of(
    risks: tuple[float, float], n: int, rng: np.random.Generator, *, staggered: bool, compete: bool
) -> Pairs:
    days, causes = event_days(risks, n, rng), np.ones((2, n))
    if compete:
        is_other = days > LATEST
        days = np.where(is_other, rng.integers(120, LATEST + 1, (2, n)), days)
        causes = np.where(is_other, 2.0, 1.0)
    end = rng.integers(HORIZON - 180, HORIZON + 185, n) if staggered else 1000
    follow_up = np.asarray(end + rng.integers(0, 15, (2, n)), dtype=float)
    is_seen = days <= follow_up
    return Pairs(np.where(is_seen, days, follow_up), np.where(is_seen, causes, 0.0), follow_up)


def days_lost_truth(risk: float) -> float:
    rate, days = -np.log1p(-risk) / HORIZON, np.arange(1, HORIZON + 1)
    return float((HORIZON - days) @ (np.exp(-rate * (days - 1)) - np.exp(-rate * days)))


def holds(low: float, high: float, truth: float) -> float:
    if np.isnan(low) and np.isnan(high):
        return np.nan
    return float(not low > truth and not high < truth)


def errs(p_value: float) -> float:
    return np.nan if np.isnan(p_value) else float(p_value < 1 - LEVEL)


def staggered_events(risks: tuple[float, float], n: int, rng: np.random.Generator) -> Figures:
    """What is estimated on pairs as far as they are followed, other endings competing."""
    seen = pairs_of(risks, n, rng, staggered=True, compete=True)
    (t, c), true = seen[:2], risks[0] - risks[1]
    found = censored_bonett_price(t[0], c[0], t[1], c[1], HORIZON, LEVEL)
    yield "difference", holds(found.ci_low, found.ci_high, true)
    free = free_time_difference(t[0], c[0], t[1], c[1], HORIZON, LEVEL)
    lost = days_lost_truth(risks[1]) - days_lost_truth(risks[0])
    yield "days free", holds(free.ci_low, free.ci_high, lost)
    one = cumulative_incidence(t[1], c[1], HORIZON)
    yield "risk of an arm", holds(*log_log_interval(one.risk, one.standard_error, LEVEL), risks[1])
    apart = compared_risks((t[0], c[0]), (t[1], c[1]), horizon=HORIZON, level=LEVEL)
    yield "difference of groups", holds(apart.difference.ci_low, apart.difference.ci_high, true)
    yield "ratio of groups", holds(*apart.ratio[1:], risks[0] / risks[1])
    sub = subdistribution_ratio(t, c, seen.follow_up, HORIZON, LEVEL)
    ratio = np.log1p(-risks[0]) / np.log1p(-risks[1])
    yield "Fine–Gray", holds(sub.ci_low, sub.ci_high, ratio)
    if true == 0:
        gray = gray_test(np.minimum(t, HORIZON), np.where(t <= HORIZON, c, 0))
        yield "wrong: difference", errs(found.p_value)
        yield "wrong: days free", errs(free.p_value)
        yield "wrong: Fine–Gray", errs(sub.p_value)
        yield "wrong: Gray", errs(gray.p_value)


def censored_events(risks: tuple[float, float], n: int, rng: np.random.Generator) -> Figures:
    """The hazard ratios: no other ending, so that hazards are proportional."""
    seen = pairs_of(risks, n, rng, staggered=True, compete=False)
    times = np.minimum(seen.times, HORIZON)
    cox = hazard_ratio(times, seen.has_event, LEVEL)
    ratio = np.log1p(-risks[0]) / np.log1p(-risks[1])
    yield "hazard ratio", holds(cox.ratio.ci_low, cox.ratio.ci_high, ratio)
    yield "wrong: proportional hazards", errs(cox.proportional_p)
    if ratio == 1:
        within = hazard_ratio_within(times, seen.has_event, LEVEL)
        yield "hazard ratio within pairs", holds(within.ci_low, within.ci_high, 1.0)
        yield "wrong: hazard ratio", errs(cox.ratio.p_value)


def complete_events(risks: tuple[float, float], n: int, rng: np.random.Generator) -> Figures:
    """What stands on complete pairs."""
    seen = pairs_of(risks, n, rng, staggered=False, compete=True)
    table = paired.PairedTable.of(*seen.has_event)
    newcombe = paired.newcombe(table, LEVEL)
    yield "Newcombe", holds(newcombe.ci_low, newcombe.ci_high, risks[0] - risks[1])
    ratio = paired.risk_ratio(table, LEVEL)
    yield "risk ratio", holds(ratio.ci_low, ratio.ci_high, risks[0] / risks[1])
    if risks[0] == risks[1]:
        odds = paired.conditional_odds_ratio(table, LEVEL)
        yield "conditional odds ratio", holds(odds.ci_low, odds.ci_high, 1.0)
        yield "wrong: mid-p", errs(paired.mcnemar_midp(table))
        t, c = seen[:2]
        found = censored_bonett_price(t[0], c[0], t[1], c[1], HORIZON, LEVEL)
        yield "wrong: difference, complete", errs(found.p_value)


def own_planned_ends(risks: tuple[float, float], n: int, rng: np.random.Generator) -> Figures:
    """Each pair looked at up to its own planned end, 180 to 365 days; staggered."""
    seen = pairs_of(risks, n, rng, staggered=True, compete=True)
    last = rng.integers(180, 366, n)
    is_past = (seen.times > last) | ((seen.times == last) & (seen.causes == 0))
    t = np.where(is_past, last + 1.0, seen.times)
    c = np.where(is_past, 2.0, seen.causes)
    found = censored_bonett_price(t[0], c[0], t[1], c[1], 365, LEVEL)
    ends = np.arange(180, 366) / HORIZON
    by_end = [float(np.mean(1 - (1 - risk) ** ends)) for risk in risks]
    yield "difference by the planned end", holds(found.ci_low, found.ci_high, by_end[0] - by_end[1])


def measures(n: int, rng: np.random.Generator) -> Figures:
    """A quantity with a long tail, alike within pairs; the same of people who are no pairs."""
    shared = rng.normal(size=n)
    values = np.exp(0.5 * shared + 0.7 * rng.normal(size=(2, n)))
    pairs = paired_mean_difference(values[0] + 0.3, values[1], LEVEL).effect
    yield "mean difference of pairs", holds(pairs.ci_low, pairs.ci_high, 0.3)
    other = np.exp(0.5 * rng.normal(size=3 * n) + 0.7 * rng.normal(size=3 * n))
    known = difference_from_reference(values[0] + 0.3, other, LEVEL)
    yield "difference from a reference", holds(known.ci_low, known.ci_high, 0.3)
    same = paired_mean_difference(values[0], values[1], LEVEL).effect
    yield "wrong: mean difference of pairs", errs(same.p_value)


def statuses(
    shares: tuple[float, float], n: int, rng: np.random.Generator, n_draws: int = 199
) -> Figures:
    """The weighted difference of who answered, with as many draws as a variant has."""
    answers, rates = status_answers(shares, n, rng), response_truth()
    found = ipw_difference(answers, n_draws, LEVEL, rng).effect
    yield "weighted difference", holds(found.ci_low, found.ci_high, status_truth(shares))
    if shares[0] == shares[1]:
        yield "wrong: weighted difference", errs(found.p_value)
    n_answers = answers.n_respondents
    _between, low, high = newcombe_unpaired(n_answers, (n, n), LEVEL)
    yield "response rates apart", holds(low, high, rates[0] - rates[1])
    yield "response rate of an arm", holds(*wilson(n_answers[0], n, LEVEL), rates[0])


def bounded(n: int, rng: np.random.Generator, n_draws: int = 199) -> Figures:
    """Lee's bounds where the truth is an end of them: who answers for support alone all work.

    The same 45 % answer in either arm, among them 60 % work with support and 50 without.
    """
    answers_if = rng.random((2, n))
    works = rng.random((2, n)) < np.array([[0.6], [0.5]])
    works[0] |= answers_if[0] > RESPONSE[1]
    silent = answers_if > np.array(RESPONSE)[:, None]
    status = np.where(silent, np.nan, works).T
    lee = ipw_difference(PairedAnswers(status, np.empty((2 * n, 0))), n_draws, LEVEL, rng).lee
    yield "Lee's bounds", holds(lee.ci_low, lee.ci_high, 0.1)


def changes(n: int, rng: np.random.Generator) -> Figures:
    """Scores that change by four points, where one respondent answers for about three triads."""
    tellers = rng.integers(0, n // 3, 2 * n)
    liking = rng.normal(size=n // 3)
    moved = 5 * liking[tellers] + 10 * rng.normal(size=2 * n)
    mean = clustered_mean(moved[:n], tellers[:n], LEVEL)
    yield "mean change", holds(mean.ci_low, mean.ci_high, 0.0)
    sets, one = tellers.astype(float), np.ones(2 * n)
    found = weighted_difference(moved, np.arange(2 * n) < n, one, sets, LEVEL).effect
    yield "difference of changes", holds(found.ci_low, found.ci_high, 0.0)
    yield "wrong: difference of changes", errs(found.p_value)


def through_the_link(n: int, rng: np.random.Generator) -> Figures:
    """Support moves the link by half a point, a point of link the event by −5 points."""
    arm = np.repeat([1.0, 0.0], n)
    link = 0.5 * arm + rng.uniform(-2, 2, 2 * n)
    event = (rng.random(2 * n) < 0.3 - 0.05 * link - 0.05 * arm).astype(float)
    found = mediated(event, link, arm, np.tile(np.arange(n), 2), LEVEL)
    for name, part, truth in (
        ("total with the link", found.total, -0.075),
        ("through the link", found.through, -0.025),
        ("beside the link", found.beside, -0.05),
    ):
        yield name, holds(part.ci_low, part.ci_high, truth)


def halves_alike(n: int, rng: np.random.Generator) -> Figures:
    """The same effect in two halves of the pairs."""
    told = []
    for size in (n // 2, n - n // 2):
        t, c, _end = pairs_of((0.12, 0.18), size, rng, staggered=True, compete=True)
        told.append(censored_bonett_price(t[0], c[0], t[1], c[1], HORIZON, LEVEL))
    centres = [(one.ci_low + one.ci_high) / 2 for one in told]
    yield "wrong: interaction", errs(interaction(centres, [one.standard_error for one in told])[2])


Draw = Callable[[int, np.random.Generator], Figures]


def _lines() -> dict[str, Draw]:
    def of(draw: Callable[..., Figures], *shares: float) -> Draw:
        return partial(draw, shares)

    return {
        **{f"staggered, other endings, {p:.0%} against {q:.0%}": of(staggered_events, p, q)
           for p, q in ((0.05, 0.18), (0.12, 0.18), NO_EFFECT)},
        **{f"staggered, one ending, {p:.0%} against {q:.0%}": of(censored_events, p, q)
           for p, q in ((0.12, 0.18), NO_EFFECT)},
        **{f"complete, {p:.0%} against {q:.0%}": of(complete_events, p, q)
           for p, q in ((0.12, 0.18), NO_EFFECT)},
        **{f"answers of 65 and 45 %, {p:.0%} against {q:.0%}": of(statuses, p, q)
           for p, q in ((0.7, 0.6), (0.65, 0.65), (0.9, 0.8), (0.95, 0.95))},
        "answers of 65 and 45 %, for support alone": bounded,
        **{f"own planned ends, {p:.0%} against {q:.0%}": of(own_planned_ends, p, q)
           for p, q in ((0.12, 0.18), NO_EFFECT)},
        "measures": measures,
        "scores": changes,
        "mediator": through_the_link,
        "subgroups": halves_alike,
    }  # fmt: skip


LINES = _lines()


def told_of(draw: Draw, n_pairs: int, n_draws: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Each figure of a line over all draws; NaN where a draw tells none."""
    found: dict[str, list[float]] = {}
    for _draw in range(n_draws):
        for name, value in draw(n_pairs, rng):
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--draws", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", default="", help="lines whose name holds this")
    options = arguments.parse_args()
    rng = np.random.default_rng(options.seed)
    for name, draw in LINES.items():
        for n_pairs in (75, 23) if options.only in name else ():
            began = time.process_time()
            for figure, held in told_of(draw, n_pairs, options.draws, rng).items():
                told = ~np.isnan(held)
                share = f"{held[told].mean():6.1%} of {told.sum():5}"
                print(f"{name:45} {n_pairs:3} pairs  {figure:30} {share}", flush=True)
            print(f"{time.process_time() - began:.0f} s")


if __name__ == "__main__":
    main()
