"""A planted effect through the chain: how often the interval holds the truth.

For every seed the demo's generator invents a study at scale 10, with both potential outcomes of
everybody; each round of the protocol is formed by the product from what its day knew
(``candidates_of`` → ``match_round``, pairs locked from round to round); ``paired_effect_table``
reads the lived outcomes of the pairs. All of it in one process.

Two truths. The effect *among people like these* is the mean over all seeds of the mean difference
of the potential outcomes of the beneficiaries in pairs: what the interval promises to hold. The
effect *lived by these very people* is that difference in one seed: nobody ever sees what they would
have done without support, which varies more than what they did where support lowers the risk.
Against it an interval for the first covers less: sqrt(2 p0 q0 / (p1 q1 + p0 q0)) is lacking in it.

What the short way leaves out: writing, reading and linking files (everybody is linked and nothing
is misread), and the SQL between: known contracts and outcomes are taken from the invented lives by
the same rules, written here in pandas. Durable employment is not in it.

    python -m benchmarks.planted [--seeds 400] [--scale 10] [--keep FILE]
    python -m benchmarks.planted --told FILE [FILE …]
"""

import argparse
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

import agir_pipeline
from agir_pipeline.methods.effects.calendar import follow_up_cut, follow_up_days
from agir_pipeline.methods.effects.event_tables import paired_effect_table
from agir_pipeline.methods.matching.pair_tables import used_in_rounds
from agir_pipeline.methods.matching.participants import candidates_of
from agir_pipeline.methods.matching.rounds import match_round
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.methods.synthetic.calibration import load_calibration
from agir_pipeline.methods.synthetic.people import invent_people
from agir_pipeline.methods.synthetic.ruptures import (
    calibrated_model,
    draw_fates,
    paths,
    rupture_outcome,
)
from agir_pipeline.methods.synthetic.truth import EVENT_DAY
from agir_pipeline.methods.synthetic.world import N_CHANCES
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.protocol.model import Protocol

HERE = Path(agir_pipeline.__file__).parent / "protocol" / "agir" / "agir.toml"
CUT_ON = date(2012, 12, 31)
NOTICE_DAYS = np.timedelta64(30, "D")
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Lives:
    """An invented study: who there is, and what becomes of each with and without support."""

    people: pd.DataFrame
    with_support: pd.DataFrame
    without: pd.DataFrame

    @property
    def lived(self) -> pd.DataFrame:
        return self.with_support.where(self.people["role"] == "beneficiary", self.without)


def invent(protocol: Protocol, seed: int, scale: int) -> Lives:
    """As ``invent_world`` makes people and lives, with its draws, and nothing else of it."""
    calibration = load_calibration(protocol.folder)
    chances = iter(np.random.default_rng(seed).spawn(N_CHANCES))
    people = invent_people(protocol, calibration, seed, scale, next(chances))
    model = calibrated_model(protocol, calibration, people)
    fates = draw_fates(calibration, len(people), next(chances))
    everybody = np.ones(len(people), dtype=bool)
    both = (paths(model, calibration, people, fates, arm) for arm in (everybody, ~everybody))
    return Lives(people, *both)


def participants(lives: Lives, rng: np.random.Generator) -> pd.DataFrame:
    """``linked.participants`` at the end of time; a control supported later stands in both arms."""
    people = lives.people
    number = people.index.astype(str)
    known = pd.DataFrame(
        {
            "person_id": "p" + number,
            "tie_order": [f"{k:08x}" for k in rng.permutation(len(people))],
            "support_entry_on": people["support_entry_on"],
            "sex": people["sex"],
            "zone": people["zone"],
            "territorial_basis": np.where(people["zone"] == "outside_44", "elsewhere", "residence"),
            "entry_level": people["entry_level"],
            "previous_situation": people["previous_situation"],
            "spell_scheme": "contrat_pro",
            "spell_prepared_level": people["prepared_level"],
            "spell_contract_nature": people["contract_nature"],
            "spell_contract_duration_months": people["duration_months"].astype(float),
            "spell_sector_group": people["sector"],
            "spell_age_at_start_years": people["age_years"].astype(float),
            "spell_id": "s" + number,
            "starts_on": people["contract_start_on"],
            "deposited_on": people["deposited_on"],
        }
    )
    listed_on = _listed_on(people, lives.lived)
    of_beneficiaries = known[people["role"] == "beneficiary"].assign(
        arm="beneficiary",
        is_always_listed=True,
        beneficiary_since_on=pd.NaT,
        first_listed_on=pd.NaT,
    )
    is_listed = (people["provider"] != "") & (people["role"] != "stranger")
    of_controls = known.assign(
        arm="control",
        is_always_listed=people["provider"] != "gref_formation",
        beneficiary_since_on=people["support_entry_on"],
        support_entry_on=pd.NaT,
        first_listed_on=listed_on,
    )[is_listed & ((people["provider"] != "gref_formation") | listed_on.notna())]
    return pd.concat([of_beneficiaries, of_controls], ignore_index=True)


def _listed_on(people: pd.DataFrame, lived: pd.DataFrame) -> pd.Series:
    """The first end of a month on which a list of present trainees shows somebody."""
    start = people["contract_start_on"]
    end_of_month = start + pd.offsets.MonthEnd(0)
    is_gone = lived["rupture_on"].notna() & (lived["rupture_on"] <= end_of_month)
    return end_of_month.mask(is_gone).astype("datetime64[us]")


def pairs_of(protocol: Protocol, lives: Lives, rng: np.random.Generator) -> pd.DataFrame:
    """The pairs of all rounds, each formed from what its day knew."""
    spec, everybody = MatchingSpec.of(protocol), participants(lives, rng)
    rounds: list[pd.DataFrame] = []
    for instant in protocol.matching.instants:
        delivered = np.datetime64(instant).astype("M8[M]").astype("M8[D]") - DAY
        known = everybody[everybody["starts_on"] <= pd.Timestamp(instant)].copy()
        known["spell_id"] = known["spell_id"].where(known["deposited_on"] <= delivered)
        known["starts_on"] = known["starts_on"].where(known["spell_id"].notna())
        spells, terms = _contracts(lives, delivered)
        candidates = candidates_of(known, spells, terms, protocol)
        found = match_round(
            candidates.persons,
            candidates.covariates_at,
            candidates.at_risk,
            spec,
            instant,
            used_in_rounds(rounds),
            delivered.astype(date),
        )
        rounds.append(found.pairs)
    pairs = pd.concat(rounds, ignore_index=True)
    return pairs.assign(pair_id=[f"{number:05d}" for number in range(len(pairs))])


def _contracts(lives: Lives, delivered: np.datetime64) -> tuple[pd.DataFrame, pd.DataFrame]:
    """First contracts and their terms in the register of a day; a rupture is told after a month."""
    people, rupture_on = lives.people, lives.lived["rupture_on"]
    spells = pd.DataFrame(
        {
            "spell_id": "s" + people.index.astype(str),
            "starts_on": people["contract_start_on"],
            "planned_end_on": people["planned_end_on"],
            "ended_early_on": rupture_on.where(rupture_on + NOTICE_DAYS <= delivered),
        }
    )
    terms = spells[["spell_id", "planned_end_on"]].assign(
        holds_from_on=spells["starts_on"], amendment_number=0
    )
    return spells, terms


def event_times(protocol: Protocol, lives: Lives, pairs: pd.DataFrame) -> pd.DataFrame:
    """``outcomes.event_times`` of the pairs, by the rules of its SQL."""
    outcome = rupture_outcome(protocol)
    lived = lives.lived
    rows = []
    for definition in outcome.without_variants.definitions:
        cut = follow_up_cut(CUT_ON, outcome.consolidation_days.value, definition.window_days)
        for arm in ("beneficiary", "control"):
            person = pairs[f"{arm}_person_id"].str[1:].astype(int).to_numpy()
            index_on = pairs[f"{arm}_index_on"].reset_index(drop=True)
            event = lived[EVENT_DAY[definition.method]].iloc[person].reset_index(drop=True)
            end = lives.people["planned_end_on"].iloc[person].reset_index(drop=True) + DAY
            is_event = event.notna()
            ends_on = event.where(is_event, end)
            rows.append(
                pd.DataFrame(
                    {
                        "definition": definition.name,
                        "pair_id": pairs["pair_id"].to_numpy(),
                        "arm": arm,
                        "index_on": index_on,
                        "follow_up_days": follow_up_days(index_on, cut),
                        "time_days": (ends_on - index_on).dt.days.astype(float),
                        "cause": np.where(is_event, 1, 2),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def truth(protocol: Protocol, lives: Lives, pairs: pd.DataFrame) -> dict[tuple[str, int], float]:
    """The mean effect on the beneficiaries in pairs, in points, by definition and horizon."""
    person = pairs["beneficiary_person_id"].str[1:].astype(int).to_numpy()
    index_on = pairs["beneficiary_index_on"].to_numpy()
    outcome, found = rupture_outcome(protocol), {}
    for definition in outcome.without_variants.definitions:
        column = EVENT_DAY[definition.method]
        days = [
            (path[column].to_numpy()[person] - index_on).astype("m8[D]")
            for path in (lives.with_support, lives.without)
        ]
        for horizon in outcome.horizons_days.value:
            happened = [(d <= np.timedelta64(horizon, "D")) & ~np.isnat(d) for d in days]
            found[definition.name, horizon] = 100 * float(happened[0].mean() - happened[1].mean())
    return found


def one(protocol: Protocol, seed: int, scale: int) -> pd.DataFrame:
    """Estimate, interval and truth, one row per definition and horizon."""
    lives = invent(protocol, seed, scale)
    pairs = pairs_of(protocol, lives, np.random.default_rng([seed, scale]))
    outcome = rupture_outcome(protocol).without_variants
    table = paired_effect_table(
        event_times(protocol, lives, pairs), outcome, protocol.inference, CUT_ON
    )
    true = truth(protocol, lives, pairs)
    keys = zip(table["definition"], table["horizon_days"].astype(int), strict=True)
    return table.assign(seed=seed, true_points=[true[key] for key in keys])


def told(found: pd.DataFrame) -> None:
    """Coverage, bias and spread of the errors, by definition and horizon, for both truths."""
    groups = found.groupby(["definition", "horizon_days"])
    found = found.assign(like_these=groups["true_points"].transform("mean"))
    for (definition, horizon), rows in found.groupby(["definition", "horizon_days"]):
        n, se = len(rows), rows["standard_error_points"].mean()
        print(
            f"{definition:8} {horizon:4} days: true {rows['true_points'].mean():+.1f}, SE {se:.2f},"
            f" {rows['n'].mean():.0f} pairs, {n} seeds"
        )
        for name in ("like_these", "true_points"):
            error = rows["risk_difference_points"] - rows[name]
            covered = rows["ci_low_points"].le(rows[name]) & rows["ci_high_points"].ge(rows[name])
            words = "people like these" if name == "like_these" else "these very people"
            print(
                f"    {words}: coverage {100 * covered.mean():5.1f} %,"
                f" bias {error.mean():+.2f} ± {error.std() / np.sqrt(n):.2f} points,"
                f" spread of the errors {error.std():.2f}",
                flush=True,
            )


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--seeds", type=int, default=400)
    asked.add_argument("--first", type=int, default=1)
    asked.add_argument("--scale", type=int, default=10)
    asked.add_argument("--keep", help="a CSV file for the rows of every seed")
    asked.add_argument("--told", nargs="+", help="no run: the figures of kept files together")
    wish = asked.parse_args()
    if wish.told:
        told(pd.concat([pd.read_csv(file) for file in wish.told]))
        raise SystemExit
    protocol = load_protocol(HERE)
    done: list[pd.DataFrame] = []
    began = time.process_time()
    for seed in range(wish.first, wish.first + wish.seeds):
        done.append(one(protocol, seed, wish.scale))
        if len(done) % 50 == 0 or len(done) == wish.seeds:
            print(f"{len(done)} seeds, {time.process_time() - began:.0f} s of CPU")
            found = pd.concat(done)
            told(found)
            if wish.keep:
                found.to_csv(wish.keep, index=False)
