"""Matching sees no outcome: what happens after a band leaves the pairs of the band as they are."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TABLES = ("pairs", "unmatched", "certificates", "pool", "prices", "exclusions")

few = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def as_bytes(found, up_to=None):
    """Every table to the bit; with ``up_to``, the rows of the bands up to this edge."""
    tables = [getattr(found, name) for name in TABLES]
    models = list(found.models)
    if up_to is not None:
        tables = [t[t["elapsed_days"] <= up_to] for t in tables if "elapsed_days" in t]
        models = [m for m in models if m["elapsed_days"] <= up_to]
    return pickle.dumps(
        ([t.to_csv(index=False, float_format="%.17g") for t in tables], repr(models))
    )


@few
@given(st.integers(0, 10_000))
def test_exits_after_the_last_band_asked_change_no_byte(random_world, full_spec, seed):
    world = random_world(seed)
    before = as_bytes(world.match(full_spec))
    last = max(world.asked)
    rng = np.random.default_rng(seed)
    is_after = world.exit_days > last
    later = np.where(rng.random(len(is_after)) < 0.5, 1e9, last + 1 + rng.exponential(400))
    world.exit_days = np.where(is_after, later, world.exit_days)
    assert is_after.any()
    assert as_bytes(world.match(full_spec)) == before


@few
@given(st.integers(0, 10_000), st.sampled_from([0, 15, 30, 45]))
def test_exits_after_a_band_change_nothing_in_it_or_before(random_world, full_spec, seed, edge):
    # stronger than what is promised: neither score, caliper, ranks nor prices look ahead
    world = random_world(seed)
    before = as_bytes(world.match(full_spec), up_to=edge)
    rng = np.random.default_rng(seed)
    after = edge + 1 + rng.integers(0, 60, len(world.exit_days))
    world.exit_days = np.where(world.exit_days > edge, after, world.exit_days)
    assert as_bytes(world.match(full_spec), up_to=edge) == before


def test_an_exit_before_the_band_does_change_the_pairs(random_world, full_spec):
    world = random_world(1)
    before = world.match(full_spec)
    first = before.pairs["control_person_id"].iloc[0]
    world.exit_days[(world.persons["person_id"] == first).to_numpy()] = 0
    assert as_bytes(world.match(full_spec)) != as_bytes(before)


@pytest.mark.parametrize("seed", range(3))
def test_outcome_columns_are_never_read(random_world, full_spec, seed):
    world = random_world(seed)
    before = as_bytes(world.match(full_spec))
    rng = np.random.default_rng(seed)
    world.persons = world.persons.assign(rupture_on=rng.integers(0, 9, len(world.persons)))
    world.covariates = world.covariates.assign(is_rupture=rng.random(len(world.persons)) < 0.5)
    assert as_bytes(world.match(full_spec)) == before
