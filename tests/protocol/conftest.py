"""Protocols as dictionaries that a test changes, and as files that are loaded again."""

import json
import shutil
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.errors import ProtocolError
from agir_pipeline.language import use_language
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


@pytest.fixture(scope="session")
def packaged_texts() -> dict[str, str]:
    return {name: path.read_text("utf-8") for name, path in packaged_protocols().items()}


@pytest.fixture
def agir(packaged_texts: dict[str, str]) -> dict[str, Any]:
    """The AGIR protocol as it is written; a test may change it."""
    return tomllib.loads(packaged_texts["agir"])


@pytest.fixture
def nsw(packaged_texts: dict[str, str]) -> dict[str, Any]:
    return tomllib.loads(packaged_texts["nsw"])


def as_toml(value: Any) -> str:
    """A value in TOML on one line; keys are quoted."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, date) else str(value)


@pytest.fixture(scope="session")
def as_text() -> Callable[[dict[str, Any]], str]:
    """A protocol as the text of its file."""
    return lambda raw: "".join(f"{key} = {as_toml(value)}\n" for key, value in raw.items())


@pytest.fixture
def written(
    tmp_path: Path, as_text: Callable[[dict[str, Any]], str]
) -> Callable[[dict[str, Any]], Path]:
    """Writes a protocol beside the AGIR tables and gives its file."""

    def write(raw: dict[str, Any]) -> Path:
        shutil.copytree(packaged_protocols()["agir"].parent / "tables", tmp_path / "tables")
        (tmp_path / "protocol.toml").write_text(as_text(raw), encoding="utf-8")
        return tmp_path / "protocol.toml"

    return write


@pytest.fixture
def mistakes(written: Callable[[dict[str, Any]], Path]) -> Callable[[dict[str, Any]], list[str]]:
    """What the loader says of a protocol, one line per mistake; nothing when it holds."""

    def load(raw: dict[str, Any]) -> list[str]:
        try:
            load_protocol(written(raw))
        except ProtocolError as fault:
            return [f"{m.place}: {m.message}" if m.place else m.message for m in fault.mistakes]
        return []

    return load
