"""Where nothing can be found nothing is claimed; a wrong clock claims what theory says it does."""

from datetime import date
from math import isnan, nan

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.effects.causes import numbered_pairs, of_any_cause
from agir_pipeline.methods.effects.placebo import (
    CELLS,
    Drawn,
    Pool,
    can_be_reassigned,
    incidences,
    is_alarm,
    permuted_answers,
    permuted_events,
    reassigned_index,
)
from agir_pipeline.methods.effects.placebo_tables import (
    PLACEBO_COLUMNS,
    event_placebos,
    null_outcome_placebos,
    placebo_table,
    status_placebo,
)
from agir_pipeline.methods.effects.survival import censor, cumulative_incidence
from agir_pipeline.protocol.placebo import Placebo

CUT = date(2010, 12, 31)
LABELS = {"en": "Before", "fr": "Avant"}
NO_CAUSES = pd.DataFrame(columns=["definition", "pair_id", "arm", "reason"])


def fact(value):
    return {"value": value, "unit": "points", "source": "test"}


@pytest.fixture
def placebo():
    nulls = [
        {"name": name, "labels": LABELS, "origin": "person", "column": name, "source": "test"}
        for name in ("before", "never_told")
    ]
    return Placebo.model_validate(
        {"limit_points": fact(0.3), "replicates": fact(500), "null_outcome": nulls}
    )


def test_many_curves_at_once_are_the_curves_one_by_one():
    rng = np.random.default_rng(1)
    times = rng.integers(0, 60, size=(40, 25)).astype(float)
    causes = np.where(times > 0, rng.integers(0, 3, size=times.shape), 0).astype(float)
    together = incidences(times, causes, 40)
    each = [cumulative_incidence(t, c, 40).risk for t, c in zip(times, causes, strict=True)]
    np.testing.assert_allclose(together, each, atol=1e-12)


def test_labels_drawn_by_lot_claim_nothing_whatever_the_real_effect():
    times = np.array([[20.0] * 40, [400.0] * 40])
    causes = np.array([[1.0] * 40, [0.0] * 40])
    drawn = permuted_events(times, causes, 90, 2000, seed=3)
    assert drawn.n_replicates == 2000
    assert abs(drawn.effect) < 4 * drawn.standard_error
    # every pair is discordant: the spread of one draw is 1/√40
    assert drawn.standard_error == pytest.approx(1 / np.sqrt(40 * 2000), rel=0.1)


def test_a_large_study_draws_fewer_replicates():
    times = np.full((2, CELLS), 5.0)
    assert permuted_events(times, np.zeros_like(times), 3, 2000, seed=3).n_replicates == 2


def test_answers_drawn_by_lot_claim_nothing_and_silence_stays_out():
    status = np.array([[1.0, 0.0], [1.0, nan], [nan, 0.0], [1.0, 0.0]] * 10)
    drawn = permuted_answers(status, 2000, seed=3)
    assert abs(drawn.effect) < 4 * drawn.standard_error
    lonely = permuted_answers(np.array([[1.0, nan]]), 50, seed=3)
    assert isnan(lonely.effect)
    assert is_alarm(lonely, 0.3, 2.0) is None


def exponential_pool(n, seed):
    """A constant hazard: the risk after any delay is that from the start."""
    times = np.ceil(np.random.default_rng(seed).exponential(400, size=n))
    return Pool(*censor(times, np.ones(n), np.full(n, 1500.0)))


def test_an_aligned_clock_claims_nothing_and_the_other_one_claims_immortal_time():
    pool = exponential_pool(4000, 2)
    delays = np.full(100, 90)
    aligned = reassigned_index(pool, delays, 274, 1000, 5, is_aligned=True)
    unaligned = reassigned_index(pool, delays, 274, 1000, 5, is_aligned=False)
    assert abs(aligned.effect) < 4 * aligned.standard_error
    # from the start: those alive at 90 days have 1 − exp(−184/400), everybody 1 − exp(−274/400)
    expected = (1 - np.exp(-184 / 400)) - (1 - np.exp(-274 / 400))
    assert unaligned.effect == pytest.approx(expected, abs=0.02)


def test_somebody_must_outlast_the_longest_delay():
    pool = Pool(np.array([30.0]), np.array([1.0]))
    assert can_be_reassigned(pool, np.array([29]))
    assert not can_be_reassigned(pool, np.array([30]))
    assert not can_be_reassigned(pool, np.array([], dtype=np.int64))
    assert not can_be_reassigned(Pool(np.array([]), np.array([])), np.array([1]))


@pytest.mark.parametrize(
    ("effect", "error", "expected"), [(-2.0, 0.5, True), (-1.2, 0.5, False), (0.2, 0.0, False)]
)
def test_an_alarm_is_beyond_the_limit_by_more_than_its_error(effect, error, expected):
    assert is_alarm(Drawn(effect, error, 9), 0.3, 2.0) is expected


def events(leaving, n=30, index_on="2010-01-01"):
    rows = [
        (definition, f"p{k:02d}", arm, pd.Timestamp(index_on), 15 if k % 3 else None,
         int(bool(k % 3)), max((pd.Timestamp(CUT) - pd.Timestamp(index_on)).days - wait, 0))
        for definition, wait in (("gross", 10), ("net", 30))
        for k in range(n)
        for arm in ("beneficiary", "control")
    ]  # fmt: skip
    names = ["definition", "pair_id", "arm", "index_on", "time_days", "cause", "follow_up_days"]
    table = pd.DataFrame(rows, columns=names)
    return of_any_cause(numbered_pairs(table, NO_CAUSES, leaving, CUT), leaving)["net"]


POOL = """
starts_on  | ends_on    | is_early
2010-01-01 | 2010-03-01 | true
2010-01-01 | 2010-11-01 | false
2010-02-01 |            |
2010-12-30 |            |
2010-01-15 | 2010-06-01 | true
"""


def test_an_event_has_a_row_for_each_placebo_and_the_wrong_clock_is_no_alarm(
    leaving, placebo, inference, draw
):
    rows = event_placebos(
        events(leaving), draw(POOL), np.array([0, 15, 30]), leaving, placebo, inference(), CUT
    )
    table = placebo_table(rows)
    assert list(table.columns) == list(PLACEBO_COLUMNS)
    assert table["placebo"].tolist() == ["permuted", "reassigned", "unaligned"]
    assert table["definition"].tolist() == ["net", "gross", "gross"]
    assert table["n"].tolist() == [30, 4, 4]  # one person's contract began after the cut
    assert table["is_alarm"].isna().tolist() == [False, False, True]
    assert not table["is_alarm"].fillna(False).any()


def test_nothing_evaluable_and_nobody_in_the_pool_leave_no_row(leaving, placebo, inference, draw):
    late = events(leaving, index_on="2010-12-30")
    nobody = draw(POOL).head(0)
    args = (np.array([0]), leaving, placebo, inference(), CUT)
    assert event_placebos(late, nobody, *args) == []
    unjudged = leaving.model_copy(update={"primary_horizon_days": None})
    assert event_placebos(late, nobody, args[0], unjudged, *args[2:]) == []


ANSWERS = """
definition | pair_id | arm         | is_due | is_respondent | status
lasting    | p1      | beneficiary | true   | true          | true
lasting    | p1      | control     | true   | true          | false
lasting    | p2      | beneficiary | true   | true          | true
lasting    | p2      | control     | true   | false         |
"""


def test_a_status_is_told_of_its_primary_definition_once_somebody_answered(
    working, placebo, inference, draw
):
    [row] = status_placebo(draw(ANSWERS), working, placebo, inference())
    assert (row["placebo"], row["definition"], row["n"]) == ("permuted", "lasting", 2)
    silent = draw(ANSWERS).assign(is_respondent=False)
    assert status_placebo(silent, working, placebo, inference()) == []
    unjudged = working.model_copy(update={"primary_definition": None})
    assert status_placebo(draw(ANSWERS), unjudged, placebo, inference()) == []


MEMBERS = """
pair_id | arm         | before | never_told
p1      | beneficiary | true   |
p1      | control     | false  |
p2      | beneficiary | true   |
p2      | control     |        |
p3      | beneficiary | false  |
p3      | control     | false  |
"""


def test_what_was_so_before_is_compared_in_complete_pairs(placebo, inference, draw):
    members = draw(MEMBERS).astype({"never_told": "boolean"})
    [row] = null_outcome_placebos(members, placebo, inference())
    assert (row["outcome"], row["n"], row["n_replicates"]) == ("before", 2, 1)
    assert row["effect_points"] == pytest.approx(50.0)
    assert row["is_alarm"] is False  # one pair of two is within its own error


def test_a_difference_that_was_there_before_is_an_alarm(placebo, inference):
    members = pd.DataFrame(
        [
            (f"p{k}", arm, arm == "beneficiary", None)
            for k in range(40)
            for arm in ("beneficiary", "control")
        ],
        columns=["pair_id", "arm", "before", "never_told"],
    )
    [row] = null_outcome_placebos(members, placebo, inference())
    assert row["is_alarm"] is True
