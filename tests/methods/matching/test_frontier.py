"""The frontier of prices: more pairs cost distance; a table, a picture, and the same in rounds."""

import math
from datetime import date

import pandas as pd
import pytest

from agir_pipeline.methods.matching.frontier import frontier, frontier_plot, round_frontier

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
    assert f"price inf: {table['n_pairs'].iloc[-1]} pairs" in picture
    one = frontier_plot(table.iloc[:1])
    assert one.count("<circle") == 1
    nobody = table.assign(n_pairs=0)
    assert "<circle" not in frontier_plot(nobody)


def test_a_round_has_its_frontier_too(random_world, full_spec):
    world = random_world(3)
    found = round_frontier(
        world.persons,
        lambda _edge: world.covariates,
        world.at_risk,
        full_spec,
        date(2012, 12, 31),
        {},
        [math.inf, 0.6],
    )
    assert found["leave_out_price"].tolist() == [0.6, math.inf]
    assert found["n_pairs"].iloc[0] <= found["n_pairs"].iloc[1] == len(world.match(full_spec).pairs)
    assert isinstance(found, pd.DataFrame)
