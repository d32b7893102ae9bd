"""What people may ask for: to leave the study, to be forgotten; and what nobody may keep."""

import shutil
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter

from agir_pipeline.protocol.loading import packaged_protocols
from agir_pipeline.resources import erasure
from agir_pipeline.resources.erasure import complete, erase_people
from agir_pipeline.resources.erasure_plan import pending
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import delivery_receipt, init_home, receive_all
from agir_pipeline.resources.release_verification import verified
from agir_pipeline.resources.releases import WITHDRAWN, Releases
from agir_pipeline.resources.rotation import rotate_keys
from agir_pipeline.resources.study import Study, open_study
from agir_pipeline.running import run_study
from tests.protocol.conftest import as_toml
from tests.study.test_links import AGIR
from tests.study.test_privacy import files, leaks

HEAD = "number,last_name,first_name,born_on,age_years,income_eur\n"
REGISTER = (
    HEAD
    + """NUM7001,Garnierou,Inès,1989-12-24,21,900
NUM7002,Durandel,Karim,1991-02-11,19,800
NUM7003,Petitbon,Chloé,1992-08-30,18,950
NUM7004,Moreaudu,Hugo,1990-05-05,20,700
"""
)
POOL = (
    HEAD
    + """P2,Durandell,Karim,1991-02-11,19,500
P3,Blanchou,Léo,1990-11-01,20,650
P4,Simonet,Eva,1992-01-19,18,640
P5,Faurelle,Tom,1991-07-07,19,610
P6,Renardin,Zoé,1990-03-02,21,630
"""
)
OF_A3 = ("Petitbon", "NUM7003", "Chloé", "1992-08-30")
WITHDRAWALS = """
[[source]]
name = "withdrawals"
labels = { en = "Withdrawals", fr = "Retraits" }
feeds = "decision"
key = ["request"]
sheet = "consents"
date_order = "day_month_year"
source = "test"
provider = [{ name = "steward", labels = { en = "Steward", fr = "Gestionnaire" } }]
column = [
  { name = "request", type = "identifier", labels = { en = "Request", fr = "Demande" }, sensitivity = "identifying", known_before_index = false, required = true },
  { name = "number", type = "identifier", labels = { en = "Number", fr = "Numéro" }, sensitivity = "identifying", known_before_index = false },
  { name = "left_on", type = "date", labels = { en = "Left on", fr = "Parti le" }, sensitivity = "none", known_before_index = false },
  { name = "back_on", type = "date", labels = { en = "Back on", fr = "Revenu le" }, sensitivity = "none", known_before_index = false },
]
withdraws = { withdrawn_on = "left_on", retracted = "back_on" }
"""  # noqa: E501


def write_protocol(folder: Path, **of_register: Any) -> Path:
    raw = tomllib.loads((Path(__file__).parent / "links.toml").read_text(encoding="utf-8"))
    agir = tomllib.loads(packaged_protocols()["agir"].read_text(encoding="utf-8"))
    register, decisions = raw["source"]
    decisions["column"] = next(s for s in agir["source"] if s["name"] == "identity_decisions")[
        "column"
    ]
    raw["source"] += [
        {**register, "name": "pool", "arm": "control"},
        *tomllib.loads(WITHDRAWALS)["source"],
    ]
    register |= of_register
    raw["identity"]["same_when"] = [["number"], *raw["identity"]["same_when"]]
    folder.mkdir(exist_ok=True)
    text = "".join(f"{key} = {as_toml(value)}\n" for key, value in raw.items())
    (folder / "protocol.toml").write_text(text, encoding="utf-8")
    shutil.copy(AGIR.parent / "tables" / "linkage.json", folder / "linkage.json")
    return folder / "protocol.toml"


def drop(home: Path, source: str, name: str, text: str) -> Path:
    path = home / "inbox" / source / "office" / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study after its first night."""
    folder = tmp_path_factory.mktemp("rights")
    home = folder / "home"
    init_home(home, str(write_protocol(folder / "written")))
    drop(home, "register", "Dossier Petitbon Chloé.csv", REGISTER)
    drop(home, "pool", "pool.csv", POOL)
    assert run_study(home).exit_code == 0
    assert Releases(home / "releases").current()
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "home", symlinks=True))


def released(home: Path, table: str) -> pd.DataFrame:
    return Releases(home / "releases").read(table)


def person(study: Study, key: str) -> str:
    links = study.vault.read("links")
    now = links[links["superseded_on"].isna() & (links["entity_key"] == key)]
    return str(now["person_id"].iloc[0])


def pairs(home: Path) -> pd.DataFrame:
    table = released(home, "matched_pairs").set_index("pair_id")
    return table.drop(columns=["as_of", "protocol_digest", "design_digest"])


def withdraw(home: Path, number: str, back: str = "") -> None:
    with xlsxwriter.Workbook(home / "decisions" / "consents.xlsx") as book:
        links = ("source_a", "key_a", "source_b", "key_b", "identity_decision", "author")
        book.add_worksheet("links").write_row(0, 0, [*links, "decided_on"])
        sheet = book.add_worksheet("consents")
        sheet.write_row(0, 0, ["Request", "Number", "Left on", "Back on"])
        sheet.write_row(1, 0, ["D1", number, "01/02/2020", back])


# ------------------------------------------------------------------------------ withdrawals


def flow_reconciles(flow: pd.DataFrame) -> bool:
    steps = flow.groupby(["step_order", "arm"])
    told = steps.agg(n_in=("n_in", "first"), out=("n_out", "sum"), left=("n_remaining", "first"))
    return bool((told["n_in"] - told["out"] == told["left"]).all())


def test_a_withdrawn_consent_breaks_the_pair_from_the_next_night_and_stays_in_the_flow(
    home: Path,
) -> None:
    before = pairs(home)
    withdraw(home, "NUM7003")
    assert run_study(home).exit_code == 0
    after, study = pairs(home), open_study(home)
    mine = after["beneficiary_person_id"] == person(study, "NUM7003")
    assert after.loc[mine, "status"].tolist() == ["broken_by_withdrawal"]
    assert set(after.loc[~mine, "status"]) == {"active"}
    assert after.drop(columns="status").equals(before.drop(columns="status"))
    flow = released(home, "participant_flow")
    assert flow_reconciles(flow)
    broken = flow[flow["reason"] == "broken_by_withdrawal"]
    assert broken[["step", "arm", "n_out"]].to_numpy().tolist() == [
        ["analysed", "beneficiary", 1],
        ["analysed", "control", 1],
    ]
    assert set(flow.loc[flow["step"] == "registered", "n_in"]) == {4, 5}
    assert released(home, "income")["n"].tolist() == [len(before) - 1]
    withdraw(home, "NUM7003", back="01/03/2020")
    assert run_study(home).exit_code == 0
    assert set(pairs(home)["status"]) == {"active"}


def test_a_withdrawal_of_nobody_on_a_list_is_told(home: Path) -> None:
    withdraw(home, "A99")
    run_study(home)
    told = {c["name"]: c for c in open_study(home).home.landing.ledger.checks()}
    found = told["person_links/withdrawals_find_somebody"]
    assert found["status"] == "warned"
    assert "1 of them of a person on no list" in found["sentence"]


# ---------------------------------------------------------------------------------- erasure


def forget_a3(home: Path) -> Path:
    with Home(home).locked("test"):
        return erase_people(open_study(home), [("register", "NUM7003")])


def test_an_erased_person_leaves_no_byte_and_everybody_else_as_they_were(home: Path) -> None:
    study = open_study(home)
    odd = delivery_receipt(study.protocol, "pool", None, "odd.csv", study.today, "command")
    receive_all(Home(home), [(b"no heading\nPetitbon;Chlo\xe9\nPetit;1\n", odd)])
    gone, before = person(study, "NUM7003"), pairs(home)
    people = study.warehouse.read(None, "validated", "register")
    old = Releases(home / "releases").current()
    receipt = forget_a3(home)
    assert leaks(files(home, "."), [*OF_A3, gone]) == {}
    run_study(home)
    assert leaks(files(home, "."), [*OF_A3, gone]) == {}
    text = receipt.read_text(encoding="utf-8")
    assert "- register: 1" in text
    assert old is not None
    assert f"- {old}" in text
    assert (home / "releases" / old / WITHDRAWN).is_file()
    assert not (home / "releases" / old / "tier1").exists()
    after = pairs(home)
    mine = before["beneficiary_person_id"] == gone
    assert after.loc[mine, "status"].tolist() == ["broken_by_erasure"]
    assert after.loc[mine, "beneficiary_person_id"].str.startswith("erased.").all()
    assert after[~mine].equals(before[~mine])
    left = open_study(home).warehouse.read(None, "validated", "register")
    same = left.merge(people, how="left", on=list(left.columns), indicator=True)
    assert (same["_merge"] == "both").all()
    assert len(left) == len(people) - 1
    ends = [row["erased"] for row in open_study(home).home.landing.ledger.row_ends()]
    assert sum(ends) == 1
    assert verified(Releases(home / "releases"), None).faults == ()
    assert flow_reconciles(released(home, "participant_flow"))
    assert open_study(home).home.audit_trail.faults() == []


def test_whoever_was_erased_does_not_come_back_with_the_same_file_or_another(home: Path) -> None:
    forget_a3(home)
    run_study(home)
    first = pairs(home)
    same = drop(home, "register", "again.csv", REGISTER)
    run_study(home)
    assert not same.exists()
    other = drop(home, "register", "more.csv", REGISTER + "A5,Nouvelle,Ana,1990-01-01,20,900\n")
    moved = drop(home, "pool", "moved.csv", HEAD + "P9,PETITBON,Chloe,1992-08-30,18,600\n")
    run_study(home)
    assert leaks(files(home, "."), [*OF_A3, "PETITBON"]) == {}
    assert not other.exists()
    assert not moved.exists()
    study = open_study(home)
    assert len(study.warehouse.read(None, "validated", "register")) == 4
    assert pairs(home).equals(first)
    assert run_study(home).release["kind"] == "unchanged"


def test_a_vault_that_lost_its_tombstones_stops_the_night_before_anybody_comes_back(
    home: Path,
) -> None:
    forget_a3(home)
    (home / "vault" / "vault.sqlite").unlink()
    done = run_study(home)
    assert done.exit_code == 3
    assert "no longer knows the erasure" in done.faults[0]


def test_a_ledger_that_was_lost_is_made_again(home: Path) -> None:
    ledger = open_study(home).home.landing.ledger
    ends = ledger.row_ends()
    ledger.path.unlink()
    assert run_study(home).release["kind"] == "unchanged"
    assert ledger.row_ends() == ends


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


STAGES = (
    "rewrite_deliveries", "rewrite_rounds", "rewrite_links", "rename_files", "drop_files",
    "empty_stores", "purge", "rounds_with", "forget",
)  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("is_after", [False, pytest.param(True, marks=pytest.mark.long)])
def test_an_erasure_killed_in_the_middle_is_completed_by_the_next_call(
    stage: str, is_after: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = person(open_study(home), "NUM7003")
    real: Callable[..., Any] = getattr(erasure, stage)

    def killed(*arguments: Any, **named: Any) -> None:
        if is_after:
            real(*arguments, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(erasure, stage, killed)
        with pytest.raises(Killed):
            forget_a3(home)
    study = open_study(home)
    begun = pending(study.vault)
    assert len(begun) == (0 if (stage, is_after) == ("forget", True) else 1)
    assert len(complete(study)) == len(begun)
    study.vault.compact()
    assert leaks(files(home, "."), [*OF_A3, gone]) == {}
    assert "- register: 1" in next((home / "audit" / "erasures").iterdir()).read_text()


def test_a_record_nobody_knows_is_refused_without_repeating_its_key(
    home: Path, agir: Callable[..., Any]
) -> None:
    done = agir("erase", "Petitbon", "--source", "register", "--home", home)
    assert done.returncode == 2
    assert "1 of 1 keys are of no record" in done.stderr
    assert "Petitbon" not in done.stdout + done.stderr
    assert agir("erase", "NUM7003", "--home", home).returncode == 2
    assert "no erasure was left unfinished" in agir("erase", "--home", home).stdout


# -------------------------------------------------------------------------------- retention


def test_a_source_past_its_date_is_purged_by_the_night_and_the_release_stands(
    home: Path, tmp_path: Path
) -> None:
    current = Releases(home / "releases").current()
    day = (date.today() - timedelta(days=2)).isoformat()
    until = {"value": date.fromisoformat(day), "unit": "day", "source": "test"}
    path = write_protocol(tmp_path / "later", keep_until=until)
    shutil.copy(path, home / "protocol.toml")
    run_study(home)
    words = ["Petitbon", "Garnierou", "Moreaudu"]
    inside = files(home, "landing", "vault", "warehouse", "inbox", "audit")
    assert leaks(inside, words) == {}
    assert open_study(home).warehouse.read(None, "validated", "register").empty
    assert "Simonet" in leaks(files(home, "landing"), ["Simonet"])
    assert Releases(home / "releases").current() == current
    later = drop(home, "register", "late.csv", HEAD + "A7,Tardive,Lou,1991-01-01,19,500\n")
    run_study(home)
    inside = files(home, "landing", "vault", "warehouse", "inbox", "audit")
    assert leaks(inside, ["Tardive"]) == {}
    assert not later.exists()


# ----------------------------------------------------------------------------- keys rotate


def test_a_new_key_renames_everybody_and_parts_nobody(home: Path) -> None:
    before, old = pairs(home), open_study(home)
    names = dict(zip(*[old.vault.read("links")[c] for c in ("anchor", "person_id")], strict=True))
    with Home(home).locked("test"):
        assert rotate_keys(Home(home)) == 2
    study = open_study(home)
    renamed = study.vault.read("links")
    assert renamed["person_id"].str.startswith("k2.").all()
    run_study(home)
    after = pairs(home)
    now = {names[a]: study.keys.person_id(a) for a in names}
    for column in ("beneficiary_person_id", "control_person_id"):
        assert after[column].tolist() == [now[one] for one in before[column]]
    same = [c for c in before if not c.endswith("person_id")]
    assert after[same].equals(before[same])
    assert verified(Releases(home / "releases"), None).faults == ()
    forget_a3(home)  # found in the release of the key before, too
    assert not any((home / "releases").glob("*/tier1"))


# --------------------------------------------------------------------------------------- NIR

NIR = ["295109912611193", "1 89 12 99 126 111 81", "292089912611114"]


def test_a_file_with_a_column_of_nir_is_refused_and_not_kept(home: Path) -> None:
    rows = [f"B{n},Nom{n},Prénom{n},1990-01-0{n + 1},20,500,{one}" for n, one in enumerate(NIR)]
    text = HEAD.strip() + ",Autre\n" + "\n".join(rows) + "\n"
    path = drop(home, "register", "with.csv", text)
    outcome = run_study(home)
    assert outcome.exit_code == 1
    assert any("column G" in fault and "NIR" in fault for fault in outcome.faults)
    assert not path.exists()
    assert leaks([*files(home, "."), "".join(outcome.faults).encode()], NIR) == {}
    assert run_study(home).exit_code == 1
