"""A study opened for a run: the protocol of its day, what is due, what is up to date."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.errors import CheckError, ProtocolError, UsageError
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.resources import study as module
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.ledger import FileAccount
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.readings import contracts_in_force
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.release_inputs import (
    as_of_day,
    release_facts,
    release_id,
    release_manifest,
    told_until,
)
from agir_pipeline.resources.status import newest_refusals, status
from agir_pipeline.resources.study import (
    STEPS,
    Study,
    code_version,
    data_cut_on,
    due_instants,
    included,
    is_up_to_date,
    open_study,
    record_protocol,
    record_step,
    require_step,
    state_digest,
)
from agir_pipeline.resources.surprises import COLUMNS

FIRST, SECOND, THIRD = date(2010, 1, 31), date(2010, 2, 28), date(2010, 3, 31)
Receive = Callable[..., Receipt]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    init_home(tmp_path / "home", "agir")
    return Home(tmp_path / "home")


@pytest.fixture
def receive(home: Home) -> Receive:
    def take(
        content: bytes,
        known_on: date,
        source: str = "beneficiary_register",
        provider: str = "cnam",
        extracted_on: date | None = None,
    ) -> Receipt:
        receipt = Receipt(
            "delivery", "", known_on, source, provider, f"{known_on}.csv", extracted_on
        )
        return home.landing.receive(content, receipt).receipt

    return take


def edit(home: Home, old: str, new: str) -> str:
    """Change the protocol of a home; gives its new digest."""
    text = home.protocol_path.read_text("utf-8")
    assert old in text
    home.protocol_path.write_text(text.replace(old, new), encoding="utf-8")
    return load_protocol(home.protocol_path).protocol_digest


# ------------------------------------------------------------------------- the protocol


def test_a_study_is_opened_with_the_protocol_in_force(home: Home) -> None:
    study = open_study(home.folder)
    assert study.protocol.study.name == "agir"
    assert not study.is_draft
    assert study.vault.path == home.vault().path


def test_a_folder_without_a_study_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no study"):
        open_study(tmp_path)


def test_a_wrong_protocol_stops_everything_with_exit_code_two(home: Home) -> None:
    home.protocol_path.write_text("protocol_version = 7")
    with pytest.raises(ProtocolError) as caught:
        open_study(home.folder)
    assert caught.value.exit_code == 2


def test_a_past_day_has_the_protocol_known_then(home: Home, receive: Receive) -> None:
    receive(b"x", FIRST)
    first = load_protocol(home.protocol_path).protocol_digest
    second = edit(home, '"Suivi"', '"Suivi 2011"')
    record_protocol(home, SECOND)
    edit(home, '"Suivi 2011"', '"Suivi 2012"')
    record_protocol(home, THIRD)
    found = [
        open_study(home.folder, day).protocol.protocol_digest
        for day in (FIRST, SECOND - timedelta(days=1), SECOND, THIRD - timedelta(days=1))
    ]
    assert found == [first, first, second, second]
    assert open_study(home.folder, THIRD).protocol.protocol_digest not in (first, second)
    assert open_study(home.folder, FIRST).is_draft


def test_a_past_day_needs_no_protocol_of_today(home: Home, receive: Receive) -> None:
    receive(b"x", FIRST)
    home.protocol_path.write_text("broken", encoding="utf-8")
    assert open_study(home.folder, FIRST).protocol.study.name == "agir"


def test_a_protocol_put_in_force_again_is_a_version_of_its_own(
    home: Home, receive: Receive
) -> None:
    receive(b"x", FIRST)
    first = load_protocol(home.protocol_path).protocol_digest
    edit(home, '"Suivi"', '"Suivi 2011"')
    record_protocol(home, SECOND)
    edit(home, '"Suivi 2011"', '"Suivi"')
    record_protocol(home, THIRD)
    assert open_study(home.folder, THIRD).protocol.protocol_digest == first
    assert open_study(home.folder, SECOND).protocol.protocol_digest != first
    versions = [r.provider for r in home.landing.state().of_kind("protocol")]
    assert versions == ["version_0001", "version_0002", "version_0003"]


def test_of_two_protocols_of_one_day_the_later_is_the_one_of_that_day(
    home: Home, receive: Receive
) -> None:
    receive(b"x", FIRST)
    for sheet in "abcd":
        digest = edit(home, 'sheet = "', f'sheet = "{sheet}')
        record_protocol(home, SECOND)
        assert open_study(home.folder, SECOND).protocol.protocol_digest == digest


def test_a_protocol_is_recorded_once_while_it_stays(home: Home) -> None:
    for day in (FIRST, SECOND):
        record_protocol(home, day)
    assert len(home.landing.receipts()) == 1


def test_the_lookup_tables_of_a_day_come_with_its_protocol(home: Home, receive: Receive) -> None:
    receive(b"x", FIRST)
    before = load_protocol(home.protocol_path).protocol_digest
    zones = home.folder / "tables" / "zones.csv"
    zones.write_text(zones.read_text("utf-8") + "postcode,44999,other_44\n", encoding="utf-8")
    record_protocol(home, SECOND)
    assert open_study(home.folder, FIRST).protocol.protocol_digest == before
    then = open_study(home.folder, SECOND)
    assert then.protocol.protocol_digest == load_protocol(home.protocol_path).protocol_digest
    assert (
        "44999"
        not in (open_study(home.folder, FIRST).protocol.folder / "tables/zones.csv").read_text()
    )


def test_before_any_record_the_protocol_of_the_home_counts(home: Home, receive: Receive) -> None:
    receive(b"x", FIRST)
    for path in (home.landing.folder / "receipts").iterdir():
        if '"protocol"' in path.read_text():
            path.unlink()
    assert open_study(home.folder, FIRST).protocol.folder == home.folder


def test_a_day_before_the_first_protocol_has_the_first_one(home: Home, receive: Receive) -> None:
    receive(b"x", date(2009, 6, 30))
    assert open_study(home.folder, date(2009, 6, 30)).protocol.study.name == "agir"


def test_another_protocol_may_be_tried(home: Home) -> None:
    other = packaged_protocols()["nsw"]
    assert open_study(home.folder, protocol=other).protocol.study.name == "nsw"


def test_a_day_to_come_and_a_day_of_nothing_are_refused(home: Home, receive: Receive) -> None:
    with pytest.raises(UsageError, match="2999-01-01 is still to come"):
        open_study(home.folder, date(2999, 1, 1))
    receive(b"x", SECOND)
    with pytest.raises(UsageError, match="nothing was known on 2010-01-31"):
        open_study(home.folder, FIRST)


# ------------------------------------------------------------------------------ what is due


def test_a_round_is_due_once_its_day_has_ended(home: Home) -> None:
    protocol = open_study(home.folder).protocol
    instant = protocol.matching.instants[0]
    on_the_day = Study(home, protocol, today=instant)
    the_day_after = Study(home, protocol, today=instant + timedelta(days=1))
    assert due_instants(on_the_day) == []
    assert due_instants(the_day_after) == [instant]
    assert due_instants(Study(home, protocol, as_of=instant, today=THIRD.replace(year=2020))) == [
        instant
    ]


def test_without_declared_days_the_first_complete_night_is_due(tmp_path: Path) -> None:
    init_home(tmp_path / "home", "nsw")
    home = Home(tmp_path / "home")
    study = open_study(home.folder)
    names = [source.name for source in study.protocol.feeding("person")]
    assert len(names) == 2
    for source, day in zip(names, (FIRST, SECOND), strict=True):
        assert due_instants(study) == []
        receipt = Receipt("delivery", "", day, source, "causaldata", "f.csv")
        home.landing.receive(source.encode(), receipt)
    home.landing.receive(b"more", Receipt("delivery", "", THIRD, names[0], "causaldata", "g.csv"))
    assert due_instants(study) == [SECOND]


def test_a_night_on_which_the_file_of_a_source_was_refused_is_not_complete(tmp_path: Path) -> None:
    init_home(tmp_path / "home", "nsw")
    home = Home(tmp_path / "home")
    names = [source.name for source in open_study(home.folder).protocol.feeding("person")]
    for name in names:
        receipt = Receipt("delivery", "", FIRST, name, "causaldata", "f.csv")
        taken = home.landing.receive(name.encode(), receipt).receipt
    refuse(home, taken)
    assert due_instants(open_study(home.folder)) == []
    home.landing.receive(b"good", Receipt("delivery", "", THIRD, names[-1], "causaldata", "g.csv"))
    assert due_instants(open_study(home.folder)) == [THIRD]


def refuse(home: Home, receipt: Receipt) -> None:
    contract = contracts_in_force(load_protocol(home.protocol_path))[receipt.source]
    refusal = ("unknown_layout", f"{receipt.file_name}: unknown")
    home.landing.ledger.record_readings(
        [
            FileAccount(receipt.receipt_id, contract, {}, refusal, []),
        ]
    )


def test_a_source_tells_until_it_was_drawn_and_never_beyond_the_day_of_the_tables(
    home: Home, receive: Receive
) -> None:
    study = open_study(home.folder)
    receive(b"x", SECOND, extracted_on=date(2010, 1, 15))
    assert as_of_day(study) == SECOND
    assert told_until(study, "beneficiary_register") == date(2010, 1, 15)
    assert told_until(study, "committee_log") == SECOND


def test_the_data_reach_to_the_newest_extraction_that_could_be_read(
    home: Home, receive: Receive
) -> None:
    study = open_study(home.folder)
    assert data_cut_on(study, "beneficiary_register") is None
    receive(b"x", FIRST, extracted_on=date(2010, 1, 15))
    assert data_cut_on(study, "beneficiary_register") == date(2010, 1, 15)
    newest = receive(b"y", SECOND)
    assert data_cut_on(study, "beneficiary_register") == SECOND
    refuse(home, newest)
    assert data_cut_on(study, "beneficiary_register") == date(2010, 1, 15)


def test_a_file_refused_whole_moves_neither_the_day_of_the_tables_nor_their_release(
    home: Home, receive: Receive
) -> None:
    kept = receive(b"x", FIRST)
    for path in (home.landing.folder / "receipts").iterdir():
        if '"protocol"' in path.read_text():
            path.unlink()
    before = open_study(home.folder)
    facts = (as_of_day(before), release_id(before), release_facts(before))
    refused = receive(b"y", SECOND)
    refuse(home, refused)
    after = open_study(home.folder)
    assert (as_of_day(after), release_id(after), release_facts(after)) == facts
    assert facts[0] == FIRST
    assert list(release_manifest(after)["receipt_id"]) == [kept.receipt_id]
    assert status(home, after.protocol)["as_of"] == str(FIRST)
    assert refused in after.state().receipts
    assert refused not in included(after).receipts


def test_a_file_whose_rows_are_all_rejected_is_told_and_moves_nothing(
    home: Home, receive: Receive
) -> None:
    receive(b"x", FIRST)
    spoilt = receive(b"y", SECOND)
    study = open_study(home.folder)
    contract = contracts_in_force(study.protocol)[spoilt.source]
    for n_accepted in (0, 1):
        ends = {"": {"n_rows": 7, "accepted": n_accepted, "rejected": 5 - n_accepted, "blank": 2}}
        account = FileAccount(spoilt.receipt_id, contract, ends, None, [])
        home.landing.ledger.record_readings([account])
        told = [row["sentence"] for row in newest_refusals(home, study.state())]
        if n_accepted:
            assert told == []
            assert data_cut_on(study, spoilt.source) == SECOND
        else:
            assert "2010-02-28.csv: each of its 5 rows breaks a rule" in told[0]
            assert data_cut_on(study, spoilt.source) == FIRST


@pytest.mark.parametrize(
    ("code", "column", "reach"),
    [
        ("partial_file", "", FIRST),
        ("column_left", "rupture_on", FIRST),
        ("column_emptied", "rupture_on", FIRST),
        ("column_silent", "rupture_on", FIRST),
        ("column_left", "termination_code", SECOND),
        ("row_left", "", SECOND),
    ],
)
def test_a_file_that_does_not_tell_what_happened_does_not_say_how_far_the_data_reach(
    code: str, column: str, reach: date, home: Home, receive: Receive
) -> None:
    for content, day in ((b"x", FIRST), (b"y", SECOND)):
        newest = receive(content, day, "contract_register", "opca_export")
    study = open_study(home.folder)
    line = (newest.receipt_id, newest.source, newest.file_name, code, None, column)
    with study.vault.transaction() as connection:
        study.vault.replace(connection, "surprises", pd.DataFrame([line], columns=list(COLUMNS)))
    assert data_cut_on(study, newest.source) == reach
    told = newest_refusals(home, study.state(), study.protocol)
    assert [row["source"] for row in told] == ["contract_register"] * (column == "rupture_on")


def test_a_file_refused_under_an_older_contract_counts_once_it_can_be_read(
    home: Home, receive: Receive
) -> None:
    newest = receive(b"x", FIRST)
    refuse(home, newest)
    state = home.landing.state()
    assert [row["code"] for row in newest_refusals(home, state)] == ["unknown_layout"]
    assert data_cut_on(open_study(home.folder), newest.source) is None
    edit(home, '"N° dossier"', '"N° dossier", "Dossier no."')
    assert newest_refusals(home, state) == []
    told = status(home, load_protocol(home.protocol_path))["sources"]
    assert {s["name"]: s["unread"] for s in told if s["unread"]} == {newest.source: 1}
    assert data_cut_on(open_study(home.folder), newest.source) == FIRST


# ------------------------------------------------------------------------ what is up to date


def test_a_step_is_up_to_date_until_something_it_rests_on_changes(
    home: Home, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def built() -> dict[str, bool]:
        study = open_study(home.folder)
        return {step: is_up_to_date(study, step) for step in ("linked", "matched")}

    def build() -> None:
        study = open_study(home.folder)
        with study.warehouse.transaction() as connection:
            for step in ("linked", "matched"):
                record_step(study, connection, step, state_digest(study, step))

    assert built() == {"linked": False, "matched": False}
    build()
    assert built() == {"linked": True, "matched": True}
    home.landing.receive(b"r", Receipt("round", "", date(2010, 12, 15), "rounds", "design_1"))
    assert built() == {"linked": True, "matched": False}
    for change in (
        lambda: receive(b"x", date(2011, 1, 31)),
        lambda: edit(home, '"N° dossier"', '"N° dossier", "Dossier no."'),
        lambda: (home.keys.folder / "tie.key").unlink() or home.keys.create(),
        lambda: monkeypatch.setattr(module, "code_version", lambda: "0.2.0+new"),
    ):
        build()
        change()  # type: ignore[no-untyped-call]
        assert built() == {"linked": False, "matched": False}


def test_a_step_on_old_tables_is_refused(home: Home) -> None:
    study = open_study(home.folder)
    with pytest.raises(CheckError, match="step raw is not up to date") as caught:
        require_step(study, "raw")
    assert caught.value.exit_code == 1
    with study.warehouse.transaction() as connection:
        record_step(study, connection, "raw", state_digest(study, "raw"))
    require_step(study, "raw")


def test_steps_before_the_matching_do_not_depend_on_rounds(home: Home) -> None:
    study = open_study(home.folder)
    digests = {step: state_digest(study, step) for step in STEPS}
    assert digests["raw"] == digests["validated"] != digests["linked"]
    assert digests["matched"] == digests["published"] != digests["linked"]
    home.landing.receive(b"r", Receipt("round", "", FIRST, "rounds", "design_1"))
    after = {step: state_digest(open_study(home.folder), step) for step in STEPS}
    changed = {step for step in STEPS if after[step] != digests[step]}
    assert changed == {"matched", "outcomes", "published"}


def test_the_version_of_the_code_is_that_of_its_files() -> None:
    number, digest = code_version().split("+")
    assert number[0].isdigit()
    assert len(digest) == 12
    assert (module.models_folder() / "dbt_project.yml").is_file()


def test_models_and_readings_belong_to_the_study(home: Home) -> None:
    study = open_study(home.folder)
    assert study.readings.protocol is study.protocol
    assert study.readings.cache == home.parsed
    assert study.models is study.models


# ------------------------------------------------------------------------------- at a glance


def test_the_status_counts_what_arrived(home: Home, receive: Receive) -> None:
    protocol = load_protocol(home.protocol_path)
    contract = contracts_in_force(protocol)["beneficiary_register"]
    read = receive(b"x", FIRST)
    ends = {"": {"n_rows": 7, "accepted": 4, "rejected": 2, "blank": 1}}
    stale = {"": {"n_rows": 900, "accepted": 900}}
    home.landing.ledger.record_readings(
        [
            FileAccount(read.receipt_id, contract, ends, None, []),
            FileAccount(read.receipt_id, "an older contract", stale, None, []),
            FileAccount("another study", contract, stale, None, []),
        ]
    )
    refused = receive(b"y", SECOND)
    refuse(home, refused)
    home.landing.receive(b"r", Receipt("round", "", SECOND, "rounds", "design_1"))
    home.landing.ledger.replace_checks("linked", [("a", "passed", ""), ("b", "failed", "")])
    found = status(home, protocol)
    assert found["as_of"] == "2010-02-28"
    assert found["protocol"] == {
        "name": "agir",
        "design_digest": protocol.design_digest,
        "protocol_digest": protocol.protocol_digest,
    }
    register, pool = found["sources"][:2]
    assert register.pop("last_received_at").endswith("+00:00")
    assert register == {
        "name": "beneficiary_register",
        "receipts": 2,
        "unread": 0,
        "rows": 7,
        **{"accepted": 4, "rejected": 2, "duplicate": 0, "blank": 1, "outside": 0, "erased": 0},
    }
    assert (pool["rows"], pool["last_received_at"]) == (0, None)
    assert found["rounds"] == ["2010-02-28"]
    assert found["refused"] == ["2010-02-28.csv: unknown"]
    assert found["decisions_needed"] == 0
    assert found["checks"] == {"passed": 1, "warned": 0, "failed": 1}
    assert found["release"] is None


def test_the_status_names_the_release_in_force(home: Home) -> None:
    (home.releases / "2010-12-31-abc").mkdir()
    (home.releases / "current").symlink_to("2010-12-31-abc")
    found = status(home, load_protocol(home.protocol_path))
    assert found["release"]["id"] == "2010-12-31-abc"
    assert Path(found["release"]["path"]).is_dir()
    assert found["as_of"] == "2010-01-01"


def test_a_refused_file_no_longer_counts_once_a_newer_one_came(
    home: Home, receive: Receive
) -> None:
    refuse(home, receive(b"x", FIRST))
    receive(b"y", SECOND)
    receive(b"z", SECOND, "control_pool", "opca_pdl")
    assert newest_refusals(home, home.landing.state()) == []


def test_every_unreadable_file_of_the_newest_day_is_told(home: Home, receive: Receive) -> None:
    """A good file beside it hides none, whatever their hashes."""
    receipt = Receipt("delivery", "", SECOND, "beneficiary_register", "cnam", "f.csv")
    arrivals = home.landing.receive_many((c, receipt) for c in (b"a", b"b", b"c", b"good"))
    for arrival in arrivals[:3]:
        refuse(home, arrival.receipt)
    assert len(newest_refusals(home, home.landing.state())) == 3


def test_a_file_handed_in_again_the_same_day_replaces_the_unreadable_one(
    home: Home, receive: Receive
) -> None:
    refuse(home, receive(b"broken", SECOND))
    good = receive(b"good", SECOND)
    later = [(good.receipt_id, "2999-01-01T00:00:00+00:00", "good.csv", "command", True)]
    home.landing.ledger.record_landings(later)
    assert newest_refusals(home, home.landing.state()) == []


def test_an_unreadable_file_of_an_earlier_day_is_the_past(home: Home, receive: Receive) -> None:
    refuse(home, receive(b"x", FIRST))
    newest = receive(b"y", SECOND)
    refuse(home, newest)
    found = newest_refusals(home, home.landing.state())
    assert [row["receipt_id"] for row in found] == [newest.receipt_id]
