"""The event by each pair's own planned end: by hand, against the fixed horizon, and undated."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.effects.claims import INTERIM
from agir_pipeline.methods.effects.event_tables import paired_effect_table
from agir_pipeline.methods.effects.planned_end_tables import (
    PLANNED_END_COLUMNS,
    planned_end_table,
)
from agir_pipeline.methods.effects.risk_tables import risk_table

from .test_event_tables import CUT, NONE, event_times, pairs_of

FIRST = [(5, 1), (95, 1), (20, 1), (50, 1), (60, 1), NONE, NONE, (90, 1)]
SECOND = [(9, 1), (3, 1), (40, 2), NONE, (91, 1), NONE, (30, 2), NONE]


def planned(*days: float | None) -> pd.DataFrame:
    ids = range(1, len(days) + 1)
    return pd.DataFrame({"pair_id": ids, "common_planned_days": pd.array(days, dtype="Float64")})


def row_of(times: pd.DataFrame, pairs: pd.DataFrame, leaving: Any, inference: Any) -> Any:
    table = planned_end_table(times, pairs, leaving, inference(), CUT)
    assert list(table) == list(PLANNED_END_COLUMNS)
    return table.set_index("definition").loc["gross"]


def test_one_planned_end_for_all_is_the_effect_at_that_horizon(leaving, inference) -> None:
    """Endings after it change nothing, and an event on the day itself counts."""
    times = event_times(pairs_of(FIRST, SECOND), leaving)
    fixed = paired_effect_table(times, leaving, inference(), CUT)
    fixed = fixed[(fixed["definition"] == "gross") & (fixed["horizon_days"] == 90)].iloc[0]
    found = row_of(times, planned(*[90] * 8), leaving, inference)
    shared = [
        name for name, kind in PLANNED_END_COLUMNS.items()
        if name in fixed and (kind == "float64" or name.startswith("n_") or name == "n")
    ]  # fmt: skip
    assert len(shared) == 18
    for name in shared:
        assert found[name] == pytest.approx(fixed[name], nan_ok=True), name
    assert found["planned_days_median"] == 90
    risks = risk_table(times, leaving, inference(), CUT).set_index(
        ["definition", "horizon_days", "arm"]
    )
    for arm in ("beneficiary", "control"):
        limits = risks.loc[("gross", 90, arm), ["ci_low", "ci_high"]].astype(float)
        assert limits["ci_low"] < limits["ci_high"]
        own = [found[f"risk_{arm}_low"], found[f"risk_{arm}_high"]]
        assert own == pytest.approx(limits.tolist())


def test_each_pair_is_looked_at_up_to_its_own_planned_end(leaving, inference) -> None:
    """Of eight complete pairs: by hand, who broke on or before the day of its pair."""
    times = event_times(pairs_of(FIRST, SECOND), leaving)
    days = (4, 95, 20, 49, 60, 10, 29, 89)
    found = row_of(times, planned(*days), leaving, inference)
    # beneficiaries of pairs 2, 3 and 5 in time, the others a day late; of controls only pair 2's
    assert found[["n_both", "n_beneficiary_only", "n_control_only", "n_neither"]].tolist() == [
        1, 2, 0, 5,
    ]  # fmt: skip
    assert found["risk_beneficiary"] == pytest.approx(3 / 8)
    assert found["risk_control"] == pytest.approx(1 / 8)
    assert found["n_complete_pairs"] == 8
    assert found["planned_days_median"] == np.median(days)


def test_every_definition_is_told_variants_too(leaving, inference) -> None:
    gross, *others = leaving.definitions
    variant = gross.model_copy(update={"name": "another", "is_variant": True})
    told = leaving.model_copy(update={"definitions": (gross, *others, variant)})
    rows = event_times(pairs_of(FIRST, SECOND), told)
    table = planned_end_table(rows, planned(*[90] * 8), told, inference(), CUT)
    assert table["definition"].tolist() == [d.name for d in told.definitions]


def test_a_pair_that_the_data_do_not_let_reach_its_end_is_censored_not_dropped(
    leaving, inference
) -> None:
    index = ["2011-01-01"] * 7 + ["2011-05-01"]
    late = event_times(pairs_of([*FIRST[:7], NONE], [*SECOND[:7], NONE], index), leaving)
    found = row_of(late, planned(*[60] * 8), leaving, inference)
    assert found["n"] == 8
    assert found["n_pairs_not_evaluable"] == 1
    assert found["n_complete_pairs"] == 7


def test_a_pair_without_a_planned_end_is_missing(leaving, inference) -> None:
    times = event_times(pairs_of(FIRST, SECOND), leaving)
    found = row_of(times, planned(90, None, 0, *[90] * 5), leaving, inference)
    assert found["n"] == 6
    assert found["n_missing_pairs"] == 2


def test_without_pairs_or_before_the_end_nothing_is_claimed(leaving, inference) -> None:
    times = event_times(pairs_of(FIRST, SECOND), leaving)
    interim = planned_end_table(
        times, planned(*[90] * 8), leaving, inference(final_on=date(2013, 1, 1)), CUT
    )
    assert interim["p_value"].isna().all()
    assert set(interim["claim"]) == {INTERIM}
    nobody = row_of(times.iloc[:0], planned(), leaving, inference)
    assert nobody["n"] == 0
    assert not nobody["is_evaluable"]
    assert pd.isna(nobody["planned_days_median"])
