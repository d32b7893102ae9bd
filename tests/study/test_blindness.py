"""Matching sees no outcome: on whole studies, nothing that comes after the index moves a byte."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.assets import matched
from agir_pipeline.assets.variables import model_variables
from agir_pipeline.methods.matching.pair_tables import used_in_rounds
from agir_pipeline.methods.matching.participants import Candidates
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.rounds import RecordedRound
from agir_pipeline.resources.sql_models import BuiltModel, column_lineage
from agir_pipeline.resources.study import Study, due_instants, open_study

in_demo = pytest.mark.xdist_group("demo")
in_nsw = pytest.mark.xdist_group("nsw")


@dataclass
class Known:
    """What the day of a round knew, what was used before, and the last band it asked about."""

    number: int
    candidates: Candidates
    used: dict[str, str]
    made: RecordedRound
    last_edge: int

    @property
    def content(self) -> bytes:
        return self.made.to_bytes()


@pytest.fixture(scope="module")
def study(demo: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> Study:
    copied = tmp_path_factory.mktemp("blind") / "home"
    return open_study(Path(shutil.copytree(demo[0], copied, symlinks=True)))


@pytest.fixture(scope="module")
def rounds(study: Study) -> dict[date, Known]:
    """Every round of the demo in which a band was asked, formed again from what its day knew."""
    found: dict[date, Known] = {}
    before: list[pd.DataFrame] = []
    for number, instant in enumerate(due_instants(study), 1):
        candidates = matched.known_then(study, instant)
        used = dict(used_in_rounds(before))
        made, edges = formed(study, instant, number, used, candidates)
        before.append(made.tables["pairs"])
        if edges:
            found[instant] = Known(number, candidates, used, made, max(edges))
    return found


def formed(
    study: Study, instant: date, number: int, used: dict[str, str], candidates: Candidates
) -> tuple[RecordedRound, list[int]]:
    """The round that the product forms of these candidates, and the bands it asked about."""
    edges: list[int] = []

    class Watched(Candidates):
        def at_risk(self, edge_days: int) -> Any:
            edges.append(edge_days)
            return super().at_risk(edge_days)

    watched = Watched(**vars(candidates))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matched, "known_then", lambda *_given: watched)
        return matched._form(study, instant, number, [], used), edges


AGAIN = """
import sys
from dataclasses import replace
from pathlib import Path
from agir_pipeline.assets import matched
from agir_pipeline.methods.matching.pair_tables import used_in_rounds
from agir_pipeline.resources.rounds import RecordedRound
from agir_pipeline.resources.study import due_instants, open_study

study, before = open_study(Path(sys.argv[1])), []
anchors, _names = matched._anchors_and_names(study)
receipts = {receipt.known_on: receipt for receipt in study.state().of_kind("round")}
for number, instant in enumerate(due_instants(study), 1):
    made = matched._form(study, instant, number, [], used_in_rounds(before))
    before.append(made.tables["pairs"])
    content = study.home.landing.content(receipts[instant])
    code = RecordedRound.from_bytes(content).made_with["code_version"]
    made = replace(made, made_with={**made.made_with, "code_version": code})
    print("same" if made.renamed(anchors).to_bytes() == content else "different")
"""


def formed_again(study: Study) -> list[str]:
    """For each round, whether forming it now gives the bytes on record.

    In a process of its own, as the product runs: with more threads than its one, the last bits
    of a sum differ.
    """
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, str(study.home.folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def with_exits(known: Known, exits: pd.Series) -> Candidates:
    spells = known.candidates.spells.assign(ended_early_on=exits.astype("datetime64[us]"))
    return replace(known.candidates, spells=spells)


def after_the_last_band(known: Known) -> tuple[pd.Series, pd.Series]:
    """Each person's last day asked about, and whether its exit, if any, came later."""
    last = known.candidates.index_on(known.last_edge)
    left = known.candidates.spells["ended_early_on"]
    return last, last.notna() & (left.isna() | (left > last))


# ----------------------------------------------------------------- what the day knew, replaced


@in_demo
def test_rounds_formed_again_are_those_on_record_to_the_byte(study: Study) -> None:
    assert formed_again(study) == ["same"] * 6


@in_demo
def test_a_round_on_record_names_persons_by_their_anchors(study: Study) -> None:
    anchors = set(study.vault.read("links")["anchor"])
    for receipt in study.state().of_kind("round"):
        tables = RecordedRound.from_bytes(study.home.landing.content(receipt)).tables
        for table in tables.values():
            for column in set(table) & {
                "person_id", "beneficiary_person_id", "control_person_id"
            }:  # fmt: skip
                assert set(table[column]) <= anchors


@in_demo
@pytest.mark.parametrize("seed", range(3))
def test_any_exit_after_the_last_band_asked_gives_the_same_bytes(
    study: Study, rounds: dict[date, Known], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n_moved = 0
    for instant, known in rounds.items():
        last, is_after = after_the_last_band(known)
        days = pd.to_timedelta(rng.choice([1, 2, 30, 365, 4000], len(last)), unit="D")
        exits = (last + days).where(rng.random(len(last)) < 0.7)
        moved = known.candidates.spells["ended_early_on"].mask(is_after, exits)
        n_moved += int(is_after.sum())
        made, _edges = formed(study, instant, known.number, known.used, with_exits(known, moved))
        assert made.to_bytes() == known.content
    assert n_moved > 500


@in_demo
@pytest.mark.parametrize("days", [1, None], ids=["everybody_the_day_after", "nobody_ever"])
def test_exits_all_on_the_day_after_or_none_at_all_give_the_same_bytes(
    study: Study, rounds: dict[date, Known], days: int | None
) -> None:
    for instant, known in rounds.items():
        last, is_after = after_the_last_band(known)
        exits = last + pd.Timedelta(days=days) if days else pd.Series(pd.NaT, last.index)
        moved = known.candidates.spells["ended_early_on"].mask(is_after, exits)
        made, _edges = formed(study, instant, known.number, known.used, with_exits(known, moved))
        assert made.to_bytes() == known.content


@in_demo
@pytest.mark.parametrize("arm", ["beneficiary", "control"])
def test_an_exit_on_the_index_day_of_a_member_does_change_the_round(
    study: Study, rounds: dict[date, Known], arm: str
) -> None:
    for instant, known in rounds.items():
        pair = known.made.tables["pairs"].iloc[0]
        persons = known.candidates.persons
        row = (persons["person_id"] == pair[f"{arm}_person_id"]) & (persons["arm"] == arm)
        exits = known.candidates.spells["ended_early_on"].mask(row, pair[f"{arm}_index_on"])
        made, _edges = formed(study, instant, known.number, known.used, with_exits(known, exits))
        assert row.sum() == 1
        assert made.to_bytes() != known.content
        assert pair[f"{arm}_person_id"] not in set(made.tables["pairs"][f"{arm}_person_id"])


# ------------------------------------------------------------------ what was delivered, replaced


def later_columns(protocol: Protocol) -> set[str]:
    """Every column that matching could meet and that is known only after the index; early ends."""
    later = {
        column.name
        for source in protocol.sources
        if source.feeds in ("person", "spell", "answer")
        for column in source.warehouse_columns
        if not column.known_before_index
    }
    ends = {source.spell.ended_early for source in protocol.sources if source.spell}
    return later | ends


def _later_of(source: Source) -> list[str]:
    return [c.name for c in source.warehouse_columns if not c.known_before_index]


def scrambled(source: Source, table: pd.DataFrame, last_edge: int, seed: int) -> pd.DataFrame:
    """The rows of a source with everything that tells of later days shuffled.

    An early end moves only where it lies after the contract's last day asked about.
    """
    rng = np.random.default_rng(seed)
    later = _later_of(source)
    shuffled = table.assign(**{name: rng.permutation(table[name].array) for name in later})
    if source.spell is None:
        return shuffled
    contract, ended = table["spell_id"], source.spell.ended_early
    starts_on = table[source.spell.starts].groupby(contract).transform("min")
    left_on = table[ended].groupby(contract).transform("max")
    last = starts_on + pd.Timedelta(days=last_edge)
    days = pd.to_timedelta(rng.integers(1, 900, len(table)), unit="D")
    moved = (last + days).where(rng.random(len(table)) < 0.6)
    return shuffled.assign(**{ended: table[ended].mask(left_on.isna() | (left_on > last), moved)})


@in_demo
def test_later_columns_of_every_delivery_shuffled_give_the_same_bytes(
    demo_copy: Path, rounds: dict[date, Known]
) -> None:
    study = open_study(demo_copy)
    later = later_columns(study.protocol)
    told = [s for s in study.protocol.sources if later & {c.name for c in s.warehouse_columns}]
    honest = {s.name: study.warehouse.read(None, "validated", s.name) for s in told}
    sources = [s for s in told if honest[s.name][_later_of(s)].nunique().gt(1).any()]
    assert len(sources) >= 4
    for seed, instant in enumerate(rounds):
        known = rounds[instant]
        with study.warehouse.transaction() as connection:
            for source in sources:
                table = scrambled(source, honest[source.name], known.last_edge, seed)
                assert not table.equals(honest[source.name])
                study.warehouse.replace(connection, "validated", source.name, table)
        made = matched._form(study, instant, known.number, [], known.used)
        assert made.to_bytes() == known.content


# ---------------------------------------------------------------------------------- lineage


Origins = dict[str, set[tuple[str, str]]]


def built(study: Study) -> dict[str, BuiltModel]:
    """The linked models, built and thrown away."""
    with study.warehouse.rehearsal() as connection:
        models = study.models.build(connection, "linked", model_variables(study))
    return {f"linked.{model.name}": model for model in models}


def origins(models: dict[str, BuiltModel]) -> dict[str, Origins]:
    """Table → column → the delivered columns its values come from, through every model between."""
    found: dict[str, Origins] = {}
    for table, model in models.items():  # built in the order of their needs
        found[table] = {
            column: {
                origin
                for place, name in sources
                for origin in (found[place][name] if place in found else {(place, name)})
            }
            for column, sources in column_lineage(model).items()
        }
    return found


def delivered(origins_of_table: Origins) -> set[str]:
    return {name for sources in origins_of_table.values() for _place, name in sources}


@in_demo
def test_no_value_matching_reads_comes_from_an_exit_or_an_outcome(study: Study) -> None:
    found, later = origins(built(study)), later_columns(study.protocol)
    assert later >= {"rupture_on", "rupture_reason", "support_exit_on"}
    for table in ("participants", "reference_spells", "spell_terms"):
        reached = delivered(found[f"linked.{table}"])
        assert reached
        assert reached & later == set()
    # the sight itself works: the one table that may tell of exits does
    ends = found["linked.spells"]["ended_early_on"]
    assert "rupture_on" in {name for _place, name in ends}


@in_demo
def test_no_choice_of_a_contract_looks_at_an_exit(study: Study) -> None:
    later = {*later_columns(study.protocol), "ended_early_on"}
    models = built(study)
    for table in ("participants", "reference_spells", "spell_terms"):
        words = set(re.findall(r"\w+", models[f"linked.{table}"].compiled_sql))
        assert words & later == set()


@in_demo
def test_every_covariate_and_condition_is_known_before_the_index(
    study: Study, rounds: dict[date, Known]
) -> None:
    later = later_columns(study.protocol)
    for known in rounds.values():
        columns = {name.removeprefix("spell_") for name in known.candidates.participants}
        assert columns & later == set()
        assert {c.column for c in study.protocol.covariates if c.origin != "index"} <= columns
        exits = set(known.candidates.spells) - {"starts_on", "planned_end_on"}
        assert exits == {"ended_early_on"}
        assert set(known.candidates.terms) & {*later, "ended_early_on"} == set()


# ------------------------------------------------------------------------------- once a control


@in_demo
def test_a_control_of_an_earlier_round_is_no_beneficiary_of_a_later_one(
    study: Study, rounds: dict[date, Known]
) -> None:
    first, second, *_later = rounds
    known = rounds[second]
    controls = set(rounds[first].made.tables["pairs"]["control_person_id"])
    persons = known.candidates.persons
    now_supported = persons["person_id"].isin(controls)
    assert now_supported.sum() > 10
    changed = persons.assign(
        arm=persons["arm"].mask(now_supported, "beneficiary"),
        elapsed_delay_days=persons["elapsed_delay_days"].mask(now_supported, 10.0),
    )
    made, _edges = formed(
        study, second, known.number, known.used, replace(known.candidates, persons=changed)
    )
    unmatched = made.tables["unmatched"].set_index("person_id")["reason"]
    assert set(unmatched.reindex(persons["person_id"][now_supported])) == {"used_as_control"}
    pairs = made.tables["pairs"]
    assert not pairs["beneficiary_person_id"].isin(controls).any()
    assert not pairs["control_person_id"].isin(controls).any()


@in_demo
def test_over_all_rounds_no_two_pairs_share_a_person(study: Study) -> None:
    pairs = pd.concat(one.tables["pairs"] for one in matched.fold(study))
    everybody = [*pairs["beneficiary_person_id"], *pairs["control_person_id"]]
    assert pairs["round_number"].nunique() >= 4
    assert len(everybody) == len(set(everybody)) == 2 * len(pairs)


# ------------------------------------------------------------------- a study without contracts


@in_nsw
@pytest.mark.parametrize("way", ["shuffled", "all_missing"])
def test_an_outcome_shuffled_or_absent_gives_the_same_pairs_to_the_byte(
    nsw: tuple[Path, Any], tmp_path: Path, way: str
) -> None:
    study = open_study(Path(shutil.copytree(nsw[0], tmp_path / "home", symlinks=True)))
    later = later_columns(study.protocol)
    assert later == {"earnings_1978_usd"}
    with study.warehouse.transaction() as connection:
        for source in study.protocol.sources:
            table = study.warehouse.read(connection, "validated", source.name)
            order = np.random.default_rng(7).permutation(len(table))
            earned = table["earnings_1978_usd"].iloc[order].reset_index(drop=True)
            assert not earned.equals(table["earnings_1978_usd"])
            changed = earned if way == "shuffled" else earned.where(earned.isna())
            study.warehouse.replace(
                connection, "validated", source.name, table.assign(earnings_1978_usd=changed)
            )
    assert formed_again(study) == ["same"]


@in_nsw
def test_matching_is_given_no_outcome_column_at_all(nsw: tuple[Path, Any]) -> None:
    study = open_study(nsw[0])
    (instant,) = due_instants(study)
    candidates = matched.known_then(study, instant)
    assert "earnings_1978_usd" not in candidates.participants
    reached = delivered(origins(built(study))["linked.participants"])
    assert "earnings_1975_usd" in reached
    assert "earnings_1978_usd" not in reached
    assert candidates.spells.isna().all(axis=None)
