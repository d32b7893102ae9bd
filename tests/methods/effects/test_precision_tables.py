from collections.abc import Callable
from math import nan

import pandas as pd
import pytest

from agir_pipeline.methods.effects.precision import detectable_in_pairs
from agir_pipeline.methods.effects.precision_tables import (
    EVALUABILITY_COLUMNS,
    PRECISION_COLUMNS,
    event_evaluability,
    measure_evaluability,
    precision_table,
    status_evaluability,
)
from agir_pipeline.protocol.model import EventOutcome, Inference, StatusOutcome

Build = Callable[..., Inference]
Draw = Callable[[str], pd.DataFrame]


@pytest.fixture
def events(draw: Draw) -> pd.DataFrame:
    return draw("""
        outcome | definition | horizon_days | n  | n_complete_pairs | risk_control | ci_low_points | ci_high_points | minimum_detectable_points | minimum_detectable_holm_points
        --------|------------|--------------|----|------------------|--------------|---------------|----------------|---------------------------|-------------------------------
        leaving | gross      | 30           | 60 | 50               | 0.25         | -20           | 4              | 18                        | 20
        leaving | net        | 90           | 60 | 0                |              |               |                |                           |
    """)  # noqa: E501


def test_half_widths_and_detectable_effects_keep_their_unit(events: pd.DataFrame) -> None:
    statuses = pd.DataFrame(
        {
            "outcome": ["working"], "definition": ["lasting"], "n": [60], "n_due": [55],
            "n_complete_pairs": [20], "share_control": [0.6], "ci_low_points": [-5.0],
            "ci_high_points": [25.0], "minimum_detectable_points": [21.0],
            "minimum_detectable_holm_points": [23.0],
        }
    )  # fmt: skip
    measures = pd.DataFrame(
        {
            "outcome": ["earnings"] * 2, "definition": ["matched_pairs", "benchmark"],
            "n": [60, 445], "n_complete_pairs": pd.array([58, None], dtype="Int64"),
            "mean_control": [4000.0, 4500.0], "ci_low": [-100.0, 0.0], "ci_high": [900.0, 1.0],
            "minimum_detectable": [1400.0, nan], "minimum_detectable_holm": [1500.0, nan],
            "unit": ["USD"] * 2,
        }
    )  # fmt: skip
    table = precision_table([events], [statuses], [measures])
    assert table.columns.tolist() == list(PRECISION_COLUMNS)
    assert table["n"].tolist() == [50, 0, 55, 58]
    assert table["half_width"].tolist() == pytest.approx([12, nan, 15, 500], nan_ok=True)
    assert table["baseline"].tolist() == pytest.approx([0.25, nan, 0.6, 4000], nan_ok=True)
    assert table["mde"].tolist() == pytest.approx([18, nan, 21, 1400], nan_ok=True)
    assert table["unit"].tolist() == ["points", "points", "points", "USD"]
    assert table["horizon_days"].tolist() == [30, 90, pd.NA, pd.NA]


def test_evaluability_names_the_day_and_what_can_be_found_then(
    events: pd.DataFrame, draw: Draw, leaving: EventOutcome, inference: Build
) -> None:
    times = draw("""
        definition | index_on
        gross      | 2011-01-01
        gross      | 2011-03-01
        net        | 2011-01-01
        net        | 2011-03-01
        net        |
    """)
    rules = inference(family=("leaving", "working"))
    table = event_evaluability(events, times, leaving, rules)
    assert table.columns.tolist() == list(EVALUABILITY_COLUMNS)
    # 1 March + 30 + 10 days; + 90 + 10 + 20 days
    expected = [pd.Timestamp("2011-04-10"), pd.Timestamp("2011-06-29")]
    assert table["all_evaluable_on"].tolist() == expected
    assert table["n_pairs"].tolist() == [60, 60]
    assert table["n_evaluable_pairs"].tolist() == [50, 0]
    assert table["n_never_evaluable_pairs"].tolist() == [0, 0]
    then = [detectable_in_pairs(60, 0.25, "lower", alpha, 0.8) for alpha in (0.05, 0.025)]
    assert table.loc[0, ["mde_points", "mde_holm_points"]].tolist() == pytest.approx(then)
    assert table.loc[1, ["mde_points", "mde_holm_points"]].isna().all()


def test_evaluability_of_a_status_is_the_day_of_the_last_answers(
    draw: Draw, working: StatusOutcome, inference: Build
) -> None:
    effects = draw("""
        outcome | definition | n  | n_due | share_control
        working | lasting    | 60 | 41    | 0.6
    """)
    due_on = pd.Series(pd.to_datetime(["2012-01-31", "2012-06-30", None]))
    table = status_evaluability(effects, due_on, working, inference())
    assert table["n_evaluable_pairs"].tolist() == [41]
    assert table["n_never_evaluable_pairs"].tolist() == [1]
    assert table["all_evaluable_on"].tolist() == [pd.Timestamp("2012-06-30")]
    expected = detectable_in_pairs(59, 0.6, "higher", 0.05, 0.8)
    assert table["mde_points"].tolist() == [expected]
    never = status_evaluability(effects, due_on.iloc[:0], working, inference())
    assert never["all_evaluable_on"].isna().all()


def test_nothing_to_show_keeps_the_columns(
    events: pd.DataFrame, draw: Draw, leaving: EventOutcome, inference: Build
) -> None:
    assert precision_table().dtypes.astype(str).to_dict() == PRECISION_COLUMNS
    times = draw("definition | index_on\ngross | 2011-01-01")
    table = event_evaluability(events.iloc[:0], times, leaving, inference())
    assert table.empty
    assert table.dtypes.astype(str).to_dict() == EVALUABILITY_COLUMNS


def test_a_measure_is_evaluable_by_its_complete_pairs_and_a_benchmark_is_no_pair() -> None:
    effects = pd.DataFrame(
        {
            "outcome": ["income", "income"],
            "definition": ["matched_pairs", "benchmark"],
            "n": [5, 9],
            "n_complete_pairs": [4, None],
        }
    )
    found = measure_evaluability(effects)
    assert found[["n_pairs", "n_evaluable_pairs"]].to_numpy().tolist() == [[5, 4]]
    assert found["all_evaluable_on"].isna().all()
