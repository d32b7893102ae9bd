"""The released rows about pair members give the released effects back, by other arithmetic."""

import subprocess
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.resources.home import Home
from agir_pipeline.resources.releases import Releases

pytestmark = pytest.mark.xdist_group("demo")

Demo = tuple[Path, "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def released(demo: Demo) -> Releases:
    return Releases(Home(demo[0]).releases)


def risk(rows: pd.DataFrame, horizon: int) -> float:
    """Aalen–Johansen by hand, day by day."""
    seen = rows["ending"].ne("none") & rows["ending_days"].le(rows["follow_up_days"])
    days = rows["ending_days"].where(seen, rows["follow_up_days"]).astype(int)
    free, found = 1.0, 0.0
    for day in range(1, horizon + 1):
        at_risk, ends = int((days >= day).sum()), seen & (days == day)
        if ends.any():
            found += free * int((ends & rows["ending"].eq("event")).sum()) / at_risk
            free *= 1 - int(ends.sum()) / at_risk
    return found


def test_event_times_give_every_released_risk(released: Releases) -> None:
    times, risks = released.read("event_times"), released.read("rupture_risk")
    assert times["ending"].isin(["none", "event", "other_ending"]).all()
    told = risks[risks["is_evaluable"] & risks["definition"].isin(["gross", "net_180"])]
    assert len(told) == 16
    for row in told.itertuples():
        own = times[(times["definition"] == row.definition) & (times["arm"] == row.arm)]
        assert len(own) == row.n
        assert risk(own, row.horizon_days) == pytest.approx(row.risk, abs=1e-12)


def test_status_answers_give_the_released_shares_back(released: Releases) -> None:
    answers, effects = released.read("status_answers"), released.read("durable_employment")
    row = effects[effects["definition"] == "durable"].iloc[0]
    own = answers[answers["definition"] == "durable"]
    due = own[own["is_due"]]
    means = due[due["is_respondent"]].groupby("arm")["has_situation"].mean()
    assert len(due) == 2 * row["n_due"]
    difference = 100 * (means["beneficiary"] - means["control"])
    assert difference == pytest.approx(row["unweighted_difference_points"], abs=1e-9)
