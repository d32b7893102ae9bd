"""The matching part of a protocol, in the form the methods read it."""

import math
from dataclasses import dataclass
from typing import Literal

from agir_pipeline.protocol.model import Covariate, Protocol

ALGORITHM_VERSION = "bands-lsa-paths-3"
"""Changes whenever the same inputs could give other pairs; stored with every recorded round."""


@dataclass(frozen=True)
class MatchingSpec:
    """How pairs are formed. Everything in it is covered by the protocol's design digest.

    ``leave_out_price`` is in units of the distance; infinite means as many pairs as possible,
    then the cheapest. The three day counts are None where the study has no index rule.
    ``near_fine`` names the category whose shares the pairs follow, if any.
    """

    covariates: tuple[Covariate, ...]
    distance: Literal["logit", "robust_rank_mahalanobis"]
    propensity: Literal["plain", "firth"]
    caliper_multiple: float
    caliper_convention: Literal["pooled", "whole"]
    leave_out_price: float
    band_width_days: int | None
    start_window_days: int | None
    waiting_days: int | None
    design_number: int
    algorithm_version: str = ALGORITHM_VERSION
    near_fine: str | None = None
    surplus_price: float = math.inf

    @classmethod
    def of(cls, protocol: Protocol) -> "MatchingSpec":
        matching, index = protocol.matching, protocol.matching.index
        price, near_fine = matching.leave_out_price, matching.near_fine
        surplus = near_fine.surplus_price if near_fine else "infinite"
        return cls(
            covariates=protocol.covariates,
            distance=matching.distance,
            propensity=matching.propensity,
            caliper_multiple=matching.caliper_multiple.value,
            caliper_convention=matching.caliper_convention,
            leave_out_price=math.inf if price == "infinite" else price,
            band_width_days=index.delay_band_days.value if index else None,
            start_window_days=index.start_window_days.value if index else None,
            waiting_days=index.waiting_days.value if index else None,
            design_number=matching.design_number,
            near_fine=near_fine.covariate if near_fine else None,
            surplus_price=math.inf if surplus == "infinite" else surplus,
        )

    @property
    def exact(self) -> tuple[str, ...]:
        return self._in_role("exact")

    @property
    def near_exact(self) -> tuple[str, ...]:
        """Covariates given up one by one, the first one first, when they leave people alone."""
        return self._in_role("near_exact")

    @property
    def distance_covariates(self) -> tuple[Covariate, ...]:
        return tuple(c for c in self.covariates if c.role == "distance")

    @property
    def propensity_covariates(self) -> tuple[Covariate, ...]:
        return tuple(c for c in self.covariates if c.in_propensity)

    @property
    def has_index_rule(self) -> bool:
        return self.band_width_days is not None

    @property
    def n_relaxation_levels(self) -> int:
        return len(self.near_exact) + 1

    def enforced(self, relaxation_level: int) -> tuple[str, ...]:
        """What must be equal within a pair once ``relaxation_level`` covariates are given up."""
        return self.exact + self.near_exact[relaxation_level:]

    def _in_role(self, role: str) -> tuple[str, ...]:
        return tuple(c.name for c in self.covariates if c.role == role)
