"""The steward's loop: what is held or rejected, written for review, decided, and replayed."""

import os
import stat
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from agir_pipeline.automation import READ_DELIVERIES
from agir_pipeline.definitions import build_definitions
from agir_pipeline.resources.review import write_review
from agir_pipeline.resources.status import newest_refusals
from agir_pipeline.resources.study import open_study
from agir_pipeline.running import run_study
from tests.study.deciding import (
    HEADER,
    book_of,
    deciding_home,
    drop,
    filled,
    people,
    received,
    sheets,
)


def table(home: Path, name: str) -> pd.DataFrame:
    study = open_study(home)
    with study.warehouse.transaction() as connection:
        return study.warehouse.read(connection, "validated", name)


def current(home: Path, person: str, column: str) -> Any:
    study, rows = open_study(home), table(home, "people")
    own = rows["entity_id"] == study.keys.entity_id("people", person)
    values = rows.loc[own & rows["superseded_on"].isna(), column].tolist()
    return values[0] if values else None


def ends(home: Path) -> list[tuple[str, str | None, int]]:
    told = table(home, "correction_outcomes").astype(object)
    told = told.where(told.notna(), None)
    return sorted(zip(told["status"], told["reason"], told["n_changed"], strict=True), key=str)


def account(home: Path) -> dict[str, int]:
    rows = open_study(home).home.landing.ledger.row_ends()
    return {
        end: sum(row[end] for row in rows if row["sheet"] == "") for end in ("accepted", "rejected")
    }


def read(home: Path) -> list[str]:
    """What arrived is taken in and read, without what follows; the refusals that stand then."""
    job = build_definitions(home).resolve_job_def(READ_DELIVERIES)
    assert job.execute_in_process(instance=dg.DagsterInstance.ephemeral()).success
    study = open_study(home)
    return [row["sentence"] for row in newest_refusals(study.home, study.state())]


def review(home: Path) -> Path:
    study = open_study(home)
    return write_review(study.home, study.protocol, study.today)[0]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return deciding_home(tmp_path)


def test_a_rejected_cell_comes_back_corrected_and_stays_so(home: Path, agir: Any) -> None:
    wrong = {7: {"age_years": "=twenty"}, 8: {"income_eur": "much"}}
    drop(home, "people_2020-01-31.csv", people(wrong))
    assert read(home) == []
    assert account(home) == {"accepted": 58, "rejected": 2}

    done = agir("review", "--home", home)
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.splitlines()[0].split(": ")[1])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    header, *rows = sheets(path)["people.office"]
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(t["which"], t["field"], t["was"], t["is"]) for t in told] == [
        ("P7", "age_years", "=twenty", ""),
        ("P8", "income_eur", "much", ""),
    ]
    assert [t["What is expected"] for t in told] == ["a number", "a number"]
    assert "row 9" in told[0]["What is wrong"]

    def fill(_sheet: str, row: dict[str, Any]) -> None:
        if row.get("which") == "P7":
            row |= {"is": "27", "author": "Anna", "second": "Bert"}

    filled(path, home / "decisions" / "review.xlsx", fill)
    assert run_study(home).exit_code == 0
    assert current(home, "P7", "age_years") == 27
    assert account(home) == {"accepted": 59, "rejected": 1}
    assert ends(home) == [("applied", None, 1)]
    assert open_study(home).vault.read("quarantine")["column_name"].tolist() == ["income_eur"]

    drop(home, "people_2020-02-28.csv", people(wrong))
    assert read(home) == []
    assert current(home, "P7", "age_years") == 27
    drop(home, "people_2020-03-31.csv", people({8: {"income_eur": "900"}}))
    assert read(home) == []
    assert current(home, "P7", "age_years") == 27
    assert current(home, "P8", "income_eur") == 900
    assert [row for row in sheets(review(home))["corrections"]][1:] == []


def decide(home: Path, *rows: dict[str, Any]) -> None:
    """Corrections written by hand into an empty workbook of the review."""
    path = home / "decisions" / "own.xlsx"
    import xlsxwriter

    names = [
        "of",
        "which",
        "field",
        "was",
        "is",
        "since_on",
        "until_on",
        "author",
        "second",
        "gone_on",
    ]
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        page = book.add_worksheet("corrections")
        page.write_row(0, 0, names)
        for number, row in enumerate(rows, 1):
            for place, name in enumerate(names):
                cell = row.get(name)
                if isinstance(cell, pd.Timestamp):
                    page.write_datetime(number, place, cell.to_pydatetime(), day)
                elif cell:
                    page.write(number, place, cell)
        for name in ("mappings", "holds", "departures"):
            header = {
                "mappings": ["of", "heading", "field", "since_on", "author", "gone_on"],
                "departures": ["of", "which", "fate", "since_on", "author", "gone_on"],
            }
            book.add_worksheet(name).write_row(
                0, 0, header.get(name, ["of", "field", "since_on", "author", "gone_on"])
            )


def test_every_correction_ends_and_conflicts_are_loud(home: Path) -> None:
    drop(home, "people_2020-01-31.csv", people())
    base = {
        "of": "people", "which": "P1", "field": "age_years", "was": "21", "is": "31",
        "since_on": pd.Timestamp("2020-01-01"), "author": "Anna", "second": "Bert",
    }  # fmt: skip
    decide(
        home,
        base,
        base | {"which": "P2", "was": "99"},
        base | {"which": "P3", "author": "Zoe"},
        base | {"which": "P4", "second": "Anna"},
        base | {"which": "P5", "second": None},
        base | {"which": "P6", "field": "id", "was": "P6", "is": "P600"},
        base | {"which": "Nobody"},
        base | {"which": "P9", "field": "shoe_size"},
        base | {"of": "persons"},
        base | {"which": "P10", "was": "30", "gone_on": pd.Timestamp("2020-02-01")},
    )
    assert read(home) == []
    assert ends(home) == [
        ("applied", None, 1),
        ("conflict", "approved_by_author", 0),
        ("conflict", "author_not_listed", 0),
        ("conflict", "key_cannot_change", 0),
        ("conflict", "not_approved", 0),
        ("conflict", "old_value_differs", 0),
        ("orphan", "no_such_column", 0),
        ("orphan", "no_such_key", 0),
        ("orphan", "no_such_source", 0),
        ("withdrawn", None, 0),
    ]
    assert current(home, "P1", "age_years") == 31
    assert current(home, "P2", "age_years") == 22
    [check] = [
        c
        for c in open_study(home).home.landing.ledger.checks()
        if c["name"] == "correction_outcomes/corrections_are_applied"
    ]
    assert check["status"] == "failed"
    assert "conflict" in check["sentence"]
    assert "99" not in check["sentence"]


def test_a_renamed_heading_is_held_until_it_is_accepted(home: Path) -> None:
    drop(home, "people_2020-01-31.csv", people())
    assert read(home) == []
    renamed = ["id", "group", "Age in years", "income_eur"]
    newer = {n: {"age_years": "40"} for n in range(60)}
    drop(home, "people_2020-02-29.csv", people(newer, renamed))
    outcome = run_study(home)
    assert outcome.exit_code == 1
    assert "people_2020-02-29.csv" in outcome.faults[0]
    assert current(home, "P1", "age_years") == 21

    path = review(home)
    header, row = sheets(path)["mappings"]
    told = dict(zip(header, row, strict=True))
    assert (told["Heading before"], told["Heading now"]) == ("age_years", "Age in years")
    assert (told["of"], told["heading"], told["field"]) == ("people", "Age in years", "age_years")

    def sign(sheet: str, row: dict[str, Any]) -> None:
        if sheet == "mappings":
            row["author"] = "Bert"

    filled(path, home / "decisions" / "review.xlsx", sign)
    assert read(home) == []
    assert current(home, "P1", "age_years") == 40
    drop(home, "people_2020-03-31.csv", people(header=renamed))
    assert read(home) == []
    assert current(home, "P1", "age_years") == 21


@pytest.mark.parametrize("change", ["emptied", "dropped"])
def test_a_column_that_is_gone_or_emptied_is_held_until_it_is_let_go(
    home: Path, change: str
) -> None:
    drop(home, "people_2020-01-31.csv", people())
    assert read(home) == []
    if change == "emptied":
        newer = people({n: {"income_eur": ""} for n in range(60)})
    else:
        newer = "\n".join(line.rpartition(",")[0] for line in people().splitlines()) + "\n"
    drop(home, "people_2020-02-29.csv", newer)
    assert len(read(home)) == 1
    assert current(home, "P1", "income_eur") == 1037
    path = review(home)
    header, row = sheets(path)["holds"]
    assert dict(zip(header, row, strict=True))["field"] == "income_eur"

    def sign(sheet: str, row: dict[str, Any]) -> None:
        if sheet == "holds":
            row["author"] = "Anna"

    filled(path, home / "decisions" / "review.xlsx", sign)
    assert read(home) == []
    assert current(home, "P1", "income_eur") == 1037


def test_a_new_heading_is_held_until_somebody_says_that_nobody_reads_it(home: Path) -> None:
    drop(home, "people_2020-01-31.csv", people())
    assert read(home) == []
    more = "\n".join(
        f"{line},{'Fax' if n == 0 else '02'}" for n, line in enumerate(people().splitlines())
    )
    drop(home, "people_2020-02-29.csv", more + "\n")
    assert len(read(home)) == 1
    path = review(home)
    header, row = sheets(path)["mappings"]
    told = dict(zip(header, row, strict=True))
    assert (told["heading"], told["field"]) == ("Fax", "")
    filled(
        path,
        home / "decisions" / "review.xlsx",
        lambda sheet, row: row.update(author="Anna") if sheet == "mappings" else None,
    )
    assert read(home) == []


def known_since(home: Path, person: str, column: str) -> list[tuple[date, Any]]:
    study, rows = open_study(home), table(home, "people")
    own = rows[rows["entity_id"] == study.keys.entity_id("people", person)]
    values = own[column].astype(object).where(own[column].notna(), None)
    return list(zip(own["known_on"].dt.date, values, strict=True))


def test_what_is_decided_later_counts_from_that_night_on(home: Path) -> None:
    wrong = {7: {"age_years": "twenty"}}
    renamed = ["id", "group", "Age in years", "income_eur"]
    newer = {n: {"age_years": "40"} for n in range(60)} | wrong
    received(home, "people_2020-01-31.csv", people(wrong), date(2020, 1, 31))
    received(home, "people_2020-02-29.csv", people(newer, renamed), date(2020, 2, 29))
    assert len(read(home)) == 1
    assert known_since(home, "P1", "age_years") == [(date(2020, 1, 31), 21)]
    assert known_since(home, "P7", "age_years") == []

    def decide_all(sheet: str, row: dict[str, Any]) -> None:
        row |= {"author": "Anna", "second": "Bert"} if "second" in row else {"author": "Anna"}
        if "is" in row:
            row["is"] = "27"

    filled(review(home), home / "decisions" / "review.xlsx", decide_all)
    assert read(home) == []
    today = open_study(home).today
    assert known_since(home, "P1", "age_years") == [(date(2020, 1, 31), 21), (today, 40)]
    assert known_since(home, "P7", "age_years") == [(today, 27)]


def test_what_changed_between_full_files_is_told_and_a_bare_one_erases_nobody(home: Path) -> None:
    drop(home, "people_2020-01-31.csv", people())
    without = "\n".join(people({5: {"income_eur": "1"}}).splitlines()[:-1]) + "\n"
    drop(home, "people_2020-02-29.csv", without)
    drop(home, "people_2020-03-31.csv", ",".join(HEADER) + "\n")
    assert read(home) == []
    changes, study = table(home, "delivery_changes"), open_study(home)
    assert list(zip(changes["change"], changes["column_name"], strict=True)) == [
        ("changed", "income_eur"), ("removed", ""),
    ] or sorted(changes["change"]) == ["changed", "removed"]  # fmt: skip
    gone = changes[changes["change"] == "removed"].iloc[0]
    assert gone["entity_id"] == study.keys.entity_id("people", "P59")
    assert bool(gone["is_missing"])
    assert not bool(gone["is_deletion"])
    assert current(home, "P59", "age_years") == 29
    assert current(home, "P1", "age_years") == 21


def without(*gone: int) -> str:
    lines = people().splitlines()
    return "\n".join(line for n, line in enumerate(lines, -1) if n not in gone) + "\n"


def test_a_row_that_left_is_asked_about_and_goes_when_somebody_says_so(home: Path) -> None:
    received(home, "people_2020-01-31.csv", people(), date(2020, 1, 31))
    received(home, "people_2020-02-29.csv", without(57, 58, 59), date(2020, 2, 29))
    assert read(home) == []
    path = review(home)
    header, *rows = sheets(path)["departures"]
    told = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(one["which"], one["Missing since"]) for one in told] == [
        ("P57", date(2020, 2, 29)),
        ("P58", date(2020, 2, 29)),
        ("P59", date(2020, 2, 29)),
    ]
    answers = {
        "P57": {"fate": "Gone for good", "author": "Anna"},
        "P58": {"fate": "Still true", "author": "Bert"},
        "P59": {"fate": "Gone for good", "author": "Carl"},
    }

    def answer(sheet: str, row: dict[str, Any]) -> None:
        if sheet == "departures":
            row |= answers[row["which"]]

    filled(path, home / "decisions" / "review.xlsx", answer)
    assert read(home) == []
    assert current(home, "P57", "age_years") is None
    assert current(home, "P58", "age_years") == 28
    assert current(home, "P59", "age_years") == 29
    assert [row[header.index("which")] for row in sheets(review(home))["departures"][1:]] == ["P59"]
    study = open_study(home)
    told_of = study.home.landing.ledger.checks()
    [sentence] = [c["sentence"] for c in told_of if c["name"] == "leavers/decisions_are_followed"]
    assert sentence == "review.xlsx, sheet departures, row 4: its author may not decide"
    rows = table(home, "people")
    own = rows[rows["entity_id"] == study.keys.entity_id("people", "P57")]
    assert own["superseded_on"].dt.date.tolist() == [study.today]


def test_gone_of_a_row_that_is_still_there_and_a_hold_of_a_stranger_are_told(home: Path) -> None:
    received(home, "people_2020-01-31.csv", people(), date(2020, 1, 31))
    assert read(home) == []
    lines = {
        "departures": {"of": "people", "which": "P1", "fate": "gone", "author": "Anna"},
        "holds": {"of": "people", "field": "income_eur", "author": "Carl"},
    }
    for line in lines.values():
        line["since_on"] = date(2020, 1, 1)
    path = home / "decisions" / "own.xlsx"
    book_of(review(home), path, lines)
    assert read(home) == []
    told = {c["name"]: c for c in open_study(home).home.landing.ledger.checks()}
    assert "no such row has left" in told["leavers/decisions_are_followed"]["sentence"]
    assert "its author may not decide" in told["missing/decisions_are_followed"]["sentence"]
    assert told["headings/decisions_are_followed"]["status"] == "passed"
    assert current(home, "P1", "age_years") == 21


def test_a_file_put_back_after_another_of_its_name_counts_again(home: Path) -> None:
    first, other = people({}), people({7: {"age_years": "44"}})
    ages = []
    for content in (first, other, first):
        drop(home, "people.csv", content)
        assert read(home) == []
        ages.append(current(home, "P7", "age_years"))
    assert ages == [27, 44, 27]
    assert table(home, "people")["record_id"].is_unique
