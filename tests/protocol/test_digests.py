"""Two digests: one of the design, one of the whole protocol."""

import copy
import shutil
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.protocol.loading import digests, load_protocol, packaged_protocols
from agir_pipeline.protocol.lookup_tables import table_digests

Raw = dict[str, Any]
NAMING = {
    "labels", "aliases", "title", "party", "language", "pull", "benchmark", "shared_fact", "audit",
    "keep_until", "processing", "organisations", "warnings", "file_words",
}  # fmt: skip


def places(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value of a protocol, tables and lists included."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in steps:
        yield (*here, step)
        if isinstance(part, dict | list):
            yield from places(part, (*here, step))


def parent_of(raw: Raw, way: tuple[str | int, ...]) -> Any:
    here: Any = raw
    for step in way[:-1]:
        here = here[step]
    return here


@pytest.fixture(scope="module")
def both(packaged_texts: dict[str, str]) -> list[Raw]:
    return [tomllib.loads(text) for text in packaged_texts.values()]


def changed(raw: Raw, draw: st.DrawFn | Any) -> tuple[Raw, tuple[str | int, ...]]:
    """The protocol with one thing replaced, removed, added or moved, and where."""
    way = draw(st.sampled_from(list(places(raw))))
    edited = copy.deepcopy(raw)
    parent, last = parent_of(edited, way), way[-1]
    what = draw(st.sampled_from(["replace", "remove", "add", "move"]))
    value = parent[last]
    if what == "remove":
        del parent[last]
    elif what == "add" and isinstance(value, dict):
        value["something"] = "new"
        way = (*way, "something")
    elif what == "move" and isinstance(value, list) and value != value[::-1]:
        value.reverse()
    else:
        new = st.sampled_from(["other", 3, 0.25, False, date(1999, 9, 9), ["other"], {"a": 1}])
        parent[last] = draw(new.filter(lambda v: v != value))
    return edited, way


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_only_names_leave_the_design_as_it_is(data: st.DataObject, both: list[Raw]) -> None:
    raw = data.draw(st.sampled_from(both))
    edited, way = changed(raw, data.draw)
    design, whole = digests(raw, {})
    design_now, whole_now = digests(edited, {})
    assert whole_now != whole
    assert (design_now == design) == bool(NAMING & set(way))


def shuffled(value: Any, draw: Any) -> Any:
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(part, draw) for part in value] if isinstance(value, list) else value


@given(data=st.data())
@settings(max_examples=3, deadline=None)
def test_the_order_of_keys_matters_to_no_digest(data: st.DataObject, both: list[Raw]) -> None:
    raw = both[1]
    assert digests(shuffled(raw, data.draw), {}) == digests(raw, {})


def test_comments_and_spaces_matter_to_no_digest(tmp_path: Path) -> None:
    path = packaged_protocols()["nsw"]
    text = "\n\n# a remark\n" + path.read_text("utf-8").replace(" = ", "   =  ")
    (tmp_path / "nsw.toml").write_text(text, encoding="utf-8")
    again, packaged = load_protocol(tmp_path / "nsw.toml"), load_protocol(path)
    assert again.design_digest == packaged.design_digest
    assert again.protocol_digest == packaged.protocol_digest


def test_a_new_heading_leaves_the_design_and_changes_the_protocol(
    agir: Raw, written: Callable[[Raw], Path]
) -> None:
    agir["source"][0]["column"][1]["aliases"].append("Patronyme")
    now, packaged = load_protocol(written(agir)), load_protocol(packaged_protocols()["agir"])
    assert now.design_digest == packaged.design_digest
    assert now.protocol_digest != packaged.protocol_digest


def test_a_code_that_is_called_like_a_labelling_word_belongs_to_the_design() -> None:
    one = {
        "covariate": [{"groups": {"party": "a"}}],
        "source": [{"arm": {"codes": {"title": "x"}}}],
    }
    other = copy.deepcopy(one)
    other["covariate"][0]["groups"]["party"] = "b"
    assert digests(one, {})[0] != digests(other, {})[0]
    other = copy.deepcopy(one)
    other["source"][0]["arm"]["codes"]["title"] = "y"
    assert digests(one, {})[0] != digests(other, {})[0]


def test_a_lookup_table_belongs_to_both_digests(agir: Raw, written: Callable[[Raw], Path]) -> None:
    path = written(agir)
    before = load_protocol(path)
    with (path.parent / "tables" / "zones.csv").open("a", encoding="utf-8") as table:
        table.write("postcode,44999,other_44\n")
    after = load_protocol(path)
    assert after.design_digest != before.design_digest
    assert after.protocol_digest != before.protocol_digest


def test_the_line_ends_of_a_table_matter_to_no_digest(
    agir: Raw, written: Callable[[Raw], Path]
) -> None:
    path = written(agir)
    before = load_protocol(path)
    table = path.parent / "tables" / "zones.csv"
    table.write_bytes(table.read_bytes().replace(b"\n", b"\r\n"))
    assert load_protocol(path).protocol_digest == before.protocol_digest


ONE_LINE = {
    "months that are durable": ("agir.toml", "{ job_contract_months = 6.0 }",
                                "{ job_contract_months = 12.0 }"),
    "the code of a commune on a day": ("tables/communes.csv", "Anetz,44004,,2015-12-31",
                                       "Anetz,44004,,2016-12-31"),
    "the days of a priority district": ("tables/zones.csv", "Malakoff,priority_nantes,,2014",
                                        "Malakoff,priority_nantes,,2024"),
    "a level of 2019": ("tables/entry_levels.csv", "III,level_5", "III,level_6"),
    "the last day of a legal rule": ("agir.toml", "valid_to = 2018-12-31\nminimum = 6.0",
                                     "valid_to = 2017-12-31\nminimum = 6.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_LINE)
def test_a_definition_is_changed_by_one_line_and_has_another_digest(
    name: str, agir: Raw, packaged_texts: dict[str, str], tmp_path: Path
) -> None:
    tables = shutil.copytree(packaged_protocols()["agir"].parent / "tables", tmp_path / "tables")
    before, raw = digests(agir, table_digests(agir, tmp_path)), agir
    file, now, then = ONE_LINE[name]
    if file == "agir.toml":
        assert now in packaged_texts["agir"]
        raw = tomllib.loads(packaged_texts["agir"].replace(now, then, 1))
    else:
        text = (tables.parent / file).read_text(encoding="utf-8")
        assert now in text
        (tables.parent / file).write_text(text.replace(now, then, 1), encoding="utf-8")
    after = digests(raw, table_digests(raw, tmp_path))
    assert [a != b for a, b in zip(after, before, strict=True)] == [True, True]
