"""A protocol file is read whole, or every mistake is told with its place."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.errors import ProtocolError
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

Mistakes = Callable[[dict[str, Any]], list[str]]


def told(path: Path) -> str:
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("name", ["agir", "nsw"])
def test_the_packaged_protocols_hold(name: str) -> None:
    path = packaged_protocols()[name]
    loaded = load_protocol(path)
    assert loaded.study.name == name
    assert loaded.folder == path.parent
    assert len(loaded.design_digest) == len(loaded.protocol_digest) == 64


def test_what_is_written_again_from_its_content_is_the_same_protocol(
    agir: dict[str, Any], written: Callable[[dict[str, Any]], Path]
) -> None:
    again = load_protocol(written(agir))
    packaged = load_protocol(packaged_protocols()["agir"])
    assert again.protocol_digest == packaged.protocol_digest
    assert again == packaged.model_copy(update={"folder": again.folder})


def test_what_was_loaded_is_kept_until_its_file_or_a_table_beside_it_says_something_else(
    agir: dict[str, Any], written: Callable[[dict[str, Any]], Path]
) -> None:
    path = written(agir)
    loaded = load_protocol(path)
    assert load_protocol(path) is loaded
    beside = path.with_name("other.toml")
    beside.write_bytes(path.read_bytes())
    assert load_protocol(beside) is not loaded
    table = path.parent / "tables" / "zones.csv"
    table.write_bytes(table.read_bytes() + b"\n")
    again = load_protocol(path)
    assert again.protocol_digest != loaded.protocol_digest
    table.unlink()
    assert "zones.csv" in told(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    text = told(tmp_path / "absent.toml")
    assert "absent.toml: 1 mistake(s)" in text
    assert "the file cannot be read: No such file or directory" in text


def test_a_folder_is_no_protocol(tmp_path: Path) -> None:
    assert "the file cannot be read" in told(tmp_path)


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("protocol_version = 1\nstudy = \n", encoding="utf-8")
    text = told(tmp_path / "p.toml")
    assert "not valid TOML" in text
    assert "line 2" in text


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes('title = "Châteaubriant"'.encode("cp1252"))
    assert "the file is not UTF-8 text" in told(tmp_path / "p.toml")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    nsw = packaged_protocols()["nsw"]
    text = nsw.read_text(encoding="utf-8")
    (tmp_path / "p.toml").write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    assert load_protocol(tmp_path / "p.toml").protocol_digest == load_protocol(nsw).protocol_digest


def test_an_empty_file_lacks_every_section(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("", encoding="utf-8")
    text = told(tmp_path / "p.toml")
    for section in ("protocol_version", "study", "source", "matching", "outcome", "inference"):
        assert f"- {section}: is missing" in text


def test_all_mistakes_come_together(agir: dict[str, Any], mistakes: Mistakes) -> None:
    agir["study"]["langage"] = agir["study"].pop("language")
    agir["source"][1]["column"][3]["type"] = "day"
    agir["covariate"][0]["column"] = "prepared_lvl"
    agir["matching"]["distance"] = "mahalanobis"
    agir["enrolment"]["target"]["beneficiary"]["value"] = "75"
    found = mistakes(agir)
    assert len(found) == 6
    for place in (
        "study › language: is missing",
        "study › langage: is not a key the protocol knows here",
        "source 2 (control_pool) › column 4 (born_on) › type: is 'day', expected text,",
        "covariate 1 (prepared_level) › column: 'prepared_lvl' is not one of:",
        "matching › distance: is 'mahalanobis', expected logit or robust_rank_mahalanobis",
        "enrolment › target › beneficiary › value: is '75', expected a whole number",
    ):
        assert any(line.startswith(place) for line in found), (place, found)


@pytest.mark.parametrize("key", ["design_digest", "protocol_digest", "folder"])
def test_what_is_computed_cannot_be_written(
    key: str, agir: dict[str, Any], mistakes: Mistakes
) -> None:
    assert mistakes({key: "x", **agir}) == [f"{key}: is computed, never written"]


def test_the_zone_of_a_source_is_that_of_its_study(
    agir: dict[str, Any], mistakes: Mistakes
) -> None:
    study = load_protocol(packaged_protocols()["agir"])
    assert {s.study_time_zone for s in study.sources} == {study.study.time_zone}
    agir["source"][1]["study_time_zone"] = "Europe/Paris"
    assert mistakes(agir) == [
        "source 2 (control_pool) › study_time_zone: is computed, never written"
    ]


def test_a_number_of_too_many_digits_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text("x=" + "9" * 5000, encoding="utf-8")
    with pytest.raises(ProtocolError, match="not valid TOML: a number has too many digits"):
        load_protocol(tmp_path / "long.toml")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ProtocolError, match="cannot be read: it is not a file"):
        load_protocol(tmp_path / "pipe.toml")


def test_a_file_nested_beyond_reason_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "deep.toml").write_text("x=" + "[" * 3000 + "]" * 3000, encoding="utf-8")
    with pytest.raises(ProtocolError, match="not valid TOML: nested too deeply"):
        load_protocol(tmp_path / "deep.toml")
