"""The printed sheets of a release: the lines of its table, the same bytes each time, hashed."""

from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.language import use_language
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.effect_pages import effect_pages
from agir_pipeline.resources.release_folder import damaged_files
from agir_pipeline.resources.releases import Releases
from tests.releasing import content

STAMPS = {
    "as_of": pd.Timestamp(2012, 12, 31),
    "protocol_digest": "p" * 64,
    "design_digest": "d" * 64,
}
LINES = [
    ("trial", "Who", "<everybody> & more"),
    ("precision", "Smallest effect", "13.1 points"),
    ("effect", "Interval", "−15.5 to +5.0 points"),
    ("effect", "p-value", "0.3141"),
]


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol(packaged_protocols()["agir"])


def sheets(outcome: str = "rupture") -> pd.DataFrame:
    rows = [
        {"outcome": outcome, "position": n, "section": section, "item": item, "told": told}
        for n, (section, item, told) in enumerate(LINES, 1)
    ]
    return pd.DataFrame(rows).assign(**STAMPS)


def curve() -> pd.DataFrame:
    row = {
        "outcome": "rupture", "specification_number": 1, "estimate_points": -5.4,
        "ci_low_points": -15.5, "ci_high_points": 5.0, "is_primary": True,
    }  # fmt: skip
    return pd.DataFrame([row])


def test_a_page_says_the_lines_under_their_headings_and_of_what_state(protocol: Protocol) -> None:
    use_language("en")
    tables = {"effect_sheet": sheets(), "specification_curve": curve()}
    pages = effect_pages(protocol, tables)
    assert list(pages) == ["effect_sheet_rupture.html"]
    [page] = pages.values()
    assert "&lt;everybody&gt; &amp; more" in page
    headings = (
        "The trial it stands in for",
        "How small an effect could be found",
        "<h2>Effect</h2>",
    )
    places = [page.index(heading) for heading in headings]
    assert places == sorted(places)  # what could be found stands before what was
    assert "Who is seen" not in page  # no line, no heading
    assert "State of 2012-12-31; protocol pppppppppppp, design dddddddddddd." in page
    assert page.count("<svg") == 1
    assert effect_pages(protocol, tables) == pages


def test_a_page_without_a_curve_has_no_picture(protocol: Protocol) -> None:
    [page] = effect_pages(protocol, {"effect_sheet": sheets()}).values()
    assert "<svg" not in page
    other = {"effect_sheet": sheets("durable_employment"), "specification_curve": curve()}
    [page] = effect_pages(protocol, other).values()
    assert "<svg" not in page


def test_where_there_is_no_sheet_there_is_no_page(protocol: Protocol) -> None:
    assert effect_pages(protocol, {}) == {}
    assert effect_pages(protocol, {"effect_sheet": sheets().head(0)}) == {}


def test_a_page_is_hashed_with_the_release(tmp_path: Path) -> None:
    name = "effect_sheet_rupture.html"
    outcome = Releases(tmp_path).publish(content(pages={name: "<p>as it was</p>"}))
    page = outcome.folder / "tier1" / name
    assert page.read_text("utf-8") == "<p>as it was</p>"
    assert damaged_files(outcome.folder) == []
    page.chmod(0o640)
    page.write_text("<p>another</p>", encoding="utf-8")
    assert damaged_files(outcome.folder) == [f"tier1/{name}"]
