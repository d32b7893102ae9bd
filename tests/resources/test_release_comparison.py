"""Two releases side by side: equal, or what differs and why."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.errors import CheckError, UsageError
from agir_pipeline.resources.release_comparison import (
    compared,
    earlier_of_day,
    withdrawn_of_day,
)
from agir_pipeline.resources.release_folder import ReleaseContent
from agir_pipeline.resources.releases import Releases
from tests.releasing import content, visits

FACTS: dict[str, Any] = {
    "state_digest": "state",
    "protocol_digest": "p1",
    "design_digest": "d1",
    "keys_fingerprint": "k1",
    "code_version": "1",
    "versions": {"numpy": "2.3"},
    "inputs": [{"receipt_id": name, "kind": "delivery"} for name in ("r1", "r2")],
}


def made(name: str, table: pd.DataFrame | None = None, **facts: Any) -> ReleaseContent:
    tables = {**content(0).tables, "visits": visits(0) if table is None else table}
    return content(0, release_id=f"2011-02-28-{name}", facts=FACTS | facts, tables=tables)


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "releases")


def said(releases: Releases, before: ReleaseContent, after: ReleaseContent) -> list[str]:
    for one in (before, after):
        releases.publish(one, is_draft=True)
    return list(compared(releases, before.release_id, after.release_id).sentences())


def test_equal_tables_are_equal_whatever_made_them(releases: Releases) -> None:
    found = said(releases, made("a"), made("b", code_version="2"))
    assert found == ["equal to release 2011-02-28-a"]


def test_rows_are_compared_by_their_key(releases: Releases) -> None:
    other = visits(0)
    other.loc[3, "n_minutes"] = 7
    other = pd.concat([other.drop(index=[0, 1]), other.loc[[2]].assign(person_id="p99")])
    found = said(releases, made("a"), made("b", other))
    assert found[-1] == "  visits: 2 rows no longer there, 1 new, 1 changed"


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({"inputs": [{"receipt_id": name, "kind": "link"} for name in ("r2", "r3", "r4")]},
         "data: 2 receipts more, 1 fewer"),
        ({"design_digest": "d2", "protocol_digest": "p2"}, "protocol: another design"),
        ({"protocol_digest": "p2"}, "protocol: another text, the same design"),
        ({"keys_fingerprint": "k2"}, "keys: persons have other pseudonyms"),
        ({"code_version": "2"}, "code: 1 before, 2 after"),
        ({"versions": {"numpy": "2.4"}}, "library numpy: 2.3 before, 2.4 after"),
        ({"language": "fr"}, "language: - before, fr after"),
        ({}, "same data, protocol, keys and code: one of the two releases was damaged"),
    ],
)  # fmt: skip
def test_each_cause_is_named(releases: Releases, facts: dict[str, Any], cause: str) -> None:
    found = said(releases, made("a"), made("b", visits(1), **facts))
    assert found[:2] == ["differs from release 2011-02-28-a:", f"  {cause}"]
    assert found[2:] == ["  visits: 0 rows no longer there, 0 new, 6 changed"]


def test_a_table_of_one_release_only_is_all_its_rows(releases: Releases) -> None:
    less = made("b")
    keep = ("data_dictionary",)
    tables = {name: less.tables[name] for name in keep}
    contracts = [contract for contract in less.contracts if contract.name in keep]
    without = content(0, release_id=less.release_id, facts=FACTS, tables=tables,
                      contracts=contracts)  # fmt: skip
    assert said(releases, made("a"), without)[-1].startswith("  visits: 12 rows no longer there")


def test_a_release_is_compared_with_another_of_its_day(releases: Releases) -> None:
    releases.publish(made("b"))
    assert earlier_of_day(releases, "2011-02-28-b") is None
    releases.publish(made("c"), is_draft=True)
    releases.publish(made("a", visits(1)), is_draft=True)
    assert earlier_of_day(releases, "2011-02-28-a") == "2011-02-28-b"  # the current one
    assert earlier_of_day(releases, "2011-02-28-b") == "2011-02-28-c"
    assert earlier_of_day(releases, "2011-03-01-a") is None


def test_a_withdrawn_release_is_named_and_not_compared(releases: Releases) -> None:
    for name in "abc":
        releases.publish(made(name), is_draft=True)
    releases.withdraw("2011-02-28-b", "E-1", "2011-03-01")
    assert earlier_of_day(releases, "2011-02-28-c") == "2011-02-28-a"
    releases.withdraw("2011-02-28-a", "E-1", "2011-03-01")
    assert earlier_of_day(releases, "2011-02-28-c") is None
    assert withdrawn_of_day(releases, "2011-02-28-c") == ["2011-02-28-a", "2011-02-28-b"]


def test_an_unknown_release_is_refused(releases: Releases) -> None:
    releases.publish(made("a"))
    with pytest.raises(UsageError, match="no release 2011-02-28-z"):
        compared(releases, "2011-02-28-a", "2011-02-28-z")


def test_a_draft_that_says_otherwise_than_its_namesake_is_refused(releases: Releases) -> None:
    releases.publish(made("a"))
    assert releases.publish(made("a"), is_draft=True).is_new is False
    with pytest.raises(CheckError, match="they differ"):
        releases.publish(made("a", visits(1)), is_draft=True)
