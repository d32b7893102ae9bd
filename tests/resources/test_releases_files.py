"""What stands in the files of a release, read back as its readers do."""

import csv
import hashlib
import html.parser
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from agir_pipeline.resources.release_files import duckdb_digests
from agir_pipeline.resources.releases import Releases
from tests.releasing import NOTES, content, visits


@pytest.fixture(scope="module")
def tier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    return Releases(folder).publish(content(7)).folder / "tier1"


def as_excel(path: Path) -> list[dict[str, str]]:
    """A French Excel: BOM tells UTF-8, the list separator is the semicolon."""
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in content
    assert not content.startswith(b"\xef\xbb\xbfsep=")
    rows = csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True), delimiter=";")
    return list(rows)


def test_a_french_excel_opens_the_csv(tier: Path) -> None:
    rows = as_excel(tier / "csv" / "visits.csv")
    assert [row["n_minutes"] for row in rows[:2]] == ["7", ""]
    assert [row["share"] for row in rows[:6]] == [
        "0,30000000000000004", "-1,5", "Inf", "1e-07", "1e+22", "",
    ]  # fmt: skip
    assert [row["is_late"] for row in rows[:3]] == ["true", "false", ""]
    assert rows[0]["visited_on"] == "2011-02-28"
    assert rows[0]["seen_at"] == "2011-02-28T12:30:00Z"


def test_no_text_can_become_a_formula_and_each_can_be_given_back(tier: Path) -> None:
    notes = [row["note"] for row in as_excel(tier / "csv" / "visits.csv")]
    assert not any(note.startswith(("=", "+", "-", "@", "\t", "\r")) for note in notes)
    assert [note.removeprefix("'") for note in notes] == [note or "" for note in NOTES]


def test_a_missing_text_is_not_an_empty_one(tier: Path) -> None:
    lines = (tier / "csv" / "visits.csv").read_bytes().decode("utf-8-sig").split("\r\n")
    assert any(line.startswith('p10;"";') for line in lines)
    assert any(line.startswith("p11;;") for line in lines)


def test_types_survive_in_parquet(tier: Path) -> None:
    types = {f.name: str(f.type) for f in pq.read_schema(tier / "parquet" / "visits.parquet")}
    assert types == {
        "person_id": "string", "note": "string", "kind": "string", "n_minutes": "int64",
        "share": "double", "is_late": "bool", "visited_on": "date32[day]",
        "seen_at": "timestamp[us, tz=UTC]",
    }  # fmt: skip
    fields = pq.read_schema(tier / "parquet" / "visits.parquet")
    assert fields.field("n_minutes").metadata == {b"label": b"Minutes", b"unit": b"minutes"}


def test_the_database_opens_with_the_same_tables(tier: Path) -> None:
    path = tier / "visits_study.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.sql("from visits order by person_id").to_arrow_table().to_pandas()
        label = connection.sql(
            "select comment from duckdb_columns() where column_name = 'n_minutes'"
        ).fetchall()
        tags = connection.sql("select tags from duckdb_databases()").fetchall()
    assert rows["note"].tolist()[:3] == NOTES[:3]
    assert rows["share"].iloc[0] == visits()["share"].iloc[0]
    assert label == [("Minutes",)]
    assert "v1.0.0" in str(tags)
    assert not list(tier.glob("*.wal"))
    manifest = json.loads((tier.parent / "MANIFEST.json").read_text())
    expected = {name: table["digest"] for name, table in manifest["tables"].items()}
    assert duckdb_digests(path, expected) == expected


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_dictionary_page_can_be_read_by_all(tier: Path) -> None:
    text = (tier / "dictionary.html").read_text(encoding="utf-8")
    page = Tags()
    page.feed(text)
    names = [tag for tag, _ in page.found]
    assert ("html", {"lang": "en"}) in page.found
    assert names.count("table") == names.count("caption") == 2
    assert all(
        attributes.get("scope") in ("col", "row") for tag, attributes in page.found if tag == "th"
    )
    links = {attributes["href"] for tag, attributes in page.found if tag == "a"}
    assert {"csv/visits.csv", "parquet/visits.parquet", "#visits"} <= links
    assert all((tier / str(link)).is_file() for link in links if not str(link).startswith("#"))
    assert "Who is &lt;visited&gt;" in text
    assert "A &lt;study&gt;" in text
    assert "a.b, c.d" in text


def test_the_data_package_describes_the_csv_files(tier: Path) -> None:
    package = json.loads((tier / "datapackage.json").read_text(encoding="utf-8"))
    first = package["resources"][0]
    assert first["dialect"]["delimiter"] == ";"
    assert first["schema"]["primaryKey"] == ["person_id"]
    fields = {field["name"]: field for field in first["schema"]["fields"]}
    assert fields["share"]["decimalChar"] == ","
    assert fields["kind"]["constraints"] == {"enum": ["home"]}
    assert fields["person_id"]["description"] == "Who is <visited>"
    head = as_excel(tier / first["path"])[0]
    assert list(head) == list(fields)


def test_the_read_me_loads_what_is_there(tier: Path) -> None:
    text = (tier / "README.md").read_text(encoding="utf-8")
    for heading in ("## R", "## Stata", "## Python", "## DuckDB"):
        assert heading in text
    snippet = text.split("```python\n")[1].split("```")[0]
    found: dict[str, pd.DataFrame] = {}
    here = os.getcwd()
    os.chdir(tier)
    try:
        exec(snippet, found)  # what the reader would type
    finally:
        os.chdir(here)
    assert len(found["x"]) == len(found["y"]) == len(NOTES)
    assert found["y"]["share"].iloc[0] == found["x"]["share"].iloc[0]
    assert (tier / "dictionary.csv").read_bytes() == (
        tier / "csv" / "data_dictionary.csv"
    ).read_bytes()


def test_equal_tables_give_equal_bytes_wherever_they_are_written(tmp_path: Path) -> None:
    """Another folder, time zone, locale and hash seed: all bytes but the database's are equal."""
    places = [
        {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"},
        {"TZ": "America/Los_Angeles", "PYTHONHASHSEED": "2", "LC_ALL": "C"},
    ]
    hashes = []
    for number, place in enumerate(places):
        folder = tmp_path / f"place {number}" / ("deep" * number) / "releases"
        subprocess.run(
            [sys.executable, "-m", "tests.releasing", str(folder), "once"],
            env={**os.environ, **place},
            cwd=Path(__file__).parents[2],
            check=True,
        )
        hashes.append(
            {
                str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(folder.glob("2011*/**/*"))
                if path.is_file() and path.suffix != ".duckdb" and path.name != "certificate.json"
            }
        )
    assert len(hashes[0]) == 10
    assert hashes[0] == hashes[1]
