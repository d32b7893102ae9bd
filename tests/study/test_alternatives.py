"""The second study with alternatives named in its protocol: released beside the pairs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agir_pipeline.protocol.loading import packaged_protocols
from agir_pipeline.resources.releases import Releases

NAMES = [
    "propensity_pairs", "coarsened_exact", "full", "entropy_balancing", "overlap_weights"
]  # fmt: skip
pytestmark = pytest.mark.xdist_group("nsw")


@pytest.fixture(scope="module")
def releases(agir: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> Releases:
    folder = tmp_path_factory.mktemp("alternatives")
    text = packaged_protocols()["nsw"].read_text(encoding="utf-8")
    named = f"[matching]\nalternatives = {NAMES}\n".replace("'", '"')
    (folder / "study.toml").write_text(text.replace("[matching]\n", named), encoding="utf-8")
    agir("init", folder / "home", "--protocol", folder / "study.toml")
    done = agir("run", "--home", folder / "home")
    assert done.returncode == 0, done.stdout + done.stderr  # type: ignore[attr-defined]
    return Releases(Path(folder / "home" / "releases"))


def test_every_alternative_has_its_effect_beside_that_of_the_pairs(releases: Releases) -> None:
    table = releases.read("earnings_1978").set_index("definition")
    assert set(table.index) == {"matched_pairs", "benchmark", *NAMES}
    found = table.loc[NAMES]
    assert (found["ci_low"] < found["difference"]).all()
    assert (found["difference"] < found["ci_high"]).all()
    # the trainees differ by -8,497 from the survey as it stands; every way mends most of it
    assert (abs(found["difference"] - 1794.34) < 2000).all()
    assert found["p_value"].isna().all()


def test_every_alternative_has_its_weights_and_its_balance(releases: Releases) -> None:
    weights = releases.read("alternative_weights")
    assert set(weights["alternative"]) == set(NAMES)
    sums = weights.pivot_table("weight", "alternative", "arm", "sum").drop("overlap_weights")
    assert sums["control"].tolist() == pytest.approx(sums["beneficiary"].tolist())
    balance = releases.read("covariate_balance")
    assert set(NAMES) < set(balance["sample"])
    told = balance[balance["level"] != "value_squared"]
    worst = told.groupby("sample")["smd"].apply(lambda smd: smd.abs().max())
    assert worst["entropy_balancing"] < 1e-6
    assert (worst[NAMES] < worst["pool"] / 2).all()
