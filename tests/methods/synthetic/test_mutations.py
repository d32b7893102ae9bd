"""Each fault of the catalogue planted alone: one check finds it, at its place, and no other."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agir_pipeline.demo import EXPLANATIONS, HABITS
from agir_pipeline.methods.reading.comparison import Delivery, compared
from agir_pipeline.methods.reading.grid import Refused
from agir_pipeline.methods.reading.rows import RowReader, RowsRead
from agir_pipeline.methods.synthetic.assembly import Assembly, assembled
from agir_pipeline.methods.synthetic.calibration import Calibration, load_calibration
from agir_pipeline.methods.synthetic.catalogue import Fault
from agir_pipeline.methods.synthetic.deliveries import Planned
from agir_pipeline.methods.synthetic.faults import plant, with_late_entry
from agir_pipeline.methods.synthetic.streams import Stream
from agir_pipeline.methods.synthetic.timeline import Days
from agir_pipeline.methods.synthetic.world import World
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.lookup_tables import read_table
from agir_pipeline.protocol.model import Protocol
from tests.grids import grid_of

CATALOGUE = load_calibration(load_protocol(packaged_protocols()["agir"]).folder).faults
MESSES = {f"M{number}" for number in range(1, 15)}
Place = tuple[int | None, str, str]


@pytest.fixture(scope="module")
def assembly(protocol: Protocol, calibration: Calibration, world: World) -> Assembly:
    return assembled(protocol, calibration, world)


@pytest.fixture(scope="module")
def tables(protocol: Protocol) -> dict[str, Any]:
    names = {name for source in protocol.sources for name in source.tables}
    return {name: read_table(protocol.folder, name) for name in names}


def scheduled(assembly: Assembly, fault: Fault) -> tuple[Stream, Days]:
    streams = [*assembly.files, *((sheet, assembly.book_days) for sheet in assembly.book)]
    return next(
        (stream, days)
        for stream, days in streams
        if (stream.source, stream.partner.provider) == (fault.source, fault.provider)
    )


def read(planned: Planned, path: Path, protocol: Protocol, tables: Any) -> RowsRead | str:
    source = protocol.source(planned.stream.source)
    layout = source.as_delivered_by(planned.stream.partner.provider)
    delivery = planned.made()
    path.write_bytes(delivery.content)
    try:
        grid = grid_of(path, layout.sheet, layout.encoding)
    except Refused as refused:
        return refused.refusal.code
    digest = hashlib.sha256(delivery.content).hexdigest()
    reader = RowReader(layout, tables, b"invented")
    found = reader.read(grid, delivery.provider, delivery.known_on, digest)
    return found.refusal.code if found.refusal else found


def reported(found: RowsRead | str) -> set[Place]:
    """What one file says by itself."""
    if isinstance(found, str):
        return {(None, "", found)}
    broken = {(q.row_number, q.column, q.rule) for q in found.quarantine}
    return broken | {
        (f.row, f.column, "duplicate" if f.code == "duplicate_rows" else f.code)
        for f in found.findings
        if f.code not in HABITS + EXPLANATIONS
    }


IN_ONE_FILE = [fault for fault in CATALOGUE if fault.check != "contradiction"]
"""Two sources contradict each other only once they are linked: whole nights find that."""


def beside(planned: Planned, found: RowsRead) -> Delivery:
    rejected = {one.row_number: one.entity_key for one in found.quarantine}
    return Delivery(
        str(planned.extracted_on),
        planned.stream.partner.provider,
        planned.extracted_on.astype("M8[D]").astype(object),
        found.rows,
        [f.column for f in found.findings if f.code == "absent_column"],
        list(rejected.values()),
    )


@pytest.mark.parametrize("fault", IN_ONE_FILE, ids=lambda f: f"{f.source}-{f.check}-{f.turn}")
def test_a_fault_planted_alone_is_found_by_its_check_and_by_no_other(
    fault: Fault, assembly: Assembly, protocol: Protocol, tables: Any, tmp_path: Path
) -> None:
    stream, days = scheduled(assembly, fault)
    place = len(days) - fault.turn
    assert 0 < place < len(days) - 1
    if fault.check == "back_dated":
        stream = with_late_entry(stream, days, place)
    planted = plant(fault, stream, days[place], days[place - 1])
    files = [
        Planned(stream, days[place - 1], days[place - 1]),
        Planned(stream, days[place], days[place], planted),
        Planned(stream, days[place + 1], days[place + 1]),
    ]
    found = [read(one, tmp_path / "file", protocol, tables) for one in files]
    assert reported(found[0]) == reported(found[2]) == set()
    pairs = [
        (one, seen) for one, seen in zip(files, found, strict=True) if isinstance(seen, RowsRead)
    ]
    source = protocol.source(fault.source)
    told = compared(source, [beside(one, seen) for one, seen in pairs])
    surprises = {(one.row, one.column, one.code) for one in told}
    assert {one.receipt_id for one in told} <= {str(days[place])}
    expected = {(row, column, fault.check) for row, column in planted.places}
    assert reported(found[1]) | surprises == expected


def test_a_value_that_stands_in_its_row_already_is_planted_in_another(assembly: Assembly) -> None:
    fault = next(fault for fault in CATALOGUE if fault.check == "disagreement")
    stream, days = scheduled(assembly, fault)
    day, earlier = days[len(days) - fault.turn], days[len(days) - fault.turn - 1]
    column, first = stream.position_of(fault.column), stream.layout.first_row
    page = stream.page(day)
    ((row, _column),) = plant(fault, stream, day, earlier).places
    assert row is not None
    lives_there = fault.model_copy(update={"found": page.rows[row - first][column]})
    planted = plant(lives_there, stream, day, earlier)
    ((other, _column),) = planted.places
    assert other != row
    assert other is not None
    before, after = page.rows[other - first][column], planted.page.rows[other - first][column]
    assert before != after
    assert str(before)[:2] == str(after)[:2]  # a place the table knows


def test_every_class_of_mess_has_its_fault() -> None:
    assert {fault.mess for fault in CATALOGUE} == MESSES | {"file"}


def test_every_source_has_its_fault(protocol: Protocol) -> None:
    assert {fault.source for fault in CATALOGUE} == {source.name for source in protocol.sources}


def test_no_two_faults_stand_in_one_file() -> None:
    places = [(fault.source, fault.provider, fault.turn) for fault in CATALOGUE]
    assert len(set(places)) == len(places)


def test_a_late_entry_is_missing_from_the_files_before(assembly: Assembly) -> None:
    fault = next(fault for fault in CATALOGUE if fault.check == "back_dated")
    stream, days = scheduled(assembly, fault)
    place = len(days) - fault.turn
    late = with_late_entry(stream, days, place)
    assert len(late.shown_on(days[place - 1])) == len(stream.shown_on(days[place - 1])) - 1
    assert np.array_equal(late.shown_on(days[place]), stream.shown_on(days[place]))
