"""Tables about pairs over all rounds: terms, members, status today, and who has none."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.methods.matching.pair_tables import (
    analysis_population,
    empty_round,
    pair_terms,
    status_of,
    still_unmatched,
    used_in_rounds,
)
from agir_pipeline.methods.matching.participants import Candidates
from agir_pipeline.methods.matching.rounds import match_round

Draw = Callable[[str], pd.DataFrame]

PAIRS = """
pair_id | status | round_number | band_number | elapsed_days | common_planned_days | beneficiary_person_id | control_person_id | beneficiary_index_on | control_index_on | beneficiary_spell_id | control_spell_id
1-01-01 | active | 1            | 1           | 15           | 300                    | ann                   | bob               | 2010-02-16           | 2010-02-20       | s1                   | s2
1-02-01 | active | 2            | 0           | 0            | 200                    | cat                   | dan               | 2010-03-01           | 2010-03-05       | s3                   | s4
"""  # noqa: E501


# ------------------------------------------------------------------------------- pair terms

PARTICIPANTS = """
person_id | arm         | spell_id
bob       | control     | s2
both      | control     | s9
both      | beneficiary | s8
ann       | beneficiary | s1
"""
TERMS = """
spell_id | amendment_number | holds_from_on | planned_end_on
s1       | 0                | 2010-02-01    | 2010-12-31
s1       | 1                | 2010-02-17    | 2012-12-31
s2       | 0                | 2010-02-05    | 2010-03-31
s8       | 0                | 2010-02-01    | 2010-03-11
"""
FORMED = """
beneficiary_person_id | control_person_id | beneficiary_index_on | control_index_on
both                  | ann               | 2010-03-01           | 2010-02-20
ann                   | both              | 2010-02-16           | 2010-03-01
"""


def some_candidates(draw: Draw, terms: str = TERMS) -> Candidates:
    people = draw(PARTICIPANTS)
    start = pd.Series(pd.Timestamp("2010-02-01"), people.index)
    return Candidates(
        people.assign(contract_start_on=start), people, pd.DataFrame(), draw(terms), ()
    )


def test_a_pair_has_the_contracts_of_both_and_the_beneficiarys_planned_end(
    draw: Draw, spec: Any
) -> None:
    pairs = draw(FORMED).set_index(pd.Index([7, 3]))
    terms = pd.DataFrame(pair_terms(pairs, some_candidates(draw), spec()))
    # ann's amendment came into force the day after her index date and is not known on it
    assert terms["common_planned_days"].to_dict() == {7: 10, 3: 318}
    assert terms["beneficiary_spell_id"].to_dict() == {7: "s8", 3: "s1"}
    # whoever stands in both arms has a contract in each
    assert terms["control_spell_id"].fillna("-").to_dict() == {7: "-", 3: "s9"}


def test_without_an_index_rule_a_pair_has_contracts_and_no_planned_end(
    draw: Draw, spec: Any
) -> None:
    terms = pair_terms(draw(FORMED), some_candidates(draw), spec(band_width_days=None))
    assert terms["beneficiary_spell_id"].tolist() == ["s8", "s1"]
    assert terms["common_planned_days"].isna().all()


@pytest.mark.parametrize("rows", [0, 2])
def test_no_pair_or_no_candidate_has_no_terms_of_the_same_kinds(
    draw: Draw, spec: Any, rows: int
) -> None:
    pairs = draw(FORMED).iloc[:rows]
    candidates = some_candidates(draw) if rows == 0 else None
    terms = pd.DataFrame(pair_terms(pairs, candidates, spec()))
    assert len(terms) == rows
    assert terms.isna().all(axis=None)
    made = pd.DataFrame(pair_terms(draw(FORMED), some_candidates(draw), spec()))
    assert list(terms.dtypes) == list(made.dtypes)


# -------------------------------------------------------------------------- still unmatched

REASONS = """
person_id | reason            | nearest_distance | round_number
eve       | outside_caliper   | 2.5              | 2
eve       | waiting           |                  | 1
ann       | waiting           |                  | 1
fay       | priced_out        | 1.5              | 1
gone      | not_at_risk       |                  | 1
"""
REGISTER = """
person_id | arm
gil       | beneficiary
eve       | beneficiary
ann       | beneficiary
fay       | beneficiary
fay       | control
bob       | control
eve       | beneficiary
"""


def test_the_last_round_that_looked_gives_the_reason_and_nobody_asked_waits(draw: Draw) -> None:
    found = still_unmatched(draw(REGISTER), draw(PAIRS), draw(REASONS))
    expected = draw(
        """
        person_id | reason          | nearest_distance | round_number
        eve       | outside_caliper | 2.5              | 2
        fay       | priced_out      | 1.5              | 1
        gil       | waiting         |                  |
        """
    )
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_before_any_round_every_beneficiary_waits(draw: Draw, spec: Any) -> None:
    nothing = empty_round(spec())
    unmatched = nothing.unmatched.assign(round_number=0)
    found = still_unmatched(draw(REGISTER), nothing.pairs, unmatched)
    assert found["person_id"].tolist() == ["ann", "eve", "fay", "gil"]
    assert set(found["reason"]) == {"waiting"}


# ---------------------------------------------------------------------- analysis population

POOL = """
round_number | band_number | person_id | arm         | age | planned_days_remaining
1            | 0           | bob       | control     | 17  | 330
1            | 1           | bob       | control     | 18  | 315
1            | 1           | ann       | beneficiary | 19  | 300
1            | 1           | dan       | control     | 20  | 300
2            | 0           | bob       | control     | 21  | 330
2            | 0           | dan       | control     | 22  | 190
2            | 0           | dan       | beneficiary | 99  | 190
2            | 0           | cat       | beneficiary | 23  | 200
"""


def test_the_population_is_each_member_once_as_known_in_its_own_band(
    draw: Draw, spec: Any, covariate: Any
) -> None:
    own = spec(covariate("age"), covariate("planned_days_remaining", origin="index"))
    found = analysis_population(draw(PAIRS), draw(POOL), own)
    expected = draw(
        """
        pair_id | arm         | person_id | age | index_on   | elapsed_days | common_planned_days | planned_days_remaining | round_number | band_number | status
        1-01-01 | beneficiary | ann       | 19  | 2010-02-16 | 15           | 300                 | 300                    | 1            | 1           | active
        1-01-01 | control     | bob       | 18  | 2010-02-20 | 15           | 300                 | 315                    | 1            | 1           | active
        1-02-01 | beneficiary | cat       | 23  | 2010-03-01 | 0            | 200                 | 200                    | 2            | 0           | active
        1-02-01 | control     | dan       | 22  | 2010-03-05 | 0            | 200                 | 190                    | 2            | 0           | active
        """  # noqa: E501
    )
    pd.testing.assert_frame_equal(found[list(expected)], expected, check_dtype=False)
    assert set(found) == set(expected)


def test_a_member_that_is_no_longer_in_the_pool_keeps_its_row(
    draw: Draw, spec: Any, covariate: Any
) -> None:
    pool = draw(POOL).query("person_id != 'bob'")
    found = analysis_population(draw(PAIRS), pool, spec(covariate("age")))
    assert found["age"].fillna(-1).tolist() == [19, -1, 23, 22]


def test_no_pair_has_no_population(spec: Any, covariate: Any) -> None:
    own = spec(covariate("age"), covariate("level", scale="category", role="exact"))
    nothing = empty_round(own)
    pairs = nothing.pairs.assign(pair_id="", status="", common_planned_days=0, round_number=0)
    found = analysis_population(pairs, nothing.pool.assign(round_number=0), own)
    assert len(found) == 0
    assert {"pair_id", "arm", "person_id", "index_on", "age", "level"} <= set(found)


# ----------------------------------------------------------------------------- status today

CONTRACTS = """
spell_id | starts_on  | planned_end_on | ended_early_on
s4       | 2010-03-05 | 2010-12-31     |
s1       | 2010-02-01 | 2010-12-31     |
s3       | 2010-03-01 | 2010-12-31     |
s2       | 2010-02-05 | 2010-12-31     |
"""
VOID, ACTIVE = "void_not_at_risk", "active"


@pytest.mark.parametrize(
    ("spell", "column", "day", "status"),
    [
        ("s1", "ended_early_on", "2010-02-15", VOID),
        ("s1", "ended_early_on", "2010-02-16", VOID),
        ("s1", "ended_early_on", "2010-02-17", ACTIVE),
        ("s2", "ended_early_on", "2010-02-19", VOID),
        ("s2", "ended_early_on", "2010-02-20", VOID),
        ("s2", "ended_early_on", "2010-02-21", ACTIVE),
        ("s2", "starts_on", "2010-02-20", ACTIVE),
        ("s2", "starts_on", "2010-02-21", VOID),
        ("s1", "planned_end_on", "2010-02-16", ACTIVE),
        ("s1", "planned_end_on", "2010-02-15", VOID),
    ],
)
def test_later_news_of_the_index_day_voids_that_pair_alone(
    draw: Draw, spell: str, column: str, day: str, status: str
) -> None:
    contracts = draw(CONTRACTS)
    contracts.loc[contracts["spell_id"] == spell, column] = pd.Timestamp(day)
    found = status_of(draw(PAIRS).set_index(pd.Index([8, 5])), contracts, True)
    assert found.to_dict() == {8: status, 5: ACTIVE}


@pytest.mark.parametrize("gone", ["s1", "s2"])
def test_a_pair_whose_contract_vanished_is_void(draw: Draw, gone: str) -> None:
    left = draw(CONTRACTS).query(f"spell_id != '{gone}'")
    assert status_of(draw(PAIRS), left, True).tolist() == [VOID, ACTIVE]


def test_nothing_after_the_index_day_changes_the_status(draw: Draw) -> None:
    later = draw(CONTRACTS).assign(ended_early_on=pd.Timestamp("2010-03-06"))
    assert status_of(draw(PAIRS), later, True).tolist() == [ACTIVE, ACTIVE]


def test_without_contracts_every_pair_is_active(draw: Draw) -> None:
    nothing = pd.DataFrame(columns=["spell_id", "starts_on", "planned_end_on", "ended_early_on"])
    assert status_of(draw(PAIRS), nothing, False).tolist() == [ACTIVE, ACTIVE]


def test_a_member_who_left_or_was_erased_breaks_the_pair_whatever_its_contract(draw: Draw) -> None:
    pairs = draw(PAIRS)
    assert status_of(pairs, draw(CONTRACTS), True, {"dan", "nobody"}).tolist() == [
        ACTIVE, "broken_by_withdrawal",
    ]  # fmt: skip
    gone = pairs.assign(beneficiary_person_id=["erased.1f", "cat"])
    nothing = draw(CONTRACTS).iloc[:0]
    assert status_of(gone, nothing, True, {"bob", "cat"}).tolist() == [
        "broken_by_erasure", "broken_by_withdrawal",
    ]  # fmt: skip


def test_whoever_left_the_study_is_unmatched_for_that_reason(draw: Draw) -> None:
    found = still_unmatched(draw(REGISTER), draw(PAIRS), draw(REASONS), {"eve"})
    reasons = dict(zip(found["person_id"], found["reason"], strict=True))
    before = still_unmatched(draw(REGISTER), draw(PAIRS), draw(REASONS))
    assert reasons.pop("eve") == "withdrawn"
    assert reasons.items() <= dict(zip(before["person_id"], before["reason"], strict=True)).items()


# --------------------------------------------------------------------------------- rounds


def test_everybody_in_a_pair_of_any_round_is_used_in_its_arm(draw: Draw) -> None:
    pairs = draw(PAIRS)
    assert used_in_rounds([pairs.iloc[:1], pairs.iloc[:0], pairs.iloc[1:]]) == {
        "ann": "beneficiary",
        "bob": "control",
        "cat": "beneficiary",
        "dan": "control",
    }
    assert used_in_rounds([]) == {}


def test_once_a_control_is_never_a_beneficiary_and_no_two_pairs_share_a_person(
    random_world: Any, full_spec: Any
) -> None:
    world = random_world(5, 12, 30)
    rounds = []
    for number in range(4):
        # each round knows more controls, and some of them have become beneficiaries
        known = world.persons.index < 20 + 10 * number
        used = used_in_rounds(one.pairs for one in rounds)
        controls = [p for p, arm in used.items() if arm == "control"]
        joined = world.persons["person_id"].isin(controls[: 2 * number])
        persons = world.persons[known].assign(
            arm=world.persons["arm"].mask(joined, "beneficiary"),
            elapsed_delay_days=world.persons["elapsed_delay_days"].mask(joined, 10.0),
        )
        found = match_round(
            persons,
            lambda _edge, known=known: world.covariates[known],
            lambda edge, known=known: (world.exit_days > edge)[known],
            full_spec,
            date(2012, 12, 31),
            used,
        )
        told = found.unmatched.set_index("person_id")["reason"]
        assert (told.reindex(controls[: 2 * number]) == "used_as_control").all()
        rounds.append(found)
    assert len(controls) > 4
    pairs = pd.concat(one.pairs for one in rounds)
    everybody = [*pairs["beneficiary_person_id"], *pairs["control_person_id"]]
    assert len(everybody) == len(set(everybody)) > 10


@pytest.mark.parametrize("width", [None, 15])
def test_an_empty_round_has_the_tables_of_a_full_one(
    world: Any, spec: Any, covariate: Any, width: int | None
) -> None:
    own = spec(
        covariate("level", scale="category", role="exact"),
        covariate("age"),
        band_width_days=width,
        start_window_days=width and 45,
        waiting_days=width and 45,
    )
    full = world(
        """
        person_id | arm         | age | level
        ann       | beneficiary | 20  | v
        bob       | control     | 21  | v
        """
    ).match(own)
    nothing = empty_round(own)
    for name in ("pairs", "unmatched", "certificates", "pool", "prices", "exclusions"):
        made, empty = getattr(full, name), getattr(nothing, name)
        assert len(empty) == 0
        assert list(empty.columns) == list(made.columns), name
    assert len(full.pairs) == 1
    assert nothing.models == ()
