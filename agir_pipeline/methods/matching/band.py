"""One band solved: optimal pairs stratum by stratum, strata widened in the declared order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints
from agir_pipeline.methods.matching.certificate import (
    Certificate,
    Prices,
    check_certificate,
)
from agir_pipeline.methods.matching.design import strata
from agir_pipeline.methods.matching.optimal import solve_table
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.risk_sets import RiskSet, Scores
from agir_pipeline.methods.matching.spec import MatchingSpec


@dataclass(frozen=True)
class Solved:
    """One stratum at one relaxation level. Row and column numbers are those of the band's cost.

    ``controls_of`` gives the column paired with each of ``beneficiaries``, -1 where left out.
    """

    relaxation_level: int
    stratum: str
    beneficiaries: Ints
    controls: Ints
    control_of: Ints
    prices: Prices
    certificate: Certificate
    n_tied: int


@dataclass(frozen=True)
class SolvedBand:
    """All strata of a band, and for each of its beneficiaries why it is left out, or None.

    ``nearest_distance`` is to the nearest free control of its exact stratum, in or out of the
    caliper; NaN where there is none.
    """

    strata: tuple[Solved, ...]
    control_of: Ints
    reasons: tuple[str | None, ...]
    nearest_distance: Floats


def solve_band(risk_set: RiskSet, scores: Scores, is_open: Bools, spec: MatchingSpec) -> SolvedBand:
    """Pairs among the rows of the band that are still free (``is_open``, one per row).

    First all near-exact covariates hold; then they are given up one by one, each time for those
    still alone and among the controls still free. Each problem is solved to its optimum and
    checked by its certificate, given what was decided before it.

    Raises:
        CheckError: a certificate refuses the pairs.
    """
    arm = risk_set.is_beneficiary
    free = is_open[arm][:, None] & is_open[~arm][None, :] & risk_set.edges
    gap = np.abs(scores.logit[arm][:, None] - scores.logit[~arm][None, :])
    near = free & (gap <= scores.caliper)
    control_of = np.full(int(arm.sum()), LEFT_OUT, dtype=np.int64)
    is_free_control = is_open[~arm].copy()
    solved: list[Solved] = []
    for level in range(spec.n_relaxation_levels):
        alone = is_open[arm] & (control_of == LEFT_OUT)
        for part in _solve_level(level, risk_set, scores.cost, near, alone, is_free_control, spec):
            solved.append(part)
            is_paired = part.control_of != LEFT_OUT
            control_of[part.beneficiaries[is_paired]] = part.control_of[is_paired]
        is_free_control[control_of[control_of != LEFT_OUT]] = False
    free &= _same(risk_set, spec.exact)
    reasons = tuple(
        _reason(candidates, candidates & close) if is_alone else None
        for candidates, close, is_alone in zip(
            free, near, is_open[arm] & (control_of == LEFT_OUT), strict=True
        )
    )
    nearest = np.where(free, scores.cost, np.inf).min(axis=1, initial=np.inf)
    return SolvedBand(
        tuple(solved), control_of, reasons, np.where(np.isinf(nearest), np.nan, nearest)
    )


def _reason(candidates: Bools, near_candidates: Bools) -> str:
    if not candidates.any():
        return "no_control_in_stratum"
    return "priced_out" if near_candidates.any() else "outside_caliper"


def _same(risk_set: RiskSet, names: tuple[str, ...]) -> Bools:
    labels = strata(risk_set.folded, names, len(risk_set.rows))
    arm = risk_set.is_beneficiary
    return np.asarray(labels[arm][:, None] == labels[~arm][None, :])


def _solve_level(
    level: int,
    risk_set: RiskSet,
    cost: Floats,
    near: Bools,
    alone: Bools,
    is_free_control: Bools,
    spec: MatchingSpec,
) -> Iterator[Solved]:
    labels = strata(risk_set.folded, spec.enforced(level), len(risk_set.rows))
    of_beneficiaries = labels[risk_set.is_beneficiary]
    of_controls = labels[~risk_set.is_beneficiary]
    for stratum in sorted(set(of_beneficiaries[alone])):
        rows = np.flatnonzero(alone & (of_beneficiaries == stratum))
        columns = np.flatnonzero(is_free_control & (of_controls == stratum))
        part = np.ix_(rows, columns)
        price = spec.leave_out_price
        found = solve_table(cost[part], near[part], price, (rows, columns))
        certificate = check_certificate(
            cost[part], near[part], found.control_of, found.prices, price
        )
        is_paired = found.control_of != LEFT_OUT
        control_of = np.full(len(rows), LEFT_OUT, dtype=np.int64)
        control_of[is_paired] = columns[found.control_of[is_paired]]
        yield Solved(
            level, str(stratum), rows, columns, control_of, found.prices, certificate, found.n_tied
        )
