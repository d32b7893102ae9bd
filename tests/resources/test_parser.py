"""Files read in another process: it may die, the run may not."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.methods.reading.grid import Grid, Limits, Refusal
from agir_pipeline.methods.reading.sentences import refusal_sentence
from agir_pipeline.resources import parser as module
from agir_pipeline.resources.parser import Parser, Request


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser() as shared:
        yield shared


def test_a_csv_comes_back_as_a_grid(parser: Parser, fixtures: Path) -> None:
    grid = parser.read(fixtures / "spreadsheets" / "header_only.csv")
    assert isinstance(grid, Grid)
    assert grid.rows == [(1, ["Nom", "Prénom", "Ville"])]
    assert grid.encoding == "cp1252"


def test_sheet_and_encoding_are_passed_on(parser: Parser, fixtures: Path) -> None:
    folder = fixtures / "spreadsheets"
    grid = parser.read(folder / "sheets_per_month_heading_variants.xlsx", sheet="Février")
    assert isinstance(grid, Grid)
    assert grid.sheet == "Février"
    grid = parser.read(folder / "macroman.csv", encoding="mac_roman")
    assert isinstance(grid, Grid)
    assert grid.rows[0][1][1] == "Prénom"


def test_a_refusal_comes_back_with_its_place(parser: Parser, fixtures: Path) -> None:
    refusal = parser.read(fixtures / "spreadsheets" / "nul_bytes.csv")
    assert refusal == Refusal("nul_byte", row=2)


def test_one_process_serves_all_files_quickly(parser: Parser, fixtures: Path) -> None:
    path = fixtures / "spreadsheets" / "dates_1904.xlsx"
    parser.read(path)
    before = parser.process_id
    seconds = []
    for _file in range(20):
        begun = time.perf_counter()
        parser.read(path)
        seconds.append(time.perf_counter() - begun)
    assert parser.process_id == before
    assert sorted(seconds)[5] < 0.05


@pytest.mark.parametrize("name", ["titles_merged_totals_hidden.xlsx", "sep_line.csv"])
def test_damaged_files_give_a_grid_or_a_sentence(
    parser: Parser, fixtures: Path, tmp_path: Path, name: str
) -> None:
    whole = (fixtures / "spreadsheets" / name).read_bytes()
    chance = random.Random(name)
    path = tmp_path / "delivery.xlsx"
    n_refused = 0
    for _file in range(60):
        content = bytearray(whole)
        for _byte in range(chance.randrange(1, 30)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content[: chance.choice([len(content), chance.randrange(len(content))])])
        result = parser.read(path)
        if isinstance(result, Refusal):
            n_refused += 1
            assert refusal_sentence(result, path.name).startswith("delivery.xlsx")
    assert n_refused > 10


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file whose bytes never come: reading it takes for ever."""
    path = tmp_path / "endless.csv"
    os.mkfifo(path)
    return path


def test_a_process_killed_in_mid_file_refuses_that_file_and_no_other(
    endless: Path, fixtures: Path
) -> None:
    with Parser() as parser:
        parser.read(fixtures / "spreadsheets" / "header_only.csv")
        victim = parser.process_id
        assert victim is not None
        killer = threading.Timer(0.2, os.kill, (victim, signal.SIGKILL))
        killer.start()
        assert parser.read(endless) == Refusal("reader_died")
        killer.join()
        assert isinstance(parser.read(fixtures / "spreadsheets" / "header_only.csv"), Grid)
        assert parser.process_id not in (None, victim)


def test_what_is_expected_is_begun_before_it_is_asked_and_each_file_keeps_its_own(
    fixtures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    honest = Parser._read

    def noted(self: Parser, request: Request) -> list[Grid] | Refusal:
        begun.append(request.path.name)
        return honest(self, request)

    monkeypatch.setattr(Parser, "_read", noted)
    folder = fixtures / "spreadsheets"
    names = ["header_only.csv", "nul_bytes.csv", "dates_1904.xlsx", "macroman.csv"]
    paths = [folder / names[0], tmp_path / "gone.csv", *(folder / name for name in names[1:])]
    with Parser() as parser:
        own = parser.limits
        parser.expect(Request(path, (), None, own, None) for path in paths)
        assert [one.request.path.name for one in parser._ahead] == names  # none that is not there
        first = parser.read_sheets(paths[0])
        unexpected = parser.read_sheets(folder / "dates_1904.xlsx", ["Suivi"])
        others = [parser.read_sheets(folder / name) for name in names[1:]]
        assert sorted(begun) == sorted([*names, "dates_1904.xlsx"])
    with Parser() as plain:
        assert first == plain.read_sheets(paths[0])
        assert unexpected == plain.read_sheets(folder / "dates_1904.xlsx", ["Suivi"])
        assert others == [plain.read_sheets(folder / name) for name in names[1:]]


def test_only_so_much_is_read_before_it_is_asked(
    fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fixtures / "spreadsheets"
    paths = [folder / name for name in ("header_only.csv", "dates_1904.xlsx", "macroman.csv")]
    largest = max(path.stat().st_size for path in paths)
    monkeypatch.setattr("agir_pipeline.resources.parser.LARGEST_AHEAD", largest - 1)
    monkeypatch.setattr("agir_pipeline.resources.parser.MOST_AHEAD", largest - 1)
    with Parser() as parser:
        parser.expect(Request(path, (), None, parser.limits, None) for path in paths)
        waiting = []
        for path in paths:
            waiting.append([one.request.path.name for one in parser._ahead])
            assert isinstance(parser.read_sheets(path), list)
        assert waiting == [["header_only.csv"], ["macroman.csv"], ["macroman.csv"]]
        assert not parser._ahead


def test_leaving_while_a_file_is_read_ahead_kills_its_reader(fixtures: Path) -> None:
    path = fixtures / "spreadsheets" / "header_only.csv"
    with Parser(timeout_seconds=10) as parser:
        process = parser._running()
        os.kill(process.pid, signal.SIGSTOP)  # it answers nobody any more
        parser.expect([Request(path, (), None, parser.limits, None)])
        ahead = parser._ahead[0].grids
        while not ahead.running():
            time.sleep(0.01)
        time.sleep(0.3)  # until it waits for that process, not for another one
    # not "reader_too_slow": nobody waited for it
    assert ahead.result() == Refusal("reader_died")
    assert process.poll() is not None


def test_a_process_that_died_between_files_is_replaced(fixtures: Path) -> None:
    path = fixtures / "spreadsheets" / "header_only.csv"
    with Parser() as parser:
        parser.read(path)
        assert parser.process_id is not None
        os.kill(parser.process_id, signal.SIGKILL)
        time.sleep(0.1)
        assert isinstance(parser.read(path), Grid)


def test_a_file_that_takes_too_long_is_refused(endless: Path, fixtures: Path) -> None:
    with Parser(timeout_seconds=0.8) as parser:
        assert parser.read(endless) == Refusal("reader_too_slow")
        assert parser.process_id is None
        assert isinstance(parser.read(fixtures / "spreadsheets" / "header_only.csv"), Grid)


def test_a_file_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_bytes(b"a;b\n" + b"1" * 150_000_000)
    with Parser(Limits(memory_bytes=200_000_000)) as parser:
        assert parser.read(path) == Refusal("reader_died")


def test_a_file_that_takes_too_much_processor_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "slow.csv"
    path.write_bytes(b"a;b\n" + b"1;2\n" * 5_000_000)
    with Parser(Limits(memory_bytes=8 << 30, cpu_seconds=0)) as parser:
        assert parser.read(path) == Refusal("reader_died")


def test_an_answer_that_is_too_long_is_refused(fixtures: Path) -> None:
    with Parser(answer_bytes=40) as parser:
        path = fixtures / "spreadsheets" / "header_only.csv"
        assert parser.read(path) == Refusal("reader_died")


def test_a_process_that_cannot_start_is_no_fault_of_the_file(
    fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHILD", "import no_such_module")
    with Parser() as parser, pytest.raises(InfrastructureError, match="does not start"):
        parser.read(fixtures / "spreadsheets" / "header_only.csv")


def test_leaving_the_context_stops_the_process(fixtures: Path) -> None:
    with Parser() as parser:
        parser.read(fixtures / "spreadsheets" / "header_only.csv")
        left = parser.process_id
        assert left is not None
    assert parser.process_id is None
    with pytest.raises(ProcessLookupError):
        os.kill(left, 0)


def test_the_process_sees_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGIR_SECRET", "x")
    monkeypatch.setattr(module, "CHILD", "import os, sys; sys.exit(len(os.environ) > 2)")
    process = module._start(1 << 30)
    assert process.wait() == 0
    process.communicate()
