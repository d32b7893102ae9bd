"""Weights of respondents: by hand, against R's glm, separated, not due, unanswered."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.effects.nonresponse_weights import (
    WEIGHT_COLUMNS,
    nonresponse_weights,
)
from agir_pipeline.protocol.model import Wave

from .conftest import LABELS, fact

RIDGE = "agir_pipeline.methods.effects.response_model.RIDGE"
AGES = [17, 19, 22, 20, 24, 18, 21, 23, 19, 20, 18, 20, 23, 21, 25, 19, 22, 24, 20, 18]
TOWNS = "nsnssnnsnsnsnssnnsns"
ANSWERS = "11101110110110101010"
BY_R = [
    0.84549556, 0.54298638, 0.96397791, 0.62006365, 0.85316017, 0.88258573, 0.95117654, 0.80878866,
    0.91170190, 0.62006365, 0.52501083, 0.19353501, 0.84387678, 0.24791650, 0.53992281, 0.60290253,
    0.79736631, 0.46072730, 0.67590601, 0.11283592,
]  # fmt: skip
"""R 4.2.2: ``fitted(glm(r ~ arm + age + town, family = binomial))`` on these twenty people, the
first ten being the beneficiaries."""
EFFECTIVE_BY_R = {"beneficiary": 7.63553372, "control": 3.38962110}
"""The same fit: ``sum(w)^2 / sum(w^2)`` of the respondents of each arm, ``w <- 1 / fitted``."""


@pytest.fixture(scope="module")
def waves() -> tuple[Wave, ...]:
    return tuple(
        Wave.model_validate(
            {
                "name": name, "labels": LABELS, "origin": f"survey_{name}", "asked": "index",
                "months_after": fact(0, "months"), "window_days": fact([10, 20]),
            }
        )
        for name in ("first", "second")
    )  # fmt: skip


@pytest.fixture
def weighted(waves: tuple[Wave, ...], draw: Callable[[str], pd.DataFrame]) -> Any:
    def of(responses: pd.DataFrame | str, events: str | None = None, **covariates: Any) -> Any:
        rows = draw(responses) if isinstance(responses, str) else responses
        rows["asked_on"] = pd.to_datetime(rows["asked_on"]).astype("datetime64[us]")
        members = rows.drop_duplicates(["pair_id", "arm"])
        population = members[["pair_id", "arm"]].assign(**covariates)
        told = None if events is None else draw(events)
        return nonresponse_weights(rows, population, told, waves, list(covariates))

    return of


def twenty(answers: str = ANSWERS) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "wave": "first",
            "pair_id": [f"p{n % 10}" for n in range(20)],
            "arm": ["beneficiary"] * 10 + ["control"] * 10,
            "person_id": [f"q{n}" for n in range(20)],
            "asked_on": "2011-01-01",
            "is_due": True,
            "state": ["answered" if told == "1" else "silent" for told in answers],
        }
    )


BY_HAND = """
wave  | arm         | pair_id | person_id | asked_on   | is_due | state
first | beneficiary | p1      | ann       | 2011-01-01 | true   | answered
first | beneficiary | p2      | bea       | 2011-01-01 | true   | answered
first | beneficiary | p3      | cat       | 2011-01-01 | true   | answered
first | beneficiary | p4      | dee       | 2011-01-01 | true   | in_part
first | control     | p1      | ada       | 2011-01-01 | true   | answered
first | control     | p2      | ben       | 2011-01-01 | true   | no_contact
first | control     | p3      | cid       | 2011-01-01 |        |
first | control     | p4      | dan       | 2011-01-01 | false  | answered
"""


def test_without_covariates_each_arm_stands_for_itself(
    weighted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of four and one of two answered whole: weights 4/3 and 2, for as many effective."""
    monkeypatch.setattr(RIDGE, 1e-9)
    table = weighted(BY_HAND)
    assert list(table) == list(WEIGHT_COLUMNS)
    assert table["person_id"].tolist() == ["ann", "ada", "bea", "ben", "cat", "dee"]
    by_person = table.set_index("person_id")
    assert by_person["response_chance"].tolist() == pytest.approx(
        [0.75, 0.5, 0.75, 0.5, 0.75, 0.75]
    )
    weights = by_person["weight"].dropna()
    assert weights.to_dict() == pytest.approx({"ann": 4 / 3, "bea": 4 / 3, "cat": 4 / 3, "ada": 2})
    assert by_person["n_effective"].tolist() == pytest.approx([3, 1, 3, 1, 3, 3])
    assert by_person["n_respondents"].tolist() == [3, 1, 3, 1, 3, 3]
    assert set(table["instrument"]) == {"survey_first"}


def test_the_chances_are_those_of_r(weighted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RIDGE, 1e-10)
    table = weighted(twenty(), age=AGES, town=list(TOWNS))
    found = table.set_index("person_id")["response_chance"]
    assert found[[f"q{n}" for n in range(20)]].tolist() == pytest.approx(BY_R, abs=1e-7)
    effective = table.groupby("arm")["n_effective"].first().to_dict()
    # a hundredth of fourteen respondents is less than one: the truncation moves no weight
    assert effective == pytest.approx(EFFECTIVE_BY_R, abs=1e-6)


def test_the_penalty_moves_the_chances_of_r_by_little(weighted: Any) -> None:
    found = weighted(twenty(), age=AGES, town=list(TOWNS)).set_index("person_id")
    apart = found["response_chance"][[f"q{n}" for n in range(20)]].to_numpy() - BY_R
    assert 0 < np.abs(apart).max() < 0.03


def test_weights_beyond_the_percentiles_of_the_respondents_are_cut(weighted: Any) -> None:
    n = 400
    rng = np.random.default_rng(7)
    age = rng.normal(size=n)
    answers = rng.random(n) < 1 / (1 + np.exp(-age))
    rows = pd.DataFrame(
        {
            "wave": "first",
            "pair_id": [f"p{k % 200:03d}" for k in range(n)],
            "arm": np.repeat(["beneficiary", "control"], 200),
            "person_id": [f"q{k}" for k in range(n)],
            "asked_on": "2011-01-01",
            "is_due": True,
            "state": np.where(answers, "answered", "silent"),
        }
    )
    told = weighted(rows, age=age)
    told = told[told["is_respondent"]]
    raw = 1 / told["response_chance"]
    assert told["weight"].max() < raw.max()
    assert told["weight"].min() > raw.min()
    assert (told["weight"] == raw).mean() > 0.97


def test_a_covariate_that_separates_who_answered_leaves_finite_weights(weighted: Any) -> None:
    """All in one town answered, nobody in the other: without the penalty nothing would be found."""
    table = weighted(
        twenty("1" * 7 + "0" * 3 + "1" * 7 + "0" * 3), town=list(("n" * 7 + "s" * 3) * 2)
    )
    assert np.isfinite(table.loc[table["is_respondent"], "weight"]).all()
    assert table["response_chance"].between(0, 1, inclusive="neither").all()


def test_a_wave_with_nobody_due_has_no_row_and_one_that_nobody_answered_no_weight(
    weighted: Any,
) -> None:
    rows = twenty("0" * 20)
    table = weighted(rows, age=AGES)
    assert len(table) == 20
    assert set(table["wave"]) == {"first"}
    assert table[["response_chance", "weight", "n_effective"]].isna().all().all()
    assert (table["n_respondents"] == 0).all()
    nobody = weighted(rows.assign(is_due=pd.array([None] * 20, dtype="boolean")), age=AGES)
    assert nobody.empty
    assert list(nobody) == list(WEIGHT_COLUMNS)


def test_an_arm_that_nobody_answered_in_has_no_effective_number(weighted: Any) -> None:
    table = weighted(twenty(ANSWERS[:10] + "0" * 10), age=AGES)
    assert table.loc[table["arm"] == "control", "n_effective"].isna().all()
    assert (table.loc[table["arm"] == "beneficiary", "n_effective"] > 7).all()


EVENTS = """
pair_id | arm         | index_on   | time_days | cause | follow_up_days
p1      | beneficiary | 2010-12-02 | 30        | 1     | 400
p2      | beneficiary | 2010-12-02 | 31        | 1     | 400
p3      | beneficiary | 2010-12-02 | 10        | 2     | 400
p4      | beneficiary | 2010-12-02 | 5         | 1     | 4
p1      | control     | 2010-12-02 | 20        | 1     | 25
p2      | control     | 2010-12-02 |           | 0     | 29
p3      | control     | 2010-12-02 |           |       |
p4      | control     | 2010-12-02 |           | 0     | 30
"""


def test_the_event_counts_as_far_as_it_is_known_on_the_day_asked(weighted: Any) -> None:
    """Thirty days after the index: on the day, the day after, another ending, beyond the data."""
    everybody = BY_HAND.replace("2011-01-01 |        |", "2011-01-01 | true   | silent")
    table = weighted(everybody.replace("false", "true "), EVENTS).set_index(["arm", "pair_id"])
    told = table["event_by_then"].fillna("")
    assert told["beneficiary"].to_dict() == {
        "p1": "happened", "p2": "not_happened", "p3": "not_happened", "p4": "",
    }  # fmt: skip
    assert told["control"].to_dict() == {
        "p1": "happened", "p2": "", "p3": "", "p4": "not_happened",
    }  # fmt: skip


def test_an_event_that_silences_people_raises_the_weight_of_those_who_speak(weighted: Any) -> None:
    """One of six whose contract broke answered, and everybody else."""
    rows = twenty("1000001111" + "1" * 10)
    events = ["pair_id | arm | index_on | time_days | cause | follow_up_days"]
    for n, (pair, arm) in enumerate(zip(rows["pair_id"], rows["arm"], strict=True)):
        events.append(f"{pair} | {arm} | 2010-12-02 | {'5 | 1' if n < 6 else '| 0'} | 400")
    table = weighted(rows, "\n".join(events)).set_index("person_id")
    assert table["weight"]["q0"] > 3 > 2 * table["weight"]["q6"]
