"""Which row tells a finding, since when, and which decision is about it: on drawn tables."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.methods.matching.finding_rows import LINK, with_rows
from agir_pipeline.protocol.model import (
    Derived,
    Index,
    Matching,
    Protocol,
    Source,
    SpellColumns,
)

Draw = Callable[[str], pd.DataFrame]

FINDINGS = """
pair_id | arm         | finding            | covariate
p1      | beneficiary | covariate_changed  | age
p1      | beneficiary | covariate_changed  | days_left
p1      | control     | covariate_changed  | town
p1      | control     | listed_after_index |
p1      | control     | not_at_risk        |
p1      | control     | supported_by_index |
p2      | beneficiary | other_contract     |
p2      | beneficiary | start_changed      |
p2      | control     | not_known_today    |
"""
MEMBERS = """
pair_id | arm         | person_id | spell_id
p1      | beneficiary | ann       | s1
p1      | control     | bob       | s2
p2      | beneficiary | cat       |
p2      | control     | dan       |
"""
ROWS = """
person_id | arm         | spell_id | record_id | receipt_id | known_on   | supported_on | is_shown | ended_early_on
ann       | beneficiary |          | r1        | file_1     | 2010-01-31 | 2010-01-10   | true     |
bob       | control     |          | r2        | file_2     | 2010-02-28 |              | true     |
bob       | control     |          | r3        | file_3     | 2010-03-31 | 2010-05-01   | false    |
bob       | beneficiary |          | r4        | file_4     | 2010-04-30 | 2010-04-01   | true     |
          |             | s1       | r5        | file_5     | 2010-01-31 |              |          |
          |             | s1       | r6        | file_6     | 2010-06-30 |              |          |
          |             | s2       | r7        | file_5     | 2010-02-28 |              |          | 2010-03-15
          |             | s2       | r8        | file_6     | 2010-06-30 |              |          |
"""  # noqa: E501


@pytest.fixture
def protocol(covariate: Any) -> Protocol:
    spell = SpellColumns(starts="begun_on", planned_end="until_on", ended_early="broken_on")
    derived = Derived.model_construct(name="age", inputs=("born_on", "begun_on"))
    register = Source.model_construct(
        name="register", feeds="spell", spell=spell, columns=(), derived=(derived,)
    )
    index = Index.model_construct(
        entry_column="entered_on", supported_since_column=None, consent_column=None
    )
    return Protocol.model_construct(
        sources=(register,),
        covariates=(
            covariate("age", origin="spell"),
            covariate("days_left", origin="index"),
            covariate("town", scale="category"),
        ),
        matching=Matching.model_construct(index=index),
    )


@pytest.fixture
def told(protocol: Protocol, draw: Draw) -> Callable[..., pd.DataFrame]:
    def asked(decided: Any = (), findings: str = FINDINGS, rows: str = ROWS) -> pd.DataFrame:
        table = draw(rows)
        for column in ("known_on", "supported_on", "ended_early_on"):
            table[column] = table[column].astype("datetime64[us]")
        return with_rows(draw(findings), draw(MEMBERS), table, decided, protocol)

    return asked


def test_each_finding_is_told_by_the_newest_row_that_can_tell_it(told: Any) -> None:
    found = told()
    assert found["receipt_id"].fillna("").tolist() == [
        "file_6",  # of the contract, its newest row
        "file_6",
        "file_2",  # of the person, the list whose values are shown
        "file_2",
        "file_5",  # the row that reports the end, however old
        "file_4",  # the register dates the support before the list does
        "",  # no contract any more
        "",
        "",  # nobody any more
    ]
    assert found["known_on"].dt.strftime("%m-%d").tolist()[:6] == [
        "06-30", "06-30", "02-28", "02-28", "02-28", "04-30",
    ]  # fmt: skip
    assert not found["is_decided"].any()


@pytest.mark.parametrize(
    ("decision", "decided"),
    [
        (("ann", "begun_on"), [0]),  # age is derived from it
        (("ann", "until_on"), [1]),
        (("bob", "town"), [2]),
        (("bob", "broken_on"), [4]),
        (("bob", "entered_on"), [5]),
        (("cat", LINK), [6]),
        (("cat", "begun_on"), [7]),
        (("dan", LINK), [8]),
        (("bob", LINK), []),  # it is known who this is: nothing here is about it
        (("zoe", "town"), []),
        (("bob", "shoe_size"), []),
    ],
)
def test_a_decision_is_about_what_a_finding_rests_on(
    told: Any, decision: tuple[str, str], decided: list[int]
) -> None:
    found = told({decision})
    assert found.index[found["is_decided"]].tolist() == decided


def test_a_contract_told_late_to_have_moved_is_told_by_its_newest_row(told: Any) -> None:
    """No row reports an end: the first day moved, so the member was not there yet."""
    moved = ROWS.replace("2010-03-15", "          ")
    assert told(rows=moved)["receipt_id"][4] == "file_6"


def test_without_findings_the_columns_are_there(told: Any) -> None:
    nothing = told(findings=FINDINGS.splitlines()[1], rows=ROWS.splitlines()[1])
    assert nothing.empty
    assert nothing.columns.tolist()[-3:] == ["known_on", "receipt_id", "is_decided"]


def test_a_study_without_contracts_or_days_of_index_has_findings_about_covariates(
    protocol: Protocol, draw: Draw
) -> None:
    plain = protocol.model_copy(
        update={"sources": (), "matching": Matching.model_construct(index=None)}
    )
    rows = draw(ROWS).assign(known_on=lambda t: t["known_on"].astype("datetime64[us]"))
    found = with_rows(draw(FINDINGS), draw(MEMBERS), rows, {("bob", "town")}, plain)
    assert found.index[found["is_decided"]].tolist() == [2]
