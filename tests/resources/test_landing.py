"""Received bytes: kept once, under their hash, whatever happens while they are being kept."""

import errno
import hashlib
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agir_pipeline.errors import InfrastructureError, UsageError
from agir_pipeline.resources import files
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.receipts import Receipt, state

FIRST = date(2010, 1, 31)


def receipt(
    day: date = FIRST, provider: str = "one", name: str = "f.csv", **more: object
) -> Receipt:
    return Receipt("delivery", "", day, "pool", provider, name, **more)  # type: ignore[arg-type]


def a_round(day: date) -> Receipt:
    return Receipt("round", "", day, "rounds", "design_1", "round.zip")


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    made = Landing(tmp_path / "landing")
    made.create()
    return made


def test_what_is_received_is_kept_as_it_came(landing: Landing) -> None:
    arrival = landing.receive(b"\xff\x00caf\xe9", receipt())
    assert not arrival.is_repeat
    assert arrival.receipt.sha256 == hashlib.sha256(b"\xff\x00caf\xe9").hexdigest()
    assert landing.content(arrival.receipt) == b"\xff\x00caf\xe9"
    assert landing.state().receipts == (arrival.receipt,)
    mode = landing.object_path(arrival.receipt.sha256).stat().st_mode
    assert stat.S_IMODE(mode) == 0o400


def test_a_name_that_is_no_utf8_is_kept_legible(landing: Landing) -> None:
    """A partner's old archive gives names in another encoding; one must not stop the night."""
    arrival = landing.receive(b"x", receipt(name=os.fsdecode(b"caf\xe9.csv")))
    assert arrival.receipt.file_name == "caf?.csv"
    assert landing.state().receipts == (arrival.receipt,)
    assert [row["file_name"] for row in landing.ledger.landings()] == ["caf?.csv"]


def test_the_same_bytes_again_are_recorded_and_change_nothing(landing: Landing) -> None:
    first = landing.receive(b"x", receipt())
    again = landing.receive(b"x", receipt(FIRST + timedelta(days=30), name="renamed.csv"))
    assert again.is_repeat
    assert again.receipt == first.receipt
    assert len(landing.receipts()) == 1
    landings = landing.ledger.landings()
    assert [(row["file_name"], row["is_repeat"]) for row in landings] == [
        ("f.csv", 0),
        ("renamed.csv", 1),
    ]


def test_the_same_bytes_of_another_provider_are_another_delivery(landing: Landing) -> None:
    landing.receive(b"x", receipt())
    assert not landing.receive(b"x", receipt(provider="two")).is_repeat
    assert len(landing.state().deliveries) == 2


def test_bytes_that_were_known_earlier_than_said_are_known_since_then(landing: Landing) -> None:
    landing.receive(b"x", receipt(FIRST + timedelta(days=30)))
    earlier = landing.receive(b"x", receipt(FIRST, is_backfilled=True))
    assert not earlier.is_repeat
    assert landing.state().deliveries == (earlier.receipt,)


def test_a_file_that_comes_back_after_another_of_its_name_is_a_new_arrival(
    landing: Landing,
) -> None:
    days = [FIRST + timedelta(days=n) for n in (0, 1, 2, 3, 3, 4)]
    texts = (b"a", b"b", b"a", b"a", b"b", b"a")
    arrivals = [
        landing.receive(content, receipt(day)) for day, content in zip(days, texts, strict=True)
    ]
    assert [one.is_repeat for one in arrivals] == [False, False, False, True, False, False]
    found = landing.state().deliveries
    assert [landing.content(one) for one in found] == [b"a", b"b", b"a", b"b", b"a"]
    assert [one.known_on for one in found] == [days[n] for n in (0, 1, 2, 4, 5)]
    assert len({one.receipt_id for one in found}) == len({one.object_name for one in found}) == 5
    assert len(landing.state(days[1]).deliveries) == 2


def test_on_one_day_the_file_that_came_back_last_counts(landing: Landing) -> None:
    for content in (b"b", b"a", b"b", b"b"):
        landing.receive(content, receipt())
    found = landing.state().deliveries
    assert [landing.content(one) for one in found] == [b"b", b"a", b"b"]
    assert len({one.receipt_id for one in found}) == 3


def test_the_file_of_another_month_sent_again_changes_nothing(landing: Landing) -> None:
    landing.receive(b"a", receipt(name="october.csv"))
    landing.receive(b"b", receipt(FIRST + timedelta(days=30), name="november.csv"))
    again = landing.receive(b"a", receipt(FIRST + timedelta(days=31), name="october.csv"))
    assert again.is_repeat


def test_many_are_received_together_and_twins_among_them_once(landing: Landing) -> None:
    arrivals = landing.receive_many([(b"x", receipt()), (b"y", receipt()), (b"x", receipt())])
    assert [arrival.is_repeat for arrival in arrivals] == [False, False, True]
    assert len(landing.ledger.landings()) == 3


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("b.csv", "a.csv")])
def test_of_one_day_what_was_handed_in_last_counts(landing: Landing, names: list[str]) -> None:
    """A correction on the day of the file it corrects wins, whatever its bytes and its name."""
    arrived = [landing.receive(name.encode(), receipt(name=name)).receipt for name in names]
    assert [r.batch for r in arrived] == [0, 1]
    assert landing.state().deliveries == tuple(arrived)
    other = landing.receive(b"x", receipt(provider="two")).receipt
    later = landing.receive(b"y", receipt(FIRST + timedelta(days=1))).receipt
    assert (other.batch, later.batch) == (0, 0)
    together = landing.receive_many([(b"p", receipt(name="p.csv")), (b"q", receipt(name="q.csv"))])
    assert [arrival.receipt.batch for arrival in together] == [2, 2]


def test_nobody_draws_a_file_after_it_arrives(landing: Landing) -> None:
    typo = landing.receive(b"x", receipt(extracted_on=date(2099, 1, 1))).receipt
    assert typo.extracted_on == FIRST
    right = landing.receive(b"y", receipt(extracted_on=date(2010, 1, 2))).receipt
    assert right.extracted_on == date(2010, 1, 2)


@pytest.mark.parametrize("days", [-40, -1])
def test_a_day_before_a_round_is_closed(days: int, landing: Landing) -> None:
    landing.receive(b"round", a_round(FIRST))
    late = receipt(FIRST + timedelta(days=days), name="late.csv")
    with pytest.raises(
        UsageError, match=r"late\.csv: the day 20.* is not after the last"
    ) as caught:
        landing.receive(b"x", late)
    assert caught.value.exit_code == 2
    assert landing.state().deliveries == ()


def test_the_day_of_a_round_is_closed_to_what_claims_to_be_older(landing: Landing) -> None:
    landing.receive(b"round", a_round(FIRST))
    with pytest.raises(UsageError, match="Hand it in with the day it became known"):
        landing.receive(b"x", receipt(is_backfilled=True))
    assert not landing.receive(b"x", receipt()).is_repeat


def test_after_a_round_life_goes_on(landing: Landing) -> None:
    landing.receive(b"round", a_round(FIRST))
    landing.receive(b"x", receipt(FIRST + timedelta(days=1)))
    landing.receive(b"earlier round", a_round(FIRST - timedelta(days=90)))
    landing.receive(b"p", Receipt("protocol", "", FIRST, "", "version_0001"))
    assert len(landing.state().receipts) == 4


def test_what_came_before_a_refused_one_is_on_record(landing: Landing) -> None:
    landing.receive(b"round", a_round(FIRST))
    good, bad = receipt(FIRST + timedelta(days=1)), receipt(FIRST - timedelta(days=1))
    with pytest.raises(UsageError):
        landing.receive_many([(b"x", good), (b"y", bad), (b"z", good)])
    assert len(landing.state().deliveries) == 1
    assert len(landing.ledger.landings()) == 2


# ---------------------------------------------------------------------------- damage


def test_a_lost_object_is_told_by_its_path(landing: Landing) -> None:
    kept = landing.receive(b"x", receipt()).receipt
    landing.object_path(kept.sha256).unlink()
    with pytest.raises(InfrastructureError, match=f"{kept.sha256} is damaged: No such file"):
        landing.content(kept)


def test_a_changed_object_is_told(landing: Landing) -> None:
    kept = landing.receive(b"x", receipt()).receipt
    path = landing.object_path(kept.sha256)
    path.chmod(0o600)
    path.write_bytes(b"y")
    with pytest.raises(InfrastructureError, match="has changed since it was received"):
        landing.content(kept)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "delivery", "known_on": "soon"}', '{"a": 1}']
)
def test_a_broken_receipt_is_told_by_its_path(text: str, landing: Landing) -> None:
    (landing.folder / "receipts" / "broken.json").write_text(text)
    with pytest.raises(InfrastructureError, match=r"broken\.json is damaged: it is not a receipt"):
        landing.state()


def test_a_receipt_that_cannot_be_read_is_told(landing: Landing) -> None:
    (landing.folder / "receipts" / "folder.json").mkdir()
    with pytest.raises(InfrastructureError, match=r"folder\.json is damaged: Is a directory"):
        landing.state()


# ---------------------------------------------------------- disk full, sudden death, again

CALLS = ("open", "fsync", "replace")


class Stop(Exception):
    """The n-th call of the disk was reached."""


def counted(monkeypatch: pytest.MonkeyPatch, at: int, act: Callable[[], None]) -> list[int]:
    """Act at the n-th call of the disk by ``files``; gives how many there were."""
    calls = [0]

    def watched(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            calls[0] += 1
            if calls[0] == at:
                act()
            return real(*arguments, **named)

        return call

    for name in CALLS:
        monkeypatch.setattr(files.os, name, watched(getattr(os, name)))
    return calls


def no_room() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def n_calls(tmp_path: Path) -> int:
    landing = Landing(tmp_path / "counting")
    landing.create()
    with pytest.MonkeyPatch.context() as patch:
        calls = counted(patch, -1, no_room)
        landing.receive(b"new", receipt())
        return calls[0]


def test_a_full_disk_at_any_moment_is_told_and_leaves_nothing_torn(tmp_path: Path) -> None:
    total = n_calls(tmp_path)
    assert total >= 8
    for at in range(1, total + 1):
        landing = Landing(tmp_path / str(at))
        landing.create()
        landing.receive(b"old", receipt())
        with pytest.MonkeyPatch.context() as patch:
            counted(patch, at, no_room)
            with pytest.raises(InfrastructureError, match="No space left on device; free") as told:
                landing.receive(b"new", receipt())
        assert told.value.exit_code == 3
        assert {landing.content(r) for r in landing.state().deliveries} <= {b"old", b"new"}
        assert landing.receive(b"new", receipt()).receipt in landing.state().deliveries
        assert not list(landing.folder.rglob("*.tmp"))


def test_sudden_death_at_any_moment_loses_nothing_that_was_received(tmp_path: Path) -> None:
    """A process of its own is killed at its n-th call of the disk; then life goes on."""
    for at in range(1, n_calls(tmp_path) + 1):
        landing = Landing(tmp_path / str(at))
        landing.create()
        old = landing.receive(b"old", receipt()).receipt
        child = os.fork()
        if child == 0:
            with pytest.MonkeyPatch.context() as patch:
                counted(patch, at, lambda: os.kill(os.getpid(), signal.SIGKILL))
                landing.receive(b"new", receipt())
            os._exit(0)
        os.waitpid(child, 0)
        known = landing.state().deliveries
        assert old in known
        assert {landing.content(r) for r in known} <= {b"old", b"new"}
        files.sweep(landing.folder)
        assert not list(landing.folder.rglob("*.tmp"))
        landing.receive(b"new", receipt())
        assert {landing.content(r) for r in landing.state().deliveries} == {b"old", b"new"}
        assert not [r for r in landing.ledger.landings() if r["receipt_id"] is None]


class Line(NamedTuple):
    """One arrival in the notes."""

    provider: str
    day: date
    turn: int
    digest: str
    content: bytes


class LandingOverTime(RuleBasedStateMachine):
    """A landing against what a careful person would have written down."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="agir-landing-"))
        self.written: list[Line] = []
        self.n_landings = 0

    @initialize()
    def begin(self) -> None:
        self.landing = Landing(self.folder / "landing")
        self.landing.create()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    contents = st.sampled_from([b"a", b"b", b"c"])
    days = st.integers(0, 4).map(lambda n: FIRST + timedelta(days=n))
    providers = st.sampled_from(["one", "two"])

    @rule(content=contents, day=days, provider=providers)
    def receive(self, content: bytes, day: date, provider: str) -> None:
        line = self.line(content, day, provider)
        arrival = self.landing.receive(content, receipt(day, provider))
        assert arrival.is_repeat == self.is_in_force(line)
        self.write_down(line)

    @rule(content=contents, day=days, provider=providers)
    def die_between_object_and_receipt(self, content: bytes, day: date, provider: str) -> None:
        writes = []

        def dying(path: Path, content: bytes, mode: int = 0o600) -> None:
            writes.append(path)
            if len(writes) == 2:
                raise Stop
            files.write_whole(path, content, mode)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("agir_pipeline.resources.landing.write_whole", dying)
            try:
                self.landing.receive(content, receipt(day, provider))
                self.write_down(self.line(content, day, provider))
            except Stop:
                assert len(writes) == 2

    @rule()
    def open_again(self) -> None:
        files.sweep(self.folder)
        self.landing = Landing(self.folder / "landing")

    def line(self, content: bytes, day: date, provider: str) -> "Line":
        """What is written down of an arrival: on one day, what came later stands later."""
        own = [one for one in self.expected(None) if (one.provider, one.day) == (provider, day)]
        digest = hashlib.sha256(content).hexdigest()
        return Line(provider, day, max((one.turn for one in own), default=-1) + 1, digest, content)

    def is_in_force(self, line: "Line") -> bool:
        """Whether the file that was there before says the same."""
        own = [one for one in self.expected(None) if one.provider == line.provider]
        before = [one for one in own if one < line]
        return bool(before) and before[-1].content == line.content

    def write_down(self, line: "Line") -> None:
        self.n_landings += 1
        if not self.is_in_force(line):
            self.written.append(line)

    def expected(self, as_of: date | None) -> list["Line"]:
        """Of each provider, the days on which its file became another, read off the notes."""
        found: list[Line] = []
        for line in sorted(self.written):
            last = found[-1] if found and found[-1].provider == line.provider else None
            is_known = as_of is None or line.day <= as_of
            if is_known and (last is None or last.content != line.content):
                found.append(line)
        return found

    @invariant()
    def each_day_knows_what_was_written_down(self) -> None:
        for as_of in (None, *(FIRST + timedelta(days=n) for n in range(5))):
            known = self.landing.state(as_of).deliveries
            found = [(r.provider, r.known_on, self.landing.content(r)) for r in known]
            noted = [(one.provider, one.day, one.content) for one in self.expected(as_of)]
            assert sorted(found) == sorted(noted)
            assert len({r.receipt_id for r in known}) == len({*known}) == len(known)
            assert len({(r.provider, r.object_name) for r in known}) == len(known)
        assert len(self.landing.ledger.landings()) == self.n_landings
        assert state(reversed(self.landing.receipts())) == self.landing.state()


LandingOverTime.TestCase.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
TestLandingOverTime = LandingOverTime.TestCase


def test_a_receipt_that_is_gone_is_missed(landing: Landing) -> None:
    landing.receive(b"x", receipt())
    landing.receive(b"x", receipt(FIRST + timedelta(days=1)))
    landing.require_whole()
    for path in (landing.folder / "receipts").iterdir():
        path.unlink()
    with pytest.raises(InfrastructureError, match=r"1 receipt\(s\) are gone; restore"):
        landing.require_whole()
