"""Columns computed before identifying ones leave."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading.derived import days_between, deriver, disagreeing
from agir_pipeline.protocol.model import Agreement, Derived

Draw = Callable[[str], pd.DataFrame]


def derived(method: str, *inputs: str, **more: Any) -> Derived:
    labels = {"en": "x", "fr": "x"}
    base = {"name": "x", "labels": labels, "sensitivity": "none", "known_before_index": True}
    return Derived.model_validate({**base, "method": method, "inputs": list(inputs), **more})


def told(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """The columns of a drawn table as a file's reader holds them: None where missing."""
    kept = frame.astype(object).where(frame.notna(), None)
    return {
        name: [v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for v in kept[name]]
        for name in kept
    }


def derive(rule: Derived, frame: pd.DataFrame, tables: Any) -> list[Any]:
    return deriver(rule, tables)(told(frame))


def test_years_are_completed_on_the_birthday(draw: Draw) -> None:
    people = draw("""
        birth_on   | day_on     | age
        1990-03-05 | 2010-03-04 | 19
        1990-03-05 | 2010-03-05 | 20
        1990-03-05 | 2010-02-28 | 19
        1988-02-29 | 2009-02-28 | 20
        1988-02-29 | 2009-03-01 | 21
        1990-03-05 | 1990-03-05 | 0
        1990-03-05 | 1989-03-05 |
                   | 2010-03-05 |
        1990-03-05 |            |
    """)
    rule = derived("completed_years", "birth_on", "day_on")
    result = derive(rule, people, {})
    assert result == told(people)["age"]


def test_days_count_from_the_first_to_the_second(draw: Draw) -> None:
    spans = draw("""
        start_on   | end_on     | days
        2010-02-28 | 2010-03-01 | 1
        2010-03-01 | 2010-02-28 | -1
        2010-03-01 | 2010-03-01 | 0
        2010-03-01 |            |
    """)
    result = derive(derived("days_between", "start_on", "end_on"), spans, {})
    assert result == told(spans)["days"]


ZONES = [
    ("district", "Bellevue", "priority"),
    ("town", "Nantes", "city"),
    ("town", "Saint*", "saints"),
    ("town", "Saint-Naz*", "port"),
    ("postcode", "44*", "inside"),
    ("postcode", "44100", "west"),
]


def test_a_lookup_takes_the_first_column_that_knows(draw: Draw) -> None:
    homes = draw("""
        district | town           | postcode | zone
        BELLEVUE | Paris          | x44100   | priority
        Bréa     | nantes         | x44000   | city
                 | Saint-Nazaire  | x44600   | port
                 | SAINT HERBLAIN | x44800   | saints
                 |                | x44100   | west
                 |                | x44999   | inside
                 | Lyon           | x69000   | elsewhere
                 |                |          | elsewhere
    """)
    homes["postcode"] = homes["postcode"].str.removeprefix("x")
    rule = derived("lookup", "district", "town", "postcode", table="zones", otherwise="elsewhere")
    assert derive(rule, homes, {"zones": ZONES}) == homes["zone"].tolist()


def test_a_lookup_without_an_otherwise_leaves_a_gap() -> None:
    frame = pd.DataFrame({"town": pd.Series(["Lyon", None], dtype="str")})
    result = derive(derived("lookup", "town", table="zones"), frame, {"zones": ZONES})
    assert result == [None, None]


@given(st.dates(), st.dates())
def test_days_are_antisymmetric(first: Any, second: Any) -> None:
    one, two = (datetime.combine(day, time()) for day in (first, second))
    assert days_between(one, two) == -days_between(two, one)


@pytest.mark.parametrize("method", ["completed_years", "days_between"])
def test_inputs_are_left_as_they_were(draw: Draw, method: str) -> None:
    frame = draw("a_on | b_on\n1990-01-01 | 2010-01-01")
    before = frame.copy()
    derive(derived(method, "a_on", "b_on"), frame, {})
    pd.testing.assert_frame_equal(frame, before)


POSTCODES = [
    ("town", "Nantes", "44000"),
    ("town", "Nantes", "44100"),
    ("town", "Rezé", "44400"),
    ("other", "Derval", "44590"),
]


def test_two_columns_agree_where_the_table_allows_it(draw: Draw) -> None:
    people = draw("""
        town           | code
        Nantes         | A44000
        NANTES CEDEX 2 | A44100
        Nantes         | A44400
        Rezé           | A44000
        Derval         | A44000
        Rezé           |
                       | A44000
    """)
    people = people.assign(code=people["code"].str[1:])
    rule = Agreement.model_validate({"columns": ["town", "code"], "table": "t.csv"})
    assert disagreeing(rule, POSTCODES)(told(people)) == [2, 3]


def test_business_post_does_not_change_a_place(draw: Draw) -> None:
    places = draw("""
        district | commune
        Bellevue | Nantes CEDEX
                 | Nozay CEDEX 3
    """)
    rule = derived("lookup", "commune", table="zones.csv", otherwise="none")
    rows = [("commune", "Nantes", "town"), ("commune", "Nozay", "rural")]
    assert derive(rule, places, {"zones.csv": rows}) == ["town", "rural"]


DATED = [
    ("district", "Bellevue", "priority", "", "2014-12-31"),
    ("district", "Bellevue", "renewed", "2015-01-01", ""),
    ("district", "Old*", "left", "2010-01-01", "2010-12-31"),
    ("district", "Port", "harbour", "", ""),
]


def test_of_a_dated_table_the_rows_in_force_on_the_day_count(draw: Draw) -> None:
    people = draw("""
        district | entry_on   | zone
        Bellevue | 1999-01-01 | priority
        Bellevue | 2014-12-31 | priority
        Bellevue | 2015-01-01 | renewed
        Bellevue | 2030-06-01 | renewed
        Bellevue |            | nowhere
        Port     |            | harbour
        Port     | 2012-01-01 | harbour
        Old town | 2009-12-31 | nowhere
        Old town | 2010-01-01 | left
        Old town | 2010-12-31 | left
        Old town | 2011-01-01 | nowhere
                 | 2010-06-01 | nowhere
    """)
    rule = derived("lookup", "district", table="zones", day="entry_on", otherwise="nowhere")
    assert derive(rule, people, {"zones": DATED}) == people["zone"].tolist()


CODES = [
    ("commune", "Barbechat", "44008", "", "2015-12-31"),
    ("commune", "Barbechat", "44029", "2016-01-01", ""),
    ("commune", "Freigné", "49144", "", "2017-12-31"),
    ("commune", "Freigné", "44180", "2018-01-01", ""),
    ("commune", "Nozay", "44113", "", ""),
]
BY_CODE = [
    ("commune", "44113", "rural"), ("commune", "44029", "new"), ("commune", "44*", "inside"),
    ("commune", "49*", "outside"), ("postcode", "44*", "inside"),
]  # fmt: skip


def test_a_commune_is_looked_up_by_its_code_of_the_day(draw: Draw) -> None:
    people = draw("""
        commune           | postcode | entry_on   | zone
        Barbechat         | 44450    | 2010-06-01 | inside
        BARBECHAT CEDEX 2 | 44450    | 2016-01-01 | new
        Freigné           | 44000    | 2017-12-31 | outside
        Freigne           | 49440    | 2018-01-01 | inside
        nozay             | 75011    |            | rural
        Barbechat         | 75011    |            | nowhere
        Elsewhere         | 44000    | 2010-06-01 | inside
                          | 75011    | 2010-06-01 | nowhere
    """)
    rule = derived(
        "lookup", "commune", "postcode", recoded_by="codes", table="zones", day="entry_on",
        otherwise="nowhere",
    )  # fmt: skip
    found = derive(rule, people, {"zones": BY_CODE, "codes": CODES})
    assert found == people["zone"].tolist()
