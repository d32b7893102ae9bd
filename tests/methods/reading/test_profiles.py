"""A delivery beside its history: counts and shares, never a value."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from agir_pipeline.methods.reading.profiles import (
    REJECTED,
    ROWS,
    Bounds,
    Measure,
    compared,
    expected,
    profile,
)
from agir_pipeline.protocol.model import Audit, Source
from tests.methods.reading.conftest import code, column, source

LEVEL = [code("V"), code("IV")]
RULES = Audit.model_validate(
    {
        "least_deliveries": {"value": 2, "unit": "deliveries", "source": "a test"},
        "volume_ratio": {"value": 0.5, "unit": "ratio", "source": "a test"},
        "share_tolerance": {"value": 0.1, "unit": "share", "source": "a test"},
    }
)


@pytest.fixture(scope="module")
def register() -> Source:
    return source(
        column("name", sensitivity="identifying"),
        column("level", "code", codes=LEVEL),
        column("sex", "code", codes=[code("F"), code("M")], sensitivity="identifying"),
    )


def rows(levels: Sequence[str | None], names: Sequence[str | None] | None = None) -> pa.Table:
    texts = names if names is not None else ["MARTIN"] * len(levels)
    sexes = ["F"] * len(levels)
    columns = {"name": texts, "level": levels, "sex": sexes}
    return pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()})


def test_a_profile_counts_rows_empty_cells_and_codes(register: Source) -> None:
    found = profile(register, rows(["V", "V", "IV", None], ["MARTIN", None, None, None]), 1)
    assert found == {
        ROWS: 5,
        REJECTED: pytest.approx(0.2),
        Measure("missing", "name"): 0.75,
        Measure("missing", "level"): 0.25,
        Measure("missing", "sex"): 0.0,
        Measure("code", "level", "V"): pytest.approx(2 / 3),
        Measure("code", "level", "IV"): pytest.approx(1 / 3),
    }


def test_no_row_no_share_and_nothing_filled_no_code(register: Source) -> None:
    assert profile(register, rows([]), 0) == {ROWS: 0, REJECTED: 0.0}
    emptied = profile(register, rows([None, None]), 0)
    assert Measure("code", "level", "V") not in emptied
    assert emptied[Measure("missing", "level")] == 1.0


def test_what_is_expected_is_the_range_so_far_with_the_room_of_the_protocol() -> None:
    missing, new = Measure("missing", "level"), Measure("code", "level", "V")
    history = [{ROWS: 10, missing: 0.0, new: 0.0}, {ROWS: 21, missing: 0.5}]
    found = expected(history, 400, RULES)
    assert found[ROWS] == Bounds(5, 42)
    assert found[missing] == Bounds(0.0, pytest.approx(0.65))
    assert found[new] == Bounds(0.0, 0.0)


def test_a_share_of_few_rows_has_more_room_and_no_row_is_no_fault() -> None:
    missing = Measure("missing", "level")
    assert expected([{ROWS: 4, missing: 0.2}], 4, RULES)[missing].high == pytest.approx(0.8)
    assert expected([{ROWS: 4, missing: 0.2}], 0, RULES)[missing].high == 1.0


@pytest.mark.parametrize(
    ("levels", "odd"),
    [
        (["V"] * 100, []),
        (["V"] * 40, ["rows"]),
        (["V"] * 250, ["rows"]),
        (["V"] * 50 + [None] * 50, ["missing"]),
        (["V"] * 99 + ["IV"], ["code"]),
    ],
    ids=["as before", "volume drop", "volume jump", "missing jump", "new category"],
)
def test_a_drop_a_jump_and_a_new_category_lie_outside(
    register: Source, levels: list[str | None], odd: list[str]
) -> None:
    history = [profile(register, rows(["V"] * n), 0) for n in (90, 110)]
    newest = profile(register, rows(levels), 0)
    outside = [
        measure.kind
        for measure, value, (low, high) in compared(newest, history, RULES)
        if not low <= value <= high
    ]
    assert outside == odd


def test_what_only_one_side_tells_is_not_compared() -> None:
    extra = Measure("missing", "level")
    assert list(compared({ROWS: 1}, [{ROWS: 1, extra: 0.0}], RULES)) == [(ROWS, 1, Bounds(0, 2))]
    assert [m for m, _v, _b in compared({ROWS: 1, extra: 0.0}, [{ROWS: 1}], RULES)] == [ROWS]
