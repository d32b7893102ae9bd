"""Whom the rows of a released table of counts count, by name: for ``agir trace``."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.beside import told_situations
from agir_pipeline.assets.mechanism import contracts_of
from agir_pipeline.assets.published import fact_rows, flow_inputs
from agir_pipeline.methods.effects.cause_tables import cause_rows
from agir_pipeline.methods.employment.months import month_states
from agir_pipeline.methods.employment.profile import profile_members
from agir_pipeline.methods.employment.qualification import told_results
from agir_pipeline.methods.employment.situations import member_situations
from agir_pipeline.methods.matching.balance import sample_persons
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.methods.mechanism.link import link_moves
from agir_pipeline.methods.mechanism.posture import TOGETHER
from agir_pipeline.methods.mechanism.risks import risk_tellers
from agir_pipeline.methods.mechanism.scales import OVERALL, item_limits, told_scales, with_party
from agir_pipeline.methods.mechanism.support import touched
from agir_pipeline.methods.programme.enrolment import enrolled_persons
from agir_pipeline.methods.programme.flow import flow_persons
from agir_pipeline.protocol.mechanism import ContractProfile
from agir_pipeline.protocol.model import Causes, Employment, Enrolment, EventOutcome, Mechanism
from agir_pipeline.resources.release_inputs import as_of_day
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import Study

MEMBER = ["pair_id", "arm"]
FLOW = "participant_flow"


def counted(
    study: Study, connection: sa.Connection, releases: Releases, table: str, rows: pd.DataFrame
) -> set[str] | None:
    """The persons that ``rows`` of ``table`` count; None for a table that does not count so.

    A row of the flow that names a reason counts those who left for it, any other row those who
    entered the step.
    """
    members = _Members(study, connection, releases)
    made = members.tables.get(table)
    if made is None:
        return None
    counts = made()
    keys = [str(name) for name in rows if name in counts and name != "person_id"]
    if table != FLOW:
        return _among(counts, rows, keys)
    is_left = rows["reason"].notna()
    entered = [key for key in keys if key != "reason"]
    return _among(counts, rows[is_left], keys) | _among(counts, rows[~is_left], entered)


def _among(members: pd.DataFrame, rows: pd.DataFrame, keys: list[str]) -> set[str]:
    """The persons whose values of the keys are those of a row; both missing is alike."""
    wanted = set(_keys(rows, keys))
    people = zip(members["person_id"], _keys(members, keys), strict=True)
    return {str(person) for person, key in people if key in wanted}


def _keys(rows: pd.DataFrame, names: list[str]) -> list[tuple[object, ...]]:
    known = rows[names].astype(object)
    return list(known.where(known.notna(), None).itertuples(index=False, name=None))


@dataclass(frozen=True)
class _Members:
    """Who is counted, in each table: one row for each time somebody is."""

    study: Study
    connection: sa.Connection
    releases: Releases

    @property
    def tables(self) -> dict[str, Callable[[], pd.DataFrame]]:
        """By table of this study, what makes the rows."""
        protocol = self.study.protocol
        found: dict[str, Callable[[], pd.DataFrame]] = {
            FLOW: self._flow, "certificates": self._solved, "covariate_balance": self._compared,
        }  # fmt: skip
        if enrolment := protocol.enrolment:
            for name in ("enrolment_progress", "enrolment_projection"):
                found[name] = partial(self._enrolled, enrolment)
            for name in ("enrolment_pace", "cost_totals"):
                found[name] = partial(self._supported, enrolment, name)
        for outcome in protocol.outcomes:
            if isinstance(outcome, EventOutcome) and outcome.causes:
                name = f"{outcome.name}_causes"
                found[name] = partial(self._caused, outcome, outcome.causes)
        if employment := protocol.employment:
            found["situation_at_six_months"] = partial(self._situations, employment)
            found["qualification"] = partial(self._results, employment)
            found["employment_by_month"] = self._months
            if profile := employment.profile:
                found["contract_profile"] = partial(self._profiled, profile)
        if mechanism := protocol.mechanism:
            found["link_transitions"] = partial(self._moves, mechanism)
            found["support_themes"] = partial(self._themes, "theme")
            found["support_subthemes"] = partial(self._themes, "subtheme")
            found["support_dose_quantiles"] = self._dosed
            found["risk_factors"] = partial(self._risks, mechanism)
            ends = [mechanism.start_moment, mechanism.end_moment]
            found["posture_change"] = partial(self._scored, mechanism, ends)
            every = [moment.name for moment in mechanism.moments]
            found["scale_reliability"] = partial(self._scored, mechanism, every)
        return found

    def _flow(self) -> pd.DataFrame:
        facts = fact_rows(self.study, self.connection)
        known = flow_inputs(self.study, self.connection, facts)
        return flow_persons(**known, protocol=self.study.protocol)

    def _solved(self) -> pd.DataFrame:
        """The prices of a stratum name everybody who was in it."""
        keys = ["round_number", "band_number", "relaxation_level", "stratum", "person_id"]
        return self.releases.read("matching_prices")[keys]

    def _compared(self) -> pd.DataFrame:
        weighted = bool(self.study.protocol.matching.alternatives)
        return sample_persons(
            self.releases.read("matching_pool"),
            self.releases.read("matched_pairs"),
            MatchingSpec.of(self.study.protocol),
            self.releases.read("alternative_weights") if weighted else None,
        )

    def _enrolled(self, enrolment: Enrolment) -> pd.DataFrame:
        people = self.study.warehouse.read(self.connection, "linked", "participants")
        pairs = self.releases.read("matched_pairs")
        entered = enrolled_persons(people, pairs, enrolment, as_of_day(self.study))
        return entered.assign(state="realised")  # a month ahead counts nobody yet

    def _supported(self, enrolment: Enrolment, table: str) -> pd.DataFrame:
        """The beneficiaries among them, up to the last day that counts."""
        people = self._enrolled(enrolment)
        people = people[people["arm"] == "beneficiary"]
        if table == "enrolment_pace" and enrolment.pace:
            people = people[people["month_on"] <= pd.Timestamp(enrolment.pace.until_on.value)]
        return people[["person_id"]]

    def _caused(self, outcome: EventOutcome, causes: Causes) -> pd.DataFrame:
        times, reasons = (
            rows[rows["outcome"] == outcome.name]
            for rows in map(self._fact, ("event_times", "event_causes"))
        )
        situations = told_situations(self.study, self.connection)
        return self._named(cause_rows(times, reasons, situations, outcome, causes))

    def _situations(self, employment: Employment) -> pd.DataFrame:
        asked, told = self._fact("situations"), self._fact("wave_answers")
        rows = member_situations(asked, told, employment)
        return rows[["person_id", "arm", "situation", "contract"]]

    def _results(self, employment: Employment) -> pd.DataFrame:
        told = told_results(self._fact("pair_members"), self._fact("wave_answers"), employment)
        return self._named(pd.DataFrame(list(told), columns=[*MEMBER, "told_by", "result"]))

    def _months(self) -> pd.DataFrame:
        calendar = self.releases.read("employment_calendar")
        kept = calendar[["person_id", "arm", "month_number"]]
        return kept.assign(month_state=month_states(calendar))

    def _profiled(self, profile: ContractProfile) -> pd.DataFrame:
        spells = contracts_of(self.study, self.connection, profile)
        return profile_members(self._fact("pair_members"), spells, profile)

    def _moves(self, mechanism: Mechanism) -> pd.DataFrame:
        return link_moves(self.releases.read("link_index"), mechanism)

    def _themes(self, kind: str) -> pd.DataFrame:
        return touched(self._fact("support_sessions"), kind)

    def _dosed(self) -> pd.DataFrame:
        return self.releases.read("support_dose")[["person_id"]]

    def _risks(self, mechanism: Mechanism) -> pd.DataFrame:
        return risk_tellers(with_party(self._fact("wave_answers"), mechanism), mechanism)

    def _scored(self, mechanism: Mechanism, moments: list[str]) -> pd.DataFrame:
        """Of whom each party told each scale at these moments, and of whom any party did."""
        answers = with_party(self._fact("wave_answers"), mechanism)
        told = told_scales(answers, mechanism, item_limits(self.study.protocol))
        keys = answers[["person_id", "arm", "party", "moment"]]
        parts = [
            keys[scores[OVERALL].notna()].assign(scale=scale)
            for scale, scores in told.scores.items()
        ]
        own = pd.concat(parts)
        own = own[own["moment"].isin(moments)]
        return pd.concat([own, own.assign(party=TOGETHER)])

    def _fact(self, name: str) -> pd.DataFrame:
        return self.study.warehouse.read(self.connection, "outcomes", name)

    def _named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """With the person of each pair and arm."""
        people = self.releases.read("analysis_population")[[*MEMBER, "person_id"]]
        return rows.merge(people, on=MEMBER)
