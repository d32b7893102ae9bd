"""What the checks of the reading found, gathered from where each of them is kept."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.methods.programme.quality import (
    ERROR,
    WARN,
    Arrival,
    InFile,
    Standing,
    data_quality,
)
from agir_pipeline.methods.reading.comparison import HOLDING
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.stock_taking import HELD
from agir_pipeline.resources.study import Study

ROW_LEFT = "row_left"
LAYOUT = "layout"
SETTLED = """
select source, receipt_id
from validated.delivery_changes
where change = 'removed' and not is_deletion
group by source, receipt_id
having max(case when is_missing then 1 else 0 end) = 0
"""
"""The files from which rows had left, where none of them is asked about any more."""


def quality(study: Study, connection: sa.Connection) -> pd.DataFrame:
    """Check × source × night: refusals, quarantine, findings, surprises, law, decisions, facts."""
    files = {receipt.receipt_id: receipt for receipt in study.state().deliveries}
    ledger = study.home.landing.ledger
    refusals = {
        row["receipt_id"]: row["code"] for row in ledger.refusals() if _is_so(study, files, row)
    }
    arrivals = [
        Arrival(r.receipt_id, r.source, r.provider, r.known_on, r.receipt_id in refusals)
        for r in files.values()
    ]
    found = [
        InFile(code, ERROR, receipt_id, 1)
        for receipt_id, code in refusals.items()
        if code != HELD  # what holds it is told apart
    ]
    found += [InFile(rule, ERROR, *where) for where, rule in _broken(study)]
    found += [
        InFile(row["code"], WARN, row["receipt_id"], max(row["n"], 1))
        for row in ledger.findings()
        if _is_so(study, files, row)
    ]
    found += _surprises(study, connection)
    return data_quality(arrivals, found, list(_standing(study, connection)))


def _is_so(study: Study, files: Mapping[str, Receipt], row: Mapping[str, Any]) -> bool:
    """Whether the ledger speaks of a file known here, as read under the contract in force."""
    receipt = files.get(row["receipt_id"])
    return receipt is not None and study.readings.contracts[receipt.source] == row["reading"]


def _broken(study: Study) -> Iterator[tuple[tuple[str, int], str]]:
    for receipt_id, rule, n in study.vault.broken_rows():
        yield (receipt_id, n), rule


def _surprises(study: Study, connection: sa.Connection) -> Iterator[InFile]:
    """What a file says against the one before it; in order once the steward has said so."""
    told = study.vault.read("surprises")
    accepted, settled = _decided(study, connection) if len(told) else ({}, {})
    lines = zip(told["receipt_id"], told["source"], told["code"], told["column_name"], strict=True)
    for receipt_id, source, code, column in lines:
        silenced_on = settled.get(receipt_id) if code == ROW_LEFT else None
        if code in HOLDING:
            silenced_on = accepted.get((source, column))
        severity = ERROR if code in HOLDING else WARN
        yield InFile(code, severity, receipt_id, 1, silenced_on)


def _decided(
    study: Study, connection: sa.Connection
) -> tuple[dict[tuple[str, str], date], dict[str, date]]:
    """Of layouts (source, column), of files whose rows had left: since when a decision is known.

    Of decisions in force that somebody who may decide has signed. Rows that left are settled once
    none of the file waits any more and the source has a decision about them.
    """
    queries = list(_decisions(study.protocol))
    if not queries:
        return {}, {}
    unheard = study.vault.read("unheard_decisions")
    places = set(unheard[["receipt_id", "sheet", "row_number"]].itertuples(index=False, name=None))
    accepted: dict[tuple[str, str], date] = {}
    decided: dict[str, date] = {}
    for kind, source, column, day, *place in study.warehouse.rows(
        connection, " union all ".join(queries)
    ):
        if tuple(place) in places:
            continue
        if kind == LAYOUT:
            accepted[source, column] = min(day, accepted.get((source, column), day))
        else:
            decided[source] = max(day, decided.get(source, day))
    left = study.warehouse.rows(connection, SETTLED) if decided else []
    return accepted, {receipt: decided[source] for source, receipt in left if source in decided}


def _decisions(protocol: Protocol) -> Iterator[str]:
    """One query for each source of decisions: what it is about, known since, and its place.

    A study may keep a column of its decisions in the vault; such decisions silence nothing here.
    """
    for source in protocol.sources:
        roles = source.maps or source.settles
        if roles and _needed(source) <= {column.name for column in source.warehouse_columns}:
            kind = LAYOUT if source.maps else ROW_LEFT
            column = f'"{source.maps.of_column}"' if source.maps else "''"
            yield (
                f"select '{kind}', \"{roles.of_source}\", {column}, cast(known_on as date), "  # noqa: S608
                f"receipt_id, sheet, row_number from validated.{source.name} "
                f'where superseded_on is null and "{roles.withdrawn}" is null'
            )


def _needed(source: Source) -> set[str]:
    """The columns of a source of layouts or departures that say what is decided, and whether."""
    if source.maps:
        return {source.maps.of_source, source.maps.of_column, source.maps.withdrawn}
    return {source.settles.of_source, source.settles.withdrawn} if source.settles else set()


def _standing(study: Study, connection: sa.Connection) -> Iterator[Standing]:
    """What stands in the rows in use: the law, corrections that fail, sources at odds."""
    queries = list(_where_told(study.protocol))
    if queries:
        for row in study.warehouse.rows(connection, " union all ".join(queries)):
            yield Standing._make(row)


def _where_told(protocol: Protocol) -> Iterator[str]:
    day, count = "cast(known_on as date)", "count(*)"
    if any(source.law for source in protocol.sources):
        yield (
            f"select rule, severity, source, {day}, {count} from validated.legal_findings "  # noqa: S608
            f"group by rule, severity, source, {day}"
        )
    if any(source.corrects for source in protocol.sources):
        yield (
            f"select status, '{ERROR}', source, {day}, {count} from validated.correction_outcomes "  # noqa: S608
            f"where status in ('conflict', 'orphan') group by status, source, {day}"
        )
    if protocol.shared_facts:
        yield (
            f"select fact, '{WARN}', source_b, {day}, {count} from linked.contradictions "  # noqa: S608
            f"group by fact, source_b, {day}"
        )
