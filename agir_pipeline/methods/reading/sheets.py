"""All sheets of one file as one table: a sheet per month, per agency, per adviser."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from agir_pipeline.methods.reading.findings import Finding
from agir_pipeline.methods.reading.grid import Grid, Refusal
from agir_pipeline.methods.reading.records import UNIT_SEPARATOR
from agir_pipeline.methods.reading.row_ends import End
from agir_pipeline.methods.reading.rows import Quarantined, RowReader, RowsRead

PLACE = ("record_id", "sheet", "row_number")


@dataclass(frozen=True)
class FileRead:
    """What the sheets of a delivery gave. A refused file has no rows and no ends."""

    rows: pa.Table
    """As those of one sheet, those of the first sheet first."""
    quarantine: Sequence[Quarantined]
    ends: Mapping[str, Mapping[str, int]]
    """For each sheet, the number of rows with each end, and ``n_rows``, their sum."""
    findings: tuple[Finding, ...]
    refusal: Refusal | None = None


def read_sheets(
    reader: RowReader,
    grids: Sequence[Grid],
    provider: str,
    delivered_on: date,
    object_digest: str,
    received_on: date | None = None,
) -> FileRead:
    """The rows of all sheets; one sheet that is refused refuses the file.

    A key that stands in two sheets is judged as within one: equal rows are duplicates of the
    first, others contradict each other and are all rejected.
    """
    place = (provider, delivered_on, object_digest, received_on)
    parts = [reader.read(grid, *place) for grid in grids]
    refused = next((part for part in parts if part.is_refused), None)
    if refused is not None or len(parts) == 1:
        one = refused or parts[0]
        return FileRead(one.rows, one.quarantine, one.ends, one.findings, one.refusal)
    if not reader.source.key:  # rows without a key are told apart by sheet and row
        return _joined(parts, [_told_apart(part) for part in parts])
    return _settled(_joined(parts, [part.rows for part in parts]), reader.source.key)


def _joined(parts: Sequence[RowsRead], rows: Sequence[pa.Table]) -> FileRead:
    return FileRead(
        rows=pa.concat_tables(rows),
        quarantine=[one for part in parts for one in part.quarantine],
        ends={sheet: ends for part in parts for sheet, ends in part.ends.items()},
        findings=tuple(finding for part in parts for finding in part.findings),
    )


def _told_apart(part: RowsRead) -> pa.Table:
    column = part.rows.schema.get_field_index("entity_key")
    keys = part.rows.column(column)
    named = [f"{part.sheet}{UNIT_SEPARATOR}{key}" for key in keys.to_pylist()]
    return part.rows.set_column(column, "entity_key", pa.array(named, keys.type))


def _settled(read: FileRead, key: Sequence[str]) -> FileRead:
    """The rows of all sheets once keys that stand in several were judged."""
    told = {n: read.rows[n].to_pylist() for n in (*PLACE, "entity_key", "row_digest")}
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(told["entity_key"]):
        places[one].append(place)
    ends: dict[int, End] = {}
    for some in places.values():
        is_same = len({told["row_digest"][place] for place in some}) == 1
        left = some[1:] if is_same else some
        ends |= dict.fromkeys(left, End.DUPLICATE if is_same else End.REJECTED)
    left_out = sorted(ends)
    quarantined = [
        Quarantined(
            *(told["sheet"][place], told["row_number"][place], key[0], "key_collision"),
            found=told["entity_key"][place].replace(UNIT_SEPARATOR, " ; "),
            record_id=told["record_id"][place],
            entity_key=told["entity_key"][place],
        )
        for place in left_out
        if ends[place] == End.REJECTED
    ]
    copies: dict[str, list[int]] = defaultdict(list)
    counts = {sheet: dict(one) for sheet, one in read.ends.items()}
    for place in left_out:
        sheet = told["sheet"][place]
        counts[sheet][End.ACCEPTED] -= 1
        counts[sheet][ends[place]] += 1
        if ends[place] == End.DUPLICATE:
            copies[sheet].append(told["row_number"][place])
    notes = [Finding("duplicate_rows", s, rows[0], "", len(rows)) for s, rows in copies.items()]
    kept = [place for place in range(len(read.rows)) if place not in ends]
    return FileRead(
        rows=read.rows.take(kept),
        quarantine=[*read.quarantine, *quarantined],
        ends=counts,
        findings=(*read.findings, *notes),
    )
