"""What an effect is judged by: placebos through the same design, and the sheet of each effect."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.step import Check
from agir_pipeline.contracts.sql_words import SPELL_PREFIX
from agir_pipeline.language import _
from agir_pipeline.methods.effects.answer_pairs import due_pairs
from agir_pipeline.methods.effects.effect_sheet import SheetGround, effect_sheet
from agir_pipeline.methods.effects.event_pairs import PairedTimes
from agir_pipeline.methods.effects.paired import PairedTable
from agir_pipeline.methods.effects.placebo_tables import (
    Rounds,
    Row,
    event_placebos,
    joint_placebos,
    null_outcome_placebos,
)
from agir_pipeline.protocol.model import EventOutcome, Outcome, Protocol, StatusOutcome
from agir_pipeline.protocol.placebo import Placebo
from agir_pipeline.resources.study import Study

ARMS = ("beneficiary", "control")


@dataclass(frozen=True)
class People:
    """Whom the study knows and who is compared with whom, read once for all that judges."""

    participants: pd.DataFrame
    pairs: pd.DataFrame

    @classmethod
    def of(cls, study: Study, connection: sa.Connection) -> "People":
        read = study.warehouse.read
        participants = read(connection, "linked", "participants")
        return cls(participants, read(connection, "matched", "matched_pairs"))

    def members(self, arm: str) -> "pd.Series[str]":
        return self.pairs[f"{arm}_person_id"]

    def ever_supported(self, protocol: Protocol) -> set[str]:
        """Everybody on the register, and every control of a list that says when support began."""
        is_supported = self.participants["arm"] == "beneficiary"
        if index := protocol.matching.index:
            is_supported |= self.participants[index.supported_since_column].notna()
        return set(self.participants.loc[is_supported, "person_id"])


def placebos_of_event(
    study: Study,
    connection: sa.Connection,
    people: People,
    outcome: EventOutcome,
    placebo: Placebo,
    pairs_of: dict[str, PairedTimes],
    cut: date,
) -> list[Row]:
    """Placebos of an event with a primary definition; of another there are none."""
    if outcome.primary_definition is None:
        return []
    is_active = people.pairs["status"] == "active"
    delays = people.pairs.loc[is_active, "elapsed_days"].dropna().to_numpy(dtype=np.int64)
    ends = study.warehouse.read(connection, "outcomes", "spell_ends")
    ends = ends[ends["source"] == outcome.origin]
    rows = event_placebos(
        pairs_of[outcome.primary_definition],
        _never_supported(study, people, ends),
        delays,
        outcome,
        placebo,
        study.protocol.inference,
        cut,
    )
    if study.protocol.matching.index:
        rounds = _rounds(study, connection, people, ends)
        rows += joint_placebos(rounds, outcome, placebo, study.protocol.inference, cut)
    return rows


def _never_supported(study: Study, people: People, ends: pd.DataFrame) -> pd.DataFrame:
    """The contracts of people on lists that hold everybody who started, and never supported."""
    known = people.participants
    own = known[(known["arm"] == "control") & known["is_always_listed"].fillna(False)]
    own = own[~own["person_id"].isin(people.ever_supported(study.protocol))]
    is_own = ends["spell_id"].isin(own["spell_id"].dropna())
    return ends.loc[is_own, ["starts_on", "ends_on", "is_early"]]


def _rounds(study: Study, connection: sa.Connection, people: People, ends: pd.DataFrame) -> Rounds:
    """What the rounds were solved on, and how the contracts of their people ended."""
    exact = [c.name for c in study.protocol.covariates if c.role == "exact"]
    wanted = [*POOL_COLUMNS, *exact]
    pool = study.warehouse.read(connection, "matched", "matching_pool", wanted=wanted)
    of_person = people.participants[["person_id", "arm", "spell_id"]]
    ended = of_person.merge(ends[["spell_id", "ends_on", "is_early"]], on="spell_id")
    index = study.protocol.matching.index
    window = index.start_window_days.value if index else 0
    return Rounds(pool, people.pairs, ended, exact, window)


POOL_COLUMNS = (
    "round_number", "band_number", "person_id", "arm", "is_open", "index_on", "logit",
)  # fmt: skip


def placebos_before(
    study: Study, connection: sa.Connection, people: People, placebo: Placebo
) -> list[Row]:
    """What was so before the index date, of the members of the pairs that count."""
    members = study.warehouse.read(connection, "outcomes", "pair_members")
    told = people.participants[["person_id", "arm"]].copy()
    for null in placebo.null_outcomes:
        values = people.participants[(SPELL_PREFIX if null.origin == "spell" else "") + null.column]
        told[null.name] = (
            values.isin(null.codes).where(values.notna()) if null.codes else values
        ).astype("boolean")
    both = members[["pair_id", "arm", "person_id"]].merge(told, on=["person_id", "arm"])
    return null_outcome_placebos(both, placebo, study.protocol.inference)


def nothing_is_claimed(placebos: pd.DataFrame) -> Check:
    """A warning: the release comes out, and says so itself."""
    n_alarms = int(placebos["is_alarm"].fillna(False).sum())
    sentence = _("{n} of {total} placebos claim an effect").format(n=n_alarms, total=len(placebos))
    return Check("nothing_is_claimed", n_alarms == 0, sentence)


def effect_sheets(
    protocol: Protocol,
    people: People,
    tables: dict[str, pd.DataFrame],
    facts: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    """The sheets of the primary outcomes; ``facts`` are theirs, by name."""
    known = people.participants
    sheets = [
        effect_sheet(
            outcome,
            protocol,
            SheetGround(
                effect=tables[_effect_table(outcome)],
                evaluability=tables["evaluability"],
                hidden_bias=tables["hidden_bias"],
                cells=_cells(outcome, tables[_effect_table(outcome)], facts[outcome.name]),
                n_entered=int((known["arm"] == "beneficiary").sum()),
                n_linked=_linked(known, protocol),
            ),
        )
        for outcome in protocol.outcomes
        if outcome.name in protocol.inference.primary_family
    ]
    return pd.concat(sheets, ignore_index=True)


def _effect_table(outcome: Outcome) -> str:
    return f"{outcome.name}_paired_effect" if isinstance(outcome, EventOutcome) else outcome.name


def _cells(outcome: Outcome, effect: pd.DataFrame, facts: pd.DataFrame) -> PairedTable | None:
    """Complete pairs of the primary definition, by what happened to their members."""
    if isinstance(outcome, EventOutcome):
        at = (effect["definition"] == outcome.primary_definition) & (
            effect["horizon_days"] == outcome.primary_horizon_days
        ).fillna(False)
        cells = effect.loc[at, ["n_both", "n_beneficiary_only", "n_control_only", "n_neither"]]
        cells = cells.dropna()
        return PairedTable(*(int(n) for n in cells.iloc[0])) if len(cells) else None
    if isinstance(outcome, StatusOutcome) and outcome.primary_definition:
        status = due_pairs(facts, outcome.primary_definition, ()).answers.status
        whole = status[~np.isnan(status).any(axis=1)] == 1
        return PairedTable.of(whole[:, 0], whole[:, 1])
    return None


def _linked(people: pd.DataFrame, protocol: Protocol) -> dict[str, tuple[int, int]]:
    """Arm → persons with a contract found, of all; nothing where a study has no contracts."""
    if not protocol.feeding("spell"):
        return {}
    known = people["spell_id"].notna().groupby(people["arm"])
    found, all_of = known.sum(), known.size()  # an arm of nobody yet stands in neither
    return {arm: (int(found.get(arm, 0)), int(all_of.get(arm, 0))) for arm in ARMS}
