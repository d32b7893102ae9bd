"""On what ground people are in the territory."""

from agir_pipeline.methods.programme.territory import ground_columns, territory_table

PEOPLE = """
person_id | arm         | territorial_basis | spell_contract_place | zone
p1        | beneficiary | residence         | company              | other_44
p2        | beneficiary | residence         |                      | other_44
p3        | beneficiary | elsewhere         | training_body        | outside_44
p4        | beneficiary | elsewhere         | company              | outside_44
p5        | control     | elsewhere         | elsewhere            | outside_44
p6        | control     | elsewhere         |                      | outside_44
p7        | control     |                   | company              |
"""


def told(table):
    return {tuple(row[:4]): row[4] for row in table.astype(object).fillna("").to_numpy()}


def test_the_first_ground_that_is_met_counts_with_its_evidence(agir, draw):
    people = draw(PEOPLE)
    assert set(ground_columns(agir, agir.territory)) == set(people)
    table = territory_table(people, agir, agir.territory)
    assert list(table.columns) == [
        "arm", "territorial_basis", "evidence", "zone", "n_persons",
    ]  # fmt: skip
    home, place = "territorial_basis", "contract_place"
    assert told(table) == {
        ("beneficiary", "residence", home, "other_44"): 2,
        ("beneficiary", "training_body", place, "outside_44"): 1,
        ("beneficiary", "company", place, "outside_44"): 1,
        ("control", "out_of_scope", "", "outside_44"): 1,
        ("control", "not_told", "", "outside_44"): 1,
        ("control", "company", place, ""): 1,
    }


def test_a_rule_without_another_way_has_one_ground(agir, draw):
    rules = [rule.model_copy(update={"or_else": None}) for rule in agir.eligibility]
    protocol = agir.model_copy(update={"eligibility": tuple(rules)})
    table = territory_table(draw(PEOPLE), protocol, agir.territory)
    assert set(table["territorial_basis"]) == {"residence", "out_of_scope", "not_told"}
