"""Stacked risk sets: weights by hand, and what the score of a band is made from."""

import numpy as np
import pytest

from agir_pipeline.methods.matching.propensity import logistic_fit
from agir_pipeline.methods.matching.risk_sets import RiskSet, Stack
from agir_pipeline.methods.matching.scores import score


def risk_set(edge_days, beneficiaries, controls, edges=None):
    everybody = np.array([*beneficiaries, *controls], dtype=float)
    all_edges = np.ones((len(beneficiaries), len(controls)), dtype=bool)
    return RiskSet(
        edge_days=edge_days,
        rows=np.arange(len(everybody)),
        is_beneficiary=np.arange(len(everybody)) < len(beneficiaries),
        edges=all_edges if edges is None else np.array(edges),
        folded={"age": everybody},
    )


EARLY = risk_set(0, [20, 25, 31], [19, 22, 24, 30, 28])
LATE = risk_set(15, [22, 27], [21, 29, 23])


@pytest.fixture
def on_age(spec, covariate):
    return spec(covariate("age", in_propensity=True), distance="logit")


def test_candidates_of_a_beneficiary_share_its_weight():
    edges = [[True, True, False], [False, True, False], [False, False, False]]
    weights = risk_set(0, [1, 2, 3], [4, 5, 6], edges).weights
    assert weights.tolist() == [1, 1, 1, 0.5, 1.5, 0]


def test_weights_enter_the_pooled_caliper(on_age):
    edges = np.ones((3, 5), dtype=bool)
    edges[:, 4] = False
    edges[0, 4] = True
    fewer = score(Stack.of(risk_set(0, [20, 25, 31], [19, 22, 24, 30, 28], edges)), on_age)
    assert fewer.caliper != pytest.approx(score(Stack.of(EARLY), on_age).caliper, rel=1e-3)


def test_the_score_has_an_intercept_per_band_and_shows_none_of_them(on_age):
    found = score(Stack.of(EARLY, LATE), on_age)
    age = np.concatenate([EARLY.folded["age"], LATE.folded["age"]])
    treated = np.concatenate([EARLY.is_beneficiary, LATE.is_beneficiary])
    is_late = np.arange(len(age)) >= len(EARLY.rows)
    by_hand = logistic_fit(np.column_stack([~is_late, is_late, age]).astype(float), treated)
    assert found.model["coefficients"]["age"] == pytest.approx(by_hand.coefficients[2])
    assert found.logit == pytest.approx(LATE.folded["age"] * by_hand.coefficients[2])


@pytest.mark.parametrize("alone", [risk_set(15, [40], []), risk_set(15, [18, 19], [])])
def test_a_band_with_one_arm_only_neither_separates_nor_moves_the_score(alone, on_age):
    found = score(Stack.of(EARLY, alone), on_age).model
    without = score(Stack.of(EARLY), on_age).model
    assert not found["is_separated"]
    assert found["coefficients"] == pytest.approx(without["coefficients"])


def test_separated_arms_are_fitted_with_the_penalty(on_age):
    apart = score(Stack.of(risk_set(0, [30, 31], [20, 21, 22])), on_age)
    assert apart.model["is_separated"]
    assert abs(apart.model["coefficients"]["age"]) < 5


def test_without_an_informative_band_everybody_has_the_same_score(on_age):
    found = score(Stack.of(risk_set(0, [20, 30], [])), on_age)
    assert found.logit.tolist() == [0, 0]
    assert found.distances(np.arange(0), np.arange(0)).shape == (0,)
