"""The bias that matching alone makes where the true effect is nil.

Null simulation: rupture hazard of 2 % by 2 months and 18 % by 12, doubled; beneficiaries enter
support after U(0, 6) months, so they were still in contract then; pool of controls 1.2, 2 or 8
times as large; risk at 6 months from the index date; contract starts within 45 days of each other.
Printed: mean risk difference, beneficiaries minus controls, in points, with its Monte-Carlo
standard error, for the product's bands (one round, and rounds that lock their pairs) and for what
one joint problem over all bands would show.

An exit after the last edge that the design asked about is replaced by its probability given all
that the design knew (Rao-Blackwell): the mean is the same, half of the chance is gone.

    python benchmarks/matching_bias.py [replicates] [scenario …]
"""

import sys
import time
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.candidates import within_window
from agir_pipeline.methods.matching.design import delay_band
from agir_pipeline.methods.matching.distance import distances
from agir_pipeline.methods.matching.pairs import LEFT_OUT, optimal_pairs
from agir_pipeline.methods.matching.rounds import match_round
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.protocol.model import Covariate, Labels

MONTH = 365.25 / 12
N_BENEFICIARIES = 75
HORIZON_DAYS, WINDOW_DAYS, BAND_DAYS, WAITING_DAYS = 183, 45, 15, 45
STARTS_WITHIN_DAYS = 180
HAZARD_TIMES = 2
FIRST_DAY = np.datetime64("2010-01-01")


class Drawn(NamedTuple):
    """One simulated study. ``exit_days`` counts from the contract start, as the delays do."""

    persons: pd.DataFrame
    covariates: pd.DataFrame
    exit_days: np.ndarray
    risk: np.ndarray
    """Hazard of each person, in units of the usual one."""

    @property
    def is_beneficiary(self) -> np.ndarray:
        return (self.persons["arm"] == "beneficiary").to_numpy()

    @property
    def edges(self) -> np.ndarray:
        delays = self.persons["elapsed_delay_days"].to_numpy()[self.is_beneficiary]
        return delay_band(delays, BAND_DAYS)


def covariate(name: str, in_propensity: bool) -> Covariate:
    return Covariate(
        name=name,
        labels=Labels(en=name, fr=name),
        origin="person",
        column=name,
        scale="number",
        role="distance",
        in_propensity=in_propensity,
        source="simulation",
    )


def spec(has_score: bool) -> MatchingSpec:
    """As many pairs as possible; with a score, inside its caliper."""
    return MatchingSpec(
        covariates=(covariate("prognosis", has_score), covariate("noise", has_score)),
        distance="robust_rank_mahalanobis",
        propensity="plain",
        caliper_multiple=0.2,
        caliper_convention="pooled",
        leave_out_price=np.inf,
        band_width_days=BAND_DAYS,
        start_window_days=WINDOW_DAYS,
        waiting_days=WAITING_DAYS,
        design_number=1,
    )


def draw(rng: np.random.Generator, n_controls: int) -> Drawn:
    """A study without effect: support changes nothing, it only begins late."""
    n = N_BENEFICIARIES + n_controls
    is_beneficiary = np.arange(n) < N_BENEFICIARIES
    delay = np.where(is_beneficiary, rng.uniform(0, 6 * MONTH, n), 0.0)
    prognosis = rng.normal(size=n)
    # the clock of the hazard: exits of beneficiaries come after their entry into support
    risk = HAZARD_TIMES * np.exp(0.3 * prognosis)
    exit_days = _day(_hazard(delay) + rng.exponential(size=n) / risk)
    number = np.arange(n)
    persons = pd.DataFrame(
        {
            "person_id": [f"p{i:03}" for i in number],
            "tie_order": [f"{k:08x}" for k in rng.permutation(n)],
            "arm": np.where(is_beneficiary, "beneficiary", "control"),
            "contract_start_on": FIRST_DAY + rng.integers(0, STARTS_WITHIN_DAYS, n),
            "elapsed_delay_days": np.where(is_beneficiary, delay, np.nan),
            "supported_since_on": pd.NaT,
            "listed_since_on": pd.NaT,
            "consented_on": pd.NaT,
            "has_consent_rule": False,
            "blocked_reason": None,
        }
    )
    covariates = pd.DataFrame({"prognosis": prognosis, "noise": rng.normal(size=n)})
    return Drawn(persons, covariates, exit_days, risk)


def _hazard(days: np.ndarray) -> np.ndarray:
    early, late = -np.log(0.98) / (2 * MONTH), np.log(0.98 / 0.82) / (10 * MONTH)
    return early * np.minimum(days, 2 * MONTH) + late * np.maximum(days - 2 * MONTH, 0)


def _day(hazard: np.ndarray) -> np.ndarray:
    early, late = -np.log(0.98) / (2 * MONTH), np.log(0.98 / 0.82) / (10 * MONTH)
    at_knot = early * 2 * MONTH
    return np.where(hazard < at_knot, hazard / early, 2 * MONTH + (hazard - at_knot) / late)


def banded(drawn: Drawn, instants: tuple[date, ...], has_score: bool) -> tuple[float, int]:
    """Risk difference and number of pairs by the product, through locked rounds."""
    used: dict[str, str] = {}
    pairs = []
    asked: list[int] = []

    def at_risk(edge: int) -> np.ndarray:
        asked.append(edge)
        return drawn.exit_days > edge

    for instant in instants:
        found = match_round(
            drawn.persons, lambda _edge: drawn.covariates, at_risk, spec(has_score), instant, used
        ).pairs
        used |= dict.fromkeys(found["beneficiary_person_id"], "beneficiary")
        used |= dict.fromkeys(found["control_person_id"], "control")
        pairs.append(found)
    everything = pd.concat(pairs)
    number = {person: i for i, person in enumerate(drawn.persons["person_id"])}
    mine = everything["beneficiary_person_id"].map(number).to_numpy()
    theirs = everything["control_person_id"].map(number).to_numpy()
    edges = everything["elapsed_days"].to_numpy(dtype=float)
    return _difference(drawn, mine, theirs, edges, max(asked))


def joint(drawn: Drawn) -> tuple[float, int]:
    """The wrong way: the same conditions, all bands in one problem."""
    mine = np.flatnonzero(drawn.is_beneficiary)
    theirs = np.flatnonzero(~drawn.is_beneficiary)
    edges = drawn.edges
    start = drawn.persons["contract_start_on"].to_numpy(dtype="datetime64[D]")
    may = (
        within_window(start[mine], start[theirs], WINDOW_DAYS)
        & (drawn.exit_days[theirs][None, :] > edges[:, None])
        & (drawn.exit_days[mine] > edges)[:, None]
    )
    points = drawn.covariates.to_numpy()
    cost = distances(points[mine], points[theirs])
    control_of = optimal_pairs(cost, may, np.inf, mine, theirs).control_of
    paired = control_of != LEFT_OUT
    partners = theirs[control_of[paired]]
    return _difference(drawn, mine[paired], partners, edges[paired], int(edges.max()))


def _difference(
    drawn: Drawn, mine: np.ndarray, theirs: np.ndarray, edges: np.ndarray, last_edge: int
) -> tuple[float, int]:
    ends = edges + HORIZON_DAYS
    happened = [_happened(drawn, rows, ends, last_edge).mean() for rows in (mine, theirs)]
    return 100 * float(happened[0] - happened[1]), len(mine)


def _happened(drawn: Drawn, rows: np.ndarray, ends: np.ndarray, last_edge: int) -> np.ndarray:
    """Whether each person left by the end; its probability where the design cannot know."""
    is_unseen = drawn.exit_days[rows] > last_edge
    lived = _hazard(ends) - _hazard(np.array([float(last_edge)]))
    later = 1 - np.exp(-drawn.risk[rows] * np.maximum(lived, 0))
    return np.where(is_unseen, later, drawn.exit_days[rows] <= ends)


ONE_ROUND = (date(2012, 12, 31),)
SIX_ROUNDS = tuple(date(2010 + m // 12, m % 12 + 1, 28) for m in (3, 5, 7, 9, 11, 13))
POOLS = {"1.2": 90, "2": 150, "8": 600}
Run = Callable[[Drawn], tuple[float, int]]
WAYS: dict[str, Run] = {
    "one round": lambda drawn: banded(drawn, ONE_ROUND, has_score=True),
    "six locked rounds": lambda drawn: banded(drawn, SIX_ROUNDS, has_score=True),
    "all delays at once (wrong)": joint,
}
SCENARIOS = {
    f"{way}, ratio {pool}": (run, n) for way, run in WAYS.items() for pool, n in POOLS.items()
}


def bias(scenario: str, n_replicates: int, seed: int) -> tuple[float, float, float]:
    """Mean difference in points, its Monte-Carlo standard error, and the mean number of pairs."""
    run, n_controls = SCENARIOS[scenario]
    found = [run(draw(np.random.default_rng([seed, i]), n_controls)) for i in range(n_replicates)]
    values = np.array([difference for difference, _ in found])
    error = values.std(ddof=1) / np.sqrt(n_replicates)
    return float(values.mean()), float(error), float(np.mean([n for _, n in found]))


if __name__ == "__main__":
    n_replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    for name in sys.argv[2:] or SCENARIOS:
        began = time.perf_counter()
        mean, error, n_pairs = bias(name, n_replicates, seed=20101231)
        seconds = time.perf_counter() - began
        print(f"{name:36} {mean:+.2f} ± {error:.2f} points, {n_pairs:.1f} pairs, {seconds:.0f} s")
