"""Outcomes known for some only: weighting by the chance of an answer, and bounds.

Pairs are the unit of sampling, respondents the unit of the means: a person whose partner did
not answer still counts. Sign: beneficiary minus control, in shares.
Sources: Lee 2009, doi:10.1111/j.1467-937X.2009.00536.x; Imbens & Manski 2004,
doi:10.1111/j.1468-0262.2004.00555.x; Horowitz & Manski 2000, doi:10.1080/01621459.2000.10473902.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from agir_pipeline.methods.effects.estimate import UNKNOWN, Estimate, student_estimate
from agir_pipeline.methods.effects.response_model import ResponseModel

Floats = NDArray[np.float64]

WHOLE_SCALE = 2.0
"""From −1 to 1: an interval of differences as wide as that says nothing."""

CELLS_AT_ONCE = 30_000
"""Draws are computed together as far as members × draws stays below this (fits in the cache)."""


@dataclass(frozen=True)
class PairedAnswers:
    """The due pairs: ``status`` is pairs × (beneficiary, control), 1, 0 or NaN (no answer).

    ``design`` is (all beneficiaries, then all controls, in pair order) × columns of the
    response model, without intercept and arm.
    """

    status: Floats
    design: Floats

    @property
    def n_respondents(self) -> tuple[int, int]:
        beneficiary, control = (~np.isnan(self.status)).sum(axis=0)
        return int(beneficiary), int(control)


@dataclass(frozen=True)
class Bounds:
    """The least and the largest difference, with an interval for the true one between them."""

    low: float = nan
    high: float = nan
    ci_low: float = nan
    ci_high: float = nan


@dataclass(frozen=True)
class ResponseAdjusted:
    """The weighted difference and what stands beside it. Arms: beneficiary, control."""

    effect: Estimate = UNKNOWN
    means: tuple[float, float] = (nan, nan)
    n_effective: tuple[float, float] = (nan, nan)
    unweighted: float = nan
    lee: Bounds = Bounds()
    worst_case: Bounds = Bounds()


def ipw_difference(
    answers: PairedAnswers, n_draws: int, level: float, rng: np.random.Generator
) -> ResponseAdjusted:
    """Difference of the arms' means over all respondents, weighted by 1/P(answer).

    The logistic response model (ridge penalty, weights truncated at their 1st and 99th
    percentiles) is fitted again in each of ``n_draws`` pair-bootstrap draws; interval and test
    are Student's with the n − 1 of the smaller arm's n respondents; as resampling divides by n
    where a variance divides by n − 1, its own is taken n/(n − 1) times. Answers that are all (or
    nearly all) alike have nothing to resample: an arm's variance is never below that of its
    answers and one more of each kind (Agresti & Caffo 2000, doi:10.1080/00031305.2000.10474560).
    An arm without any respondent gives no estimate, an interval as wide as the scale none of
    itself. Draws that leave an arm without respondents are left out.
    """
    return ipw_differences([answers], n_draws, level, rng)[0]


def ipw_differences(
    several: Sequence[PairedAnswers], n_draws: int, level: float, rng: np.random.Generator
) -> list[ResponseAdjusted]:
    """``ipw_difference`` of several statuses that the same persons told, on the same draws.

    The response model is fitted once per draw for all of them: it does not see the status.
    """
    one = several[0]
    if min(one.n_respondents) == 0:
        return [ResponseAdjusted(worst_case=_worst_case(answers)) for answers in several]
    n_pairs = len(one.status)
    arms = np.repeat([True, False], n_pairs)
    model = ResponseModel.of(one.design, ~np.isnan(one.status.T.ravel()), arms)
    whole = np.ones((1, n_pairs))
    weights = model.weights(np.tile(whole, 2))
    points = [_figures(answers, weights, whole) for answers in several]
    drawn: list[list[_Figures]] = [[] for _answers in several]
    for counts in _drawn(n_pairs, n_draws, rng):
        weights = model.weights(np.tile(counts, 2))
        for answers, parts in zip(several, drawn, strict=True):
            parts.append(_figures(answers, weights, counts))
    return [
        _adjusted(answers, point, _spreads(parts), level)
        for answers, point, parts in zip(several, points, drawn, strict=True)
    ]


def _adjusted(
    answers: PairedAnswers, point: "_Figures", errors: list[float], level: float
) -> ResponseAdjusted:
    df = min(answers.n_respondents) - 1
    means, n_effective = point.means[0], point.n_effective[0]
    unseen, wider = _unseen_variance(means, n_effective), (df + 1) / max(df, 1)
    error, low_error, high_error = (sqrt(wider * drawn**2 + unseen) for drawn in errors)
    effect = student_estimate(float(point.difference[0]), error, df, level)
    if effect.ci_high - effect.ci_low >= WHOLE_SCALE:
        effect = Estimate(estimate=effect.estimate)
    return ResponseAdjusted(
        effect=effect,
        means=(float(means[0]), float(means[1])),
        n_effective=(float(n_effective[0]), float(n_effective[1])),
        unweighted=float(point.unweighted[0]),
        lee=_imbens_manski(
            float(point.lee[0, 0]), float(point.lee[1, 0]), low_error, high_error, level
        ),
        worst_case=_worst_case(answers),
    )


def _unseen_variance(shares: Floats, n: Floats) -> float:
    """What the bootstrap misses where answers are nearly all alike: nothing in between."""
    with_one_more = (shares * n + 1) / (n + 2)
    careful = with_one_more * (1 - with_one_more) / (n + 2)
    return float(np.clip(careful - shares * (1 - shares) / n, 0.0, None).sum())


def lee_bounds(
    share_beneficiary: ArrayLike,
    share_control: ArrayLike,
    rate_beneficiary: ArrayLike,
    rate_control: ArrayLike,
) -> Floats:
    """Lower and upper difference when the arm that answers more is trimmed to the other's rate.

    Shares are among respondents, rates are of response; values may be arrays. Binary status,
    fractional trimming; needs response that support moves in one direction only.
    """
    share_b, share_c, rate_b, rate_c = (
        np.asarray(x, dtype=float)
        for x in (share_beneficiary, share_control, rate_beneficiary, rate_control)
    )
    low_b, high_b = _trimmed(share_b, rate_b, rate_c)
    low_c, high_c = _trimmed(share_c, rate_c, rate_b)
    return np.stack([low_b - high_c, high_b - low_c])


def _trimmed(share: Floats, rate: Floats, other_rate: Floats) -> tuple[Floats, Floats]:
    """The least and largest share once the surplus of answers is taken away (none: as it is)."""
    surplus = np.clip((rate - other_rate) / rate, 0.0, None)
    kept = 1 - surplus
    return np.maximum(0.0, (share - surplus) / kept), np.minimum(1.0, share / kept)


def _imbens_manski(
    low: float, high: float, low_error: float, high_error: float, level: float
) -> Bounds:
    """The interval that covers the true value, wherever it lies between the bounds."""
    largest = max(low_error, high_error)
    if not largest > 0:
        return Bounds(low, high)

    def excess(k: float) -> float:
        return float(special.ndtr(k + (high - low) / largest) - special.ndtr(-k)) - level

    k = float(optimize.brentq(excess, -10.0, 10.0))
    return Bounds(low, high, max(-1.0, low - k * low_error), min(1.0, high + k * high_error))


def _worst_case(answers: PairedAnswers) -> Bounds:
    """Every missing answer against, then in favour of, the beneficiaries; no sampling error."""
    if len(answers.status) == 0:
        return Bounds()
    least = np.nan_to_num(answers.status, nan=0.0).mean(axis=0)
    most = np.nan_to_num(answers.status, nan=1.0).mean(axis=0)
    return Bounds(float(least[0] - most[1]), float(most[0] - least[1]))


@dataclass(frozen=True)
class _Figures:
    """One row (``lee``: one column) per draw; ``means`` and ``n_effective`` have one per arm."""

    difference: Floats
    unweighted: Floats
    means: Floats
    n_effective: Floats
    lee: Floats


def _figures(answers: PairedAnswers, response_weights: Floats, counts: Floats) -> _Figures:
    """Everything that follows from ``counts``, draws × pairs: how often each pair was drawn."""
    status = answers.status.T
    value = np.nan_to_num(status)
    drawn = counts[:, None, :] * ~np.isnan(status)
    weights = response_weights.reshape(drawn.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = (drawn * weights).sum(axis=2)
        means = (drawn * weights * value).sum(axis=2) / total
        shares = (drawn * value).sum(axis=2) / drawn.sum(axis=2)
        n_effective = total**2 / (drawn * weights**2).sum(axis=2)
        rates = drawn.sum(axis=2) / counts.sum(axis=1, keepdims=True)
        lee = lee_bounds(shares[:, 0], shares[:, 1], rates[:, 0], rates[:, 1])
    return _Figures(means[:, 0] - means[:, 1], shares[:, 0] - shares[:, 1], means, n_effective, lee)


def _drawn(n_pairs: int, n_draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each pair is drawn, draws × pairs, in parts of a bounded size."""
    at_once = max(1, CELLS_AT_ONCE // (2 * n_pairs))
    for start in range(0, n_draws, at_once):
        size = min(at_once, n_draws - start)
        places = rng.integers(0, n_pairs, size=(size, n_pairs)) + n_pairs * np.arange(size)[:, None]
        counts = np.bincount(places.ravel(), minlength=size * n_pairs)
        yield counts.reshape(size, n_pairs).astype(float)


def _spreads(parts: list[_Figures]) -> list[float]:
    """Standard deviation over draws of the weighted difference and of both Lee bounds."""
    rows = np.concatenate([np.vstack([part.difference, part.lee]) for part in parts], axis=1)
    usable = rows[:, np.isfinite(rows).all(axis=0)]
    if usable.shape[1] < 2:
        return [nan] * len(rows)
    return [float(spread) for spread in usable.std(axis=1, ddof=1)]
