"""What the SQL models are told about the study: sources, columns, definitions, days."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from agir_pipeline.assets.told import coded, conditions, told_variables
from agir_pipeline.protocol.model import (
    Asked,
    Causes,
    Column,
    Derived,
    EventDefinition,
    EventOutcome,
    Index,
    MeasureOutcome,
    Protocol,
    SharedFact,
    Source,
    StatusDefinition,
    StatusOutcome,
    Wave,
)
from agir_pipeline.resources.study import Study, data_cut_on, included

SQL_TYPES = {
    "date": "date",
    "instant": "timestamp",
    "integer": "bigint",
    "number": "double precision",
    "minutes": "bigint",
    "boolean": "boolean",
}
DAYS = ("date", "instant")


def model_variables(study: Study, known_on: date | None = None) -> dict[str, Any]:
    """The variables of ``linked`` models: the state known at the end of ``known_on`` (or now)."""
    protocol = study.protocol
    persons, spells, answers = (protocol.feeding(f) for f in ("person", "spell", "answer"))
    index = protocol.matching.index
    return {
        "known_on": str(known_on or included(study).as_of),
        "person_sources": [_source(source) for source in persons],
        "person_columns": _columns(persons),
        "spell_sources": [_source(source) for source in spells],
        "spell_columns": _columns(spells, leaving_out_dates=True),
        "answer_sources": [_source(source) for source in answers],
        "answer_columns": _columns(answers),
        "withdrawal_sources": [
            {"name": s.name, **s.withdraws.model_dump()} for s in protocol.sources if s.withdraws
        ],
        "entry_column": index.entry_column if index else "",
        "first_dated": _first_dated(index),
        # contradictions and organisations are asked of today alone, not of the days of rounds
        "shared_facts": _drawn(study, told_facts(protocol)) if known_on is None else [],
        "organisations": told_organisations(protocol) if known_on is None else [],
    }


def told_facts(protocol: Protocol) -> list[dict[str, Any]]:
    """Every column that tells a fact which another one tells as well, in the order of the file."""
    found = []
    for fact, teller in protocol.tellers:
        source = protocol.source(teller.source)
        kinds = {c.name: c.type for c in source.columns} | {d.name: d.type for d in source.derived}
        is_identity = protocol.is_identity(fact)
        is_read = bool(teller.part or teller.means or teller.filled or teller.empty)
        found.append(
            teller.model_dump()
            | {
                "fact": fact.name,
                "is_identity": is_identity,
                "is_day": kinds[teller.column] in DAYS and not (is_read or is_identity),
                "answered_at": source.answered_at or "",
                "tolerance_days": fact.tolerance.value if fact.tolerance else None,
                "waits_days": fact.waits.value if fact.waits else 0,
            }
            | _spell_told(fact, kinds)
        )
    return found


def _drawn(study: Study, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``told`` with the day of the newest file of each source; before any, that of the state."""
    drawn = {name: data_cut_on(study, name) for name in {teller["source"] for teller in told}}
    last_on = included(study).as_of
    return [
        teller | {"drawn_on": str(drawn[teller["source"]] or last_on or date.max)}
        for teller in told
    ]


def _spell_told(fact: SharedFact, kinds: Mapping[str, str]) -> dict[str, Any]:
    """By which column a source says of which contract it tells; none: of any."""
    told = fact.of_spell
    if told is None or told.column not in kinds:
        return {"spell": "", "spell_is_day": False, "spell_days": None}
    return {
        "spell": told.column,
        "spell_is_day": kinds[told.column] in DAYS,
        "spell_days": told.tolerance.value if told.tolerance else None,
    }


def told_organisations(protocol: Protocol) -> list[dict[str, Any]]:
    """The columns that name organisations; a teller's number is its place in the protocol."""
    told = protocol.organisations.told_by if protocol.organisations else ()
    return [teller.model_dump() for teller in told]


def outcome_variables(study: Study) -> dict[str, Any]:
    """The variables of ``outcomes`` models: definitions, windows, and the days they end on.

    A status is due once its window has closed within the study and within what was delivered.
    """
    outcomes = study.protocol.outcomes
    events = [o for o in outcomes if isinstance(o, EventOutcome)]
    statuses = [o for o in outcomes if isinstance(o, StatusOutcome)]
    measures = [o for o in outcomes if isinstance(o, MeasureOutcome)]
    waves = study.protocol.waves
    asked = [o.asked(d) for o in statuses for d in o.definitions]
    dated: list[EventOutcome | StatusOutcome | Asked | Wave] = [*events, *statuses, *asked, *waves]
    one_each = {told.origin: told for told in dated}
    cuts = {origin: cut_on(study, told) for origin, told in one_each.items()}
    end_on = study.protocol.study.end_on
    last_on = end_on.value if end_on else date.max
    return model_variables(study) | {
        "windows_days": sorted({d.window_days for o in events for d in o.definitions}),
        "event_definitions": [_event(o, d, cuts[o.origin]) for o in events for d in o.definitions],
        "spells_apart": _apart(events),
        "spells_told": _told(events),
        "cause_definitions": [
            _causes(o, o.causes, d, cuts[o.origin])
            for o in events
            if o.causes
            for d in o.without_variants.definitions
        ],
        "status_definitions": [
            _status(o, d, min(cuts[o.asked(d).origin], last_on))
            for o in statuses
            for d in o.definitions
        ],
        "wave_definitions": [
            _wave(w, min(cuts[w.origin], last_on)) | {"lost": _lost(study.protocol, w)}
            for w in waves
        ],
        "measures": [{"name": o.name, "column": o.column} for o in measures],
        **told_variables(study.protocol, cuts, last_on),
    }


def cut_on(study: Study, outcome: EventOutcome | StatusOutcome | Asked | Wave) -> date:
    """How far the data of an outcome or wave reach; before any delivery, the day of the state."""
    return data_cut_on(study, outcome.origin) or included(study).as_of or study.horizon


def _first_dated(index: Index | None) -> list[str]:
    """The days of which the first told by any list of an arm counts: support, and consent."""
    if index is None:
        return []
    return [c for c in (index.supported_since_column, index.consent_column) if c]


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "columns": [column.name for column in source.warehouse_columns],
        "spell": source.spell.model_dump() if source.spell else {},
        "answered_at": source.answered_at or "",
    }


def _columns(sources: tuple[Source, ...], leaving_out_dates: bool = False) -> list[dict[str, Any]]:
    """Every column of the sources once. The dates of a spell have names of their own.

    ``known_before_index`` is true where every source says so: matching sees no other column.
    """
    found: dict[str, list[Column | Derived]] = {}
    for source in sources:
        roles = source.spell.model_dump(exclude={"open_ended"}) if source.spell else {}
        dates = set(roles.values())
        for column in source.warehouse_columns:
            if not (leaving_out_dates and column.name in dates):
                found.setdefault(column.name, []).append(column)
    return [
        {
            "name": name,
            "type": SQL_TYPES.get(columns[0].type, "varchar"),
            "known_before_index": all(column.known_before_index for column in columns),
        }
        for name, columns in found.items()
    ]


def _event(outcome: EventOutcome, definition: EventDefinition, data_cut_on: date) -> dict[str, Any]:
    unknown = outcome.consolidation_days.value + definition.window_days
    return {
        "outcome": outcome.name,
        "name": definition.name,
        "origin": outcome.origin,
        "method": definition.method,
        "window_days": definition.window_days,
        "cut_on": str(data_cut_on - timedelta(days=unknown)),
    }


def _told(events: list[EventOutcome]) -> list[dict[str, Any]]:
    """Definitions that take new contracts from answers too, with what tells one."""
    return [
        {
            "outcome": o.name,
            "name": d.name,
            "window_days": d.window_days,
            "answers": [
                {"origin": told.origin, "starts": told.starts or "", "rule": coded(told.codes)}
                for told in d.also_told
            ],
        }
        for o in events
        for d in o.definitions
        if d.also_told
    ]


def _apart(events: list[EventOutcome]) -> list[dict[str, Any]]:
    """Definitions that set reasons of an early end apart, with the column that tells them."""
    return [
        {
            "outcome": o.name,
            "name": d.name,
            "origin": o.origin,
            "reason": o.causes.reason_column,
            "codes": list(d.apart),
            "flag": d.apart_if,
        }
        for o in events
        if o.causes
        for d in o.definitions
        if d.apart
    ]


def _causes(
    outcome: EventOutcome, causes: Causes, definition: EventDefinition, data_cut_on: date
) -> dict[str, Any]:
    return {
        "outcome": outcome.name,
        "name": definition.name,
        "origin": outcome.origin,
        "reason": causes.reason_column,
        "initiative": causes.initiative_column,
        "seen_on": str(data_cut_on - timedelta(days=outcome.consolidation_days.value)),
    }


def _status(
    outcome: StatusOutcome, definition: StatusDefinition, due_by_on: date
) -> dict[str, Any]:
    before, after = outcome.window_days.value
    asked = outcome.asked(definition)
    return {
        "outcome": outcome.name,
        "name": definition.name,
        "origin": asked.origin,
        "known_when": definition.known_when,
        "counted_from": definition.counted_from,
        "months": asked.months_after_planned_end.value,
        "days_before": before,
        "days_after": after,
        "due_by_on": str(due_by_on),
        "rules": [conditions(rule) for rule in definition.true_when],
    }


def _wave(wave: Wave, due_by_on: date) -> dict[str, Any]:
    before, after = wave.window_days.value
    return {
        "name": wave.name,
        "origin": wave.origin,
        "asked": wave.asked,
        "months": wave.months_after.value,
        "days_before": before,
        "days_after": after,
        "complete_when": dict(wave.complete_when),
        "only_when": dict(wave.only_when),
        "contact": {wave.contact_column: True} if wave.contact_column else {},
        "due_by_on": str(due_by_on),
    }


def _lost(protocol: Protocol, wave: Wave) -> dict[str, Any]:
    """Where to read who is out of reach, and of which arms a list has the column."""
    if wave.lost is None:
        return {}
    arms = [
        arm
        for arm in ("beneficiary", "control")
        for source in protocol.feeding("person")
        if source.arm is not None
        and (source.arm == arm or not isinstance(source.arm, str))
        and wave.lost.column in {column.name for column in source.columns}
    ]
    return {**wave.lost.model_dump(), "arms": list(dict.fromkeys(arms))}
