"""The frontier of prices: more pairs cost distance; a table, a picture, and the same in rounds."""

import math
import re
from dataclasses import replace
from datetime import date

import pytest

from agir_pipeline.methods.matching.frontier import (
    COLUMNS,
    AskedRound,
    frontier,
    frontier_plot,
    rounds_frontier,
)

X = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]


@pytest.fixture(scope="module")
def table(lalonde):
    return frontier(lalonde.set_index("id"), "treat", X)


def test_dearer_prices_buy_pairs_for_distance(table):
    assert table["leave_out_price"].iloc[-1] == math.inf
    assert len(table) == 3
    for name in ("n_pairs", "total_distance", "mean_distance"):
        assert table[name].is_monotonic_increasing, name
    assert (table["n_pairs"] + table["n_left_out"]).eq(185).all()
    assert table["max_absolute_smd"].gt(0).all()


def test_prices_may_be_said(lalonde):
    said = frontier(lalonde.set_index("id"), "treat", X, prices=[2.0, 0.5], distance="logit")
    assert said["leave_out_price"].tolist() == [0.5, 2.0]
    assert said["largest_gap"].le(0.27).all()


def test_the_picture_names_every_price(table):
    picture = frontier_plot(table)
    assert picture.count("<circle") == 3
    assert f"price ∞: {table['n_pairs'].iloc[-1]} pairs" in picture
    # the first and the last point stand near an edge: their labels run away from it
    for_each = re.findall(r'text-anchor="(\w+)">price', picture)
    assert (for_each[0], for_each[-1]) == ("start", "end")
    one = frontier_plot(table.iloc[:1])
    assert one.count("<circle") == 1
    nobody = table.assign(n_pairs=0)
    assert "<circle" not in frontier_plot(nobody)


@pytest.fixture
def asked(random_world):
    """A study with two rounds, half of whose beneficiaries have waited long enough at the first."""
    world = random_world(3)

    def round_on(instant):
        return AskedRound(world.persons, lambda _edge: world.covariates, world.at_risk, instant)

    return [round_on(date(2010, 4, 1)), round_on(date(2012, 12, 31))]


def test_rounds_have_their_frontier_too(asked, random_world, full_spec):
    found = rounds_frontier(asked[1:], full_spec, [math.inf, 0.6])
    assert found["leave_out_price"].tolist() == [0.6, math.inf]
    n_pairs = len(random_world(3).match(full_spec).pairs)
    assert found["n_pairs"].iloc[0] <= found["n_pairs"].iloc[1] == n_pairs


def test_every_price_is_carried_through_the_locked_rounds(asked, full_spec):
    both, first = (rounds_frontier(r, full_spec, [math.inf]).iloc[0] for r in (asked, asked[:1]))
    assert 0 < first["n_pairs"] < both["n_pairs"]
    assert both["n_left_out"] < first["n_left_out"]


def test_without_prices_the_declared_one_and_those_the_distances_suggest(asked, full_spec):
    table = rounds_frontier(asked, replace(full_spec, leave_out_price=9.0))
    assert table["leave_out_price"].iloc[2:].tolist() == [9.0, math.inf]
    assert len(table) == 4


def test_a_study_without_a_round_has_an_empty_frontier(full_spec):
    assert rounds_frontier([], full_spec).columns.tolist() == list(COLUMNS)
