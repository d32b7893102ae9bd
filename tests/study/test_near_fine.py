"""A whole study that balances one category near-finely, from its file to a verified release."""

import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.assets.shown import margin_shown
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.release_verification import verified
from agir_pipeline.resources.releases import Releases

SMALL = Path(__file__).parent / "small.toml"
CENTRE = """
[[source.column]]
name = "centre"
type = "code"
labels = { en = "Centre", fr = "Centre" }
sensitivity = "none"
known_before_index = true
codes = [
  { code = "n", labels = { en = "North", fr = "Nord" } },
  { code = "s", labels = { en = "South", fr = "Sud" } },
  { code = "w", labels = { en = "West", fr = "Ouest" } },
]

[[covariate]]
name = "centre"
labels = { en = "Centre", fr = "Centre" }
origin = "person"
column = "centre"
scale = "category"
role = "report"
in_propensity = false
source = "committee"

[matching.near_fine]
covariate = "centre"
surplus_price = "infinite"
source = "committee"
"""
# every third is trained, mostly in the west; of the others few are
PEOPLE = "id,group,age_years,income_eur,centre\n" + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n * 7 % 25},{1000 + 37 * n % 900},"
    f"{'w' if n % 3 == 0 and n % 2 else 'nsnwsnsnnw'[n * 3 % 10]}\n"
    for n in range(90)
)


@pytest.fixture(scope="module")
def home(agir: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("near_fine")
    protocol = folder / "study.toml"
    column, covariate, block = CENTRE.split("\n\n")
    text = SMALL.read_text(encoding="utf-8")
    text = text.replace("[[covariate]]", f"{column}\n\n{covariate}\n\n[[covariate]]", 1)
    text = text.replace("[balance]", f"{block}\n\n[balance]", 1)
    protocol.write_text(text, encoding="utf-8")
    home = folder / "home"
    init_home(home, str(protocol))
    (home / "inbox" / "people" / "office" / "p.csv").write_text(PEOPLE, encoding="utf-8")
    done = agir("run", "--home", home)
    assert done.returncode == 0, done.stdout + done.stderr  # type: ignore[attr-defined]
    return home


def test_its_release_tells_and_proves_the_balance(home: Path) -> None:
    releases = Releases(home / "releases")
    told, proofs = releases.read("category_prices"), releases.read("certificates")
    assert told["category"].tolist() == ["n", "s", "w"]
    assert told["surplus_before"].eq(0).all()
    assert told["n_controls"].sum() == told["n_beneficiaries"].sum() == proofs["n_pairs"].sum()
    left = told["surplus_after"].clip(lower=0).sum()
    assert proofs["n_surplus"].tolist() == [left]
    # there are fewer controls of the west than trainees: all of them serve
    pool = releases.read("matching_pool")
    of_west = pool[(pool["arm"] == "control") & (pool["centre"] == "w")]
    west = told.set_index("category").loc["w"]
    assert west["n_controls"] == len(of_west) < west["n_beneficiaries"]
    assert left == west["n_beneficiaries"] - west["n_controls"]
    assert proofs["gap"].abs().max() <= 1e-9
    balance = releases.read("covariate_balance").query(
        "round_number == 0 and covariate == 'centre'"
    )
    worst = balance.groupby("sample")["smd"].apply(lambda smd: smd.abs().max())
    assert worst["matched"] < worst["pool"]
    assert math.isclose(
        balance.query("sample == 'matched' and level == 'w'")["mean_control"].item(),
        west["n_controls"] / told["n_controls"].sum(),
    )
    sheet = releases.read("effect_sheet").set_index("item")["told"]
    assert sheet["Near-fine balance"].endswith("as far as pairs allow: Centre")
    terms = releases.manifest(str(releases.current()))["facts"]["matching"]
    assert (terms["near_fine"], terms["surplus_price"]) == ("centre", "infinite")
    dictionary = releases.read("data_dictionary")
    said = dictionary[dictionary["column"] == "centre"]["description_en"].unique().tolist()
    assert said == ["As matched on; its shares among beneficiaries and controls are balanced"]


def test_the_steward_sees_what_each_category_is_beyond_its_share(home: Path) -> None:
    protocol = load_protocol(home / "protocol.toml")
    told = Releases(home / "releases").read("category_prices")
    lines = margin_shown(told, protocol).splitlines()
    left = int(told["surplus_after"].clip(lower=0).sum())
    assert lines[0] == f"{left} of 30 controls are beyond their category's share"
    assert lines[2] == "| Centre | Beneficiaries | Controls | Controls beyond |"
    assert lines[4].startswith("| w | ")
    assert lines[4].endswith(f" | -{left} |")
    nobody = margin_shown(told.iloc[:0], protocol)
    assert nobody.startswith("0 of 0 controls")


@pytest.mark.parametrize(
    ("table", "column"),
    [("category_prices", "price"), ("category_prices", "surplus_after"),
     ("matching_pool", "centre"), ("matched_pairs", "control_person_id")],
)  # fmt: skip
def test_what_was_touched_is_found_from_its_files_alone(
    home: Path, tmp_path: Path, table: str, column: str
) -> None:
    assert verified(Releases(home / "releases")).faults == ()
    copy = Path(shutil.copytree(home / "releases", tmp_path / "releases", symlinks=True))
    path = copy / "current" / "tier1" / "parquet" / f"{table}.parquet"
    rows = pd.read_parquet(path)
    pairs = pd.read_parquet(path.with_name("matched_pairs.parquet"))
    if column == "centre":
        is_member = rows["person_id"] == pairs["control_person_id"].iloc[0]
        rows[column] = rows[column].mask(is_member, "nowhere")
    elif table == "matched_pairs":
        rows[column] = rows[column].to_numpy()[::-1]
    else:
        rows[column] = rows[column] + 1
    os.chmod(path, 0o640)
    rows.to_parquet(path)
    faults = verified(Releases(copy)).faults
    assert faults[0] == f"file tier1/parquet/{table}.parquet is not as the manifest says"
    assert len(faults) > 1, "the proof itself does not see it"
