"""What the steward's sheet says of who is who."""

from typing import Any

import pandas as pd

from agir_pipeline.methods.identity.rulings import (
    Decision,
    answered,
    asked_again,
    decisions_of,
)

ROY, CONTRACT = ("pool", "P1"), ("contracts", "opca\x1f12\x1f0")
KEYS = {"pool": {"P1", "P2"}, "contracts": {"opca\x1f12\x1f0"}}
ROW = {
    "source_a": "pool",
    "key_a": "P1",
    "source_b": "contracts",
    "key_b": "opca / 12 / 0",
    "decision": "same",
    "decided_on": pd.Timestamp("2010-06-01"),
    "withdrawn_on": pd.NaT,
    "fingerprint_a": None,
    "fingerprint_b": None,
    "known_on": "2010-06-02",
}


def decided(*changes: dict[str, Any]) -> tuple[list[Decision], int]:
    return decisions_of(pd.DataFrame([ROW | change for change in changes]), KEYS, "\x1f")


def test_keys_are_read_as_people_write_them() -> None:
    found, n_lost = decided({}, {"key_a": " P2 ", "key_b": "opca/12/0", "decision": "different"})
    assert [(one.one, one.other, one.verdict) for one in found] == [
        (("pool", "P2"), CONTRACT, "different"),
        (ROY, CONTRACT, "same"),
    ]
    assert n_lost == 0
    assert all(one.is_ruling for one in found)


def test_a_decision_about_a_record_nobody_has_is_counted() -> None:
    assert decided({"key_a": "P9"}, {"source_b": "elsewhere"})[1] == 2


def test_a_withdrawn_decision_says_nothing_any_more() -> None:
    [one] = decided({"withdrawn_on": pd.Timestamp("2010-07-01")})[0]
    assert one.verdict is None
    assert not one.is_ruling


def test_who_cannot_say_rules_nothing() -> None:
    [one] = decided({"decision": "unknown"})[0]
    assert not one.is_ruling


def test_of_one_night_the_later_decision_comes_last() -> None:
    later = {"decided_on": pd.Timestamp("2010-06-02"), "decision": "different"}
    assert [one.verdict for one in decided(later, {})[0]] == ["same", "different"]


def test_an_answer_holds_until_a_record_says_something_else() -> None:
    said = {ROY: "f1", CONTRACT: "f2"}
    [one] = decided({"fingerprint_a": "f1", "fingerprint_b": "f2"})[0]
    assert answered([one], said) == {one.pair}
    assert asked_again([one], said) == []
    assert asked_again([one], said | {ROY: "f3"}) == [one]
    [unmarked] = decided({})[0]
    assert answered([unmarked], said | {ROY: "f3"}) == {one.pair}


def test_a_withdrawn_answer_is_open_again_and_not_asked_as_an_old_one() -> None:
    found = decided(
        {"fingerprint_a": "f1"},
        {"withdrawn_on": pd.Timestamp("2010-07-01"), "known_on": "2010-07-02"},
    )[0]
    assert answered(found, {ROY: "f9"}) == frozenset()
    assert asked_again(found, {ROY: "f9"}) == []
