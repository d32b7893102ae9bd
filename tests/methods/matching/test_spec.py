"""The matching part of a protocol, read once."""

import math

from agir_pipeline.methods.matching.spec import ALGORITHM_VERSION, MatchingSpec
from agir_pipeline.protocol.design import NearFine
from agir_pipeline.protocol.model import Fact, Index, Matching, Protocol


def fact(value):
    return Fact(value=value, unit="days", source="x")


def protocol(covariates, **said):
    matching = Matching.model_construct(
        design_number=2,
        distance="logit",
        propensity="firth",
        caliper_multiple=fact(0.2),
        caliper_convention="whole",
        **{"index": None, **said},
    )
    return Protocol.model_construct(matching=matching, covariates=covariates)


def test_everything_the_methods_need_comes_from_the_protocol(covariate):
    index = Index.model_construct(
        delay_band_days=fact(15),
        start_window_days=fact(45),
        waiting_days=fact(30),
    )
    said = protocol((covariate("age"),), leave_out_price=2.5, index=index)
    spec = MatchingSpec.of(said)
    assert (spec.band_width_days, spec.start_window_days, spec.waiting_days) == (15, 45, 30)
    assert (spec.leave_out_price, spec.design_number) == (2.5, 2)
    assert (spec.caliper_multiple, spec.caliper_convention) == (0.2, "whole")
    assert (spec.distance, spec.propensity) == ("logit", "firth")
    assert spec.algorithm_version == ALGORITHM_VERSION
    assert spec.has_index_rule


def test_without_an_index_rule_no_day_counts(covariate):
    spec = MatchingSpec.of(protocol((), leave_out_price="infinite"))
    assert (spec.band_width_days, spec.start_window_days, spec.waiting_days) == (None, None, None)
    assert math.isinf(spec.leave_out_price)
    assert not spec.has_index_rule


def test_near_exact_covariates_are_given_up_in_the_order_of_the_file(covariate):
    spec = MatchingSpec.of(
        protocol(
            (
                covariate("duration", role="near_exact"),
                covariate("level", role="exact"),
                covariate("sector", role="near_exact"),
                covariate("age", in_propensity=True),
                covariate("watched", role="report"),
            ),
            leave_out_price=1.0,
        )
    )
    assert [spec.enforced(n) for n in range(spec.n_relaxation_levels)] == [
        ("level", "duration", "sector"),
        ("level", "sector"),
        ("level",),
    ]
    assert [c.name for c in spec.distance_covariates] == ["age"]
    assert [c.name for c in spec.propensity_covariates] == ["age"]


def test_a_category_to_balance_and_its_price_are_read(covariate):
    place = covariate("place", scale="category", role="report")
    for written, price in (("infinite", math.inf), (0.5, 0.5)):
        near_fine = NearFine(covariate="place", surplus_price=written, source="x")
        spec = MatchingSpec.of(protocol((place,), leave_out_price=1.0, near_fine=near_fine))
        assert (spec.near_fine, spec.surplus_price) == ("place", price)
    assert MatchingSpec.of(protocol((place,), leave_out_price=1.0)).near_fine is None
