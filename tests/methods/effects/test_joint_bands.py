"""Bands solved together claim an effect where there is none; in sequence they do not."""

from datetime import date
from math import inf

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.effects import joint_bands
from agir_pipeline.methods.effects.joint_bands import joint_claim
from agir_pipeline.methods.effects.placebo_tables import Rounds, joint_placebos, placebo_table
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

HORIZON, BAND_DAYS, N_BANDS = 183, 15, 12
START = pd.Timestamp(2010, 1, 1)
CUT_ON = date(2012, 12, 31)


@pytest.fixture(scope="module")
def agir():
    return load_protocol(packaged_protocols()["agir"])


def a_pool(n_strata, n_beneficiaries, n_controls, hazard, seed, n_bands=N_BANDS):
    """Nobody is helped: contracts end at a constant hazard, support only begins late."""
    rng = np.random.default_rng(seed)
    rows, ends = [], []
    for stratum in range(n_strata):
        exits = np.ceil(rng.exponential(1 / hazard, n_controls))
        bands = rng.integers(0, n_bands, n_beneficiaries)
        near = rng.normal(size=n_controls)
        for number, band in enumerate(bands):
            person = f"b{stratum:02}-{number:03}"
            rows.append((band, person, "beneficiary", stratum, rng.normal()))
            lasts = BAND_DAYS * band + np.ceil(rng.exponential(1 / hazard))
            ends.append((person, "beneficiary", START + pd.Timedelta(days=lasts), True))
        for number, exit_day in enumerate(exits):
            person = f"c{stratum:02}-{number:03}"
            ends.append((person, "control", START + pd.Timedelta(days=exit_day), True))
            rows += [
                (band, person, "control", stratum, near[number])
                for band in range(n_bands)
                if exit_day > BAND_DAYS * band
            ]
    pool = pd.DataFrame(rows, columns=["band_number", "person_id", "arm", "level", "logit"])
    pool["round_number"], pool["is_open"] = 1, True
    pool["index_on"] = START + pd.to_timedelta(BAND_DAYS * pool["band_number"], unit="D")
    mine = pool[pool["arm"] == "beneficiary"]
    pairs = pd.DataFrame(
        {
            "round_number": 1,
            "band_number": mine["band_number"],
            "caliper": np.nan,
            "beneficiary_person_id": mine["person_id"],
            "control_person_id": "nobody",
        }
    )
    ended = pd.DataFrame(ends, columns=["person_id", "arm", "ends_on", "is_early"])
    return Rounds(pool, pairs, ended, ("level",), 45)


def told(agir, rounds, cut_on=CUT_ON):
    rupture = agir.outcomes[0].model_copy(update={"primary_horizon_days": HORIZON})
    return joint_placebos(rounds, rupture, agir.placebo, agir.inference, cut_on)


def test_the_alarm_rings_where_few_controls_are_there_for_many_delays(agir):
    [row] = told(agir, a_pool(10, 75, 90, hazard=1 / 200, seed=1))
    assert row["effect_points"] < -8
    assert row["is_alarm"] is True
    assert row["n"] > 700
    assert placebo_table([row])["placebo"].tolist() == ["joint_bands"]


def test_it_is_silent_where_there_is_one_band_or_controls_enough(agir):
    [row] = told(agir, a_pool(4, 30, 36, hazard=1 / 200, seed=2, n_bands=1))
    assert (row["effect_points"], row["monte_carlo_se_points"], row["is_alarm"]) == (0, 0, False)
    [row] = told(agir, a_pool(10, 40, 320, hazard=1 / 600, seed=3))
    assert row["is_alarm"] is False


def test_the_order_of_the_rows_changes_nothing(agir):
    rounds = a_pool(2, 20, 24, hazard=1 / 200, seed=4)
    turned = Rounds(
        rounds.pool.sample(frac=1, random_state=1), rounds.pairs, rounds.ends, ("level",), 45
    )
    assert told(agir, rounds) == told(agir, turned)


def test_a_large_problem_is_thinned_in_both_arms_alike(agir, monkeypatch):
    monkeypatch.setattr(joint_bands, "CELLS", 75 * 90 // 4)
    [row] = told(agir, a_pool(10, 75, 90, hazard=1 / 200, seed=1))
    assert 200 < row["n"] < 10 * 38
    assert row["is_alarm"] is not None


def test_nothing_to_follow_nobody_paired_and_no_gross_event_make_no_row(agir):
    rounds = a_pool(1, 10, 12, hazard=1 / 200, seed=5)
    assert told(agir, rounds, cut_on=date(2010, 6, 1)) == []
    assert told(agir, Rounds(rounds.pool.head(0), rounds.pairs, rounds.ends, (), 45)) == []
    alone = rounds.pool[rounds.pool["arm"] == "beneficiary"]
    assert told(agir, Rounds(alone, rounds.pairs, rounds.ends, ("level",), 45)) == []
    rupture = agir.outcomes[0]
    net = tuple(d for d in rupture.definitions if d.method != "gross")
    ungross = rupture.model_copy(update={"definitions": net})
    assert joint_placebos(rounds, ungross, agir.placebo, agir.inference, CUT_ON) == []


DRAWN = """
round_number | band_number | person_id | arm         | is_open | index_on   | logit | time_days | cause
1            | 0           | b1        | beneficiary | true    | 2010-01-01 | 0.0   | 300       | 0
1            | 1           | b2        | beneficiary | true    | 2010-01-16 | 0.0   | 300       | 0
1            | 1           | b3        | beneficiary | false   | 2010-01-16 | 0.0   | 300       | 0
1            | 2           | b4        | beneficiary | true    | 2010-01-31 | 0.0   | 300       | 0
1            | 0           | lasting   | control     | true    | 2010-01-01 | 0.1   | 300       | 0
1            | 1           | lasting   | control     | true    | 2010-01-16 | 0.1   | 285       | 0
1            | 0           | brief     | control     | true    | 2010-01-01 | 0.2   | 10        | 1
1            | 1           | far       | control     | true    | 2010-01-16 | 3.0   | 300       | 0
1            | 1           | late      | control     | true    | 2010-03-16 | 0.0   | 300       | 0
1            | 1           | used      | control     | true    | 2010-01-16 | 0.0   | 300       | 0
"""  # noqa: E501


def test_together_the_survivor_is_saved_for_the_late_band(draw):
    """In sequence b1 takes the nearest, who lasts, and b2 is left alone; together b1 gets the
    one who breaks early. Too far, too late, used before: nobody's control."""
    pool = draw(DRAWN).assign(stratum=0)
    calipers = {(1, 0): 1.0, (1, 1): 1.0}
    used_in = {"used": 0, "lasting": 1}
    drawn, n = joint_claim(pool, calipers, used_in, 45, HORIZON)
    assert (drawn.effect, n) == (-0.5, 2)
    nobody, n = joint_claim(pool.head(0), calipers, {}, 45, HORIZON)
    assert n == 0
    assert np.isnan(nobody.effect)
    assert joint_claim(pool, {(1, 0): inf}, used_in, 45, HORIZON)[0].effect == 0
