"""Every promise of the pairs can be seen broken, among them a real defective release of a peer."""

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.errors import CheckError
from agir_pipeline.methods.matching.invariants import check_pairs


@pytest.fixture
def honest(random_world, full_spec):
    found = random_world(4).match(full_spec)
    assert len(found.pairs) >= 4
    check_pairs(found.pairs, found.pool, full_spec)
    return found.pairs, found.pool


def refused(pairs, pool, spec, promise, used=()):
    with pytest.raises(CheckError, match=promise):
        check_pairs(pairs, pool, spec, used)


def changed(frame, row, column, value):
    frame = frame.copy()
    frame.loc[row, column] = value
    return frame


def golden_tables(lalonde, pairs, distance, width):
    treated, controls = pairs
    pool = pd.DataFrame(
        {
            "band_number": 0,
            "person_id": lalonde["id"],
            "arm": np.where(lalonde["is_treated"], "beneficiary", "control"),
            "index_on": pd.NaT,
            "is_open": True,
            "logit": lalonde[distance],
        }
    )
    matched = pd.DataFrame(
        {
            "band_number": 0,
            "beneficiary_person_id": lalonde["id"].to_numpy()[treated],
            "control_person_id": lalonde["id"].to_numpy()[controls],
            "strata_enforced": "",
            "caliper": width,
        }
    )
    return matched, pool


def test_the_release_whose_caliper_did_not_work_is_refused(lalonde, golden, golden_pairs, spec):
    name = "defective/lalonde_nearest_ps_caliper02"
    wrong = golden_tables(lalonde, golden_pairs(name), "ps", golden(name)["caliper"]["1"])
    no_rule = spec(start_window_days=None, band_width_days=None)
    refused(*wrong, no_rule, "a gap wider than the caliper: 142")


def test_the_release_whose_caliper_works_is_accepted(lalonde, golden, golden_pairs, spec):
    name = "lalonde_nearest_ps_caliper02"
    right = golden_tables(lalonde, golden_pairs(name), "ps", golden(name)["caliper"]["1"])
    check_pairs(*right, spec(start_window_days=None, band_width_days=None))


def test_a_person_in_two_pairs(honest, full_spec):
    pairs, pool = honest
    twice = changed(pairs, 0, "control_person_id", pairs["control_person_id"][1])
    refused(twice, pool, full_spec, "a person in two pairs: 1")


def test_a_person_of_an_earlier_round(honest, full_spec):
    pairs, pool = honest
    used = {pairs["control_person_id"][0]}
    refused(pairs, pool, full_spec, "used in an earlier round: 1", used)


def test_a_member_that_was_not_at_risk_or_not_free(honest, full_spec):
    pairs, pool = honest
    gone = pool[pool["person_id"] != pairs["control_person_id"][0]]
    refused(pairs, gone, full_spec, "not at risk or not free in the band: 1")
    taken = pool["person_id"] == pairs["beneficiary_person_id"][0]
    refused(pairs, pool.assign(is_open=~taken), full_spec, "not free in the band: 1")


def test_members_of_different_strata(honest, full_spec):
    pairs, pool = honest
    row = pool.index[pool["person_id"] == pairs["beneficiary_person_id"][0]]
    refused(pairs, changed(pool, row, "level", "iii"), full_spec, "members of different strata: 1")


def test_contract_starts_too_far_apart(honest, full_spec):
    pairs, pool = honest
    row = pool.index[pool["person_id"] == pairs["beneficiary_person_id"][0]]
    moved = changed(pool, row, "index_on", pd.Timestamp("2020-01-01"))
    refused(pairs, moved, full_spec, "contract starts too far apart: 1")


def test_a_missing_score_is_a_broken_promise(honest, full_spec):
    pairs, pool = honest
    row = pool.index[pool["person_id"] == pairs["beneficiary_person_id"][0]]
    refused(pairs, changed(pool, row, "logit", np.nan), full_spec, "wider than the caliper: 1")
