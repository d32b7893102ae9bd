"""Several sheets of one file as one table: a sheet per month, per agency, per adviser."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.row_ends import End
from agir_pipeline.methods.reading.rows import (
    PLACE,
    UNIT_SEPARATOR,
    Finding,
    RowsRead,
    read_rows,
)
from agir_pipeline.protocol.model import Source


def read_sheets(grids: Sequence[Grid], source: Source, **more: Any) -> RowsRead:
    """The rows of all sheets, those of the first one first; one that is refused refuses all.

    A key that stands in two sheets is judged as within one: equal rows are duplicates of the
    first, others contradict each other. ``more`` is what ``read_rows`` asks for.
    """
    parts = [read_rows(grid, source, **more) for grid in grids]
    if len(parts) == 1:
        return parts[0]
    for part in parts:
        if part.is_refused:
            return part
    if not source.key:  # rows without a key are told apart by sheet and row
        parts = [_told_apart(part) for part in parts]
    return _settled(
        RowsRead(
            rows=pd.concat([part.rows for part in parts], ignore_index=True),
            quarantine=pd.concat([part.quarantine for part in parts], ignore_index=True),
            row_ends=pd.concat([part.row_ends for part in parts], ignore_index=True),
            findings=tuple(finding for part in parts for finding in part.findings),
        ),
        first_key=source.key[0] if source.key else "",
    )


def _told_apart(part: RowsRead) -> RowsRead:
    keys = part.rows["sheet"] + UNIT_SEPARATOR + part.rows["entity_key"]
    return replace(part, rows=part.rows.assign(entity_key=keys))


def _settled(read: RowsRead, first_key: str) -> RowsRead:
    """The rows of all sheets once keys that stand in several were judged."""
    rows = read.rows
    repeated = rows[rows["entity_key"].duplicated(keep=False)]
    if repeated.empty:
        return read
    values = repeated.drop(columns=[name for name in PLACE if name != "entity_key"])
    is_copy = values.duplicated(keep="first")
    copies, firsts = repeated[is_copy], repeated[~is_copy]
    broken = firsts[firsts["entity_key"].duplicated(keep=False)]
    # A copy of a row that contradicts another contradicts it too.
    also = copies["entity_key"].isin(broken["entity_key"])
    broken, copies = pd.concat([broken, copies[also]]).sort_index(), copies[~also]
    found = broken["entity_key"].str.replace(UNIT_SEPARATOR, " ; ")
    quarantined = broken[["sheet", "row_number", "record_id", "entity_key"]].assign(
        column=first_key, rule="key_collision", found=found
    )
    notes = [
        Finding("duplicate_rows", str(sheet), int(some["row_number"].iloc[0]), "", len(some))
        for sheet, some in copies.groupby("sheet", sort=False)
    ]
    return replace(
        read,
        rows=rows.drop(index=[*broken.index, *copies.index]).reset_index(drop=True),
        quarantine=pd.concat(
            [read.quarantine, quarantined[read.quarantine.columns]], ignore_index=True
        ),
        row_ends=_ended(_ended(read.row_ends, broken, End.REJECTED), copies, End.DUPLICATE),
        findings=(*read.findings, *notes),
    )


def _ended(row_ends: pd.DataFrame, rows: pd.DataFrame, end: End) -> pd.DataFrame:
    """The ends of all rows, with another one for some."""
    places = pd.MultiIndex.from_frame(rows[["sheet", "row_number"]])
    is_meant = pd.MultiIndex.from_frame(row_ends[["sheet", "row_number"]]).isin(places)
    return row_ends.assign(end=row_ends["end"].mask(is_meant, str(end)))
