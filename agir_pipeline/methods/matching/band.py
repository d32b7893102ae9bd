"""One band solved: optimal pairs stratum by stratum, strata widened in the declared order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints, Texts
from agir_pipeline.methods.matching.certificate import (
    Certificate,
    Prices,
    check_certificate,
)
from agir_pipeline.methods.matching.design import stratum_codes
from agir_pipeline.methods.matching.edges import windows
from agir_pipeline.methods.matching.margins import (
    Margin,
    Tally,
    check_margin,
    solve_with_margin,
)
from agir_pipeline.methods.matching.optimal import solve_table
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.risk_sets import RiskSet
from agir_pipeline.methods.matching.scores import Scores
from agir_pipeline.methods.matching.spec import MatchingSpec

Edges = tuple[Ints, Ints]
"""Beneficiary and control of each edge."""


@dataclass(frozen=True)
class Solved:
    """One stratum at one relaxation level. Row and column numbers are those of the band's cost.

    ``control_of`` gives the column paired with each of ``beneficiaries``, -1 where left out;
    those of the ``margin`` are the categories of ``beneficiaries`` and ``controls``.
    """

    relaxation_level: int
    stratum: str
    beneficiaries: Ints
    controls: Ints
    control_of: Ints
    prices: Prices
    certificate: Certificate
    n_tied: int
    margin: Margin | None = None


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


def solve_band(
    risk_set: RiskSet,
    scores: Scores,
    is_open: Bools,
    spec: MatchingSpec,
    tally: Tally | None = None,
) -> SolvedBand:
    """Pairs among the rows of the band that are still free (``is_open``, one per row).

    First all near-exact covariates hold; then they are given up one by one, each time for those
    still alone and among the controls still free. Each problem is solved to its optimum and
    checked by its certificate, given what was decided before it. Where the design balances a
    category near-finely, ``tally`` says how far the pairs so far are from it, and is carried on.

    Raises:
        CheckError: a certificate refuses the pairs.
    """
    arm = risk_set.is_beneficiary
    near = _near_edges(risk_set, scores, is_open)
    control_of = np.full(len(risk_set.edges), LEFT_OUT, dtype=np.int64)
    is_free_control = is_open[~arm].copy()
    margins = Margins(risk_set, spec, tally or Tally()) if spec.near_fine else None
    solved: list[Solved] = []
    for level in range(spec.n_relaxation_levels):
        alone = is_open[arm] & (control_of == LEFT_OUT)
        for part in _solve_level(
            level, risk_set, scores, near, alone, is_free_control, spec, margins
        ):
            solved.append(part)
            is_paired = part.control_of != LEFT_OUT
            control_of[part.beneficiaries[is_paired]] = part.control_of[is_paired]
        is_free_control[control_of[control_of != LEFT_OUT]] = False
    reasons, nearest = _left_alone(risk_set, scores, near, is_open, control_of, spec)
    return SolvedBand(tuple(solved), control_of, reasons, nearest)


def _near_edges(risk_set: RiskSet, scores: Scores, is_open: Bools) -> Edges:
    """Beneficiary and control of every edge within the caliper both of whose ends are free."""
    arm = risk_set.is_beneficiary
    mine, theirs = np.flatnonzero(is_open[arm]), np.flatnonzero(is_open[~arm])
    theirs = theirs[np.argsort(scores.logit[~arm][theirs], kind="stable")]
    ranked = scores.logit[~arm][theirs]
    first, last = windows(scores.logit[arm][mine], ranked, scores.caliper)
    sizes = last - first
    row = np.repeat(mine, sizes)
    starts = first - np.cumsum(sizes) + sizes
    column = theirs[np.arange(len(row)) + np.repeat(starts, sizes)]
    is_candidate = risk_set.edges[row, column]
    return row[is_candidate], column[is_candidate]


def _left_alone(
    risk_set: RiskSet,
    scores: Scores,
    near: Edges,
    is_open: Bools,
    control_of: Ints,
    spec: MatchingSpec,
) -> tuple[tuple[str | None, ...], Floats]:
    """Why each free beneficiary has no control, and how far the nearest candidate stands."""
    arm = risk_set.is_beneficiary
    reasons: list[str | None] = [None] * len(control_of)
    nearest = np.full(len(control_of), np.nan)
    code = stratum_codes(risk_set.folded, spec.exact, len(risk_set.rows))[1]
    for row in np.flatnonzero(is_open[arm] & (control_of == LEFT_OUT)):
        may = risk_set.edges[row] & is_open[~arm] & (code[~arm] == code[arm][row])
        candidates = np.flatnonzero(may)
        reasons[row] = "no_control_in_stratum"
        if len(candidates):
            is_near = may[near[1][near[0] == row]].any()
            reasons[row] = "priced_out" if is_near else "outside_caliper"
            nearest[row] = scores.distances(np.full(len(candidates), row), candidates).min()
    return tuple(reasons), nearest


def _solve_level(
    level: int,
    risk_set: RiskSet,
    scores: Scores,
    near: Edges,
    alone: Bools,
    is_free_control: Bools,
    spec: MatchingSpec,
    margins: "Margins | None",
) -> Iterator[Solved]:
    names, code = stratum_codes(risk_set.folded, spec.enforced(level), len(risk_set.rows))
    mine, theirs = code[risk_set.is_beneficiary], code[~risk_set.is_beneficiary]
    row, column = near
    may = alone[row] & is_free_control[column] & (mine[row] == theirs[column])
    row, column = row[may], column[may]
    for number in np.unique(mine[alone]):
        rows = np.flatnonzero(alone & (mine == number))
        columns = np.flatnonzero(is_free_control & (theirs == number))
        here = mine[row] == number
        edges = _places(rows, len(mine))[row[here]], _places(columns, len(theirs))[column[here]]
        yield _solve_stratum(level, names[number], scores, edges, rows, columns, spec, margins)


def _places(chosen: Ints, n: int) -> Ints:
    """The place of each chosen one of ``n`` among those chosen."""
    places = np.zeros(n, dtype=np.int64)
    places[chosen] = np.arange(len(chosen))
    return places


def _solve_stratum(
    level: int,
    stratum: str,
    scores: Scores,
    edges: Edges,
    rows: Ints,
    columns: Ints,
    spec: MatchingSpec,
    margins: "Margins | None",
) -> Solved:
    """``edges`` count in ``rows`` and ``columns``.

    The table holds the controls that are near somebody; all others keep the price 0.
    """
    price = spec.leave_out_price
    row, column = edges
    is_near = np.zeros(len(columns), dtype=np.bool_)
    is_near[column] = True
    near_columns, column = columns[is_near], (np.cumsum(is_near) - 1)[column]
    may = np.zeros((len(rows), len(near_columns)), dtype=np.bool_)
    may[row, column] = True
    cost = np.full(may.shape, np.inf)
    cost[row, column] = scores.distances(rows[row], near_columns[column])
    margin = margins.of(rows, columns) if margins else None
    if margin:
        near_margin = margin.among(is_near)
        found = solve_with_margin(cost, may, price, near_margin)
        chosen, prices = found.control_of, found.prices
        certificate = check_margin(cost, may, chosen, prices, price, near_margin)
    else:
        found = solve_table(cost, may, price, (rows, near_columns))
        certificate = check_certificate(cost, may, found.control_of, found.prices, price)
    is_paired = found.control_of != LEFT_OUT
    control_of = np.full(len(rows), LEFT_OUT, dtype=np.int64)
    control_of[is_paired] = near_columns[found.control_of[is_paired]]
    controls = np.zeros(len(columns))
    controls[is_near] = found.prices.controls
    if margins:
        margins.add(rows[is_paired], control_of[is_paired])
    prices = replace(found.prices, controls=controls)
    return Solved(
        level, stratum, rows, columns, control_of, prices, certificate, found.n_tied, margin
    )


@dataclass(frozen=True)
class Margins:
    """The category that is balanced near-finely, stratum after stratum."""

    risk_set: RiskSet
    spec: MatchingSpec
    tally: Tally

    @property
    def _sides(self) -> tuple[Texts, Texts]:
        arm = self.risk_set.is_beneficiary
        category = self.risk_set.folded[str(self.spec.near_fine)]
        return category[arm], category[~arm]

    def of(self, rows: Ints, columns: Ints) -> Margin:
        mine, theirs = self._sides
        return Margin.of(mine[rows], theirs[columns], self.tally.counts, self.spec.surplus_price)

    def add(self, rows: Ints, columns: Ints) -> None:
        """Pairs were formed of these."""
        mine, theirs = self._sides
        self.tally.add(mine[rows], theirs[columns])
