"""Which version of a row was known when, by worked cases and against a day-by-day oracle."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.methods.versions import Delivered, as_known_on, versions

JANUARY, FEBRUARY, MARCH, APRIL = (date(2010, month, 28) for month in (1, 2, 3, 4))


def rows(**values: str | None) -> pa.Table:
    """One row per key; its value is all there is to know of it."""
    return listed(list(values), list(values.values()), [hash(v) for v in values.values()])


def listed(keys: Sequence[str], values: Sequence[object], digests: Sequence[int]) -> pa.Table:
    return pa.table(
        {
            "entity_key": pa.array(keys, pa.string()),
            "provider": pa.array(["one"] * len(keys), pa.string()),
            "value": pa.array(values, pa.string()),
            "row_number": pa.array(range(1, len(keys) + 1), pa.int64()),
            "row_digest": pa.array([digest % 2**64 for digest in digests], pa.uint64()),
        }
    )


def delivery(
    known_on: date,
    provider: str = "one",
    is_complete: bool = False,
    extracted_on: date | None = None,
    **values: str | None,
) -> Delivered:
    name = f"{provider}-{known_on}"
    return Delivered(
        name, provider, known_on, extracted_on or known_on, is_complete, rows(**values)
    )


def told(*deliveries: Delivered) -> list[tuple[str, str, str, str]]:
    """(key, value, known since, superseded) of every version."""
    table = versions(deliveries)
    since = table["known_on"].dt.strftime("%m")
    until = table["superseded_on"].dt.strftime("%m").fillna("-")
    return list(zip(table["entity_key"], table["value"], since, until, strict=True))


def test_only_what_is_new_makes_a_version() -> None:
    assert told(
        delivery(JANUARY, a="x", b="y"),
        delivery(FEBRUARY, a="x", b="z"),
        delivery(MARCH, a="x"),
    ) == [("a", "x", "01", "-"), ("b", "y", "01", "02"), ("b", "z", "02", "-")]


def test_a_key_whose_new_row_is_rejected_has_not_left() -> None:
    spoilt = replace(delivery(FEBRUARY, is_complete=True, b="y"), spoilt=frozenset({"a"}))
    found = told(delivery(JANUARY, a="x", b="y", c="z"), spoilt)
    assert found == [("a", "x", "01", "-"), ("b", "y", "01", "-"), ("c", "z", "01", "02")]


def test_a_value_that_comes_back_is_a_new_version() -> None:
    found = told(delivery(JANUARY, a="x"), delivery(FEBRUARY, a="y"), delivery(MARCH, a="x"))
    assert found == [("a", "x", "01", "02"), ("a", "y", "02", "03"), ("a", "x", "03", "-")]


def test_where_a_file_says_nothing_in_a_column_what_was_said_before_stays() -> None:
    silent = {"unsaid": frozenset({"value"})}
    without = [replace(delivery(day, a=None, b=None, c=None), **silent) for day in (MARCH, APRIL)]
    found = told(delivery(JANUARY, a="x", b=None), delivery(FEBRUARY, a="y"), *without)
    now = {(key, value) for key, value, _since, until in found if until == "-"}
    assert {(key, value) for key, value in now if not pd.isna(value)} == {("a", "y")}
    assert {key for key, value in now if pd.isna(value)} == {"b", "c"}


def test_missing_becomes_a_value_and_a_value_missing() -> None:
    found = versions([delivery(JANUARY, a=None), delivery(MARCH, a="x"), delivery(APRIL, a=None)])
    assert found["value"].isna().tolist() == [True, False, True]


def test_a_version_replaced_on_its_night_was_never_seen() -> None:
    found = told(
        delivery(JANUARY, a="x"), delivery(FEBRUARY, a="y"), delivery(FEBRUARY, "two", a="z")
    )
    assert found == [("a", "x", "01", "02"), ("a", "z", "02", "-")]


def test_absence_from_a_list_that_is_not_complete_means_nothing() -> None:
    assert told(delivery(JANUARY, a="x"), delivery(FEBRUARY, b="y")) == [
        ("a", "x", "01", "-"),
        ("b", "y", "02", "-"),
    ]


def test_a_complete_list_lets_its_own_keys_go_and_no_others() -> None:
    found = told(
        delivery(JANUARY, a="x", b="y"),
        delivery(JANUARY, "two", c="z"),
        delivery(FEBRUARY, is_complete=True, b="y"),
    )
    assert found == [("a", "x", "01", "02"), ("b", "y", "01", "-"), ("c", "z", "01", "-")]


def test_a_key_of_two_lists_stays_until_both_have_let_it_go() -> None:
    common = (delivery(JANUARY, a="x"), delivery(FEBRUARY, "two", a="y"))
    gone_from_two = delivery(MARCH, "two", is_complete=True)
    assert told(*common, gone_from_two) == [("a", "x", "01", "02"), ("a", "y", "02", "-")]
    gone_from_one = delivery(APRIL, is_complete=True)
    assert told(*common, gone_from_two, gone_from_one)[1] == ("a", "y", "02", "04")


def test_a_key_that_left_can_come_back() -> None:
    found = told(
        delivery(JANUARY, a="x"),
        delivery(FEBRUARY, is_complete=True, b="y"),
        delivery(MARCH, is_complete=True, a="x", b="y"),
    )
    assert found == [("a", "x", "01", "02"), ("b", "y", "02", "-"), ("a", "x", "03", "-")]


def test_a_key_that_left_and_came_back_in_one_night_was_never_away() -> None:
    table = versions(
        [
            delivery(JANUARY, a="x"),
            delivery(FEBRUARY, is_complete=True),
            delivery(FEBRUARY, is_complete=True, a="x"),
        ]
    )
    for day in (JANUARY, FEBRUARY, MARCH):
        assert as_known_on(table, day)["value"].tolist() == ["x"]


def test_a_key_that_came_and_left_in_one_night_was_never_there() -> None:
    assert told(delivery(JANUARY, a="x"), delivery(JANUARY, is_complete=True)) == []


def test_an_empty_complete_list_lets_everybody_go_and_an_empty_one_nobody() -> None:
    assert told(delivery(JANUARY, a="x"), delivery(FEBRUARY))[0][3] == "-"
    assert told(delivery(JANUARY, a="x"), delivery(FEBRUARY, is_complete=True))[0][3] == "02"


def test_the_kind_of_a_column_survives_departures() -> None:
    """A row number is a whole number whoever has left."""
    table = versions([delivery(JANUARY, a="x", b="y"), delivery(FEBRUARY, is_complete=True, b="y")])
    assert str(table["row_number"].dtype) == "Int64"
    assert str(table["value"].dtype) == "str"
    for day in ("known_on", "superseded_on", "extracted_on", "first_listed_on"):
        assert str(table[day].dtype) == "datetime64[us]"


@pytest.mark.parametrize(
    "nothing", [[], [Delivered("r", "p", JANUARY, JANUARY, True, pa.table({}))]]
)
def test_without_rows_there_is_no_version(nothing: list[Delivered]) -> None:
    assert versions(nothing).empty


def test_a_key_is_listed_since_the_first_delivery_of_its_provider_even_without_news() -> None:
    """And a file that arrives late, though drawn earlier, does not change what was known."""
    table = versions(
        [
            delivery(JANUARY, a="x"),
            delivery(FEBRUARY, "two", a="x", extracted_on=date(2010, 2, 1)),
            delivery(MARCH, "two", a="y"),
            delivery(APRIL, extracted_on=date(2009, 12, 1), a="z"),
        ]
    )
    assert table["provider"].tolist() == ["one", "two", "one"]
    assert table["first_listed_on"].dt.date.tolist() == [JANUARY, date(2010, 2, 1), JANUARY]
    assert table["receipt_id"].tolist() == ["one-2010-01-28", "two-2010-03-28", "one-2010-04-28"]


# ------------------------------------------------------------------- against the oracle


class Sent(NamedTuple):
    """One delivery of a made-up history; ``night`` counts from the first."""

    night: int
    provider: str
    is_complete: bool
    values: dict[str, str]


sent = st.builds(
    Sent,
    night=st.integers(0, 5),
    provider=st.sampled_from(["one", "two"]),
    is_complete=st.booleans(),
    values=st.dictionaries(st.sampled_from("abcd"), st.sampled_from("xyz"), max_size=4),
)
histories = st.lists(sent, max_size=9).map(lambda all_: sorted(all_, key=lambda one: one.night))


def night(number: int) -> date:
    return JANUARY + timedelta(days=number)


def known(history: list[Sent], number: int) -> dict[str, str]:
    """What each key's last accepted version was at the end of a night, read off one by one."""
    current: dict[str, str] = {}
    listed: dict[str, set[str]] = {}
    for one in history:
        if one.night > number:
            break
        for key, value in one.values.items():
            current[key] = value
            listed.setdefault(key, set()).add(one.provider)
        for key in [k for k, by in listed.items() if one.provider in by]:
            if one.is_complete and key not in one.values:
                listed[key].remove(one.provider)
                if not listed[key]:
                    del listed[key], current[key]
    return current


def delivered(history: list[Sent]) -> Iterator[Delivered]:
    for number, one in enumerate(history):
        frame = rows(**one.values)
        day = night(one.night)
        yield Delivered(f"r{number}", one.provider, day, day, one.is_complete, frame)


@given(histories)
@settings(max_examples=60, deadline=None)
def test_each_night_knows_the_last_version_of_each_key(history: list[Sent]) -> None:
    table = versions(delivered(history))
    if not history:
        assert table.empty
        return
    for number in range(7):
        then = as_known_on(table, night(number))
        assert dict(zip(then["entity_key"], then["value"], strict=True)) == known(history, number)
        assert then["entity_key"].is_unique
    now = as_known_on(table, None)
    assert dict(zip(now["entity_key"], now["value"], strict=True)) == known(history, 6)


@given(histories, st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_a_day_shows_the_same_rows_whatever_came_later(history: list[Sent], last: int) -> None:
    early = [one for one in history if one.night <= last]
    if not early:
        return
    whole = as_known_on(versions(delivered(history)), night(last)).drop(columns="superseded_on")
    then = as_known_on(versions(delivered(early)), None).drop(columns="superseded_on")
    pd.testing.assert_frame_equal(
        whole.sort_values("entity_key", ignore_index=True),
        then.sort_values("entity_key", ignore_index=True),
    )


@given(histories)
@settings(max_examples=40, deadline=None)
def test_a_repeated_delivery_changes_nothing(history: list[Sent]) -> None:
    twice = [copy for one in history for copy in (one, one)]
    once, again = versions(delivered(history)), versions(delivered(twice))
    names = ["entity_key", "value", "known_on", "superseded_on", "first_listed_on"]
    if history:
        pd.testing.assert_frame_equal(once[names], again[names])


# ---------------------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("n_keys", "seconds"), [(3_000, 5), pytest.param(60_000, 20, marks=pytest.mark.long)]
)
def test_three_years_of_monthly_lists_are_folded_in_time(n_keys: int, seconds: float) -> None:
    draw = np.random.default_rng(0)
    keys = [f"K-{n:07d}" for n in range(n_keys)]
    levels = [str(level) for level in draw.integers(0, 9, n_keys)]
    digests = draw.integers(0, 2**62, n_keys)

    def monthly() -> Iterator[Delivered]:
        for month in range(36):
            day = JANUARY + timedelta(days=30 * month)
            new = np.where(draw.random(n_keys) < 0.03, draw.integers(0, 2**62, n_keys), digests)
            digests[:] = new
            is_listed = pa.array(draw.random(n_keys) < 0.99)
            table = listed(keys, levels, new.tolist()).filter(is_listed)
            yield Delivered(f"r{month}", "one", day, day, True, table)

    begun = time.process_time()
    table = versions(monthly())
    assert time.process_time() - begun < seconds
    assert len(table) > 2 * n_keys
