"""What an effect is judged by: placebos through the same design, and the sheet of each effect."""

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
    Row,
    event_placebos,
    null_outcome_placebos,
)
from agir_pipeline.protocol.model import EventOutcome, Outcome, Placebo, Protocol, StatusOutcome
from agir_pipeline.resources.study import Study

ARMS = ("beneficiary", "control")


def placebos_of_event(
    study: Study,
    connection: sa.Connection,
    outcome: EventOutcome,
    placebo: Placebo,
    pairs_of: dict[str, PairedTimes],
    cut: date,
) -> list[Row]:
    """Placebos of an event with a primary definition; of another there are none."""
    if outcome.primary_definition is None:
        return []
    matched = study.warehouse.read(connection, "matched", "matched_pairs")
    elapsed = matched.loc[matched["status"] == "active", "elapsed_days"].dropna()
    delays = elapsed.to_numpy(dtype=np.int64)
    return event_placebos(
        pairs_of[outcome.primary_definition],
        _never_supported(study, connection, outcome),
        delays,
        outcome,
        placebo,
        study.protocol.inference,
        cut,
    )


def _never_supported(
    study: Study, connection: sa.Connection, outcome: EventOutcome
) -> pd.DataFrame:
    """The contracts of people on lists that hold everybody who started, and never supported."""
    people = study.warehouse.read(connection, "linked", "participants")
    supported = people.loc[people["arm"] == "beneficiary", "person_id"]
    own = people[(people["arm"] == "control") & people["is_always_listed"].fillna(False)]
    own = own[~own["person_id"].isin(supported)]
    ends = study.warehouse.read(connection, "outcomes", "spell_ends")
    is_own = ends["spell_id"].isin(own["spell_id"].dropna()) & (ends["source"] == outcome.origin)
    return ends.loc[is_own, ["starts_on", "ends_on", "is_early"]]


def placebos_before(study: Study, connection: sa.Connection, placebo: Placebo) -> list[Row]:
    """What was so before the index date, of the members of the pairs that count."""
    members = study.warehouse.read(connection, "outcomes", "pair_members")
    people = study.warehouse.read(connection, "linked", "participants")
    told = people[["person_id", "arm"]].copy()
    for null in placebo.null_outcomes:
        values = people[(SPELL_PREFIX if null.origin == "spell" else "") + null.column]
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
    study: Study,
    connection: sa.Connection,
    tables: dict[str, pd.DataFrame],
    facts: dict[str, pd.DataFrame],
) -> pd.DataFrame:
    """The sheets of the primary outcomes; ``facts`` are theirs, by name."""
    protocol = study.protocol
    people = study.warehouse.read(connection, "linked", "participants")
    sheets = [
        effect_sheet(
            outcome,
            protocol,
            SheetGround(
                effect=tables[_effect_table(outcome)],
                evaluability=tables["evaluability"],
                hidden_bias=tables["hidden_bias"],
                cells=_cells(outcome, tables[_effect_table(outcome)], facts[outcome.name]),
                n_entered=int((people["arm"] == "beneficiary").sum()),
                n_linked=_linked(people, protocol),
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
    return {arm: (int(known.sum()[arm]), int(known.size()[arm])) for arm in ARMS}
