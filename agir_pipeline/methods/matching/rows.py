"""The rows a score is fitted on, as far as a fit asks: sums over them, never the rows themselves.

Stacked risk sets hold a person once per band, mostly with the same covariates. What a fit needs
of the covariates is then summed over people, and only the weights over the rows of the stack.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import numpy as np

from agir_pipeline.methods.matching.arrays import Bools, Floats, Ints


class Rows(Protocol):
    """A matrix with a row per person at risk and a column per coefficient."""

    @property
    def n_rows(self) -> int: ...

    def times(self, coefficients: Floats) -> Floats:
        """One value per row."""

    def summed(self, values: Floats) -> Floats:
        """One value per column: the columns times the values of the rows."""

    def information(self, weights: Floats) -> Floats:
        """Columns by columns: the sum over the rows of weight times row times row."""

    def lengths(self, inner: Floats) -> Floats:
        """One value per row: row times the matrix ``inner`` times row."""

    def largest(self) -> Floats:
        """The largest absolute value of each column."""

    def divided(self, scale: Floats, kept: Bools) -> Self:
        """The kept columns, each divided by its scale."""

    def dense(self) -> Floats: ...


@dataclass(frozen=True)
class PlainRows:
    """The matrix as it stands."""

    x: Floats

    @property
    def n_rows(self) -> int:
        return len(self.x)

    def times(self, coefficients: Floats) -> Floats:
        return np.asarray(self.x @ coefficients)

    def summed(self, values: Floats) -> Floats:
        return np.asarray(self.x.T @ values)

    def information(self, weights: Floats) -> Floats:
        return np.asarray(self.x.T @ (weights[:, None] * self.x))

    def lengths(self, inner: Floats) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", self.x @ inner, self.x))

    def largest(self) -> Floats:
        return np.asarray(np.abs(self.x).max(axis=0, initial=0.0))

    def divided(self, scale: Floats, kept: Bools) -> "PlainRows":
        return PlainRows(self.x[:, kept] / scale[kept])

    def dense(self) -> Floats:
        return self.x


@dataclass(frozen=True)
class BandedRows:
    """An intercept per band, then the columns of ``profiles``.

    Row r stands in band ``band[r]`` (0, 1, …, each of them used) and has the covariates of
    profile ``profile[r]``.
    """

    profiles: Floats
    profile: Ints
    band: Ints

    @property
    def n_rows(self) -> int:
        return len(self.band)

    @cached_property
    def n_bands(self) -> int:
        return int(self.band.max(initial=-1)) + 1

    @cached_property
    def _place(self) -> Ints:
        """Of each row among all bands × profiles."""
        return self.band * len(self.profiles) + self.profile

    def times(self, coefficients: Floats) -> Floats:
        of_profiles = self.profiles @ coefficients[self.n_bands :]
        return np.asarray(coefficients[self.band] + of_profiles[self.profile])

    def summed(self, values: Floats) -> Floats:
        by_band = np.bincount(self.band, values, self.n_bands)
        by_profile = np.bincount(self.profile, values, len(self.profiles))
        return np.concatenate([by_band, self.profiles.T @ by_profile])

    def information(self, weights: Floats) -> Floats:
        size = self.n_bands * len(self.profiles)
        shares = np.bincount(self._place, weights, size).reshape(self.n_bands, -1)
        across = shares @ self.profiles
        within = self.profiles.T @ (shares.sum(axis=0)[:, None] * self.profiles)
        return np.block([[np.diag(shares.sum(axis=1)), across], [across.T, within]])

    def lengths(self, inner: Floats) -> Floats:
        k = self.n_bands
        within = np.einsum("ij,ij->i", self.profiles @ inner[k:, k:], self.profiles)
        across = self.profiles @ inner[k:, :k]
        found = np.diag(inner)[:k] + 2 * across + within[:, None]
        return np.asarray(found[self.profile, self.band])

    def largest(self) -> Floats:
        used = np.zeros(len(self.profiles), dtype=np.bool_)
        used[self.profile] = True
        largest = np.abs(self.profiles[used]).max(axis=0, initial=0.0)
        return np.concatenate([np.ones(self.n_bands), largest])

    def divided(self, scale: Floats, kept: Bools) -> "BandedRows":
        """Intercepts are no combination of one another, so all of them are always kept."""
        k = self.n_bands
        columns = self.profiles[:, kept[k:]] / scale[k:][kept[k:]]
        return BandedRows(columns, self.profile, self.band)

    def dense(self) -> Floats:
        intercepts = (self.band[:, None] == np.arange(self.n_bands)[None, :]).astype(np.float64)
        return np.hstack([intercepts, self.profiles[self.profile]])
