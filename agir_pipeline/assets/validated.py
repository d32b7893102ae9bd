"""Step 2: every row of every delivery comes to one end; identities part from the rest."""

import json
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd

from agir_pipeline.assets.step import (
    Check,
    StepResult,
    StudyRun,
    asset_spec,
    check_specs,
    report,
    told_plainly,
)
from agir_pipeline.language import _, mark
from agir_pipeline.methods.identity.linking import PAIR
from agir_pipeline.methods.versions import Delivered, versions
from agir_pipeline.protocol.model import ArmColumn, Protocol, Source
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.study import (
    Study,
    is_up_to_date,
    record_step,
    require_step,
    state_digest,
)

CHECKS = {
    "rows_are_accounted_for": mark("Every row of every file came to exactly one end"),
    "last_delivery_was_read": mark("The newest file of each provider could be read"),
    "no_row_was_rejected": mark("No row of the newest files was rejected"),
}
ERROR = dg.AssetCheckSeverity.ERROR


def validated_assets(protocol: Protocol) -> dg.AssetsDefinition:
    """One asset per source: its rows, typed, without identifying columns."""
    names = [source.name for source in protocol.sources]

    @dg.multi_asset(
        name="validated",
        specs=[
            asset_spec(
                protocol,
                "validated",
                source.name,
                source.labels.in_language(protocol.study.language),
                deps=[("raw", source.name)],
                columns=source_columns(source, protocol.study.language),
            )
            for source in protocol.sources
        ],
        check_specs=check_specs(
            "validated", {f"{n}/{check}": _(text) for n in names for check, text in CHECKS.items()}
        ),
    )
    def validated(study_run: StudyRun) -> Iterator[Any]:
        with told_plainly():
            study = study_run.study()
            require_step(study, "raw")
            readings = read_deliveries(study)
            if not is_up_to_date(study, "validated"):
                _store(study, readings)
            yield from report(study, "validated", _result(study, readings))

    return validated


def source_columns(source: Source, language: str) -> list[dg.TableColumn]:
    """The warehouse columns of a source, as the catalogue shows them."""
    return [
        dg.TableColumn(
            column.name,
            column.type,
            description=column.labels.in_language(language),
            tags={"sensitivity": column.sensitivity},
        )
        for column in source.warehouse_columns
    ]


def read_deliveries(study: Study) -> list[Reading]:
    """Every delivery known, in known order; each newly read one is accounted for at once."""
    ledger = study.home.landing.ledger
    known = ledger.readings()
    readings: list[Reading] = []
    names = {source.name for source in study.protocol.sources}
    with Parser() as parser:
        for receipt in study.state().deliveries:
            if receipt.source not in names:
                continue
            reading = study.readings.read(receipt, parser)
            if (receipt.receipt_id, reading.contract) not in known:
                ledger.record_reading(
                    receipt.receipt_id,
                    reading.contract,
                    reading.ends,
                    reading.refusal,
                    reading.findings,
                )
            readings.append(reading)
    return readings


def _store(study: Study, readings: list[Reading]) -> None:
    """Vault first, then warehouse: a kill between them leaves the step to be done again."""
    tables, identities = {}, []
    for source in study.protocol.sources:
        table = versions(_deliveries(source, readings))
        identities.append(_identities(study.protocol, source, table))
        tables[source.name] = _without_identities(study, source, table)
    with study.vault.transaction() as connection:
        study.vault.replace(connection, "identities", pd.concat(identities, ignore_index=True))
        study.vault.replace(connection, "quarantine", _quarantine(readings))
    with study.warehouse.transaction() as connection:
        for name, table in tables.items():
            study.warehouse.replace(connection, "validated", name, table)
        record_step(study, connection, "validated", state_digest(study, "validated"))


def _deliveries(source: Source, readings: list[Reading]) -> Iterator[Delivered]:
    for reading in readings:
        receipt = reading.receipt
        if receipt.source == source.name and reading.refusal is None:
            yield Delivered(
                receipt_id=receipt.receipt_id,
                provider=receipt.provider,
                known_on=receipt.known_on,
                extracted_on=receipt.extracted_on or receipt.known_on,
                is_complete=source.provider(receipt.provider).complete,
                rows=reading.rows,
            )


def _identities(protocol: Protocol, source: Source, table: pd.DataFrame) -> pd.DataFrame:
    """What the vault keeps of each row version: the columns that say who it is."""
    rules = protocol.identity.same_when if protocol.identity else ()
    wanted = {name for rule in rules for name in rule} & {c.name for c in source.columns}
    names = sorted({c.name for c in source.identifying_columns} | wanted)
    plain = {n: _as_texts(table[n]) if n in table else [] for n in names}
    rows = zip(*plain.values(), strict=True) if names else ([] for _row in range(len(table)))
    return pd.DataFrame(
        {
            "source": source.name,
            "entity_key": table.get("entity_key", pd.Series(dtype="string")),
            "record_id": table.get("record_id", pd.Series(dtype="string")),
            "provider": table.get("provider", pd.Series(dtype="string")),
            "known_on": _as_texts(table["known_on"]) if len(table) else [],
            "identity": [
                json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows
            ],
        }
    )


def _as_texts(values: pd.Series) -> list[str | None]:
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    return [None if pd.isna(value) else str(value) for value in values]


def _without_identities(study: Study, source: Source, table: pd.DataFrame) -> pd.DataFrame:
    """What the warehouse keeps: no identifying column, keys only under a keyed hash."""
    columns = [column.name for column in source.warehouse_columns]
    if table.empty:
        return _empty(source)
    keys, name = study.home.keys, source.name
    kept = table[["record_id", "receipt_id", "provider", "sheet", "row_number", *columns]].copy()
    for day in ("known_on", "superseded_on", "extracted_on", "first_listed_on"):
        kept[day] = table[day]
    entity_id = {k: keys.entity_id(name, k) for k in table["entity_key"].unique()}
    kept["entity_id"] = table["entity_key"].map(entity_id).astype("string")
    if source.feeds == "person":
        kept["arm"] = _arms(source, table)
        lists = {p.name: p.frame != "present_on_date" for p in source.providers}
        kept["is_always_listed"] = table["provider"].map(lists).astype("boolean")
    if source.feeds == "spell":
        stems = table["entity_key"].map(lambda key: _spell_key(source, key))
        spell_id = {k: keys.entity_id(f"{name}/spell", k) for k in stems.unique()}
        kept["spell_id"] = stems.map(spell_id).astype("string")
    return kept


def _arms(source: Source, table: pd.DataFrame) -> pd.Series:
    if isinstance(source.arm, ArmColumn):
        return table[source.arm.column].map(source.arm.codes).astype("string")
    return pd.Series(source.arm, table.index, dtype="string")


def _spell_key(source: Source, entity_key: str) -> str:
    """The business key without the number of the amendment: amendments are of one contract."""
    number = source.spell.amendment_number if source.spell else None
    parts = zip(source.key, entity_key.split(PAIR), strict=True)
    return PAIR.join(part for name, part in parts if name != number)


def _empty(source: Source) -> pd.DataFrame:
    """The table of a source nobody has delivered yet: its columns, no rows."""
    kinds = {
        "date": "datetime64[us]",
        "instant": "datetime64[us]",
        "integer": "Int64",
        "number": "Float64",
        "boolean": "boolean",
    }
    columns = {c.name: kinds.get(c.type, "string") for c in source.warehouse_columns}
    texts = ["record_id", "receipt_id", "provider", "sheet", "entity_id"]
    days = ["known_on", "superseded_on", "extracted_on", "first_listed_on"]
    columns |= dict.fromkeys(texts, "string") | dict.fromkeys(days, "datetime64[us]")
    columns |= {"row_number": "Int64"}
    if source.feeds == "person":
        columns |= {"arm": "string", "is_always_listed": "boolean"}
    if source.feeds == "spell":
        columns |= {"spell_id": "string"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def _quarantine(readings: list[Reading]) -> pd.DataFrame:
    parts = [
        reading.quarantine.assign(
            receipt_id=reading.receipt.receipt_id,
            source=reading.receipt.source,
            file_name=reading.receipt.file_name,
        ).rename(columns={"column": "column_name"})
        for reading in readings
        if len(reading.quarantine)
    ]
    columns = ["receipt_id", "source", "file_name", "sheet", "row_number", "column_name"]
    names = [*columns, "rule", "found"]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def _result(study: Study, readings: list[Reading]) -> StepResult:
    n_rows, figures, checks = {}, {}, {}
    with study.warehouse.transaction() as connection:
        for source in study.protocol.sources:
            own = [r for r in readings if r.receipt.source == source.name]
            stored = study.warehouse.read(connection, "validated", source.name)
            totals = pd.DataFrame([n for r in own for n in r.ends.values()]).sum()
            n_rows[source.name] = len(stored)
            figures[source.name] = {
                "files": len(own),
                "files_read_now": sum(r.is_new for r in own),
                **{f"rows_{end}": int(count) for end, count in totals.items()},
            }
            checks[source.name] = _checks(own)
    return StepResult(n_rows, figures, checks)


def _checks(readings: list[Reading]) -> list[Check]:
    newest = {reading.receipt.provider: reading for reading in readings}
    refused = [r.refusal[1] for r in newest.values() if r.refusal]
    n_rejected = sum(n["rejected"] for r in newest.values() for n in r.ends.values())
    n_rows = sum(n["n_rows"] for r in readings for n in r.ends.values())
    return [
        Check(
            "rows_are_accounted_for",
            bool(readings),
            _("{n} rows of {files} files, each with one end").format(n=n_rows, files=len(readings)),
        ),
        Check("last_delivery_was_read", bool(readings) and not refused, "\n".join(refused), ERROR),
        Check(
            "no_row_was_rejected",
            bool(readings) and n_rejected == 0,
            _("{n} rows of the newest files are in quarantine").format(n=n_rejected),
        ),
    ]
