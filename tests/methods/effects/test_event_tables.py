from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from agir_pipeline.methods.effects.calendar import follow_up_cut, follow_up_days
from agir_pipeline.methods.effects.claims import INTERIM, PRIMARY, SECONDARY
from agir_pipeline.methods.effects.event_tables import PAIRED_EFFECT_COLUMNS, paired_effect_table
from agir_pipeline.methods.effects.paired import PairedTable, bonett_price, mcnemar_midp, newcombe
from agir_pipeline.methods.effects.risk_tables import RISK_COLUMNS, risk_table
from agir_pipeline.protocol.model import EventOutcome, Inference

CUT = date(2011, 6, 1)
ESTIMATES = [
    name
    for name, kind in PAIRED_EFFECT_COLUMNS.items()
    if kind == "float64" and not name.startswith("link_rate")
]
Build = Callable[..., Inference]


def event_times(
    members: list[tuple[int, str, str, float, int]], leaving: EventOutcome, cut: date = CUT
) -> pd.DataFrame:
    """(pair, arm, index date, day of the event or NaN, cause), the same for both definitions."""
    rows = pd.DataFrame(members, columns=["pair_id", "arm", "index_on", "time_days", "cause"])
    rows["index_on"] = pd.to_datetime(rows["index_on"])
    parts = []
    for definition in leaving.definitions:
        cut_on = follow_up_cut(cut, leaving.consolidation_days.value, definition.window_days)
        days = follow_up_days(rows["index_on"], cut_on)
        parts.append(rows.assign(definition=definition.name, follow_up_days=days))
    return pd.concat(parts, ignore_index=True)


def pairs_of(
    first: list[tuple[float, int]],
    second: list[tuple[float, int]],
    index_on: str | list[str] = "2011-01-01",
) -> list[tuple[int, str, str, float, int]]:
    days = [index_on] * len(first) if isinstance(index_on, str) else index_on
    members = zip(range(1, len(first) + 1), first, second, days, strict=True)
    return [
        (pair, arm, day, *event)
        for pair, beneficiary, control, day in members
        for arm, event in (("beneficiary", beneficiary), ("control", control))
    ]


NONE = (np.nan, 0)


@pytest.fixture(scope="module")
def twenty(leaving: EventOutcome) -> pd.DataFrame:
    """20 pairs, all complete: at day 90 2 both, 2 beneficiary only, 5 control only, 11 neither."""
    first = [(5, 1), (95, 1), (20, 1), (50, 1), (60, 1)] + [NONE] * 15
    second = [(9, 1), (3, 1), (40, 1)] + [NONE] * 2 + [(12, 1), (70, 1), (80, 1), (85, 1)]
    return event_times(pairs_of(first, second + [(30, 2)] + [NONE] * 10), leaving)


def row_of(table: pd.DataFrame, definition: str, horizon: int) -> Any:
    place = (table["definition"] == definition) & (table["horizon_days"] == horizon)
    return table[place].iloc[0]


def test_the_link_rate_of_each_arm_counts_who_is_in_the_source(
    leaving: EventOutcome, inference: Build
) -> None:
    """Two of three beneficiaries and all controls; the pair without a link is missing."""
    times = event_times(pairs_of([NONE, NONE, (3, 1)], [NONE] * 3), leaving)
    is_lost = (times["pair_id"] == 2) & (times["arm"] == "beneficiary")
    times.loc[is_lost, ["cause", "follow_up_days"]] = np.nan
    row = row_of(paired_effect_table(times, leaving, inference(), CUT), "gross", 30)
    rates = (row["link_rate_beneficiary"], row["link_rate_control"])
    assert rates == pytest.approx((2 / 3, 1))
    assert row["n_missing_pairs"] == 1


def test_complete_pairs_drawn_by_hand(
    twenty: pd.DataFrame, leaving: EventOutcome, inference: Build
) -> None:
    table = paired_effect_table(twenty, leaving, inference(), CUT, n_void_pairs=3)
    assert table.columns.tolist() == list(PAIRED_EFFECT_COLUMNS)
    assert table[["definition", "horizon_days"]].to_numpy().tolist() == [
        ["gross", 30], ["gross", 90], ["net", 30], ["net", 90],
    ]  # fmt: skip
    row = row_of(table, "gross", 90)
    cells = PairedTable(2, 2, 5, 11)
    assert row["n"] == row["n_complete_pairs"] == 20
    assert row["n_void_pairs"] == 3
    counts = ["n_both", "n_beneficiary_only", "n_control_only", "n_neither"]
    assert tuple(row[counts]) == tuple(cells)
    assert (row["risk_beneficiary"], row["risk_control"]) == pytest.approx((4 / 20, 7 / 20))
    price, hybrid = bonett_price(cells, 0.95), newcombe(cells, 0.95)
    assert row["risk_difference_points"] == pytest.approx(-15)
    assert row["ci_low_points"] == pytest.approx(100 * price.ci_low)
    assert row["ci_low_points"] == pytest.approx(row["bonett_price_low_points"])
    assert row["newcombe_high_points"] == pytest.approx(100 * hybrid.ci_high)
    assert row["mcnemar_midp"] == pytest.approx(mcnemar_midp(cells))
    assert row["p_value"] == pytest.approx(price.p_value)
    assert (row["risk_ratio"], row["odds_ratio"]) == pytest.approx((4 / 7, 2 / 5))
    assert row["risk_ratio_low"] < 4 / 7 < row["risk_ratio_high"]
    assert row["odds_ratio_low"] < 2 / 5 < row["odds_ratio_high"]
    assert pd.isna(row["p_value_holm"])


def test_risks_drawn_by_hand(twenty: pd.DataFrame, leaving: EventOutcome, inference: Build) -> None:
    table = risk_table(twenty, leaving, inference(), CUT)
    assert table.columns.tolist() == list(RISK_COLUMNS)
    assert len(table) == 2 * 2 * 2
    control = table[(table["arm"] == "control") & (table["definition"] == "gross")]
    assert control["n_events"].tolist() == [3, 7]
    assert control["n_at_risk"].tolist() == [17, 12]
    assert control["risk"].tolist() == pytest.approx([3 / 20, 7 / 20])
    assert (control["ci_low"] < control["risk"]).all()
    assert (control["risk"] < control["ci_high"]).all()
    assert control["n_not_evaluable"].tolist() == [0, 0]


def test_swapping_the_arms_flips_the_effect(
    twenty: pd.DataFrame, leaving: EventOutcome, inference: Build
) -> None:
    other = twenty["arm"].map({"beneficiary": "control", "control": "beneficiary"})
    found = paired_effect_table(twenty, leaving, inference(), CUT)
    mirrored = paired_effect_table(twenty.assign(arm=other), leaving, inference(), CUT)
    difference = mirrored["risk_difference_points"] + found["risk_difference_points"]
    assert difference.abs().max() < 1e-9
    assert np.allclose(mirrored["ci_low_points"], -found["ci_high_points"])
    assert mirrored["n_control_only"].tolist() == found["n_beneficiary_only"].tolist()


def test_rows_in_any_order_give_the_same_table_to_the_last_digit(
    leaving: EventOutcome, inference: Build
) -> None:
    rng = np.random.default_rng(3)
    days = [f"{date(2011, 1, 1 + day)}" for day in rng.integers(0, 30, 300)]
    arms = [
        [(day, cause) if cause else NONE for day, cause in zip(*drawn, strict=True)]
        for drawn in zip(rng.integers(1, 150, (2, 300)), rng.integers(0, 3, (2, 300)), strict=True)
    ]
    rows = event_times(pairs_of(*arms, days), leaving)
    found, again = (
        paired_effect_table(frame, leaving, inference(), CUT)
        for frame in (rows, rows.sample(frac=1, random_state=4))
    )
    pd.testing.assert_frame_equal(found, again, check_exact=True)


def test_pairs_that_are_not_complete_still_count_as_far_as_they_were_followed(
    leaving: EventOutcome, inference: Build
) -> None:
    # gross cut 22 May: 90 days for pairs 1–4, 51 for pair 5, index after the cut for pair 6
    days = ["2011-01-01"] * 4 + ["2011-04-01", "2011-05-30"]
    first = [NONE, (10, 1), NONE, NONE, NONE, NONE]
    second = [(40, 1), NONE, NONE, NONE, (20, 1), NONE]
    rows = event_times(pairs_of(first, second, days), leaving)
    row = row_of(paired_effect_table(rows, leaving, inference(), CUT), "gross", 90)
    assert (row["n"], row["n_complete_pairs"], row["n_pairs_not_evaluable"]) == (6, 4, 2)
    assert row["n_control_only"] == 1
    # five at risk on day 20, of whom four are followed on day 40
    assert row["risk_control"] == pytest.approx(1 / 5 + 4 / 5 * 1 / 4)
    assert row["risk_beneficiary"] == pytest.approx(1 / 5)
    risks = risk_table(rows, leaving, inference(), CUT)
    control = risks[(risks["definition"] == "gross") & (risks["arm"] == "control")]
    assert control["n_not_evaluable"].tolist() == [1, 2]
    assert control["n"].tolist() == [6, 6]


def test_too_early_means_not_evaluable_and_no_figure(
    leaving: EventOutcome, inference: Build
) -> None:
    rows = event_times(pairs_of([(5, 1), NONE], [NONE, (8, 1)], "2011-04-01"), leaving)
    table = paired_effect_table(rows, leaving, inference(), CUT)
    assert table["is_evaluable"].tolist() == [True, False, True, False]
    row = row_of(table, "gross", 90)
    assert row[ESTIMATES].isna().all()
    assert pd.isna(row["n_both"])
    assert (row["n"], row["n_complete_pairs"], row["n_pairs_not_evaluable"]) == (2, 0, 2)
    risks = risk_table(rows, leaving, inference(), CUT)
    assert risks.loc[risks["horizon_days"] == 90, "risk"].isna().all()
    assert not risks.loc[risks["horizon_days"] == 90, "is_evaluable"].any()


def test_the_window_of_a_definition_comes_off_its_follow_up(
    leaving: EventOutcome, inference: Build
) -> None:
    # cut 22 May for gross, 2 May for net: 90 days from 10 February are 11 May
    rows = event_times(pairs_of([NONE], [NONE], "2011-02-10"), leaving)
    table = paired_effect_table(rows, leaving, inference(), CUT)
    assert table["is_evaluable"].tolist() == [True, True, True, False]


def test_a_pair_with_an_unknown_member_is_missing_never_without_event(
    twenty: pd.DataFrame, leaving: EventOutcome, inference: Build
) -> None:
    rows = twenty.astype({"cause": "Int64", "follow_up_days": "Int64"})
    is_control = rows["arm"] == "control"
    rows.loc[is_control & (rows["pair_id"] == 18), "cause"] = pd.NA
    rows.loc[is_control & (rows["pair_id"] == 19), "follow_up_days"] = pd.NA
    rows = rows[~(is_control & (rows["pair_id"] == 20))]
    rows.loc[is_control & (rows["pair_id"] == 1), "time_days"] = np.nan  # a cause, but no day
    row = row_of(paired_effect_table(rows, leaving, inference(), CUT), "gross", 90)
    assert (row["n"], row["n_missing_pairs"], row["n_both"]) == (16, 4, 1)


def test_interim_releases_describe_and_final_ones_test(
    twenty: pd.DataFrame, leaving: EventOutcome, inference: Build
) -> None:
    early = inference(final_on=date(2011, 6, 2), family=("leaving",))
    table = paired_effect_table(twenty, leaving, early, CUT)
    assert set(table["claim"]) == {INTERIM}
    assert table[["p_value", "p_value_holm", "mcnemar_midp"]].isna().all().all()
    assert table["ci_low_points"].notna().all()
    final = inference(final_on=CUT, family=("leaving",))
    table = paired_effect_table(twenty, leaving, final, CUT)
    assert table["claim"].tolist() == [SECONDARY, SECONDARY, SECONDARY, PRIMARY]
    assert table["p_value"].notna().all()


def test_no_pair_at_all_gives_rows_that_say_so(leaving: EventOutcome, inference: Build) -> None:
    rows = event_times([], leaving)
    table = paired_effect_table(rows, leaving, inference(), CUT)
    assert table["n"].tolist() == [0] * 4
    assert not table["is_evaluable"].any()


def test_an_outcome_without_definition_gives_the_columns_alone(
    twenty: pd.DataFrame, leaving: EventOutcome, inference: Build
) -> None:
    nothing = leaving.model_copy(update={"definitions": ()})
    for build, columns in (
        (paired_effect_table, PAIRED_EFFECT_COLUMNS),
        (risk_table, RISK_COLUMNS),
    ):
        table = build(twenty, nothing, inference(), CUT)
        assert table.empty
        assert {name: str(kind) for name, kind in table.dtypes.items()} == columns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time_days": 0.0, "cause": 1}, "gross: an event lies on or before its index date"),
        ({"follow_up_days": 7}, "gross: a follow-up does not end on 2011-05-22"),
        ({"arm": "beneficiary"}, "gross: a pair member has more than one row"),
    ],
)
def test_what_cannot_be_is_refused(
    twenty: pd.DataFrame,
    leaving: EventOutcome,
    inference: Build,
    change: dict[str, Any],
    message: str,
) -> None:
    rows = twenty.copy()
    for name, value in change.items():
        rows.loc[1, name] = value
    with pytest.raises(ValueError, match=message):
        paired_effect_table(rows, leaving, inference(), CUT)


events = st.tuples(st.integers(1, 200), st.integers(0, 2)).map(lambda e: e if e[1] else NONE)
index_days = st.integers(0, 200).map(lambda n: f"{date.fromordinal(734138 + n)}")


@given(data=st.data(), n=st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_who_is_evaluable_does_not_move_when_events_move(
    leaving: EventOutcome, inference: Build, data: DataObject, n: int
) -> None:
    days = data.draw(st.lists(index_days, min_size=n, max_size=n))
    arms = st.lists(events, min_size=n, max_size=n)
    found, other = (
        paired_effect_table(
            event_times(pairs_of(data.draw(arms), data.draw(arms), days), leaving),
            leaving,
            inference(),
            CUT,
        )
        for _ in range(2)
    )
    calendar = ["n", "n_complete_pairs", "n_pairs_not_evaluable", "is_evaluable"]
    pd.testing.assert_frame_equal(found[calendar], other[calendar])
