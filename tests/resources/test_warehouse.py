"""Whole tables in and out of both databases, and what a failure leaves behind."""

import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.errors import CheckError, InfrastructureError, UsageError
from agir_pipeline.resources import tables
from agir_pipeline.resources.warehouse import Warehouse

Draw = Callable[[str], pd.DataFrame]

NASTY = pd.DataFrame(
    {
        "person_id": pd.array(
            ["", None, "\\.", 'a"b,c', "l\nm\r\n", " é€ ", "NULL", "\\N", "x:y%s"], dtype="string"
        ),
        "n_sessions": pd.array([2**63 - 1, None, -(2**63) + 1, 0, 1, 2, 3, 4, 5], dtype="Int64"),
        "cost_eur": [5e-324, np.nan, 1.7976931348623157e308, 0.1 + 0.2, np.inf, -0.0, 1, 2, 3],
        "is_kept": pd.array([True, None, False] * 3, dtype="boolean"),
        "start_on": pd.to_datetime(["1900-01-01", None, "2999-12-31"] * 3).as_unit("us"),
        "seen_at": pd.to_datetime(
            ["2010-07-01 02:00:00.123456", None, "2012-02-29 00:00:00.000000"] * 3, utc=True
        ).as_unit("us"),
    }
)


def store(warehouse: Warehouse, frame: pd.DataFrame, table: str = "person") -> None:
    with warehouse.transaction() as connection:
        warehouse.replace(connection, "linked", table, frame)


def test_what_is_written_is_what_is_read(database: Warehouse) -> None:
    store(database, NASTY)
    back = database.read(None, "linked", "person")
    pd.testing.assert_frame_equal(
        back.sort_values("n_sessions", ignore_index=True),
        NASTY.sort_values("n_sessions", ignore_index=True),
    )


def test_a_table_without_rows_keeps_its_columns_and_types(database: Warehouse) -> None:
    store(database, NASTY.iloc[:0])
    back = database.read(None, "linked", "person")
    pd.testing.assert_frame_equal(back, NASTY.iloc[:0], check_index_type=False)


def test_a_column_with_no_value_is_text_and_a_category_is_its_text(database: Warehouse) -> None:
    frame = pd.DataFrame({"x": [None, None], "arm": pd.Categorical(["control", None])})
    store(database, frame)
    back = database.read(None, "linked", "person", "arm = 'control'")
    assert list(back.dtypes.astype(str)) == ["string", "string"]
    assert back["arm"].tolist() == ["control"]


def test_one_column_keeps_its_missing_rows(database: Warehouse) -> None:
    store(database, pd.DataFrame({"x": ["a", None, ""]}))
    back = database.read(None, "linked", "person")
    assert sorted(back["x"].fillna("missing")) == ["", "a", "missing"]


def test_the_second_night_replaces_the_first(database: Warehouse, draw: Draw) -> None:
    store(database, draw("person_id | n\n a | 1\n b | 2"))
    store(database, draw("person_id | start_on\n c | 2010-01-02"))
    back = database.read(None, "linked", "person")
    assert back["person_id"].tolist() == ["c"]
    assert back["start_on"].tolist() == [pd.Timestamp("2010-01-02")]


def test_a_table_can_be_replaced_twice_in_one_transaction(database: Warehouse, draw: Draw) -> None:
    with database.transaction() as connection:
        database.replace(connection, "linked", "person", draw("n\n 1"))
        database.replace(connection, "linked", "person", draw("n\n 2"))
        assert database.read(connection, "linked", "person")["n"].tolist() == [2]


@pytest.mark.parametrize("fault", [CheckError("held"), ValueError("bug")])
def test_a_failed_step_leaves_the_old_tables_and_its_own_error(
    database: Warehouse, draw: Draw, fault: Exception
) -> None:
    store(database, draw("n\n 1"))

    def step() -> None:
        with database.transaction() as connection:
            database.replace(connection, "linked", "person", draw("n\n 2"))
            database.replace(connection, "linked", "spell", draw("n\n 2"))
            raise fault

    with pytest.raises(type(fault)) as caught:
        step()
    assert caught.value is fault
    assert database.read(None, "linked", "person")["n"].tolist() == [1]
    with database.transaction() as connection:
        assert database.tables(connection) == [("linked", "person")]


def test_a_where_takes_its_values_as_parameters(database: Warehouse, draw: Draw) -> None:
    store(database, draw("person_id | n\n a | 1\n b | 2\n c | 2\n O'Hara | 3"))
    for value, n in {"a": 1, "O'Hara": 3, "' or true --": None}.items():
        back = database.read(
            None, "linked", "person", "person_id = :id and n > :floor", {"floor": 0, "id": value}
        )
        assert back["n"].tolist() == ([] if n is None else [n])


def test_names_with_colons_percents_and_quotes_are_only_names(database: Warehouse) -> None:
    frame = pd.DataFrame({"a:b": [1], "50%s": [2], 'c"d': [3]}).convert_dtypes()
    store(database, frame)
    pd.testing.assert_frame_equal(
        database.read(None, "linked", "person", '"a:b" = 1'.replace(":", "\\:")), frame
    )
    with pytest.raises(UsageError, match="1 to 63 bytes"):
        store(database, pd.DataFrame({"é" * 32: [1]}))


def test_tables_columns_and_drop(database: Warehouse, draw: Draw) -> None:
    store(database, NASTY)
    store(database, draw("n\n 1"), table="spell")
    with database.transaction() as connection:
        assert database.tables(connection) == [("linked", "person"), ("linked", "spell")]
        assert dict(database.columns(connection, "linked", "person")) == {
            "person_id": "text",
            "n_sessions": "integer",
            "cost_eur": "float",
            "is_kept": "boolean",
            "start_on": "date",
            "seen_at": "timestamp",
        }
        assert database.columns(connection, "linked", "nothing") == {}
        database.drop(connection, "linked", "person")
        database.drop(connection, "linked", "nothing")
        assert database.tables(connection) == [("linked", "spell")]


def test_a_table_that_is_not_there_is_named(database: Warehouse) -> None:
    with pytest.raises(InfrastructureError, match=r"^matched.pair is not in the warehouse$"):
        database.read(None, "matched", "pair")


def test_a_type_the_warehouse_does_not_keep_is_named(database: Warehouse) -> None:
    with database.transaction() as connection:
        tables.ensure_schema(connection, "linked")
        tables.create_table_as(connection, "linked", "x", "select cast(1 as decimal(9, 2)) as a")
        with pytest.raises(InfrastructureError, match=r"linked.x: .* a$"):
            database.read(connection, "linked", "x")


PLANTED = "MARTINEAU"
LEAKS = {
    "cast": f"select cast('{PLANTED}' as integer)",
    "unique": f"create table keys (k text primary key); insert into keys values ('{PLANTED}');"
    f" insert into keys values ('{PLANTED}')",
    "check": f"create table short (k text check (length(k) < 3));"
    f" insert into short values ('{PLANTED}')",
    "syntax": f"selec '{PLANTED}'",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_database_fault_never_quotes_a_value(database: Warehouse, leak: str) -> None:
    def step() -> None:
        with database.transaction() as connection:
            for statement in LEAKS[leak].split(";"):
                tables.execute(connection, statement)

    with pytest.raises(InfrastructureError) as caught:
        step()
    fault = caught.value
    shown = [str(fault), repr(fault), "".join(traceback.format_exception(fault))]
    assert not any(PLANTED in text for text in shown)
    assert PLANTED.encode() not in pickle.dumps(fault)
    assert ": database fault " in str(fault)


def test_a_parameter_that_fails_is_not_quoted(database: Warehouse, draw: Draw) -> None:
    store(database, draw("n\n 1"))
    where = "cast(:name as integer) = n"
    with pytest.raises(InfrastructureError) as caught:
        database.read(None, "linked", "person", where, {"name": PLANTED})
    assert PLANTED not in "".join(traceback.format_exception(caught.value))
    assert str(caught.value).startswith("linked.person: database fault ")


def test_text_that_a_database_refuses_is_not_quoted(database: Warehouse) -> None:
    frame = pd.DataFrame({"x": [f"{PLANTED}\0"]})
    if database.engine.dialect.name == "duckdb":
        store(database, frame)
        assert database.read(None, "linked", "person")["x"].tolist() == [f"{PLANTED}\0"]
        return
    with pytest.raises(InfrastructureError, match=r"linked.person: .*22021") as caught:
        store(database, frame)
    assert PLANTED not in "".join(traceback.format_exception(caught.value))


KILLED = """
import sys
import pandas as pd
from agir_pipeline.resources.warehouse import Warehouse
warehouse = Warehouse(sys.argv[1])
with warehouse.transaction() as connection:
    warehouse.replace(connection, "linked", "person", pd.DataFrame({"n": range(50_000)}))
    warehouse.replace(connection, "linked", "spell", pd.DataFrame({"n": [1]}))
    print("written", flush=True)
    sys.stdin.read()
"""


def test_a_step_killed_before_its_commit_never_happened(database: Warehouse, draw: Draw) -> None:
    store(database, draw("n\n 1"))
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as step:
        assert step.stdout is not None
        assert step.stdout.readline() == b"written\n"
        step.send_signal(signal.SIGKILL)
        assert step.wait() == -signal.SIGKILL
    deadline = time.monotonic() + 10  # PostgreSQL needs a moment to see that its client is gone
    while True:
        back = database.read(None, "linked", "person")
        if back["n"].tolist() == [1] or time.monotonic() > deadline:
            break
    assert back["n"].tolist() == [1]
    store(database, draw("n\n 3"))
    with database.transaction() as connection:
        assert database.tables(connection) == [("linked", "person")]


def test_the_file_is_free_after_each_transaction(tmp_path: Path, draw: Draw) -> None:
    url = f"duckdb:///{tmp_path}/study.duckdb"
    store(Warehouse(url), draw("n\n 1"))
    code = "import duckdb, sys; duckdb.connect(sys.argv[1]).close()"
    other = subprocess.run([sys.executable, "-c", code, str(tmp_path / "study.duckdb")])
    assert other.returncode == 0


def test_a_duckdb_file_named_like_a_schema_is_refused(tmp_path: Path, draw: Draw) -> None:
    with pytest.raises(UsageError, match="named like the schema linked"):
        store(Warehouse(f"duckdb:///{tmp_path}/linked.duckdb"), draw("n\n 1"))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    warehouse = Warehouse(f"duckdb:///{tmp_path}/absent/study.duckdb")
    with (
        pytest.raises(InfrastructureError, match=r"absent/study.duckdb: database fault IO"),
        warehouse.transaction(),
    ):
        pass


@pytest.mark.parametrize("url", ["nonsense", "oracle9://name:secret@host/x"])
def test_a_wrong_url_is_said_without_its_password(url: str) -> None:
    with pytest.raises(UsageError, match="must begin with duckdb") as caught:
        Warehouse(url)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
