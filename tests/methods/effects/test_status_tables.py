from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.effects.claims import INTERIM, PRIMARY, SECONDARY
from agir_pipeline.methods.effects.status_tables import STATUS_EFFECT_COLUMNS, status_effect_table
from agir_pipeline.protocol.model import Asked, Inference, StatusOutcome

Build = Callable[..., Inference]
CUT = date(2012, 12, 31)
ESTIMATES = [name for name, kind in STATUS_EFFECT_COLUMNS.items() if kind == "float64"]


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    """40 pairs, 36 due; 24 beneficiaries and 18 controls answered, 12 pairs on both sides."""
    pair = np.arange(40)
    parts = []
    for definition in ("lasting", "any_job"):
        for arm in ("beneficiary", "control"):
            answered = pair % 3 != 0 if arm == "beneficiary" else pair % 2 == 0
            works = pair % 5 < (3 if arm == "beneficiary" else 2)
            parts.append(
                pd.DataFrame(
                    {
                        "pair_id": [f"p{i:02}" for i in pair],
                        "arm": arm,
                        "definition": definition,
                        "is_due": pair < 36,
                        "is_respondent": answered,
                        "status": pd.array(works, dtype="boolean"),
                        "age_years": 18 + pair % 7,
                        "level": ["IV" if i % 4 else "V" for i in pair],
                    }
                )
            )
    rows = pd.concat(parts, ignore_index=True)
    rows.loc[~rows["is_respondent"], "status"] = pd.NA
    return rows


def build(answers: pd.DataFrame, working: StatusOutcome, rules: Inference) -> pd.DataFrame:
    return status_effect_table(answers, working, rules, CUT, ["age_years", "level"])


def test_counts_and_shares_drawn_by_hand(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    table = build(answers, working, inference())
    assert table.columns.tolist() == list(STATUS_EFFECT_COLUMNS)
    row = table.iloc[0]
    counts = ["n", "n_due", "n_not_due", "n_respondents_beneficiary", "n_respondents_control"]
    assert row[counts].tolist() == [40, 36, 4, 24, 18]
    assert row["n_complete_pairs"] == 12
    due = answers[answers["is_due"] & (answers["definition"] == "lasting")]
    shares = due.groupby("arm")["status"].mean()
    assert row["unweighted_difference_points"] == pytest.approx(
        100 * (shares["beneficiary"] - shares["control"])
    )
    assert row["difference_points"] == pytest.approx(row["unweighted_difference_points"], abs=5)
    assert row["difference_points"] == pytest.approx(
        100 * (row["share_beneficiary"] - row["share_control"])
    )
    assert row["ci_low_points"] < row["difference_points"] < row["ci_high_points"]
    assert row["lee_low_points"] < row["unweighted_difference_points"] < row["lee_high_points"]
    assert row["worst_case_low_points"] < row["lee_low_points"]
    assert row["n_effective_beneficiary"] <= 24
    assert row["bonett_price_low_points"] < row["complete_pairs_difference_points"]
    assert row["minimum_detectable_points"] <= row["minimum_detectable_holm_points"]


def test_the_order_of_rows_and_other_definitions_move_nothing(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    whole = build(answers, working, inference())
    shuffled = build(answers.sample(frac=1, random_state=2), working, inference())
    pd.testing.assert_frame_equal(whole, shuffled)
    second = working.model_copy(update={"definitions": working.definitions[1:]})
    alone = build(answers, second, inference())
    pd.testing.assert_frame_equal(whole.iloc[1:].reset_index(drop=True), alone)


def test_a_pair_is_due_when_both_members_are(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    rows = answers.copy()
    rows.loc[(rows["arm"] == "control") & (rows["pair_id"] == "p07"), "is_due"] = False
    assert build(rows, working, inference())["n_due"].tolist() == [35, 35]


def test_an_answer_without_status_counts_as_no_answer(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    rows = answers.copy()
    rows.loc[rows.index[1], "status"] = pd.NA
    assert build(rows, working, inference())["n_respondents_beneficiary"].tolist() == [23, 24]


def test_a_status_known_without_an_answer_in_time_does_not_count(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    rows = answers.copy()
    rows["status"] = rows["status"].fillna(True)
    pd.testing.assert_frame_equal(
        build(rows, working, inference()), build(answers, working, inference())
    )


def test_with_fewer_than_two_respondents_in_an_arm_nothing_is_estimated(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    rows = answers.copy()
    few = (rows["arm"] == "control") & (rows["pair_id"] > "p00")
    rows.loc[few, "is_respondent"] = False
    row = build(rows, working, inference()).iloc[0]
    assert not row["is_evaluable"]
    assert row[ESTIMATES].isna().all()
    assert (row["n_due"], row["n_respondents_control"]) == (36, 1)


def test_nobody_due_yet_is_not_zero_percent(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    row = build(answers.assign(is_due=False), working, inference()).iloc[0]
    assert (row["n"], row["n_due"], row["n_not_due"]) == (40, 0, 40)
    assert row[ESTIMATES].isna().all()
    empty = build(answers.iloc[:0], working, inference())
    assert empty["n"].tolist() == [0, 0]


def test_interim_releases_have_no_test(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    table = build(answers, working, inference(final_on=date(2013, 1, 31)))
    assert table["claim"].tolist() == [INTERIM, INTERIM]
    assert table["p_value"].isna().all()
    assert table["ci_low_points"].notna().all()
    final = build(answers, working, inference(final_on=CUT, family=("working",)))
    assert final["claim"].tolist() == [PRIMARY, SECONDARY]
    assert final["p_value"].notna().all()


@pytest.mark.parametrize("change", ["dropped", "doubled"])
def test_a_pair_without_one_row_per_arm_is_refused(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build, change: str
) -> None:
    rows = answers.iloc[1:] if change == "dropped" else pd.concat([answers, answers.iloc[:1]])
    with pytest.raises(ValueError, match="lasting: a pair does not have one row per arm"):
        build(rows, working, inference())


def test_definitions_told_by_the_same_persons_share_their_draws(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    """One by one they give the same figures, a definition that others answered too."""
    fewer = answers.copy()
    silent = (fewer["definition"] == "any_job") & (fewer["pair_id"] == "p02")
    fewer.loc[silent, "is_respondent"] = False
    for rows in (answers, fewer):
        together = build(rows, working, inference())
        for place, definition in enumerate(working.definitions):
            alone = working.model_copy(update={"definitions": (definition,)})
            own = build(rows, alone, inference())
            assert own.loc[0, ESTIMATES].tolist() == pytest.approx(
                together.loc[place, ESTIMATES].tolist(), nan_ok=True
            )


def test_a_date_that_hangs_on_the_ending_is_said_to_be_a_variant(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    last = working.definitions[1].model_copy(update={"counted_from": "actual_end"})
    changed = working.model_copy(update={"definitions": (working.definitions[0], last)})
    texts = build(answers, changed, inference())["definition_text"]
    assert "common planned end" in texts[0]
    assert "actual end of the member's own contract" in texts[1]
    assert "variant" in texts[1]


def test_each_definition_says_of_which_day_it_is(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    lasting, any_job = working.definitions
    months = working.months_after_planned_end
    now = Asked(
        origin="end_survey", months_after_planned_end=months.model_copy(update={"value": 0})
    )
    on_the_day = any_job.model_copy(update={"asked": now})
    ended = any_job.model_copy(update={"name": "ended", "counted_from": "actual_end"})
    changed = working.model_copy(update={"definitions": (lasting, on_the_day, ended)})
    rows = pd.concat(
        [answers, answers[answers["definition"] == "any_job"].replace("any_job", "ended")]
    )
    table = build(rows, changed, inference())
    assert table[["counted_from", "months_after"]].to_numpy().tolist() == [
        ["planned_end", 6],
        ["planned_end", 0],
        ["actual_end", 6],
    ]
    said = [text.split("; ")[1].split(",")[0] for text in table["definition_text"]]
    assert said == [
        "6 months after the pair's common planned end",
        "on the pair's common planned end",
        "6 months after the actual end of the member's own contract",
    ]


def test_what_others_told_is_drawn_less_often_where_the_protocol_says_so(
    answers: pd.DataFrame, working: StatusOutcome, inference: Build
) -> None:
    draws = working.bootstrap_draws.model_copy(update={"value": 50})
    frugal = working.model_copy(update={"variant_draws": draws})
    shared = build(answers, frugal, inference())["method"]
    assert ["200 pair-bootstrap" in text for text in shared] == [True, True]
    fewer = answers.copy()
    silent = (fewer["definition"] == "any_job") & (fewer["pair_id"] == "p02")
    fewer.loc[silent, "is_respondent"] = False
    apart = build(fewer, frugal, inference())["method"]
    assert ["50 pair-bootstrap" in text for text in apart] == [False, True]
