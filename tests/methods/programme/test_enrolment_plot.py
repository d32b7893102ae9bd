"""The enrolment curve: one line per arm, the target beside it."""

from xml.etree import ElementTree

import pandas as pd
import pytest

from agir_pipeline.methods.programme.enrolment_plot import enrolment_plot

SVG = "{http://www.w3.org/2000/svg}"


def progress(n_months: int, target: int | None) -> pd.DataFrame:
    months = pd.date_range("2010-01-01", periods=n_months, freq="MS")
    rows = [
        {"month_on": month, "arm": arm, "n_cumulative": 3 * number, "n_target": target}
        for number, month in enumerate(months)
        for arm in ("beneficiary", "control")
    ]
    return pd.DataFrame(rows).astype({"n_target": "Int64"})


@pytest.mark.parametrize("n_months", [1, 7, 36])
def test_both_arms_are_drawn_from_the_first_month_to_the_last(n_months: int) -> None:
    drawn = ElementTree.fromstring(enrolment_plot(progress(n_months, 75)))
    assert len(drawn.findall(f"{SVG}path")) == 2
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert "01/2010" in texts
    assert "target 75" in texts
    last = pd.Timestamp("2010-01-01") + pd.DateOffset(months=n_months - 1)
    words = drawn.findtext(f"{SVG}desc") or ""
    assert f"controls: {3 * (n_months - 1)} by {last:%m/%Y}" in words


def test_a_study_without_a_target_has_no_line_of_it() -> None:
    drawn = ElementTree.fromstring(enrolment_plot(progress(7, None)))
    assert not [t for t in drawn.iter(f"{SVG}text") if "target " in str(t.text)]
