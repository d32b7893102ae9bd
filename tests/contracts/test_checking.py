"""A frame against its contract: what passes, what is counted, and what is never said."""

import datetime as dt
import traceback
from dataclasses import replace

import pandas as pd
import pytest

from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.model import Column, Invariant, TableContract
from agir_pipeline.errors import CheckError

NAMES = ("Zoé", "Dupont-Ñandú", "1994-05-17")
CONTRACT = TableContract(
    "visits",
    "Visits",
    (
        Column("person_id", "text", "Person"),
        Column("visited_on", "date", "Day", is_nullable=True),
        Column("kind", "text", "Kind", codes={"home": "At home", "phone": "By phone"}),
        Column("n_minutes", "integer", "Minutes", minimum=0),
        Column("share", "number", "Share", is_nullable=True, minimum=0, maximum=1),
        Column("is_late", "boolean", "Late", is_nullable=True),
        Column("seen_at", "instant", "Seen", is_nullable=True),
    ),
    ("person_id", "visited_on"),
)


@pytest.fixture
def visits() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "is_late": [True, None, False],
            "person_id": ["b", "a", "a"],
            "visited_on": [dt.date(2011, 3, 1), dt.date(2011, 2, 1), None],
            "kind": ["home", "phone", "home"],
            "n_minutes": [10.0, 20.0, 0.0],
            "share": [1, 0, 1],
            "seen_at": pd.to_datetime(["2011-03-01T10:00+01:00", None, None]),
        }
    )


def refusal(frame: pd.DataFrame, contract: TableContract = CONTRACT) -> str:
    with pytest.raises(CheckError) as fault:
        checked(frame, contract)
    return str(fault.value)


def test_columns_come_back_in_order_typed_and_sorted_by_the_key(visits: pd.DataFrame) -> None:
    before = visits.copy(deep=True)
    table = checked(visits, CONTRACT)
    assert list(table.columns) == CONTRACT.names
    assert [str(dtype) for dtype in table.dtypes] == [
        "string", "datetime64[us]", "string", "Int64", "float64", "boolean",
        "datetime64[us, UTC]",
    ]  # fmt: skip
    assert table["person_id"].tolist() == ["a", "a", "b"]
    assert table["visited_on"].isna().tolist() == [True, False, False]
    assert table["seen_at"].dropna().tolist() == [pd.Timestamp("2011-03-01T09:00", tz="UTC")]
    pd.testing.assert_frame_equal(visits, before)


def test_a_table_without_rows_has_the_declared_types() -> None:
    table = checked(pd.DataFrame(columns=CONTRACT.names), CONTRACT)
    full = {str(dtype) for dtype in table.dtypes}
    assert len(table) == 0
    assert full == {
        "string",
        "datetime64[us]",
        "Int64",
        "float64",
        "boolean",
        "datetime64[us, UTC]",
    }


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("person_id", [1, 2, 3]),
        ("n_minutes", ["10", "20", "0"]),
        ("n_minutes", [1.5, 2.0, 3.0]),
        ("n_minutes", [True, False, True]),
        ("share", ["0", "1", "0"]),
        ("is_late", [0, 1, 0]),
        ("visited_on", ["2011-01-01"] * 3),
        ("visited_on", pd.to_datetime(["2011-01-01T07:00", "2011-01-02", None], format="mixed")),
    ],
)
def test_nothing_is_turned_into_another_type(
    visits: pd.DataFrame, column: str, values: list[object]
) -> None:
    n = int(pd.Series(values).notna().sum())
    assert f"{column}: not of the declared type ({n})" in refusal(visits.assign(**{column: values}))


def test_all_faults_are_told_at_once_with_their_number(visits: pd.DataFrame) -> None:
    wrong = visits.assign(
        person_id=["b", None, None],
        visited_on=pd.NaT,
        kind=["home", "letter", "letter"],
        n_minutes=[-1, 2, 3],
        share=[0.5, 1.5, None],
    )
    assert refusal(wrong).splitlines() == [
        "table visits: 5 rule(s) of its contract are broken",
        "  - whole table: the key is not unique (2)",
        "  - kind: not one of the declared codes (2)",
        "  - n_minutes: out of range (1)",
        "  - person_id: empty where a value is needed (2)",
        "  - share: out of range (1)",
    ]


def test_codes_of_an_open_list_may_be_others(visits: pd.DataFrame) -> None:
    columns = tuple(replace(c, is_closed=False) for c in CONTRACT.columns)
    letters = visits.assign(kind="letter")
    assert set(checked(letters, replace(CONTRACT, columns=columns))["kind"]) == {"letter"}
    assert "kind" in refusal(letters)


def test_a_share_may_miss_one_by_rounding_only(visits: pd.DataFrame) -> None:
    assert len(checked(visits.assign(share=1 + 1e-12), CONTRACT)) == 3
    assert "share: out of range (3)" in refusal(visits.assign(share=1 + 1e-6))


def test_absent_columns_are_named_and_others_only_counted(visits: pd.DataFrame) -> None:
    found = refusal(visits.drop(columns=["kind"]).assign(**{NAMES[0]: 1, NAMES[1]: 2}))
    assert "kind: the column is not there (3)" in found
    assert "whole table: columns that are not declared (2)" in found
    assert not any(name in found for name in NAMES)


def test_a_column_that_stands_twice_is_refused(visits: pd.DataFrame) -> None:
    twice = pd.concat([visits, visits[["kind"]]], axis=1)
    assert "columns that are not declared (1)" in refusal(twice)


def test_what_must_hold_between_rows_is_counted(visits: pd.DataFrame) -> None:
    rule = Invariant("late at home", lambda t: int((t["is_late"] & (t["kind"] == "home")).sum()))
    strict = replace(CONTRACT, invariants=(rule,))
    assert "whole table: late at home (1)" in refusal(visits, strict)
    assert len(checked(visits.assign(is_late=False), strict)) == 3


@pytest.mark.parametrize(
    "planted",
    [
        {"kind": list(NAMES)},
        {"person_id": [NAMES[0], NAMES[0], None], "visited_on": pd.NaT},
        {"n_minutes": list(NAMES)},
        {"visited_on": list(NAMES)},
        {"seen_at": list(NAMES)},
    ],
)
def test_a_fault_never_quotes_a_value(visits: pd.DataFrame, planted: dict[str, object]) -> None:
    with pytest.raises(CheckError) as fault:
        checked(visits.assign(**planted), CONTRACT)
    told = "".join(traceback.format_exception(fault.value)) + repr(fault.value.args)
    assert not any(name in told for name in NAMES)
    assert fault.value.__cause__ is None
    assert fault.value.__context__ is None
