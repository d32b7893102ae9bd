"""A home is made whole, with its past, or not at all."""

import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from agir_pipeline.errors import InfrastructureError, ProtocolError, UsageError
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.resources import making
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import delivery_receipt, init_home, make_demo, receive_all

Write = Callable[[str, bytes], Path]


@pytest.fixture
def past(tmp_path: Path) -> Write:
    """Writes one file of a history; gives the folder of the history."""

    def write(name: str, content: bytes = b"x") -> Path:
        path = tmp_path / "history" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return tmp_path / "history"

    return write


def test_a_home_without_a_past_knows_its_protocol_alone(tmp_path: Path) -> None:
    assert init_home(tmp_path / "home", "agir") == []
    home = Home(tmp_path / "home").require()
    loaded, packaged = (
        load_protocol(home.protocol_path),
        load_protocol(packaged_protocols()["agir"]),
    )
    assert loaded.protocol_digest == packaged.protocol_digest
    (receipt,) = home.landing.state().receipts
    assert (receipt.kind, receipt.known_on, receipt.how) == ("protocol", date(2010, 1, 1), "init")
    assert (home.inbox / "control_pool" / "missions_locales").is_dir()


def test_a_past_is_known_since_its_days(tmp_path: Path, past: Write) -> None:
    past("2010-01-31/control_pool/opca_pdl/vivier_2010-01-28.csv", b"one")
    past("2009-12-31/beneficiary_register/cnam/suivi.xlsx", b"two")
    past("2010-02-28/control_pool/opca_pdl/.DS_Store", b"junk")
    history = past("2010-02-28/control_pool/opca_pdl/vivier.csv", b"one")
    arrivals = init_home(tmp_path / "home", "agir", history)
    assert [arrival.is_repeat for arrival in arrivals] == [False, False, True]
    known = Home(tmp_path / "home").landing.state()
    assert [(r.known_on, r.extracted_on, r.is_backfilled) for r in known.deliveries] == [
        (date(2009, 12, 31), date(2009, 12, 31), True),
        (date(2010, 1, 31), date(2010, 1, 28), True),
    ]
    (protocol,) = known.of_kind("protocol")
    assert protocol.known_on == date(2009, 12, 31), "the study began before its first file"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("2010-01-31/f.csv", "a history is laid out as YYYY-MM-DD/source/provider/file"),
        ("f.csv", "a history is laid out as"),
        ("2010-01-31/control_pool/f.csv", "a history is laid out as"),
        ("2010-01-31/control_pool/opca_pdl/a/f.csv", "a history is laid out as"),
        ("31-01-2010/control_pool/opca_pdl/f.csv", "a history is laid out as"),
        ("20100131/control_pool/opca_pdl/f.csv", "a history is laid out as"),
        ("2010-01-31/pool/opca_pdl/f.csv", "there is no source pool; the protocol has: benef"),
        ("2010-01-31/control_pool/opca/f.csv", "source control_pool: name its provider, one of"),
        ("2999-01-31/control_pool/opca_pdl/f.csv", "2999-01-31 is still to come"),
    ],
)
def test_a_wrong_history_is_named_and_nothing_is_made(
    name: str, sentence: str, tmp_path: Path, past: Write
) -> None:
    past("2010-01-31/control_pool/opca_pdl/good.csv")
    history = past(name)
    with pytest.raises(UsageError) as caught:
        init_home(tmp_path / "home", "agir", history)
    assert str(caught.value).startswith(f"{history / name}: {sentence}")
    assert caught.value.exit_code == 2
    assert not (tmp_path / "home").exists()


def test_all_that_is_wrong_in_a_history_comes_together(tmp_path: Path, past: Write) -> None:
    past("a.csv")
    history = past("2010-01-31/pool/opca_pdl/f.csv")
    with pytest.raises(UsageError) as caught:
        init_home(tmp_path / "home", "agir", history)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("exists", [True, False])
def test_a_history_without_files_is_no_history(exists: bool, tmp_path: Path) -> None:
    if exists:
        (tmp_path / "history").mkdir()
    with pytest.raises(UsageError, match="history: there is no file in this folder"):
        init_home(tmp_path / "home", "agir", tmp_path / "history")
    assert not (tmp_path / "home").exists()


def test_a_protocol_nobody_knows_is_told_with_those_that_ship(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no protocol aigr; .* one of: agir, nsw"):
        init_home(tmp_path / "home", "aigr")


def test_a_wrong_protocol_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("protocol_version = 2")
    with pytest.raises(ProtocolError):
        init_home(tmp_path / "home", str(tmp_path / "p.toml"))
    assert not (tmp_path / "home").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me")
    with pytest.raises(UsageError, match="is not empty"):
        init_home(tmp_path, "nsw")
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_full_disk_midway_leaves_nothing_half_made(
    exists: bool, tmp_path: Path, past: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = past("2010-01-31/control_pool/opca_pdl/f.csv")
    if exists:
        (tmp_path / "home").mkdir()

    def full(*_arguments: object) -> None:
        raise InfrastructureError("full")

    monkeypatch.setattr("agir_pipeline.resources.landing.Landing.receive_many", full)
    with pytest.raises(InfrastructureError):
        init_home(tmp_path / "home", "agir", history)
    assert (tmp_path / "home").exists() == exists
    monkeypatch.undo()
    assert len(init_home(tmp_path / "home", "agir", history)) == 1


def test_a_past_file_that_vanishes_is_told_and_leaves_nothing(
    tmp_path: Path, past: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = past("2010-01-31/control_pool/opca_pdl/f.csv")

    def gone(path: Path) -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: gone(p) if p.name == "f.csv" else real(p))
    with pytest.raises(UsageError, match=r"f\.csv cannot be read: No such file"):
        init_home(tmp_path / "home", "agir", history)
    assert not (tmp_path / "home").exists()


def test_a_provider_may_be_left_out_where_there_is_one() -> None:
    agir = load_protocol(packaged_protocols()["agir"])
    day = date(2010, 1, 31)
    receipt = delivery_receipt(agir, "beneficiary_register", None, "f.csv", day, "command")
    assert receipt.provider == "cnam"
    assert receipt.extracted_on == day
    with pytest.raises(UsageError, match="opca_pdl, gref_formation, missions_locales"):
        delivery_receipt(agir, "control_pool", None, "f.csv", day, "command")
    tomorrow = making.today_of(agir) + timedelta(days=1)
    with pytest.raises(UsageError, match="is still to come"):
        delivery_receipt(agir, "beneficiary_register", None, "f.csv", tomorrow, "command")


def test_files_are_received_under_the_lock(tmp_path: Path) -> None:
    init_home(tmp_path / "home", "nsw")
    home = Home(tmp_path / "home")
    nsw = load_protocol(home.protocol_path)
    receipt = delivery_receipt(nsw, "experiment", None, "f.csv", date(2010, 1, 1), "command")
    assert not receive_all(home, [(b"x", receipt)])[0].is_repeat
    with home.locked("agir run"), pytest.raises(InfrastructureError, match="agir run"):
        receive_all(home, [(b"y", receipt)])


def test_the_demo_has_its_past_and_its_truth(tmp_path: Path) -> None:
    seen: list[int] = []

    def following(deliveries: list[object]) -> list[object]:
        seen.append(len(deliveries))
        return deliveries

    truth = make_demo(tmp_path / "home", seed=3, scale=1, following=following)  # type: ignore[arg-type]
    home = Home(tmp_path / "home")
    kept = json.loads((home.folder / "truth.json").read_text("utf-8"))
    assert kept == json.loads(json.dumps(truth, default=str))
    deliveries = home.landing.state().deliveries
    assert len(deliveries) == seen[0]
    assert all(r.is_backfilled and r.how == "history" for r in deliveries)


def test_a_demo_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "receive_all", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_demo(tmp_path / "home", seed=3, scale=1)
    assert not (tmp_path / "home").exists()


def test_without_faker_the_demo_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "agir_pipeline.methods.synthetic.study", None)
    with pytest.raises(UsageError, match="needs Faker; install agir-pipeline with its extra"):
        make_demo(tmp_path / "home", seed=3, scale=1)


def test_the_same_seed_draws_the_same_keys_and_no_real_study_does(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        init_home(tmp_path / name, "nsw", draw=np.random.default_rng(seed).bytes)
    for name in ("real", "too"):
        init_home(tmp_path / name, "nsw")
    told = {p.name: Home(p).keys.fingerprint() for p in tmp_path.iterdir()}
    assert told["one"] == told["again"]
    assert len(set(told.values())) == 4
