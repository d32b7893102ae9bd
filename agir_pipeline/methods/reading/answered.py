"""The state of every answer beside the rows of a questionnaire, and both in long form."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd
import pyarrow as pa

from agir_pipeline.methods.reading.answer_states import (
    NOTHING_ADDED,
    Added,
    AnswerState,
    Conditions,
    Spellings,
)
from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.derived import LookupTable
from agir_pipeline.methods.reading.findings import Finding
from agir_pipeline.methods.reading.findings import found as found_at
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.headings import Layout, find_layout, normalise
from agir_pipeline.methods.reading.questionnaire import METADATA, Questionnaire
from agir_pipeline.methods.reading.records import row_digests
from agir_pipeline.methods.reading.rows import RowReader, RowsRead
from agir_pipeline.methods.reading.typing_rules import as_array
from agir_pipeline.protocol.model import Column, Source

STATE = ":state"
"""After the name of a column, in the rows of a reading: why its cell is as it is."""
CODEBOOK = "codebook"
"""In the rows of a reading: the hash of the questionnaire in force when the row came."""
LONG = "long_answers"
PARTICIPANT = "token"
DIGEST = "row_digest"

ANSWERS = (
    "record_id", "receipt_id", "entity_id", "source", "item", "code", "state", "codebook",
    "known_on", "superseded_on",
)  # fmt: skip
"""The columns of the table of all answers: one row per response and question."""


def items(source: Source) -> tuple[Column, ...]:
    """The columns of a questionnaire that somebody answers: no key, no identity, no metadata."""
    paradata = {*map(normalise, METADATA), normalise(source.answered_at or "")}
    return tuple(
        column
        for column in source.columns
        if not column.is_identifying
        and column.name not in source.key
        and not paradata & {normalise(heading) for heading in _headings(column)}
    )


def _headings(column: Column) -> list[str]:
    return [column.name, *(alias.heading for alias in column.aliases)]


class AnswerReader(RowReader):
    """Reads the sheets of a questionnaire: rows with a state beside each answer."""

    def __init__(
        self,
        source: Source,
        tables: Mapping[str, LookupTable],
        record_key: bytes,
        asked: Questionnaire | None,
        added: Added = NOTHING_ADDED,
    ) -> None:
        super().__init__(source, tables, record_key)
        self._asked, self._added = asked, added

    def read(
        self,
        grid: Grid,
        provider: str,
        delivered_on: date,
        object_digest: str,
        received_on: date | None = None,
    ) -> RowsRead:
        read = super().read(grid, provider, delivered_on, object_digest, received_on)
        return with_states(read, grid, self.source, delivered_on, self._asked, self._added)


def with_states(
    read: RowsRead,
    grid: Grid,
    source: Source,
    delivered_on: date,
    asked: Questionnaire | None,
    added: Added = NOTHING_ADDED,
) -> RowsRead:
    """The rows with a state beside each answer, and the questionnaire they answer.

    Without the questionnaire, or from a file in words instead of codes, an empty cell says
    nothing of why it is empty. A box that was left out where others were ticked is a "no".
    """
    if read.is_refused:
        return read
    layout = find_layout(grid, source, delivered_on)
    n_rows = read.rows.num_rows
    found: dict[str, list[str]] = {column.name: [] for column in items(source)}
    if isinstance(layout, Layout):
        states = _States(grid, source, layout, asked, added)
        found = states.of_rows(read.rows["row_number"].to_pylist())
    rows = read.rows
    for column in items(source):
        if column.type == "boolean":
            rows = _left_out_is_no(rows, column.name, found[column.name])
        rows = rows.append_column(f"{column.name}{STATE}", as_array(found[column.name], "text"))
    digests = row_digests([rows[DIGEST].to_pylist(), *found.values()], n_rows)
    rows = rows.set_column(rows.column_names.index(DIGEST), DIGEST, pa.array(digests))
    codebooks = [asked.codebook if asked else None] * n_rows
    rows = rows.append_column(CODEBOOK, as_array(codebooks, "text"))
    return replace(read, rows=rows, findings=(*read.findings, *_tokens_told(rows, source, grid)))


def _left_out_is_no(rows: pa.Table, name: str, states: Sequence[str]) -> pa.Table:
    values = [
        False if value is None and state == AnswerState.ANSWERED else value
        for value, state in zip(rows[name].to_pylist(), states, strict=True)
    ]
    return rows.set_column(rows.column_names.index(name), name, as_array(values, "boolean"))


def _tokens_told(rows: pa.Table, source: Source, grid: Grid) -> Iterator[Finding]:
    """Responses that name no participant, and participants who finished several."""
    name = next((c.name for c in source.columns if PARTICIPANT in _headings(c)), None)
    if name is None:
        return
    numbers, tokens = (rows[column].to_pylist() for column in ("row_number", name))
    is_finished = [True] * len(tokens)
    if source.answered_at:
        is_finished = [instant is not None for instant in rows[source.answered_at].to_pylist()]
    told = list(zip(numbers, tokens, is_finished, strict=True))
    n_finished = Counter(token for _number, token, is_done in told if is_done)
    nameless = [number for number, token, _done in told if token is None]
    again = [n for n, token, done in told if done and token is not None and n_finished[token] > 1]
    yield from found_at("no_token", grid, nameless, name)
    yield from found_at("several_responses", grid, again, name)


class _States:
    """Where a file says what of the questionnaire."""

    def __init__(
        self,
        grid: Grid,
        source: Source,
        layout: Layout,
        asked: Questionnaire | None,
        added: Added,
    ) -> None:
        self.cells_of = dict(grid.rows)
        self.items = items(source)
        header = grid.rows[layout.row_index][1]
        self.positions = layout.positions
        self.spellings = {
            column.name: Spellings(
                frozenset(column.refused),
                frozenset(column.dont_know),
                frozenset((*source.missing, *column.missing)),
            )
            for column in self.items
        }
        is_long = any(flag.code == LONG for flag in grid.flags)
        self.field_at = _field_positions(header, asked)
        is_told = asked is not None and not is_long and len(self.field_at) * 2 > len(header)
        self.conditions = Conditions(asked, added) if asked and is_told else None
        self.field_of = dict(self._fields())

    def _fields(self) -> Iterator[tuple[str, str]]:
        """Item → the column of the questionnaire it stands in."""
        by_position = {position: name for name, position in self.field_at.items()}
        for column in self.items:
            name = by_position.get(self.positions.get(column.name, -1))
            if name is not None:
                yield column.name, name

    def of_rows(self, numbers: Sequence[int]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {column.name: [] for column in self.items}
        wanted = {field: self.spellings[item] for item, field in self.field_of.items()}
        for number in numbers:
            cells = self.cells_of[number]
            derived: Mapping[str, AnswerState] = {}
            if self.conditions is not None:
                told = {name: trimmed(cells[p]) for name, p in self.field_at.items()}
                derived = self.conditions.states(told, wanted)
            for item, states in found.items():
                field = self.field_of.get(item, "")
                states.append(derived.get(field) or self._said(item, cells))
        return found

    def _said(self, item: str, cells: Sequence[str]) -> AnswerState:
        """What the cell alone tells."""
        position = self.positions.get(item)
        text = "" if position is None else trimmed(cells[position])
        return self.spellings[item].said(text) or AnswerState.UNKNOWN


def _field_positions(header: Sequence[str], asked: Questionnaire | None) -> dict[str, int]:
    if asked is None:
        return {}
    known = {normalise(one.name): one.name for one in asked.fields}
    places = {known.get(normalise(cell)): position for position, cell in enumerate(header)}
    return {name: position for name, position in places.items() if name is not None}


def answers_in_long_form(
    source: Source, table: pd.DataFrame, entity_ids: Mapping[str, str]
) -> pd.DataFrame:
    """One row per version of a response and question, from the wide rows with their states."""
    asked = [column for column in items(source) if f"{column.name}{STATE}" in table]
    if not asked:
        return no_answers()
    rows = table[["record_id", "receipt_id", CODEBOOK, "known_on", "superseded_on"]].assign(
        entity_id=table["entity_key"].map(entity_ids), source=source.name
    )
    parts = []
    for column in asked:
        name = f"{column.name}{STATE}"
        is_told = table[name].notna()
        part = rows[is_told].assign(
            item=column.name,
            code=_as_text(table.loc[is_told, column.name]),
            state=table.loc[is_told, name],
        )
        parts.append(part[list(ANSWERS)])
    return pd.concat(parts, ignore_index=True)


def no_answers() -> pd.DataFrame:
    """The table before anybody has answered."""
    days = ("known_on", "superseded_on")
    kinds = {name: "datetime64[us]" if name in days else "string" for name in ANSWERS}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _as_text(values: pd.Series) -> pd.Series:
    """The value as text: whole numbers without a point, truths as true and false."""
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "true", False: "false"}).astype("string")
    if pd.api.types.is_float_dtype(values):
        return values.map(lambda value: f"{value:.15g}", na_action="ignore").astype("string")
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%dT%H:%M:%S")
    return values.astype("string")
