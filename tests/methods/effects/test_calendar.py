from datetime import date

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.calendar import (
    complete,
    evaluable,
    evaluable_from,
    follow_up_cut,
    follow_up_days,
)

INDEX = pd.Series(pd.to_datetime(["2010-01-01", "2010-03-31", "2011-02-01"]))


def test_outcomes_are_read_up_to_the_cut_less_the_waits() -> None:
    assert follow_up_cut(date(2010, 12, 31), 45, 180) == date(2010, 5, 20)


def test_a_person_is_evaluable_from_the_very_day_of_the_horizon() -> None:
    cut_on = date(2010, 12, 30)  # 274 days after 31 March
    assert evaluable(INDEX, 274, cut_on).tolist() == [True, True, False]
    assert evaluable(INDEX, 275, cut_on).tolist() == [True, False, False]


def test_follow_up_never_counts_days_before_the_index() -> None:
    assert follow_up_days(INDEX, date(2010, 4, 1)).tolist() == [90, 1, 0]


def test_a_pair_is_complete_when_both_members_are_evaluable() -> None:
    later = INDEX + pd.Timedelta(days=10)
    cut_on = date(2010, 10, 5)
    assert complete(INDEX, later, 274, cut_on).tolist() == [False, False, False]
    assert complete(INDEX, later, 260, cut_on).tolist() == [True, False, False]
    assert np.array_equal(complete(INDEX, later, 260, cut_on), complete(later, INDEX, 260, cut_on))


def test_the_last_person_decides_when_all_are_evaluable() -> None:
    ready_on = evaluable_from(INDEX, 274, 45, 180)
    assert ready_on == pd.Timestamp("2012-06-14")
    at_last = follow_up_cut(ready_on.date(), 45, 180)
    assert evaluable(INDEX, 274, at_last).all()
    day_before = follow_up_cut(date(2012, 6, 13), 45, 180)
    assert not evaluable(INDEX, 274, day_before).all()


def test_nobody_is_never_evaluable() -> None:
    assert evaluable_from(INDEX.iloc[:0], 91, 45, 0) is None
