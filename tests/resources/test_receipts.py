"""State is a pure function of receipts: order, repetition and prefixes first."""

import json
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.resources.receipts import Receipt, State, state

FIRST = date(2010, 1, 31)
days = st.integers(0, 5).map(lambda n: FIRST + timedelta(days=n))
receipts = st.builds(
    Receipt,
    kind=st.sampled_from(["protocol", "structure", "delivery", "round"]),
    sha256=st.sampled_from("abcd"),
    known_on=days,
    source=st.sampled_from(["", "pool", "register"]),
    provider=st.sampled_from(["", "one", "two"]),
    file_name=st.sampled_from(["", "x.csv", "é.csv"]),
    extracted_on=st.one_of(st.none(), days),
    how=st.sampled_from(["inbox", "history"]),
    is_backfilled=st.booleans(),
    batch=st.integers(0, 1),
)
histories = st.lists(receipts, max_size=12)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(history: list[Receipt], random: object) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert state(shuffled) == state(history)


@given(histories, st.data())
def test_a_repetition_changes_nothing(history: list[Receipt], data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(history), max_size=5)) if history else []
    assert state(history + repeated) == state(history)
    assert state(state(history).receipts) == state(history)


@given(histories, days, days)
def test_the_state_of_a_day_begins_the_state_of_every_later_day(
    history: list[Receipt], one: date, other: date
) -> None:
    early, late = sorted((one, other))
    before, after = state(history, early).receipts, state(history, late).receipts
    assert after[: len(before)] == before


@given(histories, days)
def test_as_of_is_a_filter_of_what_was_received(history: list[Receipt], day: date) -> None:
    assert state(history, day) == state(r for r in history if r.known_on <= day)
    known = state(history)
    assert state(history, day).receipts == tuple(r for r in known.receipts if r.known_on <= day)


@given(histories, histories)
def test_digests_are_equal_exactly_when_the_receipts_are(
    one: list[Receipt], other: list[Receipt]
) -> None:
    left, right = state(one), state(other)
    assert (left.digest() == right.digest()) == (left == right)
    assert (left.digest("round") == right.digest("round")) == (
        left.of_kind("round") == right.of_kind("round")
    )


@given(receipts, receipts)
def test_one_thing_changed_changes_the_digest(one: Receipt, other: Receipt) -> None:
    assert (State((one,)).digest() == State((other,)).digest()) == (one == other)


@given(histories)
def test_an_arrival_is_known_since_the_first_day_it_came(history: list[Receipt]) -> None:
    found = state(history)
    first = {r.identity: r for r in reversed(found.receipts)}
    assert first.keys() == {r.identity for r in history}
    for receipt in first.values():
        same = [r.known_on for r in history if r.identity == receipt.identity]
        assert receipt.known_on == min(same)
    assert found.as_of == max((r.known_on for r in found.receipts), default=None)


@given(histories)
def test_bytes_come_again_only_after_others_of_their_name(history: list[Receipt]) -> None:
    last: dict[tuple[str, str, str, str], Receipt] = {}
    known: set[tuple[str, str, str, str]] = set()
    for receipt in state(history).receipts:
        name = (receipt.kind, receipt.source, receipt.provider, receipt.file_name)
        if receipt.identity in known:
            assert receipt.kind in ("delivery", "structure")
            assert last[name].sha256 != receipt.sha256
        known.add(receipt.identity)
        last[name] = receipt


def test_a_receipt_says_nothing_of_repeats_where_there_are_none() -> None:
    one = Receipt("delivery", "a", FIRST)
    again = replace(one, repeats=1)
    assert "repeats" not in one.to_json()
    assert Receipt.from_json(again.to_json()) == again
    assert one.receipt_id != again.receipt_id
    assert (one.object_name, again.object_name) == ("a", "a/1")


@given(receipts)
def test_a_receipt_is_read_back_as_it_was_written(receipt: Receipt) -> None:
    assert Receipt.from_json(receipt.to_json()) == receipt


def test_one_night_is_ordered_by_what_was_drawn_first_not_by_what_arrived_first() -> None:
    drawn = {"a": date(2010, 1, 20), "b": date(2010, 1, 10)}
    received = [
        Receipt("delivery", sha, FIRST, "pool", "one", extracted_on=day)
        for sha, day in drawn.items()
    ]
    assert [r.sha256 for r in state(received).deliveries] == ["b", "a"]


def test_what_came_in_a_later_batch_of_a_day_stands_after_what_it_corrects() -> None:
    received = [
        Receipt("delivery", sha, FIRST, "pool", "one", extracted_on=FIRST, batch=batch)
        for sha, batch in (("a", 2), ("b", 0), ("c", 1))
    ]
    assert [r.sha256 for r in state(received).deliveries] == ["b", "c", "a"]


def test_in_one_batch_a_copy_called_a_little_more_stands_after_its_original() -> None:
    names = ["pool (1).csv", "pool_v2.csv", "pool.csv"]
    received = [
        Receipt("delivery", sha, FIRST, "pool", "one", name, FIRST)
        for sha, name in zip("abc", names, strict=True)
    ]
    found = [r.file_name for r in state(received).deliveries]
    assert found == ["pool.csv", "pool (1).csv", "pool_v2.csv"]


def test_a_receipt_of_before_batches_were_counted_is_of_the_first() -> None:
    fields = json.loads(Receipt("delivery", "a", FIRST).to_json())
    del fields["batch"]
    assert Receipt.from_json(json.dumps(fields)).batch == 0


def test_kinds_stand_apart() -> None:
    history = [Receipt(kind, "a", FIRST) for kind in ("round", "delivery", "structure", "protocol")]
    found = state(history)
    assert [r.kind for r in found.receipts] == ["protocol", "structure", "delivery", "round"]
    assert found.deliveries == found.of_kind("delivery")
