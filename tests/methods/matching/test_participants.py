"""From persons as known on a day to the persons, covariates and risk sets of a round."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.matching.participants import (
    Candidates,
    aligned_spells,
    blocked_reasons,
    candidates_of,
    in_order,
    is_eligible,
    planned_end_at,
    undecided_persons,
)
from agir_pipeline.protocol.model import (
    Eligibility,
    Index,
    Labels,
    Matching,
    OtherWay,
    Protocol,
    Source,
)

Draw = Callable[[str], pd.DataFrame]

PEOPLE = """
person_id | tie_order | arm         | is_always_listed | first_listed_on | age_years | supported_from_on | told_on    | agreed_on  | spell_id | starts_on  | spell_scheme
ann       | 3         | beneficiary | true             | 2010-06-01      | 20        | 2010-02-10        |            | 2010-02-01 | s1       | 2010-02-01 | pro
bob       | 1         | control     | true             | 2010-06-01      | 21        |                   |            | 2010-03-01 | s2       | 2010-02-05 | pro
cat       | 2         | control     | false            | 2010-03-31      |           |                   | 2010-05-05 |            | s3       | 2010-02-07 | pro
"""  # noqa: E501
SPELLS = """
spell_id | starts_on  | planned_end_on | ended_early_on
s3       | 2010-02-07 | 2010-12-31     |
s1       | 2010-02-01 | 2010-12-31     | 2010-08-01
s2       | 2010-02-05 | 2010-12-31     | 2010-02-20
"""
TERMS = """
spell_id | amendment_number | holds_from_on | planned_end_on
s1       | 0                | 2010-02-01    | 2010-12-31
s1       | 1                | 2010-02-20    | 2011-06-30
s2       | 0                | 2010-02-05    | 2010-12-31
"""


def a_rule(column: str, origin: str = "person", **limits: Any) -> Eligibility:
    labels = Labels(en=column, fr=column)
    return Eligibility(
        name="rule", labels=labels, origin=origin, column=column, source="x", **limits
    )


def a_protocol(
    *covariates: Any,
    rules: tuple[Eligibility, ...] = (),
    has_index: bool = True,
    has_spells: bool = True,
    consent: str | None = None,
    told: str | None = "told_on",
) -> Protocol:
    index = Index.model_construct(
        entry_column="supported_from_on",
        supported_since_column=told,
        consent_column=consent,
    )
    fed = ["person", "spell"] if has_spells else ["person"]
    return Protocol.model_construct(
        sources=tuple(Source.model_construct(name=f, feeds=f) for f in fed),
        eligibility=rules,
        covariates=covariates,
        matching=Matching.model_construct(index=index if has_index else None),
    )


def a_round(draw: Draw, people: str = PEOPLE, undecided: tuple[str, ...] = (), **said: Any) -> Any:
    protocol = said.pop("protocol", None) or a_protocol(**said)
    return candidates_of(draw(people), draw(SPELLS), draw(TERMS), protocol, undecided)


# ------------------------------------------------------------------------------ eligibility


@pytest.mark.parametrize("numbers", ["Int64", "Float64", "float64"])
def test_limits_are_included_and_a_missing_value_fails_no_rule(numbers: str) -> None:
    ages = pd.Series([15, 16, 25, 26, np.nan]).astype(numbers)
    people = pd.DataFrame({"age": ages})
    found = is_eligible(people, [a_rule("age", minimum=16.0, maximum=25.0)])
    assert found.tolist() == [False, True, True, False, True]
    assert is_eligible(people, [a_rule("age", minimum=16.0)]).tolist()[3]
    assert is_eligible(people, [a_rule("age", maximum=25.0)]).tolist()[0]


def test_codes_of_the_contract_are_looked_up_under_its_prefix() -> None:
    people = pd.DataFrame({"spell_scheme": ["pro", "school", None], "scheme": ["school"] * 3})
    found = is_eligible(people, [a_rule("scheme", "spell", one_of=("pro", "other"))])
    assert found.tolist() == [True, False, True]


def test_another_way_lets_in_whom_a_rule_would_leave_out() -> None:
    people = pd.DataFrame({
        "home": ["here", "there", "there", "there", None],
        "spell_place": ["elsewhere", "company", "elsewhere", None, "elsewhere"],
    })  # fmt: skip
    other = {"origin": "spell", "column": "place", "one_of": ["company"]}
    rule = a_rule("home", one_of=("here",), or_else=OtherWay.model_validate(other))
    assert is_eligible(people, [rule]).tolist() == [True, True, False, True, True]
    at_home = a_rule("home", one_of=("here",), or_else=OtherWay.model_validate(
        {**other, "origin": "person", "column": "spell_place"}
    ))  # fmt: skip
    assert is_eligible(people, [at_home]).tolist() == [True, True, False, True, True]


def test_every_rule_must_hold_and_no_rule_leaves_nobody_out() -> None:
    people = pd.DataFrame({"age": [10, 20, 20], "town": ["north", "south", "north"]})
    rules = [a_rule("age", minimum=16.0), a_rule("town", one_of=("north",))]
    assert is_eligible(people, rules).tolist() == [False, False, True]
    assert is_eligible(people, []).all()


# -------------------------------------------------------------------------- blocked reasons

WANTING = """
person_id | spell_id | age_years
fine      | s1       | 20
old       | s2       | 70
lost      |          | 20
both      |          | 70
asked     | s3       | 20
asked_old | s4       | 70
asked_all |          | 70
unknown   | s5       |
"""
RULES = (a_rule("age_years", maximum=25.0),)
ASKED = {"asked", "asked_old", "asked_all", "nobody here"}


def test_an_open_question_comes_before_age_and_age_before_a_missing_contract(draw: Draw) -> None:
    people = draw(WANTING)
    found = blocked_reasons(people, a_protocol(rules=RULES), ASKED)
    assert dict(zip(people["person_id"], found.fillna("-"), strict=True)) == {
        "fine": "-",
        "old": "not_eligible",
        "lost": "no_linked_contract",
        "both": "not_eligible",
        "asked": "undecided_link",
        "asked_old": "undecided_link",
        "asked_all": "undecided_link",
        "unknown": "-",
    }


def test_whoever_left_the_study_is_blocked_before_all_else(draw: Draw) -> None:
    people = draw(WANTING)
    found = blocked_reasons(people, a_protocol(rules=RULES), ASKED, {"asked_all", "fine"})
    reasons = dict(zip(people["person_id"], found.fillna("-"), strict=True))
    assert {p for p, reason in reasons.items() if reason == "withdrawn"} == {"asked_all", "fine"}


def test_a_study_without_contracts_asks_for_none(draw: Draw) -> None:
    people = draw(WANTING)
    found = blocked_reasons(people, a_protocol(has_spells=False), set())
    assert found.isna().all()


LINKS = """
source | entity_key | person_id | known_on     | superseded_on
pool   | 1          | old       | d2010-01-10  | d2010-06-30
pool   | 1          | new       | d2010-06-30  |
pool   | 2          | two       | d2010-01-10  |
list   | 2          | three     | d2010-01-10  |
"""
QUESTIONS = """
source | entity_key | rule   | known_on
pool   | 1          | rule_1 | d2010-02-01
pool   | 2          | rule_1 | d2010-07-01
"""


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ((2010, 1, 31), set()),
        ((2010, 2, 1), {"old"}),
        ((2010, 6, 29), {"old"}),
        ((2010, 6, 30), {"new"}),
        ((2010, 7, 1), {"new", "two"}),
    ],
)
def test_who_is_undecided_is_told_by_the_links_and_questions_of_that_day(
    draw: Draw, on: tuple[int, int, int], expected: set[str]
) -> None:
    def texts(table: str) -> pd.DataFrame:
        drawn = draw(table.replace("_on", "_day")).rename(
            columns=lambda c: c.replace("_day", "_on")
        )
        return drawn.map(lambda v: v.removeprefix("d") if isinstance(v, str) else v)

    assert undecided_persons(texts(QUESTIONS), texts(LINKS), date(*on)) == expected
    never = texts(LINKS).assign(superseded_on=None).iloc[1:]
    assert undecided_persons(texts(QUESTIONS), never, date(2012, 1, 1)) == {"new", "two"}


# ------------------------------------------------------------------------------- candidates


def test_persons_stand_in_the_order_of_their_ties_with_their_delay(draw: Draw) -> None:
    persons = a_round(draw).persons
    assert persons["person_id"].tolist() == ["bob", "cat", "ann"]
    assert persons["elapsed_delay_days"].fillna(-1).tolist() == [-1, -1, 9]
    assert persons["contract_start_on"].dt.day.tolist() == [5, 7, 1]


def test_support_begun_before_the_contract_is_no_negative_delay(draw: Draw) -> None:
    early = PEOPLE.replace("2010-02-10", "2009-12-01")
    assert a_round(draw, early).persons["elapsed_delay_days"].max() == 0


def test_only_a_list_of_those_present_says_since_when_one_is_listed(draw: Draw) -> None:
    listed = a_round(draw).persons["listed_since_on"]
    assert listed.isna().tolist() == [True, False, True]
    assert listed[1] == pd.Timestamp("2010-03-31")


def test_a_blocked_beneficiary_stays_with_its_reason_and_a_blocked_control_goes(
    draw: Draw,
) -> None:
    persons = a_round(draw, undecided=("ann", "cat")).persons
    assert dict(zip(persons["person_id"], persons["blocked_reason"].fillna("-"), strict=True)) == {
        "bob": "-",
        "ann": "undecided_link",
    }


def test_a_person_of_neither_arm_is_left_out(draw: Draw) -> None:
    people = PEOPLE.replace(
        "bob       | 1         | control  ", "bob       | 1         | reference"
    )
    assert a_round(draw, people).persons["person_id"].tolist() == ["cat", "ann"]


def test_without_an_index_rule_no_date_is_read(draw: Draw) -> None:
    persons = a_round(draw, has_index=False).persons
    undated = ["elapsed_delay_days", "supported_since_on", "consented_on"]
    assert persons[undated].isna().all(axis=None)
    assert not persons["has_consent_rule"].any()


def test_the_order_of_the_rows_and_their_labels_change_nothing(draw: Draw) -> None:
    shuffled = draw(PEOPLE).iloc[[2, 0, 1]].set_index(pd.Index([7, 7, 3]))
    found = candidates_of(shuffled.reset_index(drop=True), draw(SPELLS), draw(TERMS), a_protocol())
    pd.testing.assert_frame_equal(found.persons, a_round(draw).persons)


# ------------------------------------------------------------------------ supported, consented

BOTH = """
person_id | tie_order | arm         | is_always_listed | first_listed_on | supported_from_on | told_on    | spell_id | starts_on
register  | 1         | beneficiary | true             |                 | 2010-05-01        |            | s1       | 2010-02-01
register  | 1         | control     | true             |                 |                   |            | s1       | 2010-02-01
earlier   | 2         | beneficiary | true             |                 | 2010-05-01        |            | s2       | 2010-02-01
earlier   | 2         | control     | true             |                 |                   | 2010-04-01 | s2       | 2010-02-01
later     | 3         | beneficiary | true             |                 | 2010-05-01        |            | s3       | 2010-02-01
later     | 3         | control     | true             |                 |                   | 2010-06-01 | s3       | 2010-02-01
listed    | 4         | control     | true             |                 |                   | 2010-06-01 | s4       | 2010-02-01
never     | 5         | control     | true             |                 |                   |            | s5       | 2010-02-01
"""  # noqa: E501


def test_a_control_is_supported_from_the_first_day_list_or_register_tell(draw: Draw) -> None:
    persons = a_round(draw, BOTH).persons
    since = persons[persons["arm"] == "control"].set_index("person_id")["supported_since_on"]
    assert since.dt.strftime("%m-%d").fillna("-").to_dict() == {
        "register": "05-01",
        "earlier": "04-01",
        "later": "05-01",
        "listed": "06-01",
        "never": "-",
    }
    beneficiaries = persons[persons["arm"] == "beneficiary"]
    assert beneficiaries["supported_since_on"].isna().all()
    assert beneficiaries["elapsed_delay_days"].tolist() == [89, 89, 89]


def test_nobody_supported_and_nothing_told_is_never(draw: Draw) -> None:
    people = "\n".join(line for line in BOTH.splitlines() if "never" in line or "_id" in line)
    people = draw(people)
    people["told_on"] = people["supported_from_on"] = pd.Series([pd.NaT], dtype="datetime64[us]")
    found = candidates_of(people, draw(SPELLS), draw(TERMS), a_protocol())
    assert found.persons["supported_since_on"].isna().all()


def test_where_no_list_tells_of_support_the_register_alone_does(draw: Draw) -> None:
    persons = a_round(draw, BOTH, told=None).persons
    since = persons[persons["arm"] == "control"].set_index("person_id")["supported_since_on"]
    assert since.dt.strftime("%m-%d").fillna("-").to_dict() == {
        "register": "05-01",
        "earlier": "05-01",
        "later": "05-01",
        "listed": "-",
        "never": "-",
    }


@pytest.mark.parametrize("told", ["told_on", None])
def test_a_round_before_anybody_was_read_has_nobody(draw: Draw, told: str | None) -> None:
    nobody = draw(BOTH).iloc[:0]
    found = candidates_of(nobody, draw(SPELLS), draw(TERMS), a_protocol(told=told))
    assert found.persons.empty


def test_a_consent_rule_gives_everybody_a_day_of_consent_or_none(draw: Draw) -> None:
    persons = a_round(draw, consent="agreed_on").persons
    assert persons["has_consent_rule"].all()
    assert persons["consented_on"].dt.strftime("%m-%d").fillna("-").tolist() == [
        "03-01",
        "-",
        "02-01",
    ]


def test_a_beneficiary_that_is_blocked_still_ends_the_candidacy_of_its_control_row(
    draw: Draw,
) -> None:
    rules = (a_rule("age_years", maximum=25.0),)
    people = draw(BOTH).assign(age_years=lambda t: np.where(t["arm"] == "control", 20, 70))
    found = candidates_of(people, draw(SPELLS), draw(TERMS), a_protocol(rules=rules))
    control = found.persons[found.persons["arm"] == "control"].set_index("person_id")
    assert control.loc["register", "supported_since_on"] == pd.Timestamp("2010-05-01")


# ------------------------------------------------------------------------- covariates, risk


@pytest.fixture
def four(covariate: Any) -> Protocol:
    """A covariate of each origin."""
    return a_protocol(
        covariate("age", column="age_years"),
        covariate("scheme", origin="spell", scale="category"),
        covariate("left", origin="index", column="planned_days_remaining"),
    )


def test_covariates_come_from_the_person_its_contract_and_the_index_date(
    draw: Draw, four: Protocol
) -> None:
    at = a_round(draw, protocol=four).covariates_at
    assert at(15)["age"].fillna(-1).tolist() == [21, -1, 20]
    assert at(15)["scheme"].tolist() == ["pro"] * 3
    # ann: 2010-02-16, before her amendment; then 2010-03-03, with the later end
    assert at(15)["left"].fillna(-1).tolist() == [314, -1, 318]
    assert at(30)["left"].fillna(-1).tolist() == [299, -1, 484]
    # without a day, the start counts
    assert at(None)["left"].fillna(-1).tolist() == [329, -1, 333]


def test_risk_is_asked_at_the_own_start_plus_the_delay(draw: Draw) -> None:
    found = a_round(draw)
    # bob left on 2010-02-20, fifteen days after the start
    assert found.at_risk(0).tolist() == [True, True, True]
    assert found.at_risk(14).tolist() == [True, True, True]
    assert found.at_risk(15).tolist() == [False, True, True]
    assert found.at_risk(400).tolist() == [False, False, False]


def test_only_the_question_of_risk_reads_how_contracts_ended(draw: Draw, four: Protocol) -> None:
    found = a_round(draw, protocol=four)
    blind = replace(found, spells=found.spells.drop(columns="ended_early_on"))
    pd.testing.assert_frame_equal(blind.covariates_at(30), found.covariates_at(30))
    with pytest.raises(KeyError):
        blind.at_risk(30)
    late = draw(SPELLS).assign(ended_early_on=pd.Timestamp("2010-02-08"))
    other = candidates_of(draw(PEOPLE), late, draw(TERMS), four)
    pd.testing.assert_frame_equal(other.persons, found.persons)
    pd.testing.assert_frame_equal(other.covariates_at(30), found.covariates_at(30))


def test_contracts_are_laid_beside_persons_and_an_unknown_one_is_empty(draw: Draw) -> None:
    wanted = pd.Series(["s1", None, "gone", "s1"], index=[5, 6, 7, 8])
    found = aligned_spells(draw(SPELLS), wanted)
    assert found["starts_on"].dt.day.fillna(-1).tolist() == [1, -1, -1, 1]
    assert found.index.tolist() == [0, 1, 2, 3]


# ------------------------------------------------------------------------ planned end by day

AMENDED = """
spell_id | amendment_number | holds_from_on | planned_end_on
s1       | 2                | 2010-09-01    | 2010-10-31
s1       | 0                | 2010-01-01    | 2010-12-31
s1       | 1                | 2010-06-01    | 2011-06-30
s2       | 0                | 2010-01-01    | 2010-03-31
s2       | 1                | 2010-01-01    | 2010-05-31
"""


@pytest.mark.parametrize(
    ("spell", "on", "end"),
    [
        ("s1", "2009-12-31", None),
        ("s1", "2010-01-01", "2010-12-31"),
        ("s1", "2010-05-31", "2010-12-31"),
        ("s1", "2010-06-01", "2011-06-30"),
        ("s1", "2010-08-31", "2011-06-30"),
        ("s1", "2010-09-01", "2010-10-31"),
        ("s1", "2015-01-01", "2010-10-31"),
        ("s2", "2010-01-01", "2010-05-31"),
        ("gone", "2010-06-01", None),
        ("s1", None, None),
        (None, "2010-06-01", None),
    ],
)
def test_the_planned_end_is_that_of_the_last_term_in_force_that_day(
    draw: Draw, spell: str | None, on: str | None, end: str | None
) -> None:
    found = planned_end_at(
        in_order(draw(AMENDED)), pd.Series([spell], dtype="string"), pd.to_datetime(pd.Series([on]))
    )
    assert found.dt.strftime("%Y-%m-%d").fillna("-").tolist() == [end or "-"]


def test_planned_ends_are_told_row_by_row_whatever_the_order(draw: Draw) -> None:
    spell_id = pd.Series(["s2", "s1", "s1", None, "s2"], index=[4, 2, 9, 1, 0], dtype="string")
    days = ["2010-02-01", "2010-07-01", "2010-02-01", "2010-02-01", "2009-01-01"]
    found = planned_end_at(
        in_order(draw(AMENDED)), spell_id, pd.Series(pd.to_datetime(days), spell_id.index)
    )
    assert found.index.tolist() == [4, 2, 9, 1, 0]
    assert found.dt.strftime("%m-%d").fillna("-").tolist() == ["05-31", "06-30", "12-31", "-", "-"]


def test_a_study_whose_contracts_have_no_term_yet_has_no_planned_end(draw: Draw) -> None:
    spell_id = pd.Series(["s1"], dtype="string")
    on = pd.Series(pd.to_datetime(["2010-02-01"]))
    assert planned_end_at(in_order(draw(AMENDED).iloc[:0]), spell_id, on).isna().all()
    nobody = planned_end_at(in_order(draw(AMENDED)), spell_id[:0], on[:0])
    assert nobody.empty
    assert nobody.dtype.kind == "M"


def test_candidates_are_frozen(draw: Draw) -> None:
    found: Candidates = a_round(draw)
    with pytest.raises(AttributeError):
        found.persons = found.persons.iloc[:0]  # type: ignore[misc]
