"""The reader meets every invented file: it finds the planted faults and nothing else."""

import csv
import hashlib
from collections import Counter

import pandas as pd
import pytest

from agir_pipeline.methods.reading.grid import Refused
from agir_pipeline.methods.reading.rows import RowReader, RowsRead
from agir_pipeline.methods.reading.sentences import SURPRISES
from agir_pipeline.methods.reading.typing_rules import as_frame
from agir_pipeline.methods.synthetic.deliveries import Delivery
from agir_pipeline.methods.synthetic.study import Study
from agir_pipeline.methods.synthetic.world import World
from agir_pipeline.protocol.model import Protocol
from tests.grids import grid_of

KEY = b"invented"
QUIET = {"ignored_sheet", "absent_column", "set_aside", "no_rows"}
"""What the reader points out in files that are as their partners meant them."""
POINTED_OUT = ("hidden_column", "disagreement")
"""Faults for which no row is rejected."""


@pytest.fixture(scope="session")
def tables(protocol: Protocol) -> dict[str, list[tuple[str, str, str]]]:
    def rows(name: str) -> list[tuple[str, str, str]]:
        with (protocol.folder / name).open(encoding="utf-8", newline="") as file:
            return [(r["column"], r["value"], r["result"]) for r in csv.DictReader(file)]

    names = {name for source in protocol.sources for name in source.tables}
    return {name: rows(name) for name in names}


@pytest.fixture(scope="session")
def readings(
    protocol: Protocol,
    delivered: list[Delivery],
    tables: dict[str, list[tuple[str, str, str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[tuple[Delivery, RowsRead | str]]:
    """Each delivery with what was read of it, or the code of its refusal."""
    path = tmp_path_factory.mktemp("inbox") / "delivery"

    def read(delivery: Delivery) -> RowsRead | str:
        source = protocol.source(delivery.source).as_delivered_by(delivery.provider)
        path.write_bytes(delivery.content)
        try:
            grid = grid_of(path, source.sheet, source.encoding)
        except Refused as refused:
            return refused.refusal.code
        digest = hashlib.sha256(delivery.content).hexdigest()
        reader = RowReader(source, tables, KEY)
        found = reader.read(grid, delivery.provider, delivery.known_on, digest)
        return found.refusal.code if found.refusal else found

    return [(delivery, read(delivery)) for delivery in delivered]


def test_every_planted_fault_is_found_by_its_check_and_nothing_else_is_refused(
    study: Study, readings: list[tuple[Delivery, RowsRead | str]]
) -> None:
    found: Counter[tuple[str, str, int | None, str, str]] = Counter()
    for delivery, reading in readings:
        place = (delivery.file_name, str(delivery.known_on))
        if isinstance(reading, str):
            found[(*place, None, "", reading)] += 1
            continue
        for row in reading.quarantine:
            found[(*place, row.row_number, row.column, row.rule)] += 1
        for number, end in zip(reading.numbers, reading.row_ends, strict=True):
            if end == "duplicate":
                found[(*place, number, "", "duplicate")] += 1
    planted = Counter(
        (f["file"], f["known_on"], f["row"], f["column"], f["check"])
        for f in study.truth["faults"]
        if f["check"] not in {*SURPRISES, *POINTED_OUT, "contradiction"}
    )
    assert found == planted


def test_only_what_partners_do_by_habit_is_pointed_out(
    readings: list[tuple[Delivery, RowsRead | str]],
) -> None:
    codes = {f.code for _, r in readings if isinstance(r, RowsRead) for f in r.findings}
    planted = {*POINTED_OUT, "duplicate_rows", "date_order_contradiction"}
    assert codes == QUIET | planted | {"term_shortened_before_end"}


def test_the_last_register_read_holds_the_contracts_as_they_were(
    world: World, readings: list[tuple[Delivery, RowsRead | str]]
) -> None:
    read = _last(readings, "contract_register", "opca_export").set_index(
        ["contract_number", "amendment_number"]
    )
    day = pd.Timestamp("2012-12-31")
    true = world.register[world.register["deposited_on"] <= day]
    assert len(read) == len(true)
    true = true.set_index(["contract_number", "amendment_number"]).loc[read.index].reset_index()
    read = read.reset_index()
    for column in ("contract_start_on", "planned_end_on", "born_on", "amendment_effective_on"):
        same = (read[column] == true[column]) | (read[column].isna() & true[column].isna())
        assert same.all(), column
    known = true["rupture_on"].where(true["rupture_notified_on"] <= day)
    assert (read["rupture_on"].isna() == known.isna()).all()
    assert (read["rupture_on"].dropna() == known.dropna()).all()
    assert (read["prepared_level"] == true["prepared_level"]).all()
    assert (read["contract_nature"] == true["contract_nature"]).all()
    assert (read["sector_group"] == true["sector"]).all()
    firsts = (true["kind"] == "first").to_numpy()
    assert (read["age_at_start_years"] == true["age_years"].astype(int))[firsts].all()


@pytest.mark.parametrize(
    ("source", "provider", "key"),
    [
        ("beneficiary_register", "cnam", "case_number"),
        ("control_pool", "opca_pdl", "provider_ref"),
        ("control_pool", "gref_formation", "provider_ref"),
        ("control_pool", "missions_locales", "provider_ref"),
    ],
)
def test_every_list_gives_people_as_they_were(
    source: str,
    provider: str,
    key: str,
    world: World,
    readings: list[tuple[Delivery, RowsRead | str]],
) -> None:
    read = _last(readings, source, provider).set_index(key)
    true = world.people[world.people[key] != ""].set_index(key).loc[read.index]
    assert len(read) > 10
    for column in ("sex", "zone", "entry_level", "previous_situation", "postcode", "born_on"):
        assert (read[column] == true[column]).all(), column


def _last(
    readings: list[tuple[Delivery, RowsRead | str]], source: str, provider: str
) -> pd.DataFrame:
    read = [
        r.rows
        for d, r in readings
        if (d.source, d.provider) == (source, provider) and isinstance(r, RowsRead)
    ]
    return as_frame(read[-1])
