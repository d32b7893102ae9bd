"""Everybody who entered leaves at one place or remains: worked by hand, then for any study."""

from collections.abc import Callable

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.published import wave_step
from agir_pipeline.contracts.tables import table_contract
from agir_pipeline.methods.programme.flow import flow_persons, participant_flow
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol

Draw = Callable[[str], pd.DataFrame]
AGIR = load_protocol(packaged_protocols()["agir"])
CONTRACT = table_contract("participant_flow", AGIR)

NO_LOSSES = pd.DataFrame(columns=["pair_id", "arm", "reason"])
NO_ROUND = pd.DataFrame(columns=["person_id", "arm", "reason"])


def nothing_lost(protocol: Protocol) -> dict[str, pd.DataFrame]:
    """By the step of each wave and the name of each outcome: everybody can be told."""
    names = [*map(wave_step, protocol.waves), *(o.name for o in protocol.outcomes)]
    return dict.fromkeys(names, NO_LOSSES)


def test_worked_by_hand(draw: Draw, agir: Protocol) -> None:
    waves = tuple(wave for wave in agir.waves if wave.name == "youth_t1")
    agir = agir.model_copy(update={"waves": waves})
    participants = draw("""
        person_id | arm         | blocked            | support_entry_on
        b1        | beneficiary |                    | 2010-02-01
        b2        | beneficiary |                    | 2010-02-01
        b3        | beneficiary |                    | 2010-02-01
        b4        | beneficiary | not_eligible       |
        b5        | beneficiary |                    | 2010-02-01
        b6        | beneficiary |                    | 2010-02-01
        b7        | beneficiary |                    |
        c1        | control     |                    |
        c2        | control     |                    |
        c3        | control     | no_linked_contract |
        c4        | control     |                    |
        c5        | control     |                    |
        c6        | control     |                    |
        c7        | control     |                    |
        b6        | control     | not_eligible       |
        r1        | reference   |                    |
    """)
    unmatched = draw("""
        person_id | reason
        b3        | not_at_risk
        b4        | not_eligible
        b5        | waiting
        b6        | priced_out
    """)
    pairs = draw("""
        pair_id | beneficiary_person_id | control_person_id | status
        p1      | b1                    | c1                | active
        p2      | b2                    | c2                | void_not_at_risk
    """)
    pool = draw("""
        person_id | arm
        c1        | control
        c2        | control
        c4        | control
        c4        | control
        b1        | beneficiary
    """)
    exclusions = draw("""
        person_id | reason
        c5        | not_yet_listed
        c5        | already_supported
        c7        | already_supported
    """)
    losses = nothing_lost(agir) | {
        "durable_employment": draw("""
            pair_id | arm         | reason
            p1      | beneficiary |
            p1      | control     | no_answer
        """),
        "youth_t1_answered": draw("""
            pair_id | arm         | reason
            p1      | beneficiary | in_part
            p1      | control     |
        """),
    }
    flow = participant_flow(
        participants, participants["blocked"], unmatched, pairs, pool, exclusions, losses, agir
    )
    expected = draw("""
        step_order | step                        | arm         | n_in | reason             | n_out | n_remaining
        1          | registered                  | beneficiary | 7    |                    | 0     | 7
        1          | registered                  | control     | 8    |                    | 0     | 8
        1          | registered                  | reference   | 1    |                    | 0     | 1
        2          | eligible                    | beneficiary | 7    | not_eligible       | 1     | 6
        2          | eligible                    | control     | 8    | not_eligible       | 1     | 7
        3          | contract_linked             | beneficiary | 6    |                    | 0     | 6
        3          | contract_linked             | control     | 7    | no_linked_contract | 1     | 6
        4          | listed                      | control     | 6    | not_yet_listed     | 1     | 5
        5          | enrolled                    | beneficiary | 6    | not_entered        | 1     | 5
        6          | at_risk                     | control     | 5    | already_supported  | 1     | 3
        6          | at_risk                     | control     | 5    | never_at_risk      | 1     | 3
        7          | waited                      | beneficiary | 5    | waiting            | 1     | 4
        8          | matched                     | beneficiary | 4    | not_at_risk        | 1     | 2
        8          | matched                     | beneficiary | 4    | priced_out         | 1     | 2
        8          | matched                     | control     | 3    | not_chosen         | 1     | 2
        9          | analysed                    | beneficiary | 2    | void_not_at_risk   | 1     | 1
        9          | analysed                    | control     | 2    | void_not_at_risk   | 1     | 1
        10         | youth_t1_answered           | beneficiary | 1    | in_part            | 1     | 0
        10         | youth_t1_answered           | control     | 1    |                    | 0     | 1
        11         | rupture_evaluable           | beneficiary | 1    |                    | 0     | 1
        11         | rupture_evaluable           | control     | 1    |                    | 0     | 1
        12         | durable_employment_answered | beneficiary | 1    |                    | 0     | 1
        12         | durable_employment_answered | control     | 1    | no_answer          | 1     | 0
    """)  # noqa: E501
    pd.testing.assert_frame_equal(flow, expected.astype(flow.dtypes.to_dict()))
    people = flow_persons(
        participants, participants["blocked"], unmatched, pairs, pool, exclusions, losses, agir
    )
    left = people.dropna(subset="reason").sort_values(["step", "person_id"])
    assert list(zip(left["step"], left["person_id"], left["reason"], strict=True)) == [
        ("analysed", "b2", "void_not_at_risk"),
        ("analysed", "c2", "void_not_at_risk"),
        ("at_risk", "c6", "never_at_risk"),
        ("at_risk", "c7", "already_supported"),
        ("contract_linked", "c3", "no_linked_contract"),
        ("durable_employment_answered", "c1", "no_answer"),
        ("eligible", "b4", "not_eligible"),
        ("eligible", "b6", "not_eligible"),
        ("enrolled", "b7", "not_entered"),
        ("listed", "c5", "not_yet_listed"),
        ("matched", "b3", "not_at_risk"),
        ("matched", "b6", "priced_out"),
        ("matched", "c4", "not_chosen"),
        ("waited", "b5", "waiting"),
        ("youth_t1_answered", "b1", "in_part"),
    ]
    assert people.groupby(["step", "arm"]).size().to_dict() == {
        (row.step, row.arm): row.n_in for row in flow.itertuples()
    }


def test_a_pair_member_no_longer_on_the_register_still_counts(draw: Draw, agir: Protocol) -> None:
    participants = draw("""
        person_id | arm         | support_entry_on
        b1        | beneficiary | 2010-02-01
    """)
    pairs = draw("""
        pair_id | beneficiary_person_id | control_person_id | status
        p1      | b1                    | gone              | active
    """)
    none = pd.Series([None], dtype="string")
    losses = nothing_lost(agir)
    flow = participant_flow(participants, none, NO_ROUND, pairs, NO_ROUND, NO_ROUND, losses, agir)
    analysed = flow[flow["step"] == "analysed"]
    assert analysed["n_remaining"].tolist() == [1, 1]


def test_who_was_replaced_counts_by_the_pair_that_stands(draw: Draw, agir: Protocol) -> None:
    participants = draw("""
        person_id | arm         | support_entry_on
        b1        | beneficiary | 2010-02-01
        c1        | control     |
        c2        | control     |
    """)
    pairs = draw("""
        pair_id | beneficiary_person_id | control_person_id | status
        p1      | b1                    | c1                | replaced
        p2      | b1                    | c2                | active
    """)
    none = pd.Series([None] * 3, dtype="string")
    losses = nothing_lost(agir)
    flow = participant_flow(participants, none, NO_ROUND, pairs, NO_ROUND, NO_ROUND, losses, agir)
    analysed = flow[flow["step"] == "analysed"].set_index("arm")
    assert analysed["n_remaining"].to_dict() == {"beneficiary": 1, "control": 1}
    assert analysed["reason"].dropna().to_dict() == {"control": "replaced"}


def test_a_study_without_anybody_has_empty_steps(agir: Protocol) -> None:
    texts = ("person_id", "arm", "support_entry_on")
    nobody = pd.DataFrame({name: pd.Series(dtype="string") for name in texts})
    pairs = pd.DataFrame(
        {
            name: pd.Series(dtype="string")
            for name in ("pair_id", "beneficiary_person_id", "control_person_id", "status")
        }
    )
    losses = nothing_lost(agir)
    flow = participant_flow(
        nobody, pd.Series(dtype="string"), NO_ROUND, pairs, NO_ROUND, NO_ROUND, losses, agir
    )
    assert flow["n_in"].sum() == 0
    assert set(flow["arm"]) == {"beneficiary", "control"}


def test_only_a_study_with_index_dates_has_lists_and_entries(draw: Draw) -> None:
    nsw = load_protocol(packaged_protocols()["nsw"])
    participants = draw("""
        person_id | arm
        b1        | beneficiary
        c1        | control
    """)
    pairs = draw("""
        pair_id | beneficiary_person_id | control_person_id | status
        p1      | b1                    | c1                | active
    """)
    none = pd.Series([None] * 2, dtype="string")
    flow = participant_flow(
        participants, none, NO_ROUND, pairs, NO_ROUND, NO_ROUND, nothing_lost(nsw), nsw
    )
    assert not {"listed", "enrolled"} & set(flow["step"])
    assert flow["step_order"].unique().tolist() == list(range(1, flow["step_order"].max() + 1))
    assert flow["n_remaining"].eq(1).all()


BLOCKED = st.sampled_from([None, "not_eligible", "no_linked_contract", "undecided_link"])
ENTRIES = st.sampled_from([pd.Timestamp("2010-02-01"), pd.NaT])
REASONS = st.sampled_from(["waiting", "used_as_control", "not_at_risk", "no_control_in_stratum"])
STATUSES = st.sampled_from(["active", "void_not_at_risk", "broken_by_erasure"])


@st.composite
def studies(draw: st.DrawFn) -> tuple[pd.DataFrame, ...]:
    n_ours, n_theirs = draw(st.integers(0, 8)), draw(st.integers(0, 8))
    n_pairs = draw(st.integers(0, min(n_ours, n_theirs)))
    people = [("beneficiary", f"b{n}") for n in range(n_ours)]
    people += [("control", f"{draw(st.sampled_from('bc'))}{n}") for n in range(n_theirs)]
    participants = pd.DataFrame(
        {
            "person_id": pd.Series([p for _, p in people], dtype="string"),
            "arm": pd.Series([arm for arm, _ in people], dtype="string"),
            "blocked": pd.Series([draw(BLOCKED) for _ in people], dtype="string"),
            "support_entry_on": [draw(ENTRIES) for _ in people],
        }
    )
    theirs = [person for arm, person in people if arm == "control"]
    pairs = pd.DataFrame(
        {
            "pair_id": [f"p{n}" for n in range(n_pairs)],
            "beneficiary_person_id": [f"b{n}" for n in range(n_pairs)],
            "control_person_id": theirs[:n_pairs],
            "status": [draw(STATUSES) for _ in range(n_pairs)],
        },
        dtype="string",
    )
    alone = [f"b{n}" for n in range(n_pairs, n_ours) if draw(st.booleans())]
    unmatched = pd.DataFrame(
        {"person_id": alone, "reason": [draw(REASONS) for _ in alone]}, dtype="string"
    )
    seen = [person for person in theirs if draw(st.booleans())]
    pool = pd.DataFrame({"person_id": seen, "arm": "control"}, dtype="string")
    lost = pd.DataFrame(
        {"pair_id": pairs["pair_id"], "arm": "control", "reason": "not_due"}, dtype="string"
    )
    return participants, unmatched, pairs, pool, lost.iloc[: draw(st.integers(0, 8))]


@settings(max_examples=25, deadline=None)
@given(studies())
def test_it_adds_up_for_any_study(study: tuple[pd.DataFrame, ...]) -> None:
    participants, unmatched, pairs, pool, lost = study
    losses = {name: lost for name in nothing_lost(AGIR)}
    flow = participant_flow(
        participants, participants["blocked"], unmatched, pairs, pool, NO_ROUND, losses, AGIR
    )
    checked(flow, CONTRACT)
    people = flow_persons(
        participants, participants["blocked"], unmatched, pairs, pool, NO_ROUND, losses, AGIR
    )
    named = people.groupby(["step", "arm", "reason"]).size()
    assert named.to_dict() == flow.groupby(["step", "arm", "reason"])["n_out"].sum().to_dict()
    active = int((pairs["status"] == "active").sum())
    told = int(lost.merge(pairs, on="pair_id")["status"].eq("active").sum())
    assert flow.loc[flow["reason"] == "not_due", "n_out"].eq(told).all()
    for arm in ("beneficiary", "control"):
        mine = flow[flow["arm"] == arm].drop_duplicates("step").set_index("step")
        way = mine.loc["registered":"analysed"]  # type: ignore[misc]
        assert way["n_in"].iloc[1:].tolist() == way["n_remaining"].iloc[:-1].tolist()
        assert way["n_in"].iloc[0] == (participants["arm"] == arm).sum()
        assert mine.loc["matched", "n_remaining"] == len(pairs)
        assert mine.loc["analysed", "n_remaining"] == active
        for outcome in ("rupture_evaluable", "durable_employment_answered"):
            assert mine.loc[outcome, "n_in"] == active
    first = flow.iloc[0]
    assert first["step"] == "registered"
    assert first["n_out"] == 0
