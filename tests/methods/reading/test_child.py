"""The loop of the reading process, called here in the process of the tests."""

import gc
import io
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.methods.reading import child
from agir_pipeline.methods.reading.grid import Limits

ROOT = Path(__file__).parents[3]


def request(path: Path) -> dict[str, Any]:
    return {"path": str(path), "limits": vars(Limits())}


def messages(stream: bytes) -> list[Any]:
    """What was sent, and the bytes beside it where there are some."""
    file, told = io.BytesIO(stream), []
    while head := file.read(child.LENGTHS.size):
        body, places = map(file.read, child.LENGTHS.unpack(head))
        told.append((json.loads(body), places) if places else json.loads(body))
    return told


@pytest.fixture
def caps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, tuple[int, int]]]:
    """The limits the process would set on itself; the tests' own process keeps its own."""
    seen: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, to: seen.append((which, to)))
    return seen


def test_every_request_gets_one_answer_in_turn(
    fixtures: Path, caps: list[tuple[int, tuple[int, int]]]
) -> None:
    requests, answers = io.BytesIO(), io.BytesIO()
    for name in ("header_only.csv", "empty.xlsx"):
        child.send(requests, request(fixtures / "spreadsheets" / name))
    requests.seek(0)
    child.serve(requests, answers)
    ready, (rows, texts), grid, end, refusal = messages(answers.getvalue())
    assert ready == child.READY
    assert rows["block"]["columns"] == [[1, 3], [1, 7], [1, 5]]
    assert texts.decode() == "NomPrénomVille"
    assert (grid["grid"]["encoding"], grid["grid"]["rows"]) == ("cp1252", [])
    assert end == {"end": True}
    assert refusal["refusal"]["code"] == "empty"
    assert [which for which, _to in caps] == [resource.RLIMIT_CPU] * 2


def test_limits_never_exceed_what_the_process_was_given(
    monkeypatch: pytest.MonkeyPatch, caps: list[tuple[int, tuple[int, int]]]
) -> None:
    for hard, cap in ((resource.RLIM_INFINITY, 1000), (600, 600)):
        monkeypatch.setattr(resource, "getrlimit", lambda which, hard=hard: (hard, hard))
        child.limit_memory(1000)
        assert caps.pop() == (resource.RLIMIT_AS, (cap, hard))


def test_the_process_serves_its_own_streams(
    monkeypatch: pytest.MonkeyPatch, caps: list[tuple[int, tuple[int, int]]]
) -> None:
    answers = io.BytesIO()
    monkeypatch.setattr(sys, "argv", ["child", "1000"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr(sys, "stdout", type("Out", (), {"buffer": answers}))
    monkeypatch.setattr(gc, "disable", lambda: None)
    child.main()
    assert messages(answers.getvalue()) == [child.READY]
    assert caps[0][0] == resource.RLIMIT_AS


def test_the_process_imports_nothing_heavy() -> None:
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); "
        "import agir_pipeline.methods.reading.child; print(json.dumps(sorted(sys.modules)))"
    )
    command = [sys.executable, "-I", "-c", code, str(ROOT)]
    listed = subprocess.run(command, capture_output=True, check=True).stdout
    modules = {name.partition(".")[0] for name in json.loads(listed)}
    assert "python_calamine" in modules
    assert not modules & {"pandas", "numpy", "pydantic", "dagster", "sqlalchemy", "stdnum"}
