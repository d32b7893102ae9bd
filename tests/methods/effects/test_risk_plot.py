"""The risk curves end where the released risks stand."""

from collections.abc import Callable
from datetime import date
from xml.etree import ElementTree

import pandas as pd
import pytest

from agir_pipeline.language import use_language
from agir_pipeline.methods.effects.event_pairs import PairedTimes, paired_times
from agir_pipeline.methods.effects.risk_plot import primary_definition, risk_plot, risks_by_arm
from agir_pipeline.methods.effects.risk_tables import risk_table
from agir_pipeline.protocol.model import EventOutcome, Inference

CUT_ON = date(2011, 1, 1)
FOLLOWED = 150


@pytest.fixture
def event_times(leaving: EventOutcome) -> pd.DataFrame:
    """Four pairs; controls leave on days 10, 40 and 80, one beneficiary on day 60."""
    rows = []
    for definition, wait in (("gross", 10), ("net", 30)):
        last_on = pd.Timestamp(CUT_ON) - pd.Timedelta(days=wait)
        for arm, days in (("beneficiary", [60, None, None, None]), ("control", [10, 40, 80, None])):
            for number, day in enumerate(days):
                rows.append(
                    {
                        "outcome": "leaving", "definition": definition, "pair_id": f"p{number}",
                        "arm": arm, "index_on": last_on - pd.Timedelta(days=FOLLOWED),
                        "time_days": day, "cause": 1 if day else 0, "follow_up_days": FOLLOWED,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def pairs(event_times: pd.DataFrame, leaving: EventOutcome) -> PairedTimes:
    return paired_times(event_times, leaving, primary_definition(leaving), CUT_ON)


def test_the_primary_definition_is_drawn_and_without_one_the_first(leaving: EventOutcome) -> None:
    assert primary_definition(leaving).name == "net"
    unnamed = leaving.model_copy(update={"primary_definition": None})
    assert primary_definition(unnamed).name == "gross"


def test_risks_at_horizons_are_those_of_the_released_table(
    event_times: pd.DataFrame,
    pairs: PairedTimes,
    leaving: EventOutcome,
    inference: Callable[..., Inference],
) -> None:
    released = risk_table(event_times, leaving, inference(), CUT_ON)
    own = released[released["definition"] == "net"]
    for arm, risks in risks_by_arm(pairs, [30, 90]).items():
        assert risks == pytest.approx(own.loc[own["arm"] == arm, "risk"].tolist())
    assert risks_by_arm(pairs, [90]) == {"beneficiary": [0.25], "control": [0.75]}


def test_the_picture_tells_the_same_in_words_in_both_languages(pairs: PairedTimes) -> None:
    tag = "{http://www.w3.org/2000/svg}desc"
    english = ElementTree.fromstring(risk_plot(pairs, (30, 90), "Leaving")).findtext(tag)
    assert english == (
        "by day 30: beneficiaries 0%, controls 25%; by day 90: beneficiaries 25%, controls 75%"
    )
    use_language("fr")
    french = ElementTree.fromstring(risk_plot(pairs, (30, 90), "Départ")).findtext(tag)
    assert french is not None
    assert "bénéficiaires 25\N{NO-BREAK SPACE}%, témoins 75\N{NO-BREAK SPACE}%" in french
