"""Who a person is stays in landing and vault: no byte of it anywhere else, whatever goes wrong."""

import base64
import io
import json
import re
import sqlite3
import stat
import subprocess
import unicodedata
import urllib.parse
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from agir_pipeline.assets.catalogue import table_columns
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import STEPS, Study, open_study, record_step
from agir_pipeline.running import run_study

Demo = tuple[Path, "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.xdist_group("demo")

PACKAGE = Path(__file__).parents[2] / "agir_pipeline"
N_PEOPLE = 12
OF_OTHER_SOURCES = (
    "jobseeker_number", "street_address", "tutor_name", "referent_name", "interview_verbatim_ref",
)  # fmt: skip
WRITTEN_FREELY = (
    "Situation tendue avec le tuteur", "Jeune motivé(e)",
    "Contacter le tuteur", "Dossier de logement", "à recontacter", "vérifié par téléphone",
)  # fmt: skip
"""What the demo's partners write into comments, actions and reasons."""
EARLIEST_BIRTH_KEPT_OUT = pd.Timestamp("2005-01-01")
"""Everybody of the demo was born before it, and nothing of the study happened before it."""


# ---------------------------------------------------------------------------------- the scanner


def in_any_form(text: str) -> set[bytes]:
    """The bytes a text may leave: as it is, composed or not, UTF-16, latin, in a URL or base64."""
    written = {unicodedata.normalize(form, text.lower()) for form in ("NFC", "NFD")}
    found = {t.encode(code) for t in written for code in ("utf-8", "utf-16-le")}
    found |= {t.encode("cp1252", "ignore") for t in written}
    return found | {urllib.parse.quote(t).lower().encode() for t in written}


def in_base64(text: str) -> set[bytes]:
    """What base64 makes of a text wherever it begins: the characters that are its bits alone."""
    plain, found = text.encode(), set()
    for n_before in range(3):
        first, last = -(-8 * n_before // 6), 8 * (n_before + len(plain)) // 6
        found.add(base64.b64encode(b"\0" * n_before + plain + b"\0\0")[first:last])
    return found


def layers(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and the texts that compression or storage would hide in them."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".duckdb":
        with duckdb.connect(path, read_only=True) as connection:
            yield from _texts(connection)
    elif path.suffix == ".parquet":
        yield from _columns(pq.read_table(path))
    elif content.startswith(b"SQLite format 3"):
        yield from _rows(path)
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                part = archive.read(name)
                yield part
                if name.endswith(".parquet"):
                    yield from _columns(pq.read_table(io.BytesIO(part)))


def _texts(connection: duckdb.DuckDBPyConnection) -> Iterator[bytes]:
    found = connection.sql(
        "select table_schema, table_name from information_schema.tables"
        " where table_catalog = current_database()"
    ).fetchall()
    for schema, table in found:
        yield from _columns(connection.table(f'"{schema}"."{table}"').to_arrow_table())


def _columns(table: pa.Table) -> Iterator[bytes]:
    for name in table.column_names:
        yield name.encode()
        if pa.types.is_string(table[name].type) or pa.types.is_large_string(table[name].type):
            yield "\n".join(t or "" for t in table[name].unique().to_pylist()).encode()


def _rows(path: Path) -> Iterator[bytes]:
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        names = connection.execute("select name from sqlite_master where type = 'table'")
        for (name,) in names.fetchall():
            rows = connection.execute(f'select * from "{name}"')
            texts = ("\n".join(map(str, row)) for row in rows)
            yield "\n".join(texts).encode("utf-8", "surrogateescape")
    finally:
        connection.close()


def leaks(where: Iterable[Path | bytes], canaries: Iterable[str]) -> dict[str, set[str]]:
    """Canary → the files in which it stands in any form."""
    forms = {canary: (in_any_form(canary), in_base64(canary)) for canary in canaries}
    found: dict[str, set[str]] = {}
    for place in where:
        name = str(place) if isinstance(place, Path) else "text"
        for layer in layers(place) if isinstance(place, Path) else [place]:
            lowered = layer.lower()
            for canary, (plain, coded) in forms.items():
                if any(f in lowered for f in plain) or any(f in layer for f in coded):
                    found.setdefault(canary, set()).add(name)
    return found


def files(home: Path, *folders: str) -> list[Path]:
    paths = [p for f in folders for p in sorted((home / f).rglob("*")) if p.is_file()]
    return [p for p in paths if not p.is_symlink()]


# --------------------------------------------------------------------------------- the canaries


@pytest.fixture(scope="module")
def planted(demo: Demo) -> dict[str, list[str]]:
    """Kind → what the demo planted of some persons, taken where it is unmistakable."""
    truth = json.loads((demo[0] / "truth.json").read_text(encoding="utf-8"))
    sources = " ".join(
        path.read_text(encoding="utf-8").lower()
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".toml", ".csv", ".po"}
    )
    known = set(re.findall(r"[a-z]+", sources))
    people = [
        person
        for person in truth["people"]
        if re.fullmatch(r"[A-Z][a-z]{6,}", person["last_name"])
        and person["last_name"].lower() not in known
        and {"control_pool", "beneficiary_register"} & set(person["keys"])
    ]
    supported = [p for p in people if "beneficiary_register" in p["keys"]]
    others = [p for p in people if "beneficiary_register" not in p["keys"]]
    half = N_PEOPLE // 2
    chosen = supported[:half] + others[:: len(others) // half][: N_PEOPLE - half]
    identities = open_study(demo[0]).vault.read("identities")
    told = [json.loads(text) for text in identities["identity"]]
    of_name = {person["last_name"]: person for person in chosen}
    theirs = [row for row in told if row.get("last_name") in of_name and row.get("email")]
    columns = ("email", "phone", "case_number", "provider_ref", "contract_number")
    found = {c: sorted({row[c] for row in theirs if row.get(c)})[:N_PEOPLE] for c in columns}
    tokens = sorted({row["token"] for row in told if row.get("token")})
    elsewhere = {
        column: sorted({row[column] for row in told if row.get(column)})[:N_PEOPLE]
        for column in OF_OTHER_SOURCES
    }
    births = sorted({person["born_on"] for person in chosen})
    return {
        **found,
        **elsewhere,
        "written_freely": list(WRITTEN_FREELY),
        "last_name": sorted(of_name),
        "token": tokens[:: len(tokens) // N_PEOPLE],
        "born_on": births,
        "born_on_french": [f"{b[8:]}/{b[5:7]}/{b[:4]}" for b in births],
    }


def every(planted: dict[str, list[str]]) -> list[str]:
    return [canary for found in planted.values() for canary in found]


def test_enough_of_every_kind_is_looked_for(planted: dict[str, list[str]]) -> None:
    assert all(len(found) >= 5 for found in planted.values()), {
        kind: len(found) for kind, found in planted.items()
    }
    assert len(planted["last_name"]) == N_PEOPLE


def test_the_scanner_finds_everything_where_it_must_be(
    demo: Demo, planted: dict[str, list[str]]
) -> None:
    found = leaks(files(demo[0], "vault", "landing/objects"), every(planted))
    missed = {kind: set(canaries) - set(found) for kind, canaries in planted.items()}
    assert {kind: canaries for kind, canaries in missed.items() if canaries} == {}


@pytest.mark.parametrize("form", ["utf-8", "utf-16-le", "base64", "zip", "parquet", "sqlite"])
def test_the_scanner_sees_through_every_wrapping(tmp_path: Path, form: str) -> None:
    name, path = "Quimperlan", tmp_path / "file"
    if form == "base64":
        path.write_bytes(b"x" + base64.b64encode(f"ab{name}cd".encode()))
    elif form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("part.xml", f"<a>{name.upper()}</a>" * 40)
    elif form == "parquet":
        path = path.with_suffix(".parquet")
        pq.write_table(pa.table({"a": [name]}), path, compression="zstd")
    elif form == "sqlite":
        with sqlite3.connect(path) as connection:
            connection.execute("create table t (a)")
            connection.execute("insert into t values (?)", (json.dumps({"a": name}),))
        connection.close()
    else:
        path.write_bytes(f"..{name}..".encode(form))
    assert leaks([path], [name, "Rosporden"]) == {name: {str(path)}}


# ------------------------------------------------------------------------------- nothing leaves


def test_no_byte_of_who_a_person_is_leaves_landing_and_vault(
    demo: Demo, agir: Any, planted: dict[str, list[str]]
) -> None:
    home, done = demo
    status = [agir("status", "--home", home), agir("status", "--json", "--home", home)]
    said = [text.encode() for one in (done, *status) for text in (one.stdout, one.stderr)]
    outside = [
        *files(home, "warehouse", "releases", "dagster", "audit", "inbox"),
        home / "landing" / "ledger.sqlite",
        home / ".lock",
    ]
    assert len([path for path in outside if path.suffix == ".duckdb"]) >= 2
    assert len(outside) > 40
    assert leaks([*outside, *said], every(planted)) == {}


def test_no_identifying_column_stands_in_any_schema(demo: Demo) -> None:
    study = open_study(demo[0])
    identifying = {c.name for s in study.protocol.sources for c in s.identifying_columns}
    assert {"last_name", "born_on", "contract_number", "token", "email"} <= identifying
    schemas = set()
    with study.warehouse.transaction() as connection:
        for schema, table in study.warehouse.tables(connection):
            schemas.add(schema)
            assert identifying.isdisjoint(study.warehouse.columns(connection, schema, table))
    assert {"validated", "linked", "matched", "outcomes"} <= schemas
    released = dict(_released(study))
    assert len(released) > 10
    for frame in released.values():
        assert identifying.isdisjoint(frame.columns)


def test_the_catalogue_shows_how_sensitive_each_column_is_and_no_identity(demo: Demo) -> None:
    protocol = open_study(demo[0]).protocol
    for source in protocol.sources:
        shown = {c.name: c.tags for c in table_columns(protocol, "validated", source.name)}
        assert {c.name for c in source.warehouse_columns} <= set(shown)
        assert {c.name for c in source.identifying_columns}.isdisjoint(shown)
        for column in source.warehouse_columns:
            assert shown[column.name].get("sensitivity", "none") == column.sensitivity
        raw = table_columns(protocol, "raw", source.name)
        n_identities = sum(column.tags == {"pii": "identifying"} for column in raw)
        assert n_identities == len(source.identifying_columns)


def test_no_date_of_the_warehouse_or_a_release_could_be_a_birth(demo: Demo) -> None:
    study = open_study(demo[0])
    n_dates = 0
    tables = [_all(study), _released(study)]
    for place, frame in (found for group in tables for found in group):
        for column in frame.select_dtypes("datetime"):
            n_dates += 1
            assert not (frame[column] < EARLIEST_BIRTH_KEPT_OUT).any(), (place, column)
    assert n_dates > 40


def _all(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    with study.warehouse.transaction() as connection:
        for schema, table in study.warehouse.tables(connection):
            yield f"{schema}.{table}", study.warehouse.read(connection, schema, table)


def _released(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    releases = Releases(study.home.releases)
    current = releases.current()
    assert current is not None
    for table in releases.manifest(current)["tables"]:
        yield f"release {table}", releases.read(table)


def test_only_the_owner_may_read_what_identifies(demo: Demo) -> None:
    home = demo[0]

    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    private = ("vault", "landing", "warehouse", "decisions")
    assert {mode(home / folder) for folder in private} == {0o700}
    workbooks = files(home, "decisions")
    assert workbooks
    assert {mode(path) for path in workbooks} == {0o600}
    assert mode(home / "vault" / "keys") == 0o700
    assert mode(home / "vault" / "vault.sqlite") == 0o600
    keys, objects = files(home, "vault/keys"), files(home, "landing/objects")
    assert len(keys) == 3
    assert {mode(path) for path in [*keys, *objects]} == {0o400}
    assert {mode(path) for path in files(home, "landing/receipts")} == {0o600}


# ------------------------------------------------------------------------------ when things break

CANARY = "Quemeneurval"
PEOPLE = "id,group,age_years,income_eur\n" + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(60)
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study in which every run of this module fails, each time elsewhere."""
    home = tmp_path_factory.mktemp("small") / "home"
    init_home(home, str(Path(__file__).parent / "small.toml"))
    (home / "inbox" / "people" / "office" / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return home


def _of_a_library(_connection: Any) -> None:
    pd.to_datetime(pd.Series([CANARY]))


def _of_the_database(connection: Any) -> None:
    connection.exec_driver_sql(f"select cast('{CANARY}' as integer)")


def _of_a_constraint(connection: Any) -> None:
    connection.exec_driver_sql("create temporary table people (name varchar primary key)")
    connection.exec_driver_sql(f"insert into people values ('{CANARY}'), ('{CANARY}')")


def _of_our_own(_connection: Any) -> None:
    raise ValueError(f"row 3: {CANARY} is odd")


def _of_a_lookup(_connection: Any) -> None:
    raise KeyError(CANARY)


def _in_a_chain(_connection: Any) -> None:
    try:
        _of_a_lookup(None)
    except KeyError as fault:
        raise RuntimeError(f"while reading {CANARY}") from fault


FAULTS = {
    "raw": _of_our_own,
    "validated": _of_the_database,
    "linked": _of_a_constraint,
    "matched": _of_a_lookup,
    "outcomes": _in_a_chain,
    "published": _of_a_library,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_fault_that_quotes_a_person_leaves_no_trace_of_the_words(
    small: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], step: str
) -> None:
    happened = []

    def break_off(study: Study, connection: Any, at: str, digest: str) -> None:
        if at != step:
            return record_step(study, connection, at, digest)
        happened.append(step)
        FAULTS[step](connection)
        return None

    monkeypatch.setattr("agir_pipeline.assets.step.record_step", break_off)
    outcome = run_study(small)
    assert happened == [step]
    assert outcome.exit_code == 3
    assert len(outcome.faults) == 1
    said = capfd.readouterr()
    texts = [*outcome.faults, said.out, said.err]
    assert leaks([*files(small, "."), *(text.encode() for text in texts)], [CANARY]) == {}


BAD_FILES = {
    "no_header": f"{CANARY},1,31,1500\nP900,0,30,1400\n",
    "bad_code": f"id,group,age_years,income_eur\nP900,{CANARY},30,1400\n",
    "bad_number": f"id,group,age_years,income_eur\nP900,0,{CANARY},1400\nP901,0,31,{CANARY}\n",
    "unknown_column": f"id,group,age_years,income_eur,{CANARY}\nP900,0,31,1400,1\n",
    "too_many_cells": f"id,group,age_years,income_eur\nP900,0,31,1400,{CANARY}\n",
}


def test_bad_files_are_told_by_their_place_never_by_their_words(tmp_path: Path, agir: Any) -> None:
    home = tmp_path / "home"
    init_home(home, str(Path(__file__).parent / "small.toml"))
    for name, content in BAD_FILES.items():
        file = home / "inbox" / "people" / "office" / f"{name}.csv"
        file.write_text(content, encoding="utf-8")
    done = agir("run", "--home", home)
    assert "no_header.csv" in done.stdout + done.stderr
    status = agir("status", "--json", "--home", home)
    said = [text.encode() for one in (done, status) for text in (one.stdout, one.stderr)]
    outside = [
        *files(home, "warehouse", "releases", "dagster", "audit"),
        home / "landing" / "ledger.sqlite",
    ]
    assert leaks([*outside, *said], [CANARY]) == {}
    assert CANARY in leaks(files(home, "landing/objects"), [CANARY])
