"""A hundred people of the demo are erased: no byte of them stays, and nobody else is touched."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.resources.erasure import erase_people
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import Study, open_study
from agir_pipeline.running import run_study
from tests.study.test_privacy import files, layers

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo")]
CALLS = (1, 1, 8, 90)
PAIR = ("pair_id", "distance", "elapsed_days", "band_number", "formed_on", "strata_enforced")


def records(study: Study) -> pd.DataFrame:
    links = study.vault.read("links")
    return links[links["superseded_on"].isna()]


def values_of(study: Study) -> dict[str, set[str]]:
    """Person → identifying values that are nobody else's, and its pseudonym."""
    owner = {
        (s, k): p for s, k, p in records(study)[["source", "entity_key", "person_id"]].to_numpy()
    }
    told: dict[str, set[str]] = {}
    who: dict[str, set[str]] = {}
    rows = study.vault.read("identities")
    for source, key, text in zip(rows["source"], rows["entity_key"], rows["identity"], strict=True):
        person = owner.get((source, key), "nobody")
        for value in filter(None, json.loads(text).values()):
            told.setdefault(person, {person}).add(value)
            who.setdefault(value, set()).add(person)
    long_enough = {v for v, owners in who.items() if len(owners) == 1 and len(v) > 5}
    return {p: {v for v in vs if v in long_enough} | {p} for p, vs in told.items()}


def traces(home: Path, words: set[str]) -> dict[str, set[str]]:
    """File → the words that stand in it, as they are or escaped."""
    forms = {w: (w.lower().encode(), json.dumps(w).strip('"').lower().encode()) for w in words}
    found: dict[str, set[str]] = {}
    for path in files(home, "."):
        if path.name != "truth.json":
            for layer in layers(path):
                lowered = layer.lower()
                for word, (plain, escaped) in forms.items():
                    if plain in lowered or escaped in lowered:
                        found.setdefault(str(path.relative_to(home)), set()).add(word)
    return found


def test_a_hundred_people_leave_no_byte_and_nobody_comes_back(
    demo_copy: Path, tmp_path: Path
) -> None:
    study = open_study(demo_copy)
    kept = tmp_path / "received"
    shutil.copytree(demo_copy / "landing" / "objects", kept)
    arrived = [(r.source, r.provider, r.file_name, r.sha256) for r in study.state().deliveries]
    people = records(study)
    register = people[people["source"] == "beneficiary_register"].iloc[::3]
    pool = people[people["source"] == "control_pool"].drop_duplicates("person_id").iloc[::8]
    asked = pd.concat([register, pool]).drop_duplicates("person_id").head(100)
    assert len(asked) == 100
    values, pairs = values_of(study), Releases(study.home.releases).read("matched_pairs")
    before = study.warehouse.read(None, "validated", "beneficiary_register")
    gone, done = set(asked["person_id"]), 0
    for n in CALLS:
        some = asked.iloc[done : done + n]
        done += n
        with Home(demo_copy).locked("test"):
            erase_people(
                open_study(demo_copy),
                list(zip(some["source"], some["entity_key"], strict=True)),
            )
        run_study(demo_copy)
    words = set().union(*(values[person] for person in gone))
    assert len(words) > 500
    assert traces(demo_copy, words) == {}
    after = Releases(study.home.releases).read("matched_pairs")
    assert after[list(PAIR)].equals(pairs[list(PAIR)])
    own = pairs[["beneficiary_person_id", "control_person_id"]].isin(gone)
    status = after["status"]
    assert (status[own.any(axis=1)] == "broken_by_erasure").all()
    assert status[~own.any(axis=1)].equals(pairs["status"][~own.any(axis=1)])
    left = open_study(demo_copy).warehouse.read(None, "validated", "beneficiary_register")
    same = left.merge(before, how="left", on=list(left.columns), indicator=True)
    assert (same["_merge"] == "both").all()
    for source, provider, name, sha256 in arrived:
        place = demo_copy / "inbox" / source / provider
        if place.is_dir():
            content = (kept / sha256[:2] / sha256).read_bytes()
            (place / f"again-{sha256[:6]}-{name}").write_bytes(content)
    run_study(demo_copy)
    now = records(open_study(demo_copy))
    assert not set(now["person_id"]) & gone
    assert traces(demo_copy, words) == {}
