"""Stacked risk sets: the rows the score, the ranks and the caliper of a band are made from.

The score of a band is fitted on the rows of this band and the earlier ones, never on later
ones. A later row says "still in contract after a longer delay"; were it in the fit, the
coefficients, and through them the pairs of this band, would depend on exits after its edge.
With the cumulative rule the pairs of a band depend on no exit after it.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Columns, Floats, Ints


@dataclass(frozen=True)
class RiskSet:
    """The rows of one band: its beneficiaries at risk and every candidate of one of them.

    ``rows`` point into the people of the round; ``edges`` has a row per beneficiary and a column
    per control of this set, in the same order.
    """

    edge_days: int | None
    rows: Ints
    is_beneficiary: Bools
    edges: Bools
    folded: Columns

    @cached_property
    def weights(self) -> Floats:
        """1 for a beneficiary; the candidates of each beneficiary share 1 among them."""
        weights = np.ones(len(self.rows))
        n_candidates = np.count_nonzero(self.edges, axis=1)
        shares = 1.0 / np.maximum(n_candidates, 1)
        weights[~self.is_beneficiary] = shares @ self.edges.astype(np.float64)
        return weights


@dataclass
class Stack:
    """The bands so far. A person whose covariates stay the same from band to band is held once.

    ``folded`` has a row per profile; ``profile``, ``band``, ``is_beneficiary`` and ``weights`` have
    one per person and band.
    """

    bands: list[RiskSet] = field(default_factory=list)
    folded: Columns = field(default_factory=dict)
    profile: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    band: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    is_beneficiary: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    weights: Floats = field(default_factory=lambda: np.zeros(0))
    _latest: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The profile each person of the round had last, -1 without one."""

    @classmethod
    def of(cls, *risk_sets: RiskSet) -> "Stack":
        stack = cls()
        for risk_set in risk_sets:
            stack.add(risk_set)
        return stack

    @property
    def last(self) -> RiskSet:
        return self.bands[-1]

    @property
    def here(self) -> Bools:
        """The rows of the last band."""
        return np.asarray(self.band == len(self.bands) - 1)

    @property
    def n_of_profile(self) -> Ints:
        """How many rows have each profile."""
        return np.bincount(self.profile)

    def add(self, risk_set: RiskSet) -> None:
        rows = risk_set.rows
        unknown = np.full(max(int(rows.max(initial=-1)) + 1 - len(self._latest), 0), -1)
        self._latest = np.concatenate([self._latest, unknown.astype(np.int64)])
        is_new = ~self._is_unchanged(risk_set)
        n = len(next(iter(self.folded.values()), ()))
        self._latest[rows[is_new]] = n + np.arange(int(is_new.sum()))
        new = {name: values[is_new] for name, values in risk_set.folded.items()}
        self.folded = {
            name: np.concatenate([self.folded[name], values]) if self.bands else values
            for name, values in new.items()
        }
        here = np.full(len(rows), len(self.bands))
        self.profile = np.concatenate([self.profile, self._latest[rows]])
        self.band = np.concatenate([self.band, here])
        self.is_beneficiary = np.concatenate([self.is_beneficiary, risk_set.is_beneficiary])
        self.weights = np.concatenate([self.weights, risk_set.weights])
        self.bands.append(risk_set)

    def _is_unchanged(self, risk_set: RiskSet) -> Bools:
        place = self._latest[risk_set.rows]
        is_same = place >= 0
        if is_same.any():
            for name, values in risk_set.folded.items():
                is_same &= _equal(self.folded[name][place], values)
        return is_same


def _equal(before: "Floats | object", now: "Floats | object") -> Bools:
    """Value by value; two missing numbers are equal."""
    same = np.asarray(before == now, dtype=np.bool_)
    if getattr(now, "dtype", None) == np.float64:
        same |= (before != before) & (now != now)
    return same
