"""What the model linked is on record once and read back as it was."""

from datetime import date
from pathlib import Path

import pytest

from agir_pipeline.methods.identity.proposals import Accepted
from agir_pipeline.resources.accepted_links import accepted_links, record_links
from agir_pipeline.resources.landing import Landing

LINKS = [
    Accepted(("contracts", "b"), ("pool", "2"), "2010-06-30", 0.999),
    Accepted(("contracts", "a\x1f1"), ("pool", "1"), "2010-05-31", 0.995),
    Accepted(("contracts", "c"), ("pool", "3"), "2010-05-31", 1.0),
]


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    made = Landing(tmp_path / "landing")
    made.create()
    return made


def test_links_are_recorded_by_night_and_read_back(landing: Landing) -> None:
    record_links(landing, LINKS, {"model": "abc", "splink": "5.0.0"})
    receipts = landing.state().of_kind("link")
    assert [receipt.known_on for receipt in receipts] == [date(2010, 5, 31), date(2010, 6, 30)]
    assert accepted_links(landing, receipts) == sorted(LINKS, key=lambda link: (link[2], link[0]))


def test_the_same_links_again_and_none_at_all_add_nothing(landing: Landing) -> None:
    for links in (LINKS, list(reversed(LINKS)), []):
        record_links(landing, links, {"model": "abc"})
    assert len(landing.receipts()) == 2


def test_a_past_day_knows_the_links_of_its_nights_alone(landing: Landing) -> None:
    record_links(landing, LINKS, {"model": "abc"})
    known = landing.state(date(2010, 5, 31)).of_kind("link")
    assert len(accepted_links(landing, known)) == 2
