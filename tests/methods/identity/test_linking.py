"""Who is one person, by cases worked by hand."""

from collections.abc import Callable

import pandas as pd
import pytest

from agir_pipeline.methods.identity.linking import PAIR, Links, link_persons

Draw = Callable[[str], pd.DataFrame]
RULES = [["case"], ["contract"], ["name", "born"]]
EXCLUSIVE = ["register", "pool"]
COLUMNS = ["case", "contract", "name", "born"]


def linked(rows: pd.DataFrame) -> Links:
    rows = rows.rename(columns={"night": "known_on"})
    filled = rows.reindex(columns=[*rows.columns, *[c for c in COLUMNS if c not in rows]])
    texts = filled.astype("object").map(lambda v: None if pd.isna(v) else str(v)).astype("string")
    return link_persons(texts, RULES, EXCLUSIVE, by_one_key=["wishes"])


def now(links: Links) -> dict[str, str]:
    """key → anchor key, for the links in force."""
    current = links.links[links.links["superseded_on"].isna()]
    return {
        k: a.split(PAIR)[1] for k, a in zip(current["entity_key"], current["anchor"], strict=True)
    }


def waiting(links: Links) -> dict[str, list[str]]:
    return {
        key: [anchor.split(PAIR)[1] for anchor in anchors]
        for key, anchors in zip(
            links.undecided["entity_key"], links.undecided["candidates"], strict=True
        )
    }


def test_a_survey_finds_its_person_by_number_or_by_name(draw: Draw) -> None:
    found = linked(
        draw("""
        source   | entity_key | provider | night | case | name    | born
        register | r1         | cnam     | n1    | A1   | Le Gall | 1990-01-01
        register | r2         | cnam     | n1    | A2   | Roy     | 1991-01-01
        survey   | s1         | web      | n2    | a-1  |         |
        survey   | s2         | web      | n2    |      | ROY     | 1991-01-01
        survey   | s3         | web      | n2    |      | Roy     | 1992-01-01
        """)
    )
    assert now(found) == {"r1": "r1", "r2": "r2", "s1": "r1", "s2": "r2", "s3": "s3"}
    rules = found.links.set_index("entity_key")["rule"].to_dict()
    assert rules == {"r1": "first", "r2": "first", "s1": "rule_1", "s2": "rule_3", "s3": "first"}
    assert found.undecided.empty


def test_a_decision_is_of_whom_its_strongest_key_says_and_makes_no_two_people_one(
    draw: Draw,
) -> None:
    found = linked(
        draw("""
        source   | entity_key | provider | night | case | contract | name    | born
        register | r1         | cnam     | n1    | A1   |          | Le Gall | 1990-01-01
        pool     | p1         | greta    | n1    |      | K9       | Roy     | 1991-01-01
        wishes   | w1         | steward  | n2    | A1   | K9       |         |
        wishes   | w2         | steward  | n2    | A7   | K9       |         |
        survey   | s1         | web      | n3    | A1   |          |         |
        """)
    )
    assert now(found) == {"r1": "r1", "p1": "p1", "w1": "r1", "w2": "w2", "s1": "r1"}
    assert found.undecided.empty


@pytest.mark.parametrize("survey", ["a_survey", "survey"])
def test_homonyms_of_one_night_leave_the_third_undecided_whatever_the_sources_are_called(
    survey: str, draw: Draw
) -> None:
    found = linked(
        draw(f"""
        source   | entity_key | provider | night | name    | born
        {survey} | s1         | web      | n1    | Roy     | 1991-01-01
        pool     | p1         | opca     | n1    | Roy     | 1991-01-01
        pool     | p2         | opca     | n1    | Roy     | 1991-01-01
        """)
    )
    assert now(found) == {"s1": "s1", "p1": "p1", "p2": "p2"}
    assert waiting(found) == {"s1": ["p1", "p2"]}
    assert found.undecided["rule"].tolist() == ["rule_3"]


def test_a_link_stays_when_a_namesake_comes_later(draw: Draw) -> None:
    found = linked(
        draw("""
        source | entity_key | provider | night | name    | born
        pool   | p1         | opca     | n1    | Roy     | 1991-01-01
        survey | s1         | web      | n1    | Roy     | 1991-01-01
        pool   | p2         | opca     | n2    | Roy     | 1991-01-01
        survey | s2         | web      | n3    | Roy     | 1991-01-01
        """)
    )
    assert now(found) == {"p1": "p1", "s1": "p1", "p2": "p2", "s2": "s2"}
    assert waiting(found) == {"s2": ["p1", "p2"]}


def test_one_person_in_the_lists_of_two_providers_is_one(draw: Draw) -> None:
    found = linked(
        draw("""
        source | entity_key | provider | night | name    | born
        pool   | p1         | opca     | n1    | Roy     | 1991-01-01
        pool   | p2         | gref     | n1    | Roy     | 1991-01-01
        """)
    )
    assert now(found) == {"p1": "p1", "p2": "p1"}


def test_several_answers_and_contracts_of_one_person_are_all_theirs(draw: Draw) -> None:
    found = linked(
        draw("""
        source    | entity_key | provider | night | case | contract | name    | born
        contracts | c1         | opca     | n1    |      | K1       | Roy     | 1991-01-01
        contracts | c2         | opca     | n1    |      | K2       | Roy     | 1991-01-01
        survey    | s1         | web      | n1    | A2   |          |         |
        register  | r2         | cnam     | n1    | A2   | K1       | Roy     | 1991-01-01
        """)
    )
    assert len(set(now(found).values())) == 1
    assert now(found)["c1"] == "c1"
    assert found.links["anchor"].nunique() == 1


def test_a_bridging_row_unites_two_persons_under_the_older_anchor(draw: Draw) -> None:
    found = linked(
        draw("""
        source    | entity_key | provider | night | case | contract | name    | born
        survey    | s1         | web      | n1    | A2   |          |         |
        contracts | c1         | opca     | n2    |      | K1       |         |
        register  | r2         | cnam     | n3    | A2   | K1       | Roy     | 1991-01-01
        """)
    )
    assert set(now(found).values()) == {"s1"}
    history = found.links[found.links["entity_key"] == "c1"]
    assert history["anchor"].str.split(PAIR).str[1].tolist() == ["c1", "s1"]
    assert history["known_on"].tolist() == ["n2", "n3"]
    assert history["superseded_on"].fillna("-").tolist() == ["n3", "-"]


def test_a_bridge_between_two_listed_persons_unites_nobody(draw: Draw) -> None:
    found = linked(
        draw("""
        source   | entity_key | provider | night | case | contract
        register | r1         | cnam     | n1    | A1   |
        register | r2         | cnam     | n1    | A2   | K2
        survey   | s1         | web      | n2    | A1   | K2
        """)
    )
    assert now(found) == {"r1": "r1", "r2": "r2", "s1": "r1"}
    assert found.undecided.empty, "the stronger rule has found the person"


def test_names_that_meet_two_listed_persons_do_not_decide_for_either(draw: Draw) -> None:
    """Two rows held together by a contract number, whose names are those of two listed people."""
    found = linked(
        draw("""
        source    | entity_key | provider | night | contract | name    | born
        contracts | c1         | opca     | n1    | K1       | Roy     | 1991-01-01
        contracts | c2         | opca     | n1    | K1       | Leroy   | 1991-01-01
        pool      | p1         | opca     | n1    |          | Roy     | 1991-01-01
        pool      | p2         | opca     | n1    |          | Leroy   | 1991-01-01
        """)
    )
    assert now(found) == {"c1": "c1", "c2": "c1", "p1": "p1", "p2": "p2"}
    assert waiting(found) == {"c1": ["p1", "p2"], "c2": ["p1", "p2"]}


def test_an_undecided_row_is_decided_by_a_better_number_later(draw: Draw) -> None:
    rows = """
        source | entity_key | provider | night | case | name    | born
        pool   | p1         | opca     | n1    | A1   | Roy     | 1991-01-01
        pool   | p2         | opca     | n1    | A2   | Roy     | 1991-01-01
        survey | s1         | web      | n2    |      | Roy     | 1991-01-01
        """
    before = linked(draw(rows))
    assert waiting(before) == {"s1": ["p1", "p2"]}
    assert before.undecided["known_on"].tolist() == ["n2"]
    after = linked(draw(rows + "survey | s1 | web | n4 | A2 | Roy | 1991-01-01"))
    assert now(after)["s1"] == "p2"
    assert after.undecided.empty


def test_a_corrected_name_decides_who_was_undecided(draw: Draw) -> None:
    found = linked(
        draw("""
        source | entity_key | provider | night | name    | born
        pool   | p1         | opca     | n1    | Roy     | 1991-01-01
        pool   | p2         | opca     | n1    | Roy     | 1991-01-01
        survey | s1         | web      | n2    | Roy     | 1991-01-01
        pool   | p2         | opca     | n3    | Leroy   | 1991-01-01
        """)
    )
    assert now(found) == {"p1": "p1", "p2": "p2", "s1": "p1"}
    assert found.undecided.empty


def test_a_value_that_was_corrected_links_nobody_any_more(draw: Draw) -> None:
    found = linked(
        draw("""
        source   | entity_key | provider | night | name    | born
        register | r1         | cnam     | n1    | Roy     | 1991-01-01
        register | r1         | cnam     | n2    | Roy     | 1991-10-10
        survey   | s1         | web      | n3    | Roy     | 1991-01-01
        """)
    )
    assert now(found) == {"r1": "r1", "s1": "s1"}


def test_a_row_that_waits_keeps_the_night_since_which_it_waits(draw: Draw) -> None:
    found = linked(
        draw("""
        source | entity_key | provider | night | name    | born
        pool   | p1         | opca     | n1    | Roy     | 1991-01-01
        pool   | p2         | opca     | n1    | Roy     | 1991-01-01
        survey | s1         | web      | n2    | Roy     | 1991-01-01
        pool   | p3         | opca     | n5    | Roy     | 1991-01-01
        """)
    )
    assert waiting(found) == {"s1": ["p1", "p2", "p3"]}
    assert found.undecided["known_on"].tolist() == ["n2"]


def test_homonyms_in_two_lists_are_left_apart_and_all_asked(draw: Draw) -> None:
    found = linked(
        draw("""
        source   | entity_key | provider | night | name    | born
        register | r1         | cnam     | n1    | Roy     | 1991-01-01
        pool     | p1         | opca     | n1    | Roy     | 1991-01-01
        pool     | p2         | opca     | n1    | Roy     | 1991-01-01
        """)
    )
    assert now(found) == {"r1": "r1", "p1": "p1", "p2": "p2"}
    assert waiting(found) == {"r1": ["p1", "p2"]}


def test_a_stronger_rule_that_found_a_listed_person_settles_it(draw: Draw) -> None:
    found = linked(
        draw("""
        source   | entity_key | provider | night | case | name    | born
        register | r1         | cnam     | n1    | A1   | Roy     | 1991-01-01
        survey   | s1         | web      | n1    | A1   |         |
        pool     | p1         | opca     | n2    |      | Roy     | 1991-01-01
        pool     | p2         | opca     | n2    |      | Roy     | 1991-01-01
        """)
    )
    assert now(found) == {"r1": "r1", "s1": "r1", "p1": "p1", "p2": "p2"}
    assert waiting(found) == {}


def test_a_key_listed_again_by_another_provider_takes_a_place_in_both_lists(draw: Draw) -> None:
    found = linked(
        draw("""
        source | entity_key | provider | night | name    | born
        pool   | p1         | opca     | n1    | Roy     | 1991-01-01
        pool   | p1         | gref     | n2    | Roy     | 1991-01-01
        pool   | p2         | gref     | n3    | Roy     | 1991-01-01
        """)
    )
    assert now(found) == {"p1": "p1", "p2": "p2"}


def test_without_rules_or_values_everybody_is_alone(draw: Draw) -> None:
    rows = draw("""
        source | entity_key | provider | night | case
        pool   | 1          | opca     | n1    |
        pool   | 2          | opca     | n1    |
        """)
    assert now(linked(rows)) == {"1": "1", "2": "2"}
    texts = rows.rename(columns={"night": "known_on"}).astype("string")
    assert now(link_persons(texts, [], EXCLUSIVE)) == {"1": "1", "2": "2"}


def test_nobody_known_gives_empty_tables() -> None:
    columns = ["source", "entity_key", "provider", "known_on", *COLUMNS]
    nobody = pd.DataFrame({name: pd.Series(dtype="string") for name in columns})
    found = link_persons(nobody, RULES, EXCLUSIVE)
    assert found.links.empty
    assert found.undecided.empty
    assert found.links.columns.tolist()[:3] == ["source", "entity_key", "anchor"]
