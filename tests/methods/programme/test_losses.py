"""Who cannot be told for an outcome, and why; never read from what happened to them."""

from collections.abc import Callable

import pandas as pd

from agir_pipeline.methods.programme.losses import (
    event_losses,
    measure_losses,
    status_losses,
    wave_losses,
)
from agir_pipeline.protocol.model import EventOutcome, Protocol, StatusOutcome

Draw = Callable[[str], pd.DataFrame]


def event(agir: Protocol) -> EventOutcome:
    return next(o for o in agir.outcomes if isinstance(o, EventOutcome))


def status(agir: Protocol) -> StatusOutcome:
    return next(o for o in agir.outcomes if isinstance(o, StatusOutcome))


def test_a_pair_is_evaluable_when_both_members_are(draw: Draw, agir: Protocol) -> None:
    times = draw("""
        definition | pair_id | arm         | follow_up_days
        net_180    | p1      | beneficiary | 274
        net_180    | p1      | control     | 300
        net_180    | p2      | beneficiary | 273
        net_180    | p2      | control     | 300
        net_180    | p3      | beneficiary | 500
        net_180    | p3      | control     |
        gross      | p1      | beneficiary | 0
    """)
    found = event_losses(times, event(agir)).set_index(["pair_id", "arm"])["reason"]
    assert found[found.isna()].index.get_level_values("pair_id").unique().tolist() == ["p1"]
    assert found.loc["p2"].tolist() == ["not_yet_evaluable"] * 2
    assert found.loc["p3"].tolist() == ["unknown"] * 2


def test_without_a_primary_one_the_first_definition_and_longest_horizon_count(
    draw: Draw, agir: Protocol
) -> None:
    plain = event(agir).model_copy(
        update={"primary_definition": None, "primary_horizon_days": None}
    )
    times = draw("""
        definition | pair_id | arm         | follow_up_days
        gross      | p1      | beneficiary | 364
        gross      | p1      | control     | 400
        net_180    | p1      | beneficiary | 900
    """)
    assert event_losses(times, plain)["reason"].tolist() == ["not_yet_evaluable"] * 2


def test_an_answer_is_missed_only_once_it_is_due(draw: Draw, agir: Protocol) -> None:
    answers = draw("""
        definition | pair_id | arm         | is_due | is_respondent | status
        durable    | p1      | beneficiary | true   | true          | false
        durable    | p1      | control     | true   | false         |
        durable    | p2      | beneficiary | true   | true          |
        durable    | p2      | control     | true   | true          | true
        durable    | p3      | beneficiary | true   | true          | true
        durable    | p3      | control     | false  | false         |
        other      | p9      | control     | false  | false         |
    """)
    plain = status(agir).model_copy(update={"primary_definition": None})
    for outcome in (status(agir), plain):
        found = status_losses(answers, outcome).fillna("-")
        assert found.groupby("pair_id")["reason"].agg(list).to_dict() == {
            "p1": ["-", "no_answer"],
            "p2": ["no_answer", "-"],
            "p3": ["not_due", "not_due"],
        }


def test_a_wave_is_missed_by_whoever_was_due_and_did_not_answer_it_whole(draw: Draw) -> None:
    responses = draw("""
        wave  | pair_id | arm         | is_due | state
        first | p1      | beneficiary | true   | answered
        first | p1      | control     | true   | no_contact
        first | p2      | beneficiary | true   | in_part
        first | p2      | control     | true   |
        first | p3      | beneficiary | false  | answered
        first | p3      | control     |        |
        other | p9      | control     | true   | silent
    """)
    found = wave_losses(responses, ["first", "second"])
    assert found["second"].empty
    assert found["first"].fillna("-")["reason"].tolist() == [
        "-", "no_contact", "in_part", "silent", "not_due", "not_due",
    ]  # fmt: skip


def test_a_measure_is_lost_where_it_has_no_value(draw: Draw) -> None:
    values = draw("""
        person_id | pair_id | arm         | value
        a         | p1      | beneficiary | 0.0
        b         | p1      | control     |
        c         |         | control     |
    """)
    assert measure_losses(values).fillna("-").to_numpy().tolist() == [
        ["p1", "beneficiary", "-"],
        ["p1", "control", "no_value"],
    ]
