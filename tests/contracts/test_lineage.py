"""Lineage as declared: every origin is a declared column, and effects end in partners' headings."""

import pytest

from agir_pipeline.assets.catalogue import table_columns
from agir_pipeline.contracts.lineage import (
    declared_origins,
    heading_of,
    headings_behind,
    validated_origins,
)
from agir_pipeline.contracts.places import Place
from agir_pipeline.contracts.programme_lineage import programme_origins
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.protocol.model import Protocol

NOT_FROM_FILES = {"data_dictionary", "data_quality", "release_manifest"}


@pytest.fixture(params=["agir", "nsw"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    found: Protocol = request.getfixturevalue(request.param)
    return found


def test_every_declared_column_has_a_place_in_its_table(protocol: Protocol) -> None:
    for (step, table), origins in declared_origins(protocol).items():
        known = {column.name for column in table_columns(protocol, step, table)}
        assert set(origins) <= known, (step, table)


def test_every_origin_is_a_column_of_a_declared_table(protocol: Protocol) -> None:
    studied = {c.name for s in protocol.sources for c in s.warehouse_columns}
    for (step, table), origins in declared_origins(protocol).items():
        for column, places in origins.items():
            for place in places:
                columns = table_columns(protocol, place.step, place.table)
                known = {c.name for c in columns} | (
                    studied if place.step == "linked" or place.table == "wave_answers" else set()
                )
                assert place.column.removeprefix("spell_") in known | {
                    name.removeprefix("spell_") for name in known
                }, (step, table, column, place)


def test_every_released_table_made_from_files_says_so(protocol: Protocol) -> None:
    origins = declared_origins(protocol)
    for table in table_contracts(protocol):
        told = origins.get(("published", table))
        assert bool(told) != (table in NOT_FROM_FILES), table


def test_a_column_is_read_from_the_heading_partners_write(agir: Protocol) -> None:
    register = agir.source("contract_register")
    rupture = next(c for c in register.columns if c.name == "rupture_on")
    origins = validated_origins(register)
    assert origins["rupture_on"] == (Place("raw", "contract_register", heading_of(rupture)),)
    assert heading_of(rupture) == rupture.aliases[0].heading
    assert heading_of(rupture.model_copy(update={"aliases": ()})) == "rupture_on"


def test_a_computed_column_comes_from_the_headings_of_its_inputs(agir: Protocol) -> None:
    register = agir.source("contract_register")
    columns = {c.name: c for c in register.columns}
    age = next(d for d in register.derived if d.name == "age_at_start_years")
    told = {place.column for place in validated_origins(register)["age_at_start_years"]}
    assert told == {heading_of(columns[name]) for name in age.inputs}


def test_an_arm_written_in_a_column_comes_from_it(nsw: Protocol) -> None:
    source = nsw.source("experiment")
    assert {place.step for place in validated_origins(source)["arm"]} == {"raw"}


def test_headings_are_followed_through_every_table_and_never_in_circles() -> None:
    raw = Place("raw", "list", "Nom")
    origins = {
        ("validated", "list"): {"name": (raw,)},
        ("linked", "persons"): {
            "name": (Place("validated", "list", "name"), Place("linked", "persons", "name")),
            "rank": (),
        },
        ("published", "table"): {
            "name": (Place("linked", "persons", "name"), Place("nowhere", "x", "y")),
            "rank": (Place("linked", "persons", "rank"),),
        },
    }
    assert headings_behind(origins, "published", "table") == {"name": (raw,), "rank": ()}
    assert headings_behind(origins, "published", "other") == {}


def test_matching_tells_of_no_exit_but_in_the_status_and_its_finding(agir: Protocol) -> None:
    for (step, table), origins in declared_origins(agir).items():
        if step == "matched":
            told = {c for c, places in origins.items() for p in places if "ended" in p.column}
            assert told <= {"status", "finding"}, table


def test_a_programme_that_asks_for_less_is_made_of_less(agir: Protocol) -> None:
    assert agir.outreach is not None
    outreach = agir.outreach.model_copy(update={"obstacle_column": None, "referral_column": None})
    rules = tuple(rule.model_copy(update={"or_else": None}) for rule in agir.eligibility)
    inference = agir.inference.model_copy(update={"subgroups": ("sex",)})
    plain = agir.model_copy(
        update={"outreach": outreach, "eligibility": rules, "inference": inference}
    )
    origins, all_of_them = programme_origins(plain, ()), programme_origins(agir, ())
    assert "mobilisation_obstacles" not in origins
    place = ("linked", "participants", "referral_source")
    assert place in all_of_them["mobilisation_funnel"]["n_entries"]
    assert place not in origins["mobilisation_funnel"]["n_entries"]
    ground = {p.column for p in origins["territory"]["territorial_basis"]}
    assert ground == {"territorial_basis"}
    ground = {p.column for p in all_of_them["territory"]["territorial_basis"]}
    assert ground == {"territorial_basis", "spell_contract_place"}
