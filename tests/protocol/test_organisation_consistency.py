"""What [organisations] may rely on: each way to name what tells no organisation, once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.protocol.consistency import inconsistencies
from agir_pipeline.protocol.loading import load_protocol

Edit = Callable[[dict[str, Any]], object]
REGISTER, POOL, LOG = 0, 1, 6


def teller(protocol: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = protocol["organisations"]["told_by"][number]
    return found


CASES: dict[str, tuple[Edit, str]] = {
    "a source that does not exist": (
        lambda p: teller(p, REGISTER).update(source="nobody"),
        "organisations › told_by 1 › source: 'nobody' is not one of",
    ),
    "a column that does not exist": (
        lambda p: teller(p, POOL).update(name="nothing"),
        "organisations › told_by 2 › name: 'nothing' is not one of",
    ),
    "one role of one source twice": (
        lambda p: p["organisations"]["told_by"].append(teller(p, LOG)),
        "organisations › told_by 8: the same role of the same source stands twice",
    ),
    "a commune alone": (
        lambda p: [teller(p, LOG).pop(key) for key in ("siret", "name")],
        "organisations › told_by 7: names no column that tells an organisation",
    ),
    "a SIRET read without its checksum": (
        lambda p: teller(p, LOG).update(siret="organisation_name"),
        "organisations › told_by 7 › siret: 'organisation_name' is read without the checksum",
    ),
    "a number that identifies a person": (
        lambda p: teller(p, POOL).update(number="employer_name"),
        "organisations › told_by 2 › number: 'employer_name' identifies a person",
    ),
    "contacts whose organisations are not told": (
        lambda p: p["organisations"]["told_by"].pop(LOG),
        "outreach › origin: 'outreach_log' is not told by [organisations]",
    ),
    "a role by which contracts name nobody": (
        lambda p: p["organisations"]["spillover"].update(role="contacted"),
        "organisations › spillover › role: 'contacted' is not one of: employer, training_body",
    ),
    "a territory that is no covariate": (
        lambda p: p["organisations"]["spillover"].update(territory="postcode"),
        "organisations › spillover › territory: 'postcode' is not one of",
    ),
}


def told(protocol: dict[str, Any]) -> list[str]:
    return [f"{mistake.place}: {mistake.message}" for mistake in inconsistencies(protocol)]


@pytest.mark.parametrize(("edit", "message"), CASES.values(), ids=CASES)
def test_what_tells_no_organisation_is_refused(
    agir: dict[str, Any], edit: Edit, message: str
) -> None:
    edit(agir)
    assert any(text.startswith(message) for text in told(agir)), told(agir)


def test_the_study_itself_agrees(agir: dict[str, Any]) -> None:
    assert told(agir) == []


def test_what_has_the_wrong_shape_is_told_elsewhere(agir: dict[str, Any]) -> None:
    teller(agir, REGISTER)["source"] = 7
    agir["outreach"]["origin"] = "nobody"
    agir["source"].append({"feeds": "activity"})
    places = ("organisations", "outreach › origin")
    assert [text for text in told(agir) if text.startswith(places)] == []


def test_a_teller_says_all_its_columns(
    agir: dict[str, Any], written: Callable[[dict[str, Any]], Path]
) -> None:
    organisations = load_protocol(written(agir)).organisations
    assert organisations is not None
    columns = [one.columns for one in organisations.told_by]
    assert columns[LOG] == ("organisation_siret", "organisation_name", "organisation_commune")
    assert columns[REGISTER] == ("employer_siret",)
