"""The steward unites and parts; the model proposes; both leave a history."""

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from agir_pipeline.methods.identity.linking import PAIR, Links, left_over, link_persons
from agir_pipeline.methods.identity.proposals import Accepted, Scored
from agir_pipeline.methods.identity.rulings import Decision

Draw = Callable[[str], pd.DataFrame]
RULES = [["case"], ["name", "born"]]
EXCLUSIVE = ["register", "pool"]
COLUMNS = ["case", "name", "born"]
SOURCES = {"r": "register", "p": "pool", "s": "survey", "c": "contracts"}


def rows_of(drawn: pd.DataFrame) -> pd.DataFrame:
    rows = drawn.rename(columns={"night": "known_on"})
    filled = rows.reindex(columns=[*rows.columns, *[c for c in COLUMNS if c not in rows]])
    return filled.astype("object").map(lambda v: None if pd.isna(v) else str(v)).astype("string")


def said(one: str, other: str, verdict: str | None, known_on: str) -> Decision:
    records = [(SOURCES[key[0]], key) for key in (one, other)]
    return Decision(records[0], records[1], verdict, known_on, frozenset())


def scored(
    rows: pd.DataFrame,
    scores: dict[tuple[str, str], float],
    accepted: Sequence[Accepted] = (),
    settled_on: str = "",
) -> Scored:
    """A record's fingerprint is its key and its name: another name, another fingerprint."""
    prints = rows["entity_key"] + ":" + rows["name"]
    told = [(a, b, p) for (a, b), p in scores.items()]
    frame = pd.DataFrame(told, columns=["fingerprint_a", "fingerprint_b", "probability"])
    return Scored(prints, frame, 0.99, 0.05, accepted, settled_on)


def now(links: Links) -> dict[str, str]:
    current = links.links[links.links["superseded_on"].isna()]
    return {
        k: a.split(PAIR)[1] for k, a in zip(current["entity_key"], current["anchor"], strict=True)
    }


def history(links: Links, key: str) -> list[tuple[str, str, str, str | None]]:
    own = links.links[links.links["entity_key"] == key]
    return [
        (a.split(PAIR)[1], rule, since, None if pd.isna(until) else until)
        for a, rule, since, until in zip(
            own["anchor"], own["rule"], own["known_on"], own["superseded_on"], strict=True
        )
    ]


TWO = """
source    | entity_key | provider | night | case | name  | born
register  | r1         | cnam     | n1    | A1   | Roy   | 1990-01-01
contracts | c1         | opca     | n2    |      | Rooy  | 1990-01-01
"""


def test_two_records_said_to_be_the_same_are_one_from_that_night_on(draw: Draw) -> None:
    found = link_persons(rows_of(draw(TWO)), RULES, EXCLUSIVE, [said("c1", "r1", "same", "n3")])
    assert history(found, "c1") == [("c1", "first", "n2", "n3"), ("r1", "decided", "n3", None)]


def test_a_withdrawn_decision_restores_what_was_before(draw: Draw) -> None:
    told = [said("r1", "c1", "same", "n3"), said("r1", "c1", None, "n5")]
    found = link_persons(rows_of(draw(TWO)), RULES, EXCLUSIVE, told)
    assert history(found, "c1") == [
        ("c1", "first", "n2", "n3"),
        ("r1", "decided", "n3", "n5"),
        ("c1", "first", "n5", None),
    ]


def test_a_link_that_a_key_holds_too_outlives_its_decision(draw: Draw) -> None:
    rows = rows_of(draw(TWO + "contracts | c1 | opca | n4 | | Roy | 1990-01-01\n"))
    told = [said("r1", "c1", "same", "n3"), said("r1", "c1", None, "n5")]
    found = link_persons(rows, RULES, EXCLUSIVE, told)
    assert history(found, "c1") == [("c1", "first", "n2", "n3"), ("r1", "decided", "n3", None)]


def test_a_decision_about_a_record_still_to_come_waits_for_it(draw: Draw) -> None:
    found = link_persons(rows_of(draw(TWO)), RULES, EXCLUSIVE, [said("c1", "r1", "same", "n1")])
    assert history(found, "c1") == [("r1", "decided", "n2", None)]


NAMESAKES = """
source    | entity_key | provider | night | case | name  | born
register  | r1         | cnam     | n1    | A1   | Roy   | 1990-01-01
survey    | s1         | web      | n1    | A1   |       |
contracts | c1         | opca     | n1    |      | Roy   | 1990-01-01
"""


def test_namesakes_said_to_be_different_are_parted_and_the_rest_stays(draw: Draw) -> None:
    told = [said("r1", "c1", "different", "n2")]
    found = link_persons(rows_of(draw(NAMESAKES)), RULES, EXCLUSIVE, told)
    assert now(found) == {"c1": "c1", "r1": "r1", "s1": "r1"}
    assert len(history(found, "c1")) == 1
    assert [one[2:] for one in history(found, "s1")] == [("n1", "n2"), ("n2", None)]
    assert found.undecided.empty


def test_a_parted_pair_is_united_again_when_the_decision_is_withdrawn(draw: Draw) -> None:
    told = [said("r1", "c1", "different", "n2"), said("r1", "c1", None, "n3")]
    found = link_persons(rows_of(draw(NAMESAKES)), RULES, EXCLUSIVE, told)
    assert set(now(found).values()) == {"c1"}


def test_what_one_decision_parts_others_hold_together(draw: Draw) -> None:
    """The stronger bond wins: the survey stays with the case number it told."""
    rows = draw("""
        source    | entity_key | provider | night | case | name  | born
        register  | r1         | cnam     | n1    | A1   | Roy   | 1990-01-01
        survey    | s1         | web      | n1    | A1   | Roy   | 1990-01-01
        contracts | c1         | opca     | n1    |      | Roy   | 1990-01-01
        pool      | p1         | opca     | n1    |      | Roy   | 1990-01-01
        """)
    told = [said("r1", "c1", "different", "n2"), said("p1", "c1", "same", "n2")]
    found = now(link_persons(rows_of(rows), RULES, EXCLUSIVE, told))
    assert found["s1"] == found["r1"]
    assert found["p1"] == found["c1"] != found["r1"]


def test_an_older_link_survives_a_ruling_on_a_later_namesake(draw: Draw) -> None:
    rows = draw("""
        source | entity_key | provider | night | name  | born
        pool   | p1         | opca     | n1    | Roy   | 1990-01-01
        survey | s1         | web      | n1    | Roy   | 1990-01-01
        pool   | p2         | opca     | n2    | Roy   | 1990-01-01
        survey | s2         | web      | n2    | Roy   | 1990-01-01
        """)
    told = [said("p1", "s2", "different", "n3")]
    found = link_persons(rows_of(rows), RULES, EXCLUSIVE, told)
    assert now(found) == {"p1": "p1", "s1": "p1", "p2": "p2", "s2": "p2"}
    assert history(found, "s1") == [("p1", "rule_2", "n1", None)]


def test_two_entries_of_one_list_are_one_person_if_the_steward_says_so(draw: Draw) -> None:
    rows = draw("""
        source | entity_key | provider | night | name  | born
        pool   | p1         | opca     | n1    | Roy   | 1990-01-01
        pool   | p2         | opca     | n1    | Rooy  | 1990-01-01
        pool   | p3         | opca     | n1    | Rroy  | 1990-01-01
        """)
    told = [said("p1", "p2", "same", "n2"), said("p3", "p2", "same", "n3")]
    found = link_persons(rows_of(rows), RULES, EXCLUSIVE, told)
    assert set(now(found).values()) == {"p1"}
    assert found.n_disobeyed == 0


def test_decisions_that_contradict_each_other_are_counted(draw: Draw) -> None:
    told = [
        said("r1", "c1", "same", "n2"),
        said("s1", "c1", "same", "n2"),
        said("r1", "s1", "different", "n2"),
    ]
    assert link_persons(rows_of(draw(NAMESAKES)), RULES, EXCLUSIVE, told).n_disobeyed == 1


def test_the_last_decision_on_a_pair_counts(draw: Draw) -> None:
    told = [said("r1", "c1", "same", "n3"), said("c1", "r1", "different", "n4")]
    assert now(link_persons(rows_of(draw(TWO)), RULES, EXCLUSIVE, told)) == {"r1": "r1", "c1": "c1"}
    told += [said("c1", "r1", "unknown", "n5")]
    found = link_persons(rows_of(draw(TWO)), RULES, EXCLUSIVE, told)
    assert now(found) == {"r1": "r1", "c1": "c1"}


def test_a_decision_between_a_record_and_itself_or_nobody_says_nothing(draw: Draw) -> None:
    told = [said("r1", "r1", "different", "n2"), said("r1", "p9", "same", "n2")]
    assert now(link_persons(rows_of(draw(TWO)), RULES, EXCLUSIVE, told)) == {"r1": "r1", "c1": "c1"}


# ------------------------------------------------------------------------------- the model


def test_a_sure_pair_is_linked_from_the_night_both_are_known(draw: Draw) -> None:
    rows = rows_of(draw(TWO))
    found = link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, {("c1:Rooy", "r1:Roy"): 0.995}))
    assert history(found, "c1") == [("r1", "model", "n2", None)]
    assert found.accepted == [Accepted(("contracts", "c1"), ("register", "r1"), "n2", 0.995)]
    assert found.undecided.empty
    assert found.open_pairs.empty


def test_an_unsure_pair_is_a_question_about_both(draw: Draw) -> None:
    rows = rows_of(draw(TWO))
    found = link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, {("c1:Rooy", "r1:Roy"): 0.5}))
    assert now(found) == {"r1": "r1", "c1": "c1"}
    assert set(found.undecided["entity_key"]) == {"r1", "c1"}
    assert found.open_pairs.values.tolist() == [
        ["contracts", "c1", "register", "r1", "model", "n2"]
    ]
    hopeless = link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, {("c1:Rooy", "r1:Roy"): 0.04}))
    assert hopeless.open_pairs.empty


def test_a_decision_wins_over_the_model(draw: Draw) -> None:
    rows = rows_of(draw(TWO))
    sure = scored(rows, {("c1:Rooy", "r1:Roy"): 0.999})
    told = [said("r1", "c1", "different", "n2")]
    found = link_persons(rows, RULES, EXCLUSIVE, told, sure)
    assert now(found) == {"r1": "r1", "c1": "c1"}
    assert found.open_pairs.empty
    later = link_persons(rows, RULES, EXCLUSIVE, [said("r1", "c1", "different", "n4")], sure)
    assert history(later, "c1") == [("r1", "model", "n2", "n4"), ("c1", "first", "n4", None)]


RIVALS = """
source    | entity_key | provider | night | name  | born
pool      | p1         | opca     | n1    | Roy   | 1990-01-01
pool      | p2         | opca     | n1    | Roi   | 1990-01-01
contracts | c1         | fafih    | n1    | Rooy  | 1990-01-01
"""


def test_rivals_of_one_list_are_asked_about_not_linked(draw: Draw) -> None:
    rows = rows_of(draw(RIVALS))
    both = {("c1:Rooy", "p1:Roy"): 0.995, ("c1:Rooy", "p2:Roi"): 0.995}
    found = link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, both))
    assert now(found) == {"p1": "p1", "p2": "p2", "c1": "c1"}
    assert len(found.open_pairs) == 2
    better = both | {("c1:Rooy", "p1:Roy"): 0.9999999}
    found = link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, better))
    assert now(found)["c1"] == now(found)["p1"] != now(found)["p2"]


def test_a_link_accepted_once_stays_whatever_the_model_says_now(draw: Draw) -> None:
    rows = rows_of(draw(TWO))
    link = Accepted(("contracts", "c1"), ("register", "r1"), "n2", 0.995)
    gone = Accepted(("contracts", "c9"), ("register", "r1"), "n2", 0.995)
    found = link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, {}, [link, gone], "n2"))
    assert history(found, "c1") == [("r1", "model", "n2", None)]
    assert found.accepted == []
    again = scored(rows, {("c1:Rooy", "r1:Roy"): 0.999}, [link])
    assert link_persons(rows, RULES, EXCLUSIVE, (), again).accepted == []


def test_what_a_new_model_finds_in_old_nights_counts_from_tonight(draw: Draw) -> None:
    rows = rows_of(draw(TWO + "survey | s1 | web | n4 | A1 | |\n"))
    sure = scored(rows, {("c1:Rooy", "r1:Roy"): 0.999}, (), "n3")
    found = link_persons(rows, RULES, EXCLUSIVE, (), sure)
    assert history(found, "c1") == [("c1", "first", "n2", "n4"), ("r1", "model", "n4", None)]


def test_a_corrected_name_is_compared_as_it_is_then(draw: Draw) -> None:
    rows = rows_of(
        draw("""
        source    | entity_key | provider | night | name  | born
        register  | r1         | cnam     | n1    | Roy   | 1990-01-01
        contracts | c1         | opca     | n2    | Rooy  | 1990-01-01
        contracts | c1         | opca     | n3    | Petit | 1990-01-01
        contracts | c2         | opca     | n3    |       |
        """)
    )
    found = link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, {("c1:Rooy", "r1:Roy"): 0.5}))
    assert found.open_pairs.empty
    back = rows_of(
        draw("""
        source    | entity_key | provider | night | name  | born
        register  | r1         | cnam     | n1    | Roy   | 1990-01-01
        contracts | c1         | opca     | n2    | Petit | 1990-01-01
        contracts | c1         | opca     | n3    |       | 1990-01-01
        contracts | c1         | opca     | n4    | Rooy  | 1990-01-01
        """)
    )
    sure = scored(back, {("c1:Rooy", "r1:Roy"): 0.999, ("c1:Petit", "r9:Roy"): 0.5})
    found = link_persons(back, RULES, EXCLUSIVE, (), sure)
    assert history(found, "c1")[-1] == ("r1", "model", "n4", None)


def test_persons_who_were_both_found_are_not_asked_about(draw: Draw) -> None:
    rows = rows_of(
        draw("""
        source    | entity_key | provider | night | name  | born
        pool      | p1         | opca     | n1    | Roy   | 1990-01-01
        contracts | c1         | fafih    | n1    | Roy   | 1990-01-01
        pool      | p2         | gref     | n1    | Roi   | 1990-01-01
        contracts | c2         | fafih    | n1    | Roi   | 1990-01-01
        """)
    )
    unsure = {("c1:Roy", "p2:Roi"): 0.4, ("c2:Roi", "p1:Roy"): 0.4}
    assert link_persons(rows, RULES, EXCLUSIVE, (), scored(rows, unsure)).open_pairs.empty


@pytest.mark.parametrize("seed", range(5))
def test_row_order_does_not_matter(seed: int, draw: Draw) -> None:
    rows = rows_of(draw(RIVALS + "survey | s1 | web | n2 | Rooy | 1990-01-01\n"))
    scores = {("c1:Rooy", "p1:Roy"): 0.999, ("c1:Rooy", "p2:Roi"): 0.3, ("p1:Roy", "s1:Rooy"): 0.6}
    told = [said("s1", "p2", "different", "n2")]
    one = link_persons(rows, RULES, EXCLUSIVE, told, scored(rows, scores))
    shuffled = rows.sample(frac=1, random_state=seed).reset_index(drop=True)
    other = link_persons(shuffled, RULES, EXCLUSIVE, told, scored(shuffled, scores))
    pd.testing.assert_frame_equal(one.links, other.links)
    pd.testing.assert_frame_equal(one.open_pairs, other.open_pairs)
    assert one.accepted == other.accepted


def test_left_over_is_who_shares_no_key_with_another_list(draw: Draw) -> None:
    rows = rows_of(
        draw("""
        source    | entity_key | provider | night | case | name  | born
        pool      | p1         | opca     | n1    |      | Roy   | 1990-01-01
        pool      | p2         | opca     | n1    |      | Roy   | 1990-01-01
        pool      | p3         | gref     | n1    |      | Petit | 1991-01-01
        pool      | p4         | opca     | n1    |      | Petit | 1991-01-01
        contracts | c1         | fafih    | n1    | A1   | Blanc | 1992-01-01
        contracts | c2         | fafih    | n2    |      | Blanc | 1992-01-01
        register  | r1         | cnam     | n1    | A1   | Noir  |
        """)
    )
    is_left = left_over(rows, RULES, EXCLUSIVE)
    assert rows.loc[is_left, "entity_key"].tolist() == ["p1", "p2", "c2"]


# ----------------------------------------------------------- answers without a sound number


def test_an_answer_without_a_number_is_nobody_s_until_the_steward_says_whose(draw: Draw) -> None:
    rows = rows_of(
        draw("""
        source   | entity_key | provider | night | case | name | born
        register | r1         | cnam     | n1    | A1   | Roy  | 1990-01-01
        survey   | s1         | web      | n2    |      |      |
        """)
    )
    found = link_persons(rows, RULES, EXCLUSIVE)
    assert now(found) == {"r1": "r1", "s1": "s1"}
    assert found.undecided.empty
    told = [said("r1", "s1", "same", "n3")]
    assert now(link_persons(rows, RULES, EXCLUSIVE, told)) == {"r1": "r1", "s1": "r1"}


def test_an_answer_under_a_number_that_two_people_have_waits_for_the_steward(draw: Draw) -> None:
    rows = rows_of(
        draw("""
        source   | entity_key | provider | night | case | name  | born
        register | r1         | cnam     | n1    | A1   | Roy   | 1990-01-01
        register | r2         | cnam     | n1    | A1   | Petit | 1991-01-01
        survey   | s1         | web      | n2    | A1   |       |
        """)
    )
    found = link_persons(rows, RULES, EXCLUSIVE)
    assert now(found) == {"r1": "r1", "r2": "r2", "s1": "s1"}
    assert found.open_pairs[["key_a", "key_b"]].values.tolist() == [["s1", "r1"], ["s1", "r2"]]
    ruled = link_persons(rows, RULES, EXCLUSIVE, [said("r1", "s1", "different", "n3")])
    assert now(ruled) == {"r1": "r1", "r2": "r2", "s1": "r2"}
    assert ruled.open_pairs.empty


def test_an_answer_that_came_before_the_register_row_keeps_its_person(draw: Draw) -> None:
    rows = rows_of(
        draw("""
        source   | entity_key | provider | night | case | name | born
        survey   | s1         | web      | n1    | A1   |      |
        register | r1         | cnam     | n2    | A1   | Roy  | 1990-01-01
        """)
    )
    assert history(link_persons(rows, RULES, EXCLUSIVE), "s1") == [("s1", "first", "n1", None)]
    assert history(link_persons(rows, RULES, EXCLUSIVE), "r1") == [("s1", "rule_1", "n2", None)]
