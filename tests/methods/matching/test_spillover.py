"""How near pairs are to one another: by hand, and with everything that may be missing."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.methods.matching.spillover import spillover
from agir_pipeline.protocol.model import (
    Index,
    Matching,
    Organisations,
    OrganisationTeller,
    Protocol,
    Source,
)
from agir_pipeline.protocol.organisations import Spillover

Draw = Callable[[str], pd.DataFrame]

PAIRS = """
pair_id | beneficiary_spell_id | control_spell_id | control_index_on
p1      | s1                   | s2               | 2010-06-01
p2      | s3                   | s4               | 2010-06-01
p3      | s5                   | gone             | 2010-06-01
"""
POPULATION = """
pair_id | arm         | town
p1      | beneficiary | north
p1      | control     | north
p2      | beneficiary | north
p2      | control     | missing
p3      | beneficiary | missing
p3      | control     | missing
"""
PEOPLE = """
person_id | arm         | entered_on | told_on
ann       | beneficiary | 2010-02-01 |
cat       | beneficiary | 2010-06-01 |
eve       | beneficiary | 2010-06-02 |
bob       | control     |            |
dan       | control     |            | 2010-05-01
fay       | control     |            |
"""
SPELLS = """
spell_id | person_id | starts_on  | planned_end_initial_on | siret          | body
s1       | ann       | 2010-01-01 | 2010-12-31             | 11111111100011 | one
s2       | bob       | 2010-01-01 | 2010-06-01             | 11111111100029 | one
s3       | cat       | 2010-05-01 |                        | 22222222200011 | one
s4       | dan       | 2010-06-01 | 2010-12-31             |                | two
s5       | eve       | 2010-01-01 | 2010-12-31             | 33333333300011 | one
s6       | fay       | 2010-01-01 | 2010-05-31             | 33333333300011 | one
s7       | fay       | 2010-06-02 | 2011-05-31             | 33333333300011 | one
s8       | fay       | 2010-01-01 | 2011-05-31             | 33333333300011 |
"""


@pytest.fixture
def protocol() -> Protocol:
    told_by = (
        OrganisationTeller(role="firm", source="register", siret="siret"),
        OrganisationTeller(role="school", source="register", number="body"),
    )
    return Protocol.model_construct(
        sources=(Source.model_construct(name="register", feeds="spell"),),
        matching=Matching.model_construct(
            index=Index.model_construct(
                entry_column="entered_on", supported_since_column="told_on", consent_column=None
            )
        ),
        organisations=Organisations.model_construct(
            told_by=told_by, spillover=Spillover(role="school", territory="town", source="plan")
        ),
    )


def near(protocol: Protocol, draw: Draw, pairs: str = PAIRS, **texts: str) -> dict[str, list[Any]]:
    told = {"population": POPULATION, "people": PEOPLE, "spells": SPELLS, **texts}
    population, people, spells = (draw(told[name]) for name in ("population", "people", "spells"))
    for table, days in ((people, ("entered_on", "told_on")), (spells, ("starts_on",))):
        for day in days:
            table[day] = table[day].astype("datetime64[us]")
    found = spillover(draw(pairs), population, people, spells, protocol)
    return {
        name: values.astype(object).where(values.notna(), None).tolist()
        for name, values in found.items()
    }


def test_each_pair_is_told_what_its_contracts_name(protocol: Protocol, draw: Draw) -> None:
    """Two workplaces are one company; what a contract does not name, or a gone one, is unknown."""
    assert near(protocol, draw) == {
        "is_same_firm": [True, None, None],
        "is_same_school": [True, False, None],
        "is_same_territory": [True, None, None],
        # of ann, bob, cat and eve at school one on the first of June, ann and cat were supported:
        # fay's contract was planned to end the day before, her next begins the day after
        "share_supported_in_school": [0.5, 1.0, None],
    }


def test_support_told_for_a_later_day_is_none_yet(protocol: Protocol, draw: Draw) -> None:
    later = near(protocol, draw, people=PEOPLE.replace("2010-05-01", "2010-06-02"))
    assert later["share_supported_in_school"] == [0.5, 0.0, None]


def test_a_contract_that_moved_behind_the_index_leaves_nobody_to_count(
    protocol: Protocol, draw: Draw
) -> None:
    moved = SPELLS.replace("s4       | dan       | 2010-06-01", "s4       | dan       | 2010-06-02")
    assert near(protocol, draw, spells=moved)["share_supported_in_school"] == [0.5, None, None]


def test_an_early_end_is_never_read(protocol: Protocol, draw: Draw) -> None:
    """The matcher's tables may not hang on how contracts ended."""
    assert "ended_early_on" not in SPELLS
    assert near(protocol, draw)["share_supported_in_school"][0] == 0.5


def test_without_pairs_every_column_is_there_and_empty(protocol: Protocol, draw: Draw) -> None:
    nobody = near(
        protocol, draw, pairs=PAIRS.splitlines()[1], population=POPULATION.splitlines()[1]
    )
    assert set(map(tuple, nobody.values())) == {()}
    assert list(nobody)[-1] == "share_supported_in_school"


def test_without_days_of_index_nobody_is_supported_and_without_a_rule_only_organisations_are_told(
    protocol: Protocol, draw: Draw
) -> None:
    undated = protocol.model_copy(update={"matching": Matching.model_construct(index=None)})
    assert near(undated, draw)["share_supported_in_school"] == [0.0, 0.0, None]
    organisations = protocol.organisations.model_copy(update={"spillover": None})
    plain = protocol.model_copy(update={"organisations": organisations})
    assert set(near(plain, draw)) == {"is_same_firm", "is_same_school"}
    assert near(protocol.model_copy(update={"organisations": None}), draw) == {}
