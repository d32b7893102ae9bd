"""One matching round: bands in increasing order, each among the controls still unused.

Bands are never solved together. An edge of a late band says that the control outlived the
early ones; an optimiser that sees all bands at once would keep survivors for long delays and
spend early leavers on short ones, which looks like an effect and is none.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date

import numpy as np
import pandas as pd

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Ints
from agir_pipeline.methods.matching.band import solve_band
from agir_pipeline.methods.matching.candidates import (
    People,
    among,
    people_of,
    standing_controls,
    within_window,
)
from agir_pipeline.methods.matching.design import fold_all
from agir_pipeline.methods.matching.invariants import check_pairs
from agir_pipeline.methods.matching.margins import Tally
from agir_pipeline.methods.matching.records import BandRecord, Exclusion, Round, Unmatched
from agir_pipeline.methods.matching.risk_sets import RiskSet, Stack
from agir_pipeline.methods.matching.round_tables import as_round
from agir_pipeline.methods.matching.scores import score
from agir_pipeline.methods.matching.spec import MatchingSpec

CovariatesAt = Callable[[int | None], pd.DataFrame]
"""Raw covariates as known at own contract start + days, one row per row of ``persons``."""

AtRisk = Callable[[int], Bools]
"""Whether each row of ``persons`` is in contract at its own start + days: the audited function."""


def match_round(
    persons: pd.DataFrame,
    covariates_at: CovariatesAt,
    at_risk: AtRisk,
    spec: MatchingSpec,
    instant: date,
    used: Mapping[str, str],
    contracts_known_to: date = date.max,
    surplus_before: Mapping[str, int] | None = None,
) -> Round:
    """The pairs formed on ``instant`` among everybody not yet used, with their proofs.

    ``persons`` has one row per person and arm: ``person_id``, ``tie_order`` (keyed hash, decides
    between equal solutions), ``arm``, ``contract_start_on``, ``elapsed_delay_days``
    (beneficiaries), ``supported_since_on`` (missing = never known), ``listed_since_on`` (missing =
    its list holds all starts), ``consented_on``, ``has_consent_rule``, ``blocked_reason``
    (a beneficiary that may not be matched now). ``used`` says in which arm a person was used in
    an earlier round. ``contracts_known_to`` is the last day the delivered contracts tell of: an
    index date after it waits for a newer register. ``surplus_before`` says how many more controls
    than beneficiaries earlier rounds used of each category that is balanced near-finely. The order
    of the rows changes nothing.

    ``at_risk`` and ``covariates_at`` are asked once per band, in increasing order, and never for a
    band before the earlier ones are solved. Without an index rule there is one band, every row is
    at risk, and the dates are not read.

    Raises:
        CheckError: the persons are inconsistent, a certificate refuses the pairs, or the pairs
            break an invariant.
    """
    people = people_of(persons, spec, instant, contracts_known_to)
    taken, tally = dict(used), Tally(dict(surplus_before or {}))
    stack = Stack()
    bands: list[BandRecord] = []
    unmatched = _never_asked(people, taken)
    exclusions: list[Exclusion] = []
    for edge in _bands(people, taken, spec):
        is_at_risk = _asked(at_risk, edge, people)
        is_ours = people.is_ripe & (people.edge_days == (edge or 0))
        unmatched += _gone(people, is_ours, is_at_risk, used, taken)
        mine = np.flatnonzero(is_ours & is_at_risk)
        stands, kept_out = standing_controls(
            people, edge, is_at_risk, spec, instant, contracts_known_to
        )
        exclusions += _exclusions(people, mine, kept_out, edge, spec)
        if not len(mine):
            continue
        raw = covariates_at(edge).iloc[people.order]
        stack.add(_risk_set(people, mine, np.flatnonzero(stands), raw, edge, spec))
        record = _solve(people, stack, bands, taken, spec, tally)
        bands.append(record)
        unmatched += record.unmatched(people)
        taken |= record.newly_used(people)
    result = as_round(people, spec, bands, unmatched, exclusions)
    check_pairs(result.pairs, result.pool, spec, used)
    return result


def _bands(people: People, taken: Mapping[str, str], spec: MatchingSpec) -> Iterator[int | None]:
    """Upper edges, increasing, up to the last one in which somebody is to be matched.

    Bands that hold only beneficiaries matched in earlier rounds are among them: their rows still
    inform the score.
    """
    is_free = ~among(people.person_id, taken)
    edges = people.edge_days[people.is_ripe]
    last = people.edge_days[people.is_ripe & is_free].max(initial=-1)
    for edge in np.unique(edges[edges <= last]):
        yield int(edge) if spec.has_index_rule else None


def _asked(at_risk: AtRisk, edge: int | None, people: People) -> Bools:
    if edge is None:
        return np.ones(len(people.order), dtype=np.bool_)
    answer = np.asarray(at_risk(edge), dtype=np.bool_)
    if len(answer) != len(people.order):
        raise CheckError(
            _("matching: {n} answers at risk for {m} rows").format(
                n=len(answer), m=len(people.order)
            )
        )
    return answer[people.order]


def _risk_set(
    people: People,
    mine: Ints,
    standing: Ints,
    raw: pd.DataFrame,
    edge: int | None,
    spec: MatchingSpec,
) -> RiskSet:
    start = people.start_on
    edges = within_window(start[mine], start[standing], spec.start_window_days)
    is_candidate = edges.any(axis=0)
    rows = np.concatenate([mine, standing[is_candidate]])
    return RiskSet(
        edge_days=edge,
        rows=rows,
        is_beneficiary=np.arange(len(rows)) < len(mine),
        edges=edges[:, is_candidate],
        folded=fold_all(spec.covariates, raw.iloc[rows]),
    )


def _solve(
    people: People,
    stack: Stack,
    before: list[BandRecord],
    taken: Mapping[str, str],
    spec: MatchingSpec,
    tally: Tally,
) -> BandRecord:
    scores = score(stack, spec, before[-1].scores if before else None)
    band = stack.last
    is_open = ~among(people.person_id[band.rows], taken)
    return BandRecord(band, scores, is_open, solve_band(band, scores, is_open, spec, tally))


def _never_asked(people: People, taken: Mapping[str, str]) -> list[Unmatched]:
    """Beneficiaries for whom no band is solved: used as a control before, blocked, or waiting."""
    found = []
    for row in np.flatnonzero(people.is_beneficiary):
        person = str(people.person_id[row])
        blocked = people.blocked_reason[row]
        arm = taken.get(person)
        if arm == "control":
            found.append(Unmatched(person, "used_as_control"))
        elif arm is None and not pd.isna(blocked):
            found.append(Unmatched(person, str(blocked)))
        elif arm is None and people.is_waiting[row]:
            found.append(Unmatched(person, "waiting"))
        elif arm is None and people.is_stale[row]:
            found.append(Unmatched(person, "stale_register"))
    return found


def _gone(
    people: People,
    is_ours: Bools,
    is_at_risk: Bools,
    used: Mapping[str, str],
    taken: Mapping[str, str],
) -> list[Unmatched]:
    """Beneficiaries of the band who served as controls in this round, or left their contract."""
    found = []
    for row in np.flatnonzero(is_ours):
        person = str(people.person_id[row])
        if person in used:
            continue
        if person in taken:
            found.append(Unmatched(person, "used_as_control"))
        elif not is_at_risk[row]:
            found.append(Unmatched(person, "not_at_risk"))
    return found


def _exclusions(
    people: People,
    mine: Ints,
    kept_out: Mapping[str, Bools],
    edge: int | None,
    spec: MatchingSpec,
) -> list[Exclusion]:
    """Controls that only a dated condition kept from serving somebody of the band."""
    found = []
    for reason, is_out in kept_out.items():
        rows = np.flatnonzero(is_out)
        start = people.start_on
        near = within_window(start[mine], start[rows], spec.start_window_days).any(axis=0)
        found += [Exclusion(edge, str(people.person_id[row]), reason) for row in rows[near]]
    return found
