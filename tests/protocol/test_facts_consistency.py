"""What a shared fact may rely on: each way to compare what cannot be compared, once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.protocol.consistency import inconsistencies
from agir_pipeline.protocol.loading import load_protocol
from tests.protocol.conftest import as_toml

Edit = Callable[[dict[str, Any]], object]
BIRTH, YEAR, START, EMPLOYER, RUPTURE = 0, 1, 2, 4, 10


def teller(protocol: dict[str, Any], fact: int, number: int) -> dict[str, Any]:
    found: dict[str, Any] = protocol["shared_fact"][fact]["told_by"][number]
    return found


CASES: dict[str, tuple[Edit, str]] = {
    "one name twice": (
        lambda p: p["shared_fact"][1].update(name="birth_day"),
        "shared_fact: 'birth_day' is declared more than once",
    ),
    "told by one column": (
        lambda p: p["shared_fact"][START].update(told_by=[teller(p, START, 0)]),
        "shared_fact 3 (contract_start) › told_by: names two columns or more, each once",
    ),
    "told twice by one column": (
        lambda p: p["shared_fact"][START]["told_by"].append(teller(p, START, 0)),
        "shared_fact 3 (contract_start) › told_by: names two columns or more, each once",
    ),
    "a source that does not exist": (
        lambda p: teller(p, START, 0).update(source="nobody"),
        "shared_fact 3 (contract_start) › told_by 1 › source: 'nobody' is not one of",
    ),
    "a source that tells nothing of persons": (
        lambda p: teller(p, START, 0).update(source="context_series", column="published_on"),
        "shared_fact 3 (contract_start) › told_by 1 › source: 'context_series' tells nothing",
    ),
    "a column that does not exist": (
        lambda p: teller(p, START, 0).update(column="nothing"),
        "shared_fact 3 (contract_start) › told_by 1 › column: 'nothing' is not one of",
    ),
    "part of no day": (
        lambda p: teller(p, EMPLOYER, 0).update(part="year"),
        "shared_fact 5 (employer) › told_by 1 › part: 'employer_siret' is not a date",
    ),
    "words of no codes": (
        lambda p: teller(p, EMPLOYER, 0).update(means={"x": "y"}),
        "shared_fact 5 (employer) › told_by 1 › means: 'employer_siret' is not a code",
    ),
    "a code that is none": (
        lambda p: teller(p, RUPTURE, 0).update(means={"x": "y"}),
        "shared_fact 11 (rupture) › told_by 1 › means: 'x' is not one of",
    ),
    "two readings": (
        lambda p: teller(p, RUPTURE, 1).update(part="year"),
        "shared_fact 11 (rupture) › told_by 2: read in one way: part, means, or filled and empty",
    ),
    "words of an identity": (
        lambda p: teller(p, BIRTH, 0).update(filled="known"),
        "shared_fact 1 (birth_day) › told_by 1: 'born_on' identifies a person",
    ),
    "several codes in a cell": (
        lambda p: teller(p, EMPLOYER, 0).update(source="support_log", column="themes"),
        "shared_fact 5 (employer) › told_by 1 › column: 'themes' holds several codes",
    ),
    "days and texts": (
        lambda p: teller(p, EMPLOYER, 0).update(column="support_entry_on"),
        "shared_fact 5 (employer) › told_by: cannot be compared: date, text",
    ),
    "days and their years": (
        lambda p: teller(p, START, 0).update(part="year"),
        "shared_fact 3 (contract_start) › told_by: cannot be compared: integer, date",
    ),
    "a looked up code and a computed number": (
        lambda p: p["shared_fact"][EMPLOYER].update(
            told_by=[
                {"source": "beneficiary_register", "column": "zone"},
                {"source": "contract_register", "column": "age_at_start_years"},
            ]
        ),
        "shared_fact 5 (employer) › told_by: cannot be compared: text, integer",
    ),
    "a tolerance of texts": (
        lambda p: p["shared_fact"][EMPLOYER].update(
            tolerance={"value": 3, "unit": "days", "source": "a test"}
        ),
        "shared_fact 5 (employer) › tolerance: is counted in days: compares dates alone",
    ),
    "a contract by a column of one source": (
        lambda p: p["shared_fact"][EMPLOYER]["of_spell"].update(column="support_entry_on"),
        "shared_fact 5 (employer) › of_spell › column: 'support_entry_on' is a column of two of",
    ),
    "a contract by a name": (
        lambda p: p["shared_fact"][EMPLOYER].update(of_spell={"column": "last_name"}),
        "shared_fact 5 (employer) › of_spell › column: 'last_name' identifies a person",
    ),
    "a tolerance of numbers of companies": (
        lambda p: p["shared_fact"][EMPLOYER]["of_spell"].update(column="employer_siret"),
        "shared_fact 5 (employer) › of_spell › tolerance: is counted in days",
    ),
    "a contract without a column": (
        lambda p: p["shared_fact"][EMPLOYER]["of_spell"].pop("column"),
        "shared_fact 5 (employer) › of_spell › column: is missing",
    ),
    "in the vault and outside it": (
        lambda p: teller(p, START, 1).update(column="born_on"),
        "shared_fact 3 (contract_start) › told_by: some of its columns identify a person",
    ),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_fact_that_cannot_be_compared_is_told_with_its_place(
    name: str, agir: dict[str, Any], mistakes: Callable[[dict[str, Any]], list[str]]
) -> None:
    edit, expected = CASES[name]
    edit(agir)
    told = mistakes(agir)
    assert any(line.startswith(expected) for line in told), told


def test_all_mistakes_of_a_fact_come_together(agir: dict[str, Any]) -> None:
    teller(agir, START, 0).update(source="nobody")
    teller(agir, START, 1).update(column="nothing")
    assert len(inconsistencies(agir)) == 2


def test_what_has_no_name_is_said_elsewhere(
    agir: dict[str, Any], mistakes: Callable[[dict[str, Any]], list[str]]
) -> None:
    for number in (0, 1):
        teller(agir, START, number).pop("source" if number else "column")
    told = mistakes(agir)
    assert "shared_fact 3 (contract_start) › told_by 1 › column: is missing" in told
    assert "shared_fact 3 (contract_start) › told_by 2 › source: is missing" in told


def test_a_fact_is_an_identity_where_its_columns_identify(
    agir: dict[str, Any], written: Callable[[dict[str, Any]], Path]
) -> None:
    protocol = load_protocol(written(agir))
    found = [fact.name for fact in protocol.shared_facts if protocol.is_identity(fact)]
    assert found == ["birth_day", "birth_year"]
    assert len(protocol.tellers) == sum(len(f.told_by) for f in protocol.shared_facts)


def test_what_became_of_a_row_has_two_codes_and_no_other(
    agir: dict[str, Any], mistakes: Callable[[dict[str, Any]], list[str]]
) -> None:
    source = next(s for s in agir["source"] if s["name"] == "row_departures")
    fate = next(c for c in source["column"] if c["name"] == "row_fate")
    fate["codes"].pop()
    [told] = mistakes(agir)
    assert told.endswith(
        "settles › fate: 'row_fate' must have the codes gone, still_true and no other"
    )


def test_facts_and_audits_are_no_part_of_the_design(
    agir: dict[str, Any], written: Callable[[dict[str, Any]], Path]
) -> None:
    before = load_protocol(written(agir))
    agir["shared_fact"].pop()
    agir["audit"]["volume_ratio"]["value"] = 0.4
    written_again = before.folder / "protocol.toml"
    written_again.write_text(
        "".join(f"{key} = {as_toml(value)}\n" for key, value in agir.items()), encoding="utf-8"
    )
    after = load_protocol(written_again)
    assert after.design_digest == before.design_digest
    assert after.protocol_digest != before.protocol_digest
