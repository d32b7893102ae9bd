"""The balance table: against own candidates, fixed denominators, rounds and all rounds."""

import math

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.matching.balance import COLUMNS, balance_table, sample_persons

NO_RULE = {"band_width_days": None, "start_window_days": None, "waiting_days": None}


@pytest.fixture
def one_band(draw):
    pool = draw(
        """
        person_id | arm         | index_on   | is_open | age | level
        b0        | beneficiary | 2010-01-01 | false   | 40  | iv
        b1        | beneficiary | 2010-01-01 | true    | 20  | v
        b2        | beneficiary | 2010-03-01 | true    | 30  | iv
        b3        | beneficiary | 2010-12-01 | true    | 28  | v
        c1        | control     | 2010-01-05 | true    | 22  | v
        c2        | control     | 2010-02-01 | false   |     | v
        c3        | control     | 2010-03-05 | true    | 32  | iv
        """
    ).assign(band_number=0, round_number=1)
    pairs = pd.DataFrame(
        {
            "round_number": [1, 1],
            "band_number": [0, 0],
            "beneficiary_person_id": ["b1", "b2"],
            "control_person_id": ["c1", "c3"],
        }
    )
    return pool, pairs


@pytest.fixture
def watched(spec, covariate):
    return spec(covariate("age"), covariate("level", scale="category"))


def line(table, round_number, covariate, level, sample):
    names = ["round_number", "covariate", "level", "sample"]
    return table.set_index(names).loc[(round_number, covariate, level, sample)]


def test_each_beneficiary_is_compared_with_its_own_candidates(one_band, watched):
    # b0 was matched before; b1 may have c1 and c2, b2 may have c2 and c3, b3 nobody:
    # weights 1/2, 1/2 + 1/2, 1/2
    table = balance_table(*one_band, watched)
    level = line(table, 1, "level", "v", "pool")
    assert (level["mean_beneficiary"], level["mean_control"]) == (0.5, 0.75)
    assert (level["n_beneficiaries"], level["n_controls"]) == (2, 3)
    # weights 1/2, 1, 1/2: worth 2^2 / 1.5 equal ones
    assert level["n_effective_controls"] == pytest.approx(4 / 1.5)
    # p over all three beneficiaries, matched or not
    assert level["smd"] == pytest.approx(-0.25 / math.sqrt(2 / 3 * 1 / 3))
    age = line(table, 1, "age", "value", "pool")
    assert (age["mean_control"], age["n_non_missing"]) == (27, 4)
    assert age["smd_denominator"] == pytest.approx(np.std([20, 30, 28], ddof=1))
    missing = line(table, 1, "age", "missing", "pool")
    assert (missing["mean_beneficiary"], missing["mean_control"]) == (0, 0.5)


def test_matched_pairs_keep_the_denominator_of_the_pool(one_band, watched):
    table = balance_table(*one_band, watched)
    before, after = (line(table, 1, "age", "value", s) for s in ("pool", "matched"))
    assert before["smd_denominator"] == after["smd_denominator"]
    assert (after["mean_beneficiary"], after["mean_control"]) == (25, 27)
    assert after["smd"] == pytest.approx(-2 / np.std([20, 30, 28], ddof=1))
    assert after["variance_ratio"] == pytest.approx(1.0)
    assert line(table, 1, "age", "value_squared", "matched")["mean_control"] == pytest.approx(
        (22**2 + 32**2) / 2
    )
    assert tuple(table.columns) == COLUMNS


def test_somebody_tried_in_two_rounds_counts_once_in_all_rounds(one_band, watched):
    pool, pairs = one_band
    later = pool[pool["person_id"].isin(["b2", "c3"])].assign(round_number=2)
    pairs = pairs.assign(round_number=[1, 2])
    table = balance_table(pd.concat([pool, later], ignore_index=True), pairs, watched)
    assert line(table, 0, "level", "v", "pool")["n_beneficiaries"] == 2
    assert line(table, 0, "level", "v", "pool")["mean_control"] == 0.5
    assert line(table, 0, "level", "v", "pool")["mean_beneficiary"] == 0.5
    assert line(table, 1, "level", "v", "pool")["n_beneficiaries"] == 2
    assert line(table, 2, "level", "v", "pool")["mean_control"] == 0
    assert line(table, 2, "level", "v", "matched")["n_beneficiaries"] == 1
    assert line(table, 0, "level", "v", "matched")["n_beneficiaries"] == 2


def test_a_round_without_pairs_has_no_means_after_matching(one_band, watched):
    pool, pairs = one_band
    table = balance_table(pool, pairs.iloc[:0], watched)
    after = line(table, 1, "age", "value", "matched")
    assert math.isnan(after["smd"])
    assert math.isnan(after["variance_ratio"])
    assert after["n_beneficiaries"] == 0


def test_everybody_compared_is_named_once(one_band, watched):
    pool, pairs = one_band
    weights = pool.iloc[[1, 4, 5]][["round_number", "person_id", "arm"]]
    weights = weights.assign(alternative="overlap", weight=[1.0, 0.5, 0.0])
    found = sample_persons(pool, pairs, watched, weights)
    named = found.groupby(["round_number", "sample"])["person_id"].agg(sorted).to_dict()
    compared = ["b1", "b2", "c1", "c2", "c3"]  # b3 has no candidate, b0 was matched before
    assert named == {
        (0, "pool"): compared,
        (0, "matched"): ["b1", "b2", "c1", "c3"],
        (0, "overlap"): ["b1", "c1"],  # c2 weighs nothing
        (1, "pool"): compared,
        (1, "matched"): ["b1", "b2", "c1", "c3"],
    }


def test_the_table_of_a_golden_match_is_matchit_s(lalonde, golden, golden_pairs, spec, covariate):
    file = "lalonde_nearest_logit_caliper02"
    treated, controls = golden_pairs(file)
    names = ["age", "educ", "married", "nodegree", "re74", "re75"]
    pool = lalonde[names].assign(
        person_id=lalonde["id"],
        race=lalonde["race"],
        arm=np.where(lalonde["is_treated"], "beneficiary", "control"),
        index_on=pd.NaT,
        is_open=True,
        band_number=0,
        round_number=1,
    )
    pairs = pd.DataFrame(
        {
            "round_number": 1,
            "band_number": 0,
            "beneficiary_person_id": lalonde["id"].to_numpy()[treated],
            "control_person_id": lalonde["id"].to_numpy()[controls],
        }
    )
    watched = [covariate(n) for n in names] + [covariate("race", scale="category")]
    table = balance_table(pool, pairs, spec(*watched, **NO_RULE))
    figures = {"smd": "Std. Mean Diff.", "ks": "eCDF Max", "ecdf_mean": "eCDF Mean"}
    for sample, field in (("pool", "balance_all"), ("matched", "balance_matched")):
        for place in [(n, "value") for n in names] + [("race", r) for r in ("black", "white")]:
            expected = golden(file)[field][place[0] if place[1] == "value" else f"race{place[1]}"]
            found = line(table, 0, *place, sample)
            for ours, theirs in figures.items():
                assert found[ours] == pytest.approx(expected[theirs], abs=1e-9)
    married = table[table["covariate"] == "married"]
    assert set(married["level"]) == {"value"}
    assert married["variance_ratio"].isna().all()


def test_a_recorded_round_gives_its_balance(random_world, full_spec):
    found = random_world(8).match(full_spec)
    table = balance_table(
        found.pool.assign(round_number=1), found.pairs.assign(round_number=1), full_spec
    )
    level = table[(table["covariate"] == "level") & (table["sample"] == "matched")]
    assert level["smd"].abs().max() == 0
    n_pairs = len(found.pairs)
    assert (level["n_beneficiaries"] == n_pairs).all()
    one, all_rounds = (
        table[table["round_number"] == n].drop(columns="round_number") for n in (1, 0)
    )
    keys = ["covariate", "level", "sample"]
    pd.testing.assert_frame_equal(
        one.sort_values(keys, ignore_index=True), all_rounds.sort_values(keys, ignore_index=True)
    )
