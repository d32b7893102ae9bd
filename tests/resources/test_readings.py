"""A delivery is parsed once under one contract, and read from the cache ever after."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.methods.reading.grid import Grid, Refusal
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.readings import Readings, contract_digest, contracts_in_force
from agir_pipeline.resources.receipts import Receipt

RECORD_KEY = bytes(range(32))
DAY = date(2010, 6, 30)
DIARY = """
[[source]]
name = "diary"
labels = { en = "Diary", fr = "Journal" }
feeds = "answer"
key = ["number"]
answered_at = "written_on"
source = "a test"

[[source.provider]]
name = "school"
labels = { en = "School", fr = "École" }

[[source.column]]
name = "number"
type = "identifier"
labels = { en = "Number", fr = "Numéro" }
sensitivity = "identifying"
known_before_index = true
required = true

[[source.column]]
name = "written_on"
type = "date"
labels = { en = "Written on", fr = "Écrit le" }
sensitivity = "none"
known_before_index = false

[[source.column]]
name = "mood"
type = "code"
labels = { en = "Mood", fr = "Humeur" }
sensitivity = "none"
known_before_index = false
codes = [
  { code = "good", labels = { en = "Good", fr = "Bonne" }, aliases = ["1"] },
  { code = "bad", labels = { en = "Bad", fr = "Mauvaise" }, aliases = ["2"] },
]

[[source.derived]]
name = "season"
method = "lookup"
inputs = ["number"]
table = "seasons.csv"
otherwise = "any"
labels = { en = "Season", fr = "Saison" }
sensitivity = "none"
known_before_index = true
codes = [
  { code = "summer", labels = { en = "Summer", fr = "Été" } },
  { code = "any", labels = { en = "Any", fr = "Toutes" } },
]
"""
FILE = b"Number,Written on,Mood\nN1,2010-06-01,1\nN2,2010-06-02,worse\n\n"


class CountingParser(Parser):
    """Counts the files it really parsed; answers ``instead`` where one is given."""

    def __init__(self, instead: Refusal | None = None) -> None:
        super().__init__()
        self.n_parsed = 0
        self.instead = instead

    def read_sheets(self, *file: Any, **how: Any) -> list[Grid] | Refusal:
        self.n_parsed += 1
        return self.instead or super().read_sheets(*file, **how)


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """A study with one more source than the packaged one: a block and nothing else."""
    path = tmp_path / "protocol.toml"
    path.write_text(packaged_protocols()["nsw"].read_text("utf-8") + DIARY, encoding="utf-8")
    (tmp_path / "seasons.csv").write_text("column,value,result\nnumber,N1,summer\n")
    return path


@pytest.fixture
def study(study_file: Path) -> Protocol:
    return load_protocol(study_file)


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    made = Landing(tmp_path / "landing")
    made.create()
    return made


@pytest.fixture
def receive(landing: Landing) -> Callable[..., Receipt]:
    def take(content: bytes = FILE, **more: Any) -> Receipt:
        receipt = Receipt("delivery", "", DAY, "diary", "school", "diary.csv", **more)
        return landing.receive(content, receipt).receipt

    return take


@pytest.fixture
def readings(tmp_path: Path, landing: Landing, study: Protocol) -> Readings:
    return Readings(tmp_path / "parsed", landing, study, RECORD_KEY)


def test_a_new_source_is_a_block_of_the_protocol_and_a_file(
    readings: Readings, receive: Callable[..., Receipt]
) -> None:
    with Parser() as parser:
        reading = readings.read(receive(), parser)
    assert reading.refusal is None
    told = reading.rows.select(["number", "mood", "season"])
    assert told.to_pylist() == [{"number": "N1", "mood": "good", "season": "summer"}]
    assert reading.ends[""] == {
        "n_rows": 4,
        **{"accepted": 1, "rejected": 1, "duplicate": 0, "blank": 1, "outside": 1},
        "erased": 0,
    }
    assert [one.found for one in reading.quarantine] == ["worse"]


def test_rejected_rows_are_known_by_their_key_where_it_can_be_read(
    readings: Readings, receive: Callable[..., Receipt]
) -> None:
    with Parser() as parser:
        named = readings.read(receive(), parser)
        nameless = readings.read(receive(FILE + b"only,two\n"), parser)
        clean = readings.read(receive(FILE.replace(b"worse", b"2")), parser)
    assert (named.rejected_keys, named.has_nameless_rejects) == ({"N2"}, False)
    assert (nameless.rejected_keys, nameless.has_nameless_rejects) == ({"N2"}, True)
    assert (clean.rejected_keys, clean.has_nameless_rejects) == (frozenset(), False)


def test_a_file_is_parsed_once(readings: Readings, receive: Callable[..., Receipt]) -> None:
    receipt = receive()
    with CountingParser() as parser:
        first, again = (readings.read(receipt, parser) for _time in range(2))
    assert parser.n_parsed == 1
    assert (first.is_new, again.is_new) == (True, False)
    assert first.rows.equals(again.rows)
    assert (first.ends, first.findings, first.contract) == (
        again.ends,
        again.findings,
        again.contract,
    )


def cut(content: bytes) -> bytes:
    return content[:-1]


def turned(content: bytes) -> bytes:
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


@pytest.mark.parametrize("damage", [cut, turned, lambda _content: b"", None])
def test_a_damaged_reading_is_made_again(
    damage: Callable[[bytes], bytes] | None,
    readings: Readings,
    receive: Callable[..., Receipt],
) -> None:
    receipt = receive()
    with CountingParser() as parser:
        first = readings.read(receipt, parser)
        (path,) = readings.cache.rglob("*.arrow")
        path.write_bytes(damage(path.read_bytes())) if damage else path.unlink()
        again, kept = (readings.read(receipt, parser) for _time in range(2))
    assert parser.n_parsed == 2
    assert (again.is_new, kept.is_new) == (True, False)
    assert again.rows.equals(first.rows)
    assert again.ends == first.ends


def test_what_decides_the_reading_makes_another_one(
    tmp_path: Path, study_file: Path, landing: Landing, receive: Callable[..., Receipt]
) -> None:
    """The contract, the table, the day of extraction, the provider's layout and the record key."""
    receipt = receive()

    def n_parsed(key: bytes = RECORD_KEY, of: Receipt = receipt) -> int:
        with CountingParser() as parser:
            Readings(tmp_path / "parsed", landing, load_protocol(study_file), key).read(of, parser)
        return parser.n_parsed

    assert n_parsed() == 1
    assert n_parsed() == 0
    (tmp_path / "seasons.csv").write_text("column,value,result\nnumber,N2,summer\n")
    assert n_parsed() == 1
    text = study_file.read_text("utf-8")
    study_file.write_text(text.replace('aliases = ["2"]', 'aliases = ["2", "worse"]'), "utf-8")
    assert n_parsed() == 1
    assert n_parsed(key=bytes(range(1, 33))) == 1
    assert n_parsed(of=replace(receipt, extracted_on=date(2010, 6, 1))) == 1
    assert n_parsed(of=replace(receipt, known_on=date(2010, 7, 1))) == 1
    assert n_parsed() == 0


def test_a_refused_file_is_told_with_its_name_and_not_parsed_again(
    readings: Readings, receive: Callable[..., Receipt]
) -> None:
    receipt = receive(b"Number,Mood\x00\n1,2\n")
    with CountingParser() as parser:
        first, again = (readings.read(receipt, parser) for _time in range(2))
    assert parser.n_parsed == 1
    assert first.refusal == again.refusal is not None
    assert "diary.csv" in first.refusal[1]
    assert first.rows.num_rows == 0
    assert first.ends == {}


def test_a_file_of_an_unknown_layout_is_refused_and_read_once_the_protocol_knows_it(
    tmp_path: Path, study_file: Path, landing: Landing, receive: Callable[..., Receipt]
) -> None:
    receipt = receive(b"Nummer,Datum,Laune\nN1,2010-06-01,1\n")

    def read() -> Any:
        protocol = load_protocol(study_file)
        with Parser() as parser:
            return Readings(tmp_path / "parsed", landing, protocol, RECORD_KEY).read(
                receipt, parser
            )

    assert read().refusal is not None
    text = study_file.read_text("utf-8")
    for name, heading in (("number", "Nummer"), ("written_on", "Datum"), ("mood", "Laune")):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\naliases = ["{heading}"]\n')
    study_file.write_text(text, encoding="utf-8")
    assert len(read().rows) == 1


@pytest.mark.parametrize("code", ["reader_died", "reader_too_slow", "macros", "encrypted"])
def test_what_the_machine_or_the_settings_refuse_is_tried_again_the_next_night(
    code: str, readings: Readings, receive: Callable[..., Receipt]
) -> None:
    receipt = receive()
    failed = readings.read(receipt, CountingParser(Refusal(code)))
    assert failed.refusal is not None
    assert failed.refusal[0] == code
    assert failed.is_new
    with Parser() as parser:
        assert readings.read(receipt, parser).refusal is None


def test_a_full_disk_leaves_no_half_reading(
    readings: Readings, receive: Callable[..., Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    receipt = receive()
    monkeypatch.setattr("agir_pipeline.resources.files.os.replace", full)
    with Parser() as parser:
        with pytest.raises(InfrastructureError, match="No space left on device"):
            readings.read(receipt, parser)
        assert not list(readings.cache.rglob("*.*"))
        monkeypatch.undo()
        assert readings.read(receipt, parser).is_new


def test_contracts_are_named_by_what_decides_them(study: Protocol) -> None:
    contracts = contracts_in_force(study)
    assert set(contracts) == {source.name for source in study.sources}
    assert len(set(contracts.values())) == len(contracts)
    tables = {"seasons.csv": [("number", "N1", "summer")]}
    assert contracts["diary"] == contract_digest(study.source("diary"), tables)
