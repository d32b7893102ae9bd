"""Locked pairs against today's data: everything that may read otherwise, and nothing else."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.methods.matching.pair_findings import FINDING_COLUMNS, pair_findings
from agir_pipeline.protocol.model import Index, Matching, Protocol

Draw = Callable[[str], pd.DataFrame]

PAIRS = """
pair_id | beneficiary_spell_id | control_spell_id
p1      | s1                   | s2
p2      | s3                   | s4
"""
POPULATION = """
pair_id | arm         | person_id | index_on   | elapsed_days | age | town    | planned_days_remaining
p1      | beneficiary | ann       | 2010-02-16 | 15           | 20  | north   | 300
p1      | control     | bob       | 2010-02-20 | 15           | 21  | missing | 299
p2      | beneficiary | cat       | 2010-03-01 | 0            |     | south   | 200
p2      | control     | dan       | 2010-03-05 | 0            | 23  | south   | 190
"""  # noqa: E501
PEOPLE = """
person_id | arm         | is_always_listed | first_listed_on | supported_from_on | told_on | spell_id | starts_on  | age | town
ann       | beneficiary | true             |                 | 2010-02-16        |         | s1       | 2010-02-01 | 20  | north
bob       | control     | false            | 2010-02-20      |                   |         | s2       | 2010-02-05 | 21  |
bob       | beneficiary | true             |                 | 2010-06-01        |         | s2       | 2010-02-05 | 21  | west
cat       | beneficiary | true             |                 | 2010-03-01        |         | s3       | 2010-03-01 |     | south
dan       | control     | true             | 2011-01-01      |                   |         | s4       | 2010-03-05 | 23  | south
"""  # noqa: E501
SPELLS = """
spell_id | starts_on  | planned_end_on | ended_early_on
s1       | 2010-02-01 | 2010-12-31     | 2010-02-17
s2       | 2010-02-05 | 2010-12-31     |
s3       | 2010-03-01 | 2010-12-31     |
s4       | 2010-03-05 | 2010-12-31     |
"""
TERMS = """
spell_id | amendment_number | holds_from_on | planned_end_on
s1       | 0                | 2010-02-01    | 2010-12-13
s1       | 1                | 2010-02-17    | 2011-12-31
s2       | 0                | 2010-02-05    | 2010-12-16
s3       | 0                | 2010-03-01    | 2010-09-17
s4       | 0                | 2010-03-05    | 2010-09-11
"""


@pytest.fixture
def protocol(covariate: Any) -> Protocol:
    index = Index.model_construct(
        entry_column="supported_from_on", supported_since_column="told_on", consent_column=None
    )
    return Protocol.model_construct(
        covariates=(
            covariate("age"),
            covariate("town", scale="category"),
            covariate("planned_days_remaining", origin="index"),
        ),
        matching=Matching.model_construct(index=index),
    )


@pytest.fixture
def found(draw: Draw, protocol: Protocol) -> Callable[..., list[list[Any]]]:
    def asked(people: str = PEOPLE, spells: str = SPELLS, terms: str = TERMS) -> list[list[Any]]:
        texts = (PAIRS, POPULATION, people, spells, terms)
        pairs, population, participants, *rest = map(draw, texts)
        for column in ("supported_from_on", "told_on", "first_listed_on"):
            participants[column] = participants[column].astype("datetime64[us]")
        table = pair_findings(pairs, population, participants, *rest, protocol)
        assert table.columns.tolist() == list(FINDING_COLUMNS)
        return table.fillna("").to_numpy().tolist()

    return asked


def test_what_is_as_it_was_has_no_finding_whatever_came_later(found: Any) -> None:
    """Later: an amendment, a rupture, support of the control, its second list."""
    assert found() == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("2010-02-05 | 21  |\n", "2010-02-06 | 21  |\n", ["p1", "control", "start_changed", ""]),
        ("| s4       | 2010-03-05", "|          |      ", ["p2", "control", "other_contract", ""]),
        ("| 2010-02-20      |", "| 2010-02-21      |", ["p1", "control", "listed_after_index", ""]),
        ("| 23  | south", "| 24  | south", ["p2", "control", "covariate_changed", "age"]),
        ("| 20  | north", "|     | north", ["p1", "beneficiary", "covariate_changed", "age"]),
        ("| 21  |\n", "| 21  | east\n", ["p1", "control", "covariate_changed", "town"]),
        ("2010-06-01", "2010-02-20", ["p1", "control", "supported_by_index", ""]),
    ],
)  # fmt: skip
def test_each_change_is_one_finding(found: Any, old: str, new: str, finding: list[str]) -> None:
    assert old in PEOPLE
    told = found(people=PEOPLE.replace(old, new, 1))
    # a contract that is not known any more has no planned end either
    assert [row for row in told if row[3] != "planned_days_remaining"] == [finding]


def test_a_rupture_before_the_index_told_late_makes_the_pair_void(found: Any) -> None:
    told = found(spells=SPELLS.replace("2010-02-17", "2010-02-16"))
    assert told == [["p1", "beneficiary", "not_at_risk", ""]]


def test_a_planned_end_corrected_for_the_index_day_is_another_covariate(found: Any) -> None:
    told = found(terms=TERMS.replace("2010-09-17", "2010-09-18"))
    assert told == [["p2", "beneficiary", "covariate_changed", "planned_days_remaining"]]


def test_somebody_whom_nobody_names_any_more_has_that_finding_alone(found: Any) -> None:
    gone = [line for line in PEOPLE.splitlines() if not line.startswith("dan")]
    assert found(people="\n".join(gone)) == [["p2", "control", "not_known_today", ""]]


def test_before_any_person_is_known_all_are_unknown(found: Any) -> None:
    told = found(people=PEOPLE.splitlines()[1])
    assert {row[2] for row in told} == {"not_known_today"}
    assert len(told) == 4


def test_a_study_without_index_dates_compares_the_covariates_alone(
    draw: Draw, protocol: Protocol
) -> None:
    undated = protocol.model_copy(
        update={
            "covariates": protocol.covariates[:1],
            "matching": Matching.model_construct(index=None),
        }
    )
    people = draw(PEOPLE.replace("| 23  | south", "| 24  | south"))
    table = pair_findings(
        draw(PAIRS), draw(POPULATION), people, draw(SPELLS), pd.DataFrame(), undated
    )
    assert table["finding"].tolist() == ["covariate_changed"]
