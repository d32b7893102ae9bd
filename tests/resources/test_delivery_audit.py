"""Great Expectations audits the deliveries of a night; its pages hold no value of a cell."""

import re
import stat
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.audit_pages import first_page, site, write_first_page
from agir_pipeline.resources.delivery_audit import audited, to_audit
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
from tests.methods.reading.conftest import code, column, source
from tests.methods.reading.test_profiles import RULES

SECRETS = ("MARTINEAU", "Rue des Lilas 12", "188057512345678")
FIRST = date(2010, 1, 31)
Levels = Sequence[str | None]


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    small = load_protocol(Path(__file__).parents[1] / "study" / "small.toml")
    register = source(
        column("name", sensitivity="identifying"),
        column("address", sensitivity="identifying"),
        column("note"),
        column("level", "code", codes=[code("V", "Level V"), code("IV", "Level IV")]),
    )
    return small.model_copy(update={"sources": (register,), "audit": RULES})


def reading(
    place: int, levels: Levels, *, is_past: bool = True, refusal: tuple[str, str] | None = None
) -> Reading:
    day = FIRST + timedelta(days=30 * place)
    receipt = Receipt(
        "delivery", str(place), day, "register", "partner", "file.csv", is_backfilled=is_past
    )
    cells = {"name": SECRETS[0], "address": SECRETS[1], "note": SECRETS[2]}
    columns = {k: pa.array([v] * len(levels), pa.string()) for k, v in cells.items()}
    rows = pa.table({**columns, "level": pa.array(levels, pa.string())})
    return Reading(receipt, "contract", rows, [], {}, [], refusal, is_new=True)


def past() -> list[Reading]:
    return [reading(0, ["V"] * 90), reading(1, ["V"] * 110)]


def test_only_what_came_by_night_and_has_a_history_is_audited(protocol: Protocol) -> None:
    news = reading(2, ["V"] * 100, is_past=False)
    assert not list(to_audit(protocol, past(), frozenset()))
    assert not list(to_audit(protocol, [past()[0], news], frozenset()))
    assert not list(to_audit(protocol, [*past(), news], frozenset({news.receipt.receipt_id})))
    [one] = to_audit(protocol, [*past(), news], frozenset())
    assert one.reading is news
    without = protocol.model_copy(update={"audit": None})
    assert not list(to_audit(without, [*past(), news], frozenset()))


def test_a_refused_file_is_neither_audited_nor_history(protocol: Protocol) -> None:
    refused = reading(1, ["V"], is_past=False, refusal=("held", ""))
    news = reading(2, ["V"] * 100, is_past=False)
    assert not list(to_audit(protocol, [past()[0], refused, news], frozenset()))


def test_a_night_without_news_loads_no_library(tmp_path: Path) -> None:
    assert audited(Home(tmp_path), []).empty
    assert not (tmp_path / "audit").exists()


def night(home: Home, protocol: Protocol, levels: Levels, place: int = 2) -> pd.DataFrame:
    news = reading(place, levels, is_past=False)
    told = audited(home, list(to_audit(protocol, [*past(), news], frozenset())))
    write_first_page(home, protocol, told)
    return told[~told["is_met"].astype(bool)]


def test_drops_jumps_and_new_categories_are_told_and_a_normal_night_is_not(
    tmp_path: Path, protocol: Protocol
) -> None:
    home = Home(tmp_path)
    assert night(home, protocol, ["V"] * 100).empty
    assert night(home, protocol, ["V"] * 40, 3)["measure"].tolist() == ["rows"]
    jump = night(home, protocol, ["V"] * 50 + [None] * 50, 4)
    assert jump[["measure", "column_name"]].to_numpy().tolist() == [["missing", "level"]]
    new = night(home, protocol, ["V"] * 99 + ["IV"], 5)
    assert new[["column_name", "code"]].to_numpy().tolist() == [["level", "IV"]]
    _pages_are_private_and_hold_no_value(home)


def _pages_are_private_and_hold_no_value(home: Home) -> None:
    """Every night has its page; the figures found stand in none of them."""
    pages = list(site(home).glob("validations/**/*.html"))
    assert len(pages) == 4
    index = first_page(home).read_text()
    assert "2010-06-30" in index
    assert re.findall(r"<td>(\d+)</td></tr>", index) == ["1"]
    assert all("script-src 'none'" in p.read_text() for p in site(home).rglob("*.html"))
    assert stat.S_IMODE((home.audit / "gx").stat().st_mode) == 0o700
    everything = [p for p in home.audit.rglob("*") if p.is_file()]
    for secret in SECRETS:
        assert [p for p in everything if secret.encode() in p.read_bytes()] == []
    stored = [p for p in everything if "validations" in p.parts]
    assert all(b"observed_value" not in p.read_bytes() for p in stored)
    assert all(b"unexpected" not in p.read_bytes() for p in stored if p.suffix == ".json")
    configured = (home.audit / "gx" / "great_expectations.yml").read_text()
    assert re.search(r"analytics_enabled: false", configured)
