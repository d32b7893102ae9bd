"""Nights that follow: nothing new, a late correction, a past day rebuilt, a bad file."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import open_study
from agir_pipeline.running import run_study

pytestmark = pytest.mark.xdist_group("demo")


FLOW = ["step", "arm", "n_in", "reason", "n_out", "n_remaining"]
GOLDEN = Path(__file__).parents[1] / "fixtures" / "golden" / "agir_2010-12-31.json"


def _parsed(home: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in (home / "vault" / "parsed").rglob("*.json")}


def test_a_second_run_with_nothing_new_parses_and_publishes_nothing(demo_copy: Path, agir) -> None:
    before, released = _parsed(demo_copy), sorted(os.listdir(demo_copy / "releases"))
    pointed = os.readlink(demo_copy / "releases" / "current")
    done = agir("run", "--home", demo_copy)
    assert done.returncode == 0, done.stderr
    assert "nothing new" in done.stdout
    assert _parsed(demo_copy) == before
    assert sorted(os.listdir(demo_copy / "releases")) == released
    assert os.readlink(demo_copy / "releases" / "current") == pointed


def _register(home: Path) -> tuple[str, list[str]]:
    """The newest contract register: its header and its lines."""
    receipts = [r for r in open_study(home).state().deliveries if r.source == "contract_register"]
    text = open_study(home).home.landing.content(receipts[-1]).decode("cp1252")
    header, *lines = text.splitlines()
    return header, lines


def _with_early_end(home: Path, person_id: str, day: str) -> bytes:
    """The newest register, this person's contracts all broken on ``day``."""
    links = open_study(home).vault.read("links")
    mine = links[
        (links["person_id"] == person_id)
        & (links["source"] == "contract_register")
        & links["superseded_on"].isna()
    ]
    numbers = {key.split("\x1f")[1] for key in mine["entity_key"]}
    header, lines = _register(home)
    names = header.split(";")
    number, broken = names.index("N° contrat"), names.index("Date de rupture")
    changed = []
    for line in lines:
        cells = line.split(";")
        if len(cells) == len(names) and cells[number] in numbers:
            cells[broken] = day
        changed.append(";".join(cells))
    return "\r\n".join([header, *changed, ""]).encode("cp1252")


def test_a_late_correction_voids_its_pair_and_moves_no_other(
    demo_copy: Path, agir, tmp_path: Path
) -> None:
    before = Releases(demo_copy / "releases").read("matched_pairs")
    first = before.iloc[0]
    day = (first["control_index_on"] - pd.Timedelta(days=1)).strftime("%d/%m/%Y")
    file = tmp_path / "export_contrats_2013-02-15.csv"
    file.write_bytes(_with_early_end(demo_copy, first["control_person_id"], day))
    taken = agir("receive", file, "--source", "contract_register", "--home", demo_copy)
    assert taken.returncode == 0, taken.stderr
    done = agir("run", "--home", demo_copy)
    assert done.returncode == 0, done.stdout + done.stderr
    after = Releases(demo_copy / "releases").read("matched_pairs")
    assert dict(after.groupby("status").size()) == {
        "active": len(before) - 1,
        "void_not_at_risk": 1,
    }
    assert after.set_index("pair_id").loc[first["pair_id"], "status"] == "void_not_at_risk"
    same = ["pair_id", "beneficiary_person_id", "control_person_id", "distance", "formed_on"]
    pd.testing.assert_frame_equal(after[same], before[same])
    effects = Releases(demo_copy / "releases").read("rupture_paired_effect")
    assert set(effects["n"]) == {len(before) - 1}
    assert set(effects["n_void_pairs"]) == {1}
    flow = Releases(demo_copy / "releases").read("participant_flow")
    assert flow.loc[flow["reason"] == "void_not_at_risk", "n_out"].sum() == 2


def test_a_past_day_is_rebuilt_beside_the_working_study(demo_copy: Path, agir) -> None:
    working = demo_copy / "warehouse" / "study.duckdb"
    before, pointed = working.read_bytes(), os.readlink(demo_copy / "releases" / "current")
    done = agir("run", "--as-of", "2010-12-31", "--home", demo_copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "draft" in done.stdout
    assert "no other release of that day" in done.stdout
    assert working.read_bytes() == before
    assert os.readlink(demo_copy / "releases" / "current") == pointed
    drafts = [name for name in Releases(demo_copy / "releases").list() if name.startswith("2010-")]
    assert _note(demo_copy, drafts[0]) == json.loads(GOLDEN.read_text(encoding="utf-8"))
    then = Releases(demo_copy / "releases").read("matched_pairs", drafts[0])
    now = Releases(demo_copy / "releases").read("matched_pairs")
    assert len(then) == 23
    same = ["pair_id", "beneficiary_person_id", "control_person_id", "distance"]
    pd.testing.assert_frame_equal(then[same], now[same].head(23))
    effects = Releases(demo_copy / "releases").read("rupture_paired_effect", drafts[0])
    net = effects[(effects["definition"] == "net_180") & (effects["horizon_days"] == 274)].iloc[0]
    assert not net["is_evaluable"]
    assert pd.isna(net["risk_difference_points"])
    assert effects["p_value"].isna().all()
    known = Releases(demo_copy / "releases").read("evaluability", drafts[0])
    row = known[(known["definition"] == "net_180") & (known["horizon_days"] == 274)].iloc[0]
    assert row["n_evaluable_pairs"] == 0
    assert row["all_evaluable_on"] > pd.Timestamp("2011-05-01")
    again = agir("run", "--as-of", "2010-12-31", "--home", demo_copy)
    assert f"equal to release {drafts[0]}" in again.stdout
    rounds = [r for r in open_study(demo_copy).state().of_kind("round")]
    assert next(r.known_on for r in rounds) == date(2010, 12, 15)


def _note(home: Path, release: str) -> dict[str, Any]:
    """What the note of a day said: pairs, entries and their pace, levels, flow, committees.

    Nothing of it depends on the keys of the study, which break ties between equal matches.
    """
    releases = Releases(home / "releases")
    entries = releases.read("enrolment_progress", release).set_index("month_on")
    ours = entries[entries["arm"] == "beneficiary"]
    since = ours.loc["2010-09":, "n_entries"].mean()  # type: ignore[misc]
    before = ours.loc[:"2010-08", "n_entries"].mean()  # type: ignore[misc]
    flow = releases.read("participant_flow", release)
    waves = releases.read("response_rates", release)["wave"] + "_answered"
    flow = flow[~flow["step"].isin(waves)]  # the note says nothing of questionnaires
    with duckdb.connect(home / "warehouse" / "as_of" / "2010-12-31.duckdb") as connection:
        held = connection.sql(
            "select committee_type, count(*) as n_meetings,"
            " median(days) as median_days_between from (select committee_type,"
            " held_on - lag(held_on) over (partition by committee_type order by held_on) as days"
            " from validated.committee_log where superseded_on is null)"
            " group by committee_type order by committee_type"
        ).fetchall()
    last = ours.iloc[-1]
    return {
        "n_pairs": len(releases.read("matched_pairs", release)),
        "n_entries": int(last["n_cumulative"]),
        "n_target": int(last["n_target"]),
        "entries_since_september_to_before": round(float(since / before), 6),
        "share_of_levels_v_and_iv": round(float(last["share_watched"]), 6),
        "flow": json.loads(flow[FLOW].to_json(orient="values")),
        "committees": [list(row) for row in held],
    }


@pytest.mark.long
def test_a_rebuild_before_any_run_forms_the_same_pairs(demo_copy: Path, agir) -> None:
    """Recorded rounds win; formed again from what the day knew they come out the same."""
    recorded = Releases(demo_copy / "releases").read("matched_pairs").head(23)
    for path in (demo_copy / "landing" / "receipts").glob("*.json"):
        if json.loads(path.read_text(encoding="utf-8"))["kind"] == "round":
            path.unlink()
    assert agir("run", "--as-of", "2010-12-31", "--home", demo_copy).returncode == 0
    drafts = [n for n in Releases(demo_copy / "releases").list() if n.startswith("2010-")]
    formed = Releases(demo_copy / "releases").read("matched_pairs", drafts[0])
    same = ["pair_id", "beneficiary_person_id", "control_person_id", "distance"]
    pd.testing.assert_frame_equal(formed[same], recorded[same])
    kinds = {r.kind for r in open_study(demo_copy).state().receipts}
    assert "round" not in kinds


@pytest.mark.long
def test_an_unreadable_newest_file_gives_1_and_brings_out_nothing(
    demo_copy: Path, agir, tmp_path: Path
) -> None:
    current = demo_copy / "releases" / "current"
    inbox = demo_copy / "inbox" / "beneficiary_register" / "cnam"
    released, pointed = Releases(demo_copy / "releases").list(), os.readlink(current)
    (inbox / "suivi_2013-03-01.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")
    done = agir("run", "--home", demo_copy)
    assert done.returncode == 1
    assert "suivi_2013-03-01.xlsx" in done.stdout + done.stderr
    assert "nothing new" in done.stdout
    assert Releases(demo_copy / "releases").list() == released
    assert os.readlink(current) == pointed
    status = json.loads(agir("status", "--json", "--home", demo_copy).stdout)
    assert len(status["refused"]) == 1
    assert agir("run", "--home", demo_copy).returncode == 1


def test_a_day_before_the_last_round_is_refused(demo_copy: Path, agir, tmp_path: Path) -> None:
    file = tmp_path / "export_contrats_2010-11-30.csv"
    file.write_text("late news", encoding="utf-8")
    done = agir(
        "receive", file, "--source", "contract_register", "--known-on", "2010-12-01",
        "--home", demo_copy,
    )  # fmt: skip
    assert done.returncode == 2
    assert "last matched round" in done.stderr


def test_the_same_file_again_is_a_recorded_nothing(demo_copy: Path, agir, tmp_path: Path) -> None:
    study = open_study(demo_copy)
    last = study.state().deliveries[-1]
    file = tmp_path / "renamed.csv"
    file.write_bytes(study.home.landing.content(last))
    n_receipts = len(study.home.landing.receipts())
    done = agir(
        "receive", file, "--source", last.source, "--provider", last.provider,
        "--home", demo_copy,
    )  # fmt: skip
    assert done.returncode == 0
    assert "already known" in done.stdout
    assert len(study.home.landing.receipts()) == n_receipts
    assert study.home.landing.ledger.landings()[-1]["is_repeat"] == 1


@pytest.mark.long
def test_a_run_in_process_gives_the_same_answer(
    demo_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGIR_LANGUAGE", "en")  # as the demo was run: texts of a release are its own
    outcome = run_study(demo_copy)
    assert outcome.exit_code == 0
    assert outcome.release["kind"] == "unchanged"
