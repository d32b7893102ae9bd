"""The second study: real data, no contract, no AGIR fact, a known answer beside the effect."""

import subprocess
from pathlib import Path

import pytest

from agir_pipeline.resources.releases import Releases

Nsw = tuple[Path, "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.xdist_group("nsw")


def test_the_run_succeeds_and_all_185_trainees_are_looked_at(nsw: Nsw) -> None:
    home, done = nsw
    assert done.returncode == 0, done.stdout + done.stderr
    releases = Releases(home / "releases")
    pairs = releases.read("matched_pairs")
    alone = releases.read("unmatched_beneficiaries")
    assert len(pairs) + len(alone) == 185
    assert len(pairs) > 150


def test_the_experimental_answer_stands_beside_the_matched_one(nsw: Nsw) -> None:
    table = Releases(nsw[0] / "releases").read("earnings_1978").set_index("definition")
    assert table.loc["benchmark", "difference"] == pytest.approx(1794.3424, abs=1e-3)
    assert table.loc["benchmark", "published"] == pytest.approx(1794.34)
    ours = table.loc["matched_pairs"]
    assert ours["ci_low"] < ours["difference"] < ours["ci_high"]
    assert ours["ci_low"] < 1794.34 < ours["ci_high"]


def test_the_optimum_over_15992_people_is_proved(nsw: Nsw) -> None:
    proofs = Releases(nsw[0] / "releases").read("certificates")
    assert proofs["n_candidates"].max() == 15992
    assert (proofs["gap"].abs() <= 1e-9).all()


def test_matching_mends_the_imbalance(nsw: Nsw) -> None:
    balance = Releases(nsw[0] / "releases").read("covariate_balance")
    overall = balance[balance["round_number"] == 0]
    worst = overall.groupby("sample")["smd"].apply(lambda smd: smd.abs().max())
    assert worst["pool"] > 1
    assert worst["matched"] < worst["pool"] / 3


def test_no_word_of_agir_is_in_its_release(nsw: Nsw) -> None:
    folder = (nsw[0] / "releases" / "current").resolve()
    texts = [p for p in folder.rglob("*") if p.suffix in {".csv", ".json", ".md", ".html"}]
    assert texts
    for path in texts:
        content = path.read_text(encoding="utf-8-sig").casefold()
        assert "rupture" not in content
        assert "loire" not in content
