from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from agir_pipeline.methods.effects.claims import PRIMARY
from agir_pipeline.methods.effects.measure_tables import (
    MEASURE_EFFECT_COLUMNS,
    measure_effect_table,
)
from agir_pipeline.methods.effects.precision import detectable_measure
from agir_pipeline.protocol.model import Benchmark, Inference, MeasureOutcome

Build = Callable[..., Inference]


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    published = {"value": 1.5, "unit": "USD", "source": "test"}
    labels = {"en": "Known answer", "fr": "Réponse connue"}
    return Benchmark.model_validate(
        {"outcome": "earnings", "published": published, "labels": labels}
    )


def test_golden_pairs_make_the_row_of_the_matched_pairs(
    lalonde: Callable[[str], pd.DataFrame], earnings: MeasureOutcome, inference: Build
) -> None:
    pairs = lalonde("nearest_logit_caliper02")
    values = pd.concat(
        pd.DataFrame({"pair_id": pairs["pair"], "arm": arm, "value": pairs[f"{arm}_re78"]})
        for arm in ("control", "beneficiary")
    )
    table = measure_effect_table(values, earnings, inference(family=("earnings",)), None)
    assert table.columns.tolist() == list(MEASURE_EFFECT_COLUMNS)
    row = table.iloc[0]
    assert (row["n"], row["n_complete_pairs"], row["n_missing_pairs"]) == (117, 117, 0)
    assert row["difference"] == pytest.approx(1770.60290641026)
    assert row["difference"] == pytest.approx(row["mean_beneficiary"] - row["mean_control"])
    assert row["standard_error"] == pytest.approx(924.234347046261)
    assert row["minimum_detectable"] == pytest.approx(
        detectable_measure(924.234347046261, 116, 0.05, 0.8)
    )
    assert (row["claim"], row["unit"]) == (PRIMARY, "USD")


def test_missing_members_and_benchmarks_drawn_by_hand(
    draw: Callable[[str], pd.DataFrame],
    earnings: MeasureOutcome,
    inference: Build,
    benchmark: Benchmark,
) -> None:
    values = draw("""
        pair_id | arm         | value
        --------|-------------|------
        1       | beneficiary | 5
        1       | control     | 3
        2       | beneficiary | 9
        2       | control     | 1
        3       | beneficiary | 4
        3       | control     |
        4       | beneficiary | 2
                | beneficiary | 10
                | control     | 99
                | reference   | 2
                | reference   | 6
    """)
    other = benchmark.model_copy(update={"outcome": "another"})
    table = measure_effect_table(values, earnings, inference(), None, [other, benchmark])
    assert table["definition"].tolist() == ["matched_pairs", "benchmark"]
    pairs, known = table.iloc[0], table.iloc[1]
    assert (pairs["n"], pairs["n_complete_pairs"], pairs["n_missing_pairs"]) == (4, 2, 2)
    assert pairs["difference"] == 5
    assert pd.isna(pairs["published"])
    assert known["difference"] == pytest.approx(30 / 5 - 4)
    assert (known["n"], known["published"]) == (7, 1.5)
    assert known["ci_low"] < known["difference"] < known["ci_high"]
    assert pd.isna(known["p_value"])
    assert pd.isna(known["claim"])
    assert known["definition_text"] == "Known answer"


def test_nobody_gives_a_row_without_figures(
    draw: Callable[[str], pd.DataFrame],
    earnings: MeasureOutcome,
    inference: Build,
    benchmark: Benchmark,
) -> None:
    values = draw("pair_id | arm | value\n1 | control | 4").iloc[:0]
    table = measure_effect_table(values, earnings, inference(), None, [benchmark])
    assert table["is_evaluable"].tolist() == [False, False]
    assert table["difference"].isna().all()
    assert table["n"].tolist() == [0, 0]


def test_interim_releases_have_no_test(
    lalonde: Callable[[str], pd.DataFrame], earnings: MeasureOutcome, inference: Build
) -> None:
    pairs = lalonde("nearest_exact_caliper")
    values = pd.concat(
        pd.DataFrame({"pair_id": pairs["pair"], "arm": arm, "value": pairs[f"{arm}_re78"]})
        for arm in ("beneficiary", "control")
    )
    rules = inference(final_on=date(2012, 12, 31))
    table = measure_effect_table(values, earnings, rules, date(2012, 1, 1))
    assert table["p_value"].isna().all()
    assert table["ci_low"].notna().all()


def test_alternatives_to_the_pairs_stand_between_them_and_the_known_answer(
    draw: Callable[[str], pd.DataFrame],
    earnings: MeasureOutcome,
    inference: Build,
    benchmark: Benchmark,
) -> None:
    values = draw("""
        person_id | pair_id | arm         | value
        ----------|---------|-------------|------
        a         | 1       | beneficiary | 5
        b         | 1       | control     | 3
        c         |         | control     | 9
        d         |         | reference   | 2
    """)
    weights = draw("""
        alternative     | person_id | arm         | set_number | weight
        ----------------|-----------|-------------|------------|-------
        full            | a         | beneficiary | 1          | 1
        full            | b         | control     | 1          | 0.5
        full            | c         | control     | 1          | 0.5
        overlap_weights | a         | beneficiary |            | 0.5
        overlap_weights | c         | control     |            | 0.2
    """)
    table = measure_effect_table(values, earnings, inference(), None, [benchmark], weights)
    assert table["definition"].tolist() == ["matched_pairs", "full", "overlap_weights", "benchmark"]
    assert table["difference"].tolist()[:3] == [2.0, -1.0, -4.0]
    assert table["n"].tolist()[1:3] == [3, 2]
    assert table.loc[1:2, ["p_value", "claim", "published"]].isna().all(axis=None)
