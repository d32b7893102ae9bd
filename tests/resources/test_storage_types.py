"""Frames to stored columns and back."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources.storage_types import (
    Kind,
    from_rows,
    from_storage,
    stored_kinds,
    to_storage,
)


def kinds_of(**columns: object) -> list[str]:
    return [str(kind) for kind in stored_kinds(to_storage(pd.DataFrame(columns))).values()]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series([None, None], dtype=object), "text"),
        (pd.Series(["a", None], dtype=object), "text"),
        (pd.Series(["a", None], dtype="category"), "text"),
        (pd.Series([1, None], dtype="category"), "integer"),
        (pd.Series([None, None], dtype="category"), "text"),
        (pd.Series([1, None], dtype=object), "integer"),
        (pd.Series([1, 2], dtype="uint8"), "integer"),
        (pd.Series([1.5, 2], dtype=object), "float"),
        (pd.Series([Decimal("1.5")]), "float"),
        (pd.Series([np.nan, np.nan]), "float"),
        (pd.Series([1.5, None], dtype="Float64"), "float"),
        (pd.Series([True, None], dtype=object), "boolean"),
        (pd.Series([True, False]), "boolean"),
        (pd.Series([date(2010, 1, 2), None]), "date"),
        (pd.Series([datetime(2010, 1, 2, 3)]), "timestamp"),
        (pd.Series([datetime(2010, 1, 2), None], dtype=object), "timestamp"),
    ],
)
def test_the_kind_follows_the_values(values: "pd.Series[object]", kind: str) -> None:
    assert kinds_of(x=values) == [kind]
    assert kinds_of(x=values.iloc[:0]) == [kind] or values.dtype == object


def test_a_name_settles_the_kind_of_dates_and_of_columns_without_value() -> None:
    nothing = pd.Series([None, None], dtype=object)
    assert kinds_of(start_on=nothing, received_at=nothing, x=nothing) == [
        "date",
        "timestamp",
        "text",
    ]
    assert kinds_of(start_on=pd.to_datetime(["2010-01-02"])) == ["date"]


@pytest.mark.parametrize(
    "values",
    [
        ["MARTINEAU", 1],
        [object()],
        pd.Series(["2010-01-02"], name="start_on"),
        pd.Series(pd.to_datetime(["2010-01-02 10:00"]), name="start_on"),
        pd.Series(pd.to_datetime(["2010-01-02"], utc=True), name="start_on"),
        pd.Series([2**64 - 1], dtype="uint64"),
    ],
)
def test_what_cannot_be_stored_whole_is_refused_by_column_without_its_value(
    values: "list[object] | pd.Series[object]",
) -> None:
    name = getattr(values, "name", None) or "x"
    with pytest.raises(InfrastructureError, match=rf": {name}$") as caught:
        to_storage(pd.DataFrame({name: values}))
    assert caught.value.__context__ is None


def test_two_columns_of_one_name_and_no_column_are_refused() -> None:
    with pytest.raises(InfrastructureError, match="name of its own"):
        to_storage(pd.DataFrame([[1, 2]], columns=["x", "x"]))
    with pytest.raises(InfrastructureError, match="name of its own"):
        to_storage(pd.DataFrame())


def test_instants_come_back_in_utc_and_dates_at_midnight() -> None:
    paris = pd.Series(pd.to_datetime(["2010-07-01 02:00"])).dt.tz_localize("Europe/Paris")
    stored = to_storage(pd.DataFrame({"seen_at": paris, "born_on": [date(1990, 5, 1)]}))
    back = from_storage(stored, stored_kinds(stored))
    assert back["seen_at"].iloc[0] == datetime(2010, 7, 1, tzinfo=UTC)
    assert back.dtypes.astype(str).to_dict() == {
        "seen_at": "datetime64[us, UTC]",
        "born_on": "datetime64[us]",
    }


def test_rows_fetched_one_by_one_have_the_same_types_even_without_rows() -> None:
    kinds = {"n": Kind.INTEGER, "name": Kind.TEXT, "is_x": Kind.BOOLEAN, "on": Kind.DATE}
    filled = from_rows([(1, "a", True, date(2010, 1, 1)), (None, None, None, None)], kinds)
    assert list(filled.dtypes.astype(str)) == ["Int64", "string", "boolean", "datetime64[us]"]
    assert list(from_rows([], kinds).dtypes) == list(filled.dtypes)


def test_the_frame_given_is_left_as_it_was() -> None:
    frame = pd.DataFrame({"x": ["a"], "born_on": [date(1990, 5, 1)]}, index=[7])
    before = frame.copy(deep=True)
    to_storage(frame)
    pd.testing.assert_frame_equal(frame, before)
