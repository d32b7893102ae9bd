"""Twelve kinds of canary in data, headings and file names, and faults that quote them at every
step.

A few faults in every run of the tests; all kinds at all steps with ``make campaign-canaries``.
"""

import hashlib
import logging
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.study import STEPS, Study, record_step
from agir_pipeline.running import RunOutcome, run_study
from tests.study.test_privacy import files, leaks
from tests.study.test_rights import HEAD, POOL, REGISTER, drop, write_protocol

NAME = "Quémeneurvalé"
CANARIES = {
    "name_nfc": unicodedata.normalize("NFC", NAME),
    "name_nfd": unicodedata.normalize("NFD", "Éloïsandre"),
    "phone_plain": "0699417305",
    "phone_spaced": "06 99 41 73 06",
    "phone_abroad": "+33699417307",
    "mail": "quemeneurval.e@example.org",
    "born_on": "1987-09-23",
    "nir": "295109912611193",
    "token": "tok-9f3kq7zr41",
    "password": "mot-de-passe-7Hq2",
    "hmac_key": "a3f19c47e8d2b60512947fce3b8a61d09e57c2f8140b6da37be915c08d4f2671",
    "url": "https://agir:Zr8-pass-91@surveys.example.org/",
}
COLUMNS = ("phone", "phone_home", "phone_work", "email", "token", "note")
IN_A_NAME = CANARIES["url"].split("/")[2]
"""A name of a file holds no slash: of the address, the part with its password."""
PRIVATE = ("vault", "landing/objects", "landing/receipts", "inbox", "decisions", "review")
"""Where people may be; everything else in the home is looked through."""
DRAWN = (".otf", ".png", ".css")
"""Of Data Docs what looks alike in every study."""
AUDIT = "".join(
    f'audit.{name} = {{value = {value}, unit = "-", source = "test"}}\n'
    for name, value in (("least_deliveries", 6), ("volume_ratio", 0.5), ("share_tolerance", 0.5))
)


def column(name: str) -> dict[str, Any]:
    told = {"name": name, "type": "text", "labels": {"en": name, "fr": name}}
    return {**told, "sensitivity": "identifying", "known_before_index": False}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A study with every canary in a cell, in a heading and in a file's name, and the secrets in
    its settings."""
    import tomllib

    folder = tmp_path_factory.mktemp("canaries")
    raw = tomllib.loads((Path(__file__).parent / "links.toml").read_text(encoding="utf-8"))
    columns = [*raw["source"][0]["column"], *(column(name) for name in COLUMNS)]
    place = folder / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGIR_KEY_PERSON", CANARIES["hmac_key"])
        patch.setenv("AGIR_SERVER_SURVEYS_SECRET", CANARIES["password"])
        written = write_protocol(folder / "written", column=columns)
        written.write_text(written.read_text(encoding="utf-8") + AUDIT, encoding="utf-8")
        init_home(place, str(written))
        drop(place, "pool", "pool.csv", POOL)
        c = CANARIES
        cells = ["phone_plain", "phone_spaced", "phone_abroad", "mail", "token", "url"]
        wide = HEAD.strip() + "," + ",".join(COLUMNS) + "\n"
        rows = [line + 6 * "," for line in REGISTER.splitlines()[1:]]
        told = ",".join(c[name] for name in cells)
        rows += [
            f"NUM7005,{c['name_nfc']},{c['name_nfd']},{c['born_on']},20,700,{told}",
            f"NUM7006,{c['name_nfd']},{c['name_nfc']},{c['name_nfc']},{c['mail']},700,{told}",
        ]
        drop(place, "register", "a.csv", wide + "\n".join(rows) + "\n")
        headed = HEAD.strip() + "," + ",".join(c.values()) + "\n"
        drop(place, "register", "b.csv", headed + "NUM7007,X,Y,1990-01-01,20,1" + 12 * ",1" + "\n")
        drop(place, "register", "c.csv", HEAD.strip() + ",more\nN8,X,Y,,,," + c["nir"] + "\n")
        drop_named(place)
        yield place


def drop_named(place: Path) -> None:
    """Files called after each canary: taken in, refused, and where no file belongs."""
    names = [c.replace("/", "_") for c in CANARIES.values()]
    for number, name in enumerate([*names, IN_A_NAME]):
        row = f"NUM71{number:02d},X,Y,1990-01-01,20,1\n"
        drop(place, "register", f"{name}.csv", HEAD + row)
        drop(place, "pool", f"{name}.csv", f"no heading anybody knows,{number}\n1,2\n")
        (place / "inbox" / name).mkdir()
        (place / "inbox" / name / f"{name}.{name}").write_text("1\n", encoding="utf-8")
    (place / "decisions" / f"{CANARIES['mail']}.xlsx").write_bytes(b"no workbook")


def of_a_library(_connection: Any, text: str) -> None:
    pd.to_datetime(pd.Series([text]), format="%d/%m/%Y")


def of_the_database(connection: Any, text: str) -> None:
    connection.exec_driver_sql(f"select cast('{text}' as uuid)")


def of_a_constraint(connection: Any, text: str) -> None:
    connection.exec_driver_sql("create temporary table people (name varchar primary key)")
    connection.exec_driver_sql(f"insert into people values ('{text}'), ('{text}')")


def of_a_lookup(_connection: Any, text: str) -> None:
    raise KeyError(text)


def in_a_chain(_connection: Any, text: str) -> None:
    try:
        raise OSError(2, text, text)
    except OSError as fault:
        raise RuntimeError(f"while reading {text}") from fault


FAULTS = (of_a_library, of_the_database, of_a_constraint, of_a_lookup, in_a_chain)


def broken_run(
    home: Path, patch: pytest.MonkeyPatch, step: str, fault: Any, text: str
) -> RunOutcome:
    happened = []

    def break_off(study: Study, connection: Any, at: str, digest: str) -> None:
        if at != step:
            return record_step(study, connection, at, digest)
        happened.append(step)
        fault(connection, text)
        return None

    with patch.context() as own:
        own.setattr("agir_pipeline.assets.step.record_step", break_off)
        outcome = run_study(home)
    assert happened == [step]
    assert outcome.exit_code == 3
    return outcome


def deliver_somebody_new(place: Path) -> None:
    """A night without news makes no step again, and so could not fail at it.

    Nobody else is called alike: a pair to decide would stop the night before it publishes.
    """
    number = 7200 + len(list((place / "landing" / "receipts").iterdir()))
    digits = hashlib.sha256(str(number).encode()).hexdigest()
    name = "".join(chr(ord("a") + int(digit, 16)) for digit in digits)
    row = f"NUM{number},{name[:9]},{name[9:16]},19{50 + number % 40}-03-1{number % 7},20,1\n"
    drop(place, "pool", f"{number}.csv", HEAD + row)


def found(home: Path, *texts: str) -> dict[str, set[str]]:
    hidden = {path for name in PRIVATE for path in files(home, name)}
    places = [p for p in files(home, ".") if p not in hidden and p.suffix not in DRAWN]
    names = [str(path.relative_to(home)).encode() for path in places]
    where = [*places, *names, *(text.encode() for text in texts)]
    return leaks(where, [*CANARIES.values(), IN_A_NAME])


@pytest.mark.parametrize("step", STEPS)
def test_a_fault_that_quotes_every_canary_leaves_none(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    step: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    text = " ".join(CANARIES.values())
    fault = FAULTS[STEPS.index(step) % len(FAULTS)]
    outcome = broken_run(home, monkeypatch, step, fault, text)
    said = capfd.readouterr()
    assert found(home, *outcome.faults, said.out, said.err, caplog.text) == {}


def test_what_great_expectations_keeps_and_shows_is_looked_through(home: Path) -> None:
    assert run_study(home).exit_code in (1, 4)
    pages = [path for path in files(home, "audit") if path.suffix == ".html"]
    stores = [path for path in files(home, "audit/gx") if path.suffix == ".json"]
    assert pages
    assert stores
    assert found(home) == {}


def test_a_file_is_found_again_by_the_number_it_is_shown_under(home: Path) -> None:
    receipts = [r for r in Home(home).landing.receipts() if r.has_private_name]
    own_names = {r.file_name for r in receipts if r.source == "register"}
    assert {f"{c.replace('/', '_')}.csv" for c in CANARIES.values()} <= own_names
    for receipt in receipts:
        [kept] = (home / "landing" / "receipts").glob(f"*-{receipt.receipt_id}.json")
        assert kept.read_text(encoding="utf-8").count(receipt.source)
        assert receipt.shown_name.startswith(f"{receipt.source}-{receipt.receipt_id}")


def test_the_scan_would_find_them(home: Path) -> None:
    """The same scan finds those of the data where people may be: in the vault and the landing."""
    seen = leaks(files(home, "vault", "landing/objects"), CANARIES.values())
    assert len(seen) >= 8
    assert CANARIES["nir"] not in leaks(files(home, "vault"), [CANARIES["nir"]])


@pytest.mark.long
@pytest.mark.parametrize("kind", CANARIES)
@pytest.mark.parametrize("step", STEPS)
def test_campaign_each_kind_at_each_step(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    step: str,
    kind: str,
) -> None:
    fault = FAULTS[(list(CANARIES).index(kind) + STEPS.index(step)) % len(FAULTS)]
    deliver_somebody_new(home)
    outcome = broken_run(home, monkeypatch, step, fault, CANARIES[kind])
    said = capfd.readouterr()
    assert found(home, *outcome.faults, said.out, said.err) == {}
