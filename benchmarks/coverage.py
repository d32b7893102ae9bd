"""How often the intervals of the effects hold the truth, on drawn pairs.

``python -m benchmarks.coverage`` prints the figures; 4,000 draws per line have a Monte-Carlo error
of 0.35 points at 95 %.
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray
from scipy import special

from agir_pipeline.methods.effects.estimate import Estimate
from agir_pipeline.methods.effects.response import PairedAnswers, ipw_difference
from agir_pipeline.methods.effects.reweighted import (
    from_start_difference,
    uncontaminated_difference,
)
from agir_pipeline.methods.effects.survival import censor, censored_bonett_price

HORIZON = 274
LEVEL = 0.95
RISKS = ((0.12, 0.18), (0.05, 0.18), (0.18, 0.18))
LATENT = 0.2
"""Correlation of the normal scores; between the events themselves it is about 0.1."""
RESPONSE = (0.65, 0.45)
SHARES = (0.70, 0.60)
KINDS = 0.4
"""Share of pairs at twice the hazard, where contamination is looked at."""


def event_effect(
    risks: tuple[float, float], n_pairs: int, is_staggered: bool, rng: np.random.Generator
) -> Estimate:
    """The censored Bonett–Price effect of one draw.

    Event days are alike within pairs; when staggered, follow-up ends evenly over a year around
    the horizon, at most two weeks apart within a pair.
    """
    days = event_days(risks, n_pairs, rng)
    end = rng.integers(HORIZON - 180, HORIZON + 185, n_pairs) if is_staggered else 1000
    follow_up = end + rng.integers(0, 15, (2, n_pairs))
    seen = [censor(*arm) for arm in zip(days, np.ones_like(days), follow_up, strict=True)]
    return censored_bonett_price(*seen[0], *seen[1], HORIZON, LEVEL)


def from_start_effect(
    risks: tuple[float, float], n_pairs: int, is_staggered: bool, rng: np.random.Generator
) -> Estimate:
    """The effect counted from the contract's start: pairs enter after 0, 15 … 120 days, if both
    members are still there."""
    entries, days = np.zeros(0), np.zeros((2, 0))
    while len(entries) < n_pairs:
        late = np.where(rng.random(n_pairs) < 0.6, 0, 15 * rng.integers(1, 9, n_pairs))
        drawn = event_days(risks, n_pairs, rng)
        are_there = (drawn > late).all(axis=0)
        entries = np.append(entries, late[are_there])
        days = np.hstack([days, drawn[:, are_there]])
    entries, days = entries[:n_pairs], days[:, :n_pairs] - entries[:n_pairs]
    end = rng.integers(60, 600, n_pairs) if is_staggered else 1000
    causes = (days <= end).astype(float)
    return from_start_difference(entries, np.minimum(days, end), causes, HORIZON, LEVEL)


def uncontaminated_effect(
    risks: tuple[float, float], n_pairs: int, is_staggered: bool, rng: np.random.Generator
) -> Estimate:
    """The effect while controls are not supported: two pairs in five have twice the hazard, their
    controls are supported more than three times as often, and break a third as fast from then on.
    """
    kind = (rng.random(n_pairs) < KINDS).astype(int)
    days = np.ceil(event_days(risks, n_pairs, rng) / np.array([1, 2])[kind])
    is_supported = rng.random(n_pairs) < np.array([0.10, 0.35])[kind]
    out = np.where(is_supported, rng.integers(1, 250, n_pairs), np.nan)
    days[1] = np.where(out < days[1], out + 3 * (days[1] - out), days[1])
    end = rng.integers(60, 600, n_pairs) if is_staggered else 1000
    causes = (days <= end).astype(float)
    return uncontaminated_difference(np.minimum(days, end), causes, out, kind, HORIZON, LEVEL)


def uncontaminated_truth(risks: tuple[float, float]) -> float:
    first, second = ((1 - KINDS) * r + KINDS * (1 - (1 - r) ** 2) for r in risks)
    return first - second


def status_effect(
    n_pairs: int,
    n_draws: int,
    rng: np.random.Generator,
    shares: tuple[float, float] = SHARES,
) -> Estimate:
    """The response-weighted effect of one draw."""
    return ipw_difference(status_answers(shares, n_pairs, rng), n_draws, LEVEL, rng).effect


def status_answers(
    shares: tuple[float, float], n_pairs: int, rng: np.random.Generator
) -> PairedAnswers:
    """Who works and who answers: one covariate drives both, four others neither."""
    liking = rng.normal(size=(2, n_pairs))
    works = rng.random((2, n_pairs)) < _shifted(shares, 0.5 * liking)
    answers = rng.random((2, n_pairs)) < _shifted(RESPONSE, 0.6 * liking)
    others = rng.normal(size=(2 * n_pairs, 4))
    status = np.where(answers, works, np.nan).T
    return PairedAnswers(status, np.column_stack([liking.ravel(), others]))


def status_truth(shares: tuple[float, float] = SHARES) -> float:
    first, second = _over_liking(shares, 0.5)
    return first - second


def response_truth() -> tuple[float, float]:
    """The share that answers in each arm."""
    return _over_liking(RESPONSE, 0.6)


def _over_liking(shares: tuple[float, float], slope: float) -> tuple[float, float]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    chances = _shifted(shares, slope * np.stack([nodes, nodes]))
    first, second = (chances * weights / weights.sum()).sum(axis=1)
    return float(first), float(second)


def event_days(
    risks: tuple[float, float], n_pairs: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Arm × pair, with a constant hazard that gives the risk by the horizon; alike within pairs."""
    shared, own = rng.normal(size=n_pairs), rng.normal(size=(2, n_pairs))
    chance = special.ndtr(np.sqrt(LATENT) * shared + np.sqrt(1 - LATENT) * own)
    rates = -np.log1p(-np.array(risks))[:, None] / HORIZON
    days: NDArray[np.float64] = np.ceil(-np.log1p(-chance) / rates)
    return days


def coverage(effects: list[Estimate], truth: float) -> tuple[float, float]:
    """Share of intervals that hold the truth, and their mean width."""
    low, high = (np.array([getattr(e, name) for e in effects]) for name in ("ci_low", "ci_high"))
    return float(np.mean((low <= truth) & (truth <= high))), float(np.mean(high - low))


def _shifted(shares: tuple[float, float], effect: np.ndarray) -> np.ndarray:
    return special.expit(special.logit(np.array(shares))[:, None] + effect)


def _plain(risks: tuple[float, float]) -> float:
    return risks[0] - risks[1]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--draws", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    rng = np.random.default_rng(options.seed)
    for name, draw, truth in (
        ("event", event_effect, _plain),
        ("from the start", from_start_effect, _plain),
        ("uncontaminated", uncontaminated_effect, uncontaminated_truth),
    ):
        for n_pairs in (75, 23):
            for risks in RISKS:
                for is_staggered in (False, True):
                    started = time.perf_counter()
                    found = [draw(risks, n_pairs, is_staggered, rng) for _ in range(options.draws)]
                    covered, width = coverage(found, truth(risks))
                    print(
                        f"{name:14}  {n_pairs:3} pairs  {risks[0]:.2f} vs {risks[1]:.2f}  "
                        f"{'staggered' if is_staggered else 'complete ':9}  "
                        f"coverage {covered:.1%}  width {width:.3f}  "
                        f"{time.perf_counter() - started:.1f} s"
                    )
    started = time.perf_counter()
    statuses = [status_effect(75, 400, rng) for _ in range(options.draws // 4)]
    covered, width = coverage(statuses, status_truth())
    print(
        f"status  75 pairs  response {RESPONSE[0]:.0%} / {RESPONSE[1]:.0%}  "
        f"coverage {covered:.1%}  width {width:.3f}  {time.perf_counter() - started:.1f} s"
    )
    _print_scale(rng)


def _print_scale(rng: np.random.Generator) -> None:
    for n_pairs in (75, 7_500, 75_000):
        started = time.perf_counter()
        event_effect(RISKS[0], n_pairs, True, rng)
        print(
            f"event  {n_pairs:6} pairs, drawn and estimated: {time.perf_counter() - started:.4f} s"
        )


if __name__ == "__main__":
    main()
