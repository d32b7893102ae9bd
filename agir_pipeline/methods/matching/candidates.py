"""Who may serve whom: the conditions a control meets on its own index date.

The conditions are those of a risk set: a control is judged at its own contract start plus the
delay of the beneficiary's band, and by nothing that happened later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Days, Ints, Texts
from agir_pipeline.methods.matching.design import delay_band
from agir_pipeline.methods.matching.spec import MatchingSpec

NO_BAND = -1


@dataclass(frozen=True)
class People:
    """The persons of a round in canonical order, as arrays; one entry per row.

    ``order`` maps to the rows of the caller's frame. ``edge_days`` is the band of a beneficiary
    (0 without an index rule), -1 where it has none. ``is_ripe`` says that a beneficiary is
    eligible, that its waiting time is over and that contracts are known up to its index date;
    ``is_waiting`` that the waiting time alone is missing, ``is_stale`` that only contracts are.
    """

    order: Ints
    person_id: Texts
    tie_order: Texts
    is_beneficiary: Bools
    blocked_reason: Texts
    start_on: Days
    supported_since_on: Days
    listed_since_on: Days
    consented_on: Days
    has_consent_rule: Bools
    edge_days: Ints
    is_ripe: Bools
    is_waiting: Bools
    is_stale: Bools

    def index_on(self, edge_days: int | None) -> Days:
        return self.start_on + np.timedelta64(edge_days or 0, "D")


def people_of(
    persons: pd.DataFrame, spec: MatchingSpec, instant: date, contracts_known_to: date = date.max
) -> People:
    """The persons in canonical order: tie key first, then identifier and arm.

    Raises:
        CheckError: an unblocked beneficiary has no contract start or no delay, a person stands
            twice in one arm, or an arm is unknown.
    """
    _check(persons, spec)
    tie_order, person_id = _texts(persons, "tie_order"), _texts(persons, "person_id")
    arm = _texts(persons, "arm")
    order = np.lexsort((arm.astype(str), person_id.astype(str), tie_order.astype(str)))
    frame = persons.iloc[order]
    is_beneficiary = arm[order] == "beneficiary"
    blocked = _texts(frame, "blocked_reason")
    is_free = is_beneficiary & pd.isna(blocked)
    start_on = _days(frame, "contract_start_on")
    edge = _edges(frame, is_beneficiary, spec)
    index_on = start_on + edge.astype("timedelta64[D]")
    has_waited = _has_waited(index_on, spec, instant)
    is_known = _is_known(index_on, spec, contracts_known_to)
    return People(
        order=order.astype(np.int64),
        person_id=person_id[order],
        tie_order=tie_order[order],
        is_beneficiary=is_beneficiary,
        blocked_reason=blocked,
        start_on=start_on,
        supported_since_on=_days(frame, "supported_since_on"),
        listed_since_on=_days(frame, "listed_since_on"),
        consented_on=_days(frame, "consented_on"),
        has_consent_rule=frame["has_consent_rule"].to_numpy(dtype=np.bool_),
        edge_days=edge,
        is_ripe=is_free & has_waited & is_known,
        is_waiting=is_free & ~has_waited,
        is_stale=is_free & has_waited & ~is_known,
    )


def standing_controls(
    people: People,
    edge_days: int | None,
    is_at_risk: Bools,
    spec: MatchingSpec,
    instant: date,
    contracts_known_to: date = date.max,
) -> tuple[Bools, Mapping[str, Bools]]:
    """Controls that may stand in a band, and those kept out by each dated condition.

    A person that is a beneficiary of this band or an earlier one has its support begun, whatever
    the dates say, and is no control in it: nobody meets oneself.
    """
    supported = among(people.person_id, people.person_id[_supported_by(people, edge_days)])
    if edge_days is None:
        return ~people.is_beneficiary & ~supported, {}
    index_on = people.index_on(edge_days)
    is_present = (
        ~people.is_beneficiary
        & is_at_risk
        & ~np.isnat(people.start_on)
        & _has_waited(index_on, spec, instant)
        & _is_known(index_on, spec, contracts_known_to)
    )
    without_consent = np.isnat(people.consented_on) | (people.consented_on > index_on)
    kept_out = {
        "already_supported": supported | (people.supported_since_on <= index_on),
        "not_yet_listed": people.listed_since_on > index_on,
        "not_yet_consented": people.has_consent_rule & without_consent,
    }
    stands = is_present & ~np.logical_or.reduce(list(kept_out.values()))
    return stands, {reason: is_present & out for reason, out in kept_out.items()}


def among(persons: Texts, known: Iterable[str]) -> Bools:
    """Which of the persons are known; numpy's own search compares texts one with all others."""
    is_known = set(known).__contains__
    return np.fromiter(map(is_known, persons.tolist()), dtype=np.bool_, count=len(persons))


def within_window(beneficiaries: Days, controls: Days, window_days: int | None) -> Bools:
    """Which contract starts are close enough, row by column; all of them without a window."""
    if window_days is None:
        return np.ones((len(beneficiaries), len(controls)), dtype=np.bool_)
    mine, theirs = _day_numbers(beneficiaries), _day_numbers(controls)
    gap = mine[:, None] - theirs[None, :]
    return np.asarray(np.abs(gap, out=gap) <= window_days)


def _day_numbers(days: Days) -> NDArray[np.float32]:
    """Days since 1970, exact within 45,000 years, in half the room; NaN where missing."""
    numbers = days.astype("datetime64[D]").astype(np.int64).astype(np.float32)
    numbers[np.isnat(days)] = np.nan
    return numbers


def _supported_by(people: People, edge_days: int | None) -> Bools:
    if edge_days is None:
        return people.is_beneficiary
    has_band = people.edge_days != NO_BAND
    return np.asarray(people.is_beneficiary & has_band & (people.edge_days <= edge_days))


def _has_waited(index_on: Days, spec: MatchingSpec, instant: date) -> Bools:
    if spec.waiting_days is None:
        return np.ones(len(index_on), dtype=np.bool_)
    ready_on = index_on + np.timedelta64(spec.waiting_days, "D")
    return np.asarray(ready_on <= np.datetime64(instant, "D"))


def _is_known(index_on: Days, spec: MatchingSpec, contracts_known_to: date) -> Bools:
    """Whether the contracts that were delivered reach to the index date.

    Of a later day nobody can say who was still in contract: all would look at risk.
    """
    if not spec.has_index_rule:
        return np.ones(len(index_on), dtype=np.bool_)
    return np.asarray(index_on <= np.datetime64(contracts_known_to, "D"))


def _edges(frame: pd.DataFrame, is_beneficiary: Bools, spec: MatchingSpec) -> Ints:
    edge = np.where(is_beneficiary, 0, NO_BAND).astype(np.int64)
    if spec.band_width_days is None:
        return edge
    delay = frame["elapsed_delay_days"].to_numpy(dtype=np.float64, na_value=np.nan)
    is_known = is_beneficiary & ~np.isnan(delay)
    edge[is_beneficiary] = NO_BAND
    edge[is_known] = delay_band(delay[is_known], spec.band_width_days)
    return edge


def _check(persons: pd.DataFrame, spec: MatchingSpec) -> None:
    arms = persons["arm"]
    n_unknown = int((~arms.isin(["beneficiary", "control"])).sum())
    if n_unknown:
        raise CheckError(_("matching: {n} row(s) with an unknown arm").format(n=n_unknown))
    n_twice = int(persons.duplicated(["person_id", "arm"]).sum())
    if n_twice:
        raise CheckError(_("matching: {n} person(s) twice in one arm").format(n=n_twice))
    if spec.has_index_rule:
        dated = ["contract_start_on", "elapsed_delay_days"]
        is_free = (arms == "beneficiary") & persons["blocked_reason"].isna()
        n_undated = int((is_free & persons[dated].isna().any(axis=1)).sum())
        if n_undated:
            raise CheckError(
                _("matching: {n} beneficiary(ies) without index date and without a reason").format(
                    n=n_undated
                )
            )


def _texts(frame: pd.DataFrame, column: str) -> Texts:
    return frame[column].to_numpy(dtype=object)


def _days(frame: pd.DataFrame, column: str) -> Days:
    return pd.to_datetime(frame[column]).to_numpy(dtype="datetime64[D]")
