"""``covariate_balance``: how alike the arms are before and after matching, round by round."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from agir_pipeline.methods.matching.arrays import Bools, Floats
from agir_pipeline.methods.matching.candidates import within_window
from agir_pipeline.methods.matching.design import MISSING, is_number
from agir_pipeline.methods.matching.imbalance import (
    ecdf_differences,
    effective_sample_size,
    smd_denominator,
    standardized_mean_difference,
    variance_ratio,
    weighted_mean,
)
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.protocol.model import Covariate

ALL_ROUNDS = 0
COLUMNS = (
    "round_number",
    "covariate",
    "level",
    "sample",
    "n_beneficiaries",
    "n_controls",
    "n_non_missing",
    "mean_beneficiary",
    "mean_control",
    "smd",
    "smd_denominator",
    "variance_ratio",
    "ks",
    "ecdf_mean",
    "n_effective_controls",
)


@dataclass(frozen=True)
class Sample:
    """Rows of the pool with the weight of each in a comparison."""

    rows: pd.DataFrame
    weights: Floats
    _last: dict["Variable", Floats] = field(default_factory=dict, compare=False, repr=False)

    def of(self, variable: "Variable") -> Floats:
        """Its values in these rows; those asked for last are kept, for they are asked again."""
        if variable not in self._last:
            self._last.clear()
            self._last[variable] = variable.of(self.rows)
        return self._last[variable]

    @cached_property
    def is_beneficiary(self) -> Bools:
        return (self.rows["arm"] == "beneficiary").to_numpy(dtype=np.bool_)

    @cached_property
    def n_persons(self) -> dict[str, int]:
        """The persons of each arm, candidates without a weight left out."""
        person = self.rows["person_id"].to_numpy(dtype=object)
        arm = self.is_beneficiary
        return {
            "n_beneficiaries": len(set(person[arm & (self.weights > 0)])),
            "n_controls": len(set(person[~arm & (self.weights > 0)])),
        }


@dataclass(frozen=True)
class Variable:
    """One line of the table: a number, its square, a level or a hole as 0/1."""

    covariate: str
    level: str
    is_binary: bool

    def of(self, rows: pd.DataFrame) -> Floats:
        column = rows[self.covariate]
        if not pd.api.types.is_numeric_dtype(column):
            return np.asarray(column == self.level, dtype=np.float64)
        values: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if self.level == MISSING:
            return np.isnan(values).astype(np.float64)
        return values**2 if self.level == "value_squared" else values


def balance_table(
    pool: pd.DataFrame,
    pairs: pd.DataFrame,
    spec: MatchingSpec,
    alternatives: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per round, covariate, level and sample ("pool", "matched"); round 0 is all rounds.

    ``pool`` and ``pairs`` are the tables of the recorded rounds with a column ``round_number``.
    In the pool each beneficiary is compared with its own candidates, which share the weight 1; a
    beneficiary without candidate is in neither mean, and one that several rounds tried to match
    counts once, in the last of them, for all rounds. Differences are in SDs of all beneficiaries
    of all rounds before matching, the same for every row of a covariate. Means of a level are
    proportions. Squares of numbers and holes (level "missing") have their own rows.
    ``alternatives`` to the pairs, if any, are further samples of all rounds.
    """
    everybody = _last_tried(pool)
    samples = _samples(pool, everybody, pairs, spec)
    overall, _members = samples[ALL_ROUNDS]
    weighted = _weighted_samples(pool, alternatives)
    rows: list[dict[str, object]] = []
    for variable in _variables(pool, spec):
        denominator = _denominator(variable, everybody, overall)
        for number, (sample, matched) in samples.items():
            points = np.unique(_known(sample.of(variable)))
            others = weighted if number == ALL_ROUNDS else []
            for name, compared in (("pool", sample), ("matched", matched), *others):
                rows.append(
                    {"round_number": int(number), "sample": name}
                    | _compare(variable, compared, denominator, points)
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def sample_persons(
    pool: pd.DataFrame,
    pairs: pd.DataFrame,
    spec: MatchingSpec,
    alternatives: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """round_number, sample, person_id: everybody whom ``balance_table`` counts, each once.

    Arguments as there.
    """
    named = [
        (number, name, sample)
        for number, both in _samples(pool, _last_tried(pool), pairs, spec).items()
        for name, sample in zip(("pool", "matched"), both, strict=True)
    ]
    named += [(ALL_ROUNDS, name, one) for name, one in _weighted_samples(pool, alternatives)]
    parts = [
        pd.DataFrame({"person_id": one.rows["person_id"][one.weights > 0]}).assign(
            round_number=number, sample=name
        )
        for number, name, one in named
    ]
    return pd.concat(parts, ignore_index=True).drop_duplicates()


def _samples(
    pool: pd.DataFrame, everybody: pd.DataFrame, pairs: pd.DataFrame, spec: MatchingSpec
) -> dict[int, tuple[Sample, Sample]]:
    """By round, all rounds first: those to be matched with their candidates, and the pairs."""
    rounds = sorted(pool["round_number"].unique())
    before = {n: _pool_sample(pool[pool["round_number"] == n], spec) for n in rounds}
    members = _matched_rows(pool, pairs)
    after = {n: members[members["round_number"] == n] for n in rounds} | {ALL_ROUNDS: members}
    return {
        number: (sample, Sample(after[number], np.ones(len(after[number]))))
        for number, sample in [(ALL_ROUNDS, _pool_sample(everybody, spec)), *before.items()]
    }


def _weighted_samples(
    pool: pd.DataFrame, alternatives: pd.DataFrame | None
) -> list[tuple[str, Sample]]:
    if alternatives is None:
        return []
    found = []
    keys = ["round_number", "person_id", "arm"]
    for name, part in alternatives.groupby("alternative", sort=False):
        rows = part[[*keys, "weight"]].merge(pool, on=keys, validate="one_to_one")
        found.append((str(name), Sample(rows, rows["weight"].to_numpy(dtype=np.float64))))
    return found


def _pool_sample(pool: pd.DataFrame, spec: MatchingSpec) -> Sample:
    """Beneficiaries to be matched, weight 1, and their candidates, weight 1 shared among them."""
    kept, weights = [pool.iloc[:0]], [np.zeros(0)]
    for _band, rows in pool.groupby(["round_number", "band_number"]):
        is_beneficiary = rows["arm"] == "beneficiary"
        mine, controls = rows[is_beneficiary & rows["is_open"]], rows[~is_beneficiary]
        edges = within_window(_index(mine), _index(controls), spec.start_window_days)
        n_candidates = edges.sum(axis=1)
        served = n_candidates > 0
        kept += [mine[served], controls]
        shares = edges[served] / n_candidates[served][:, None]
        weights += [np.ones(int(served.sum())), shares.sum(axis=0)]
    return Sample(pd.concat(kept, ignore_index=True), np.concatenate(weights))


def _last_tried(pool: pd.DataFrame) -> pd.DataFrame:
    """The pool with each beneficiary open in the last round that tried to match it, only."""
    tried = pool[(pool["arm"] == "beneficiary") & pool["is_open"]]
    last = tried.groupby("person_id")["round_number"].transform("max")
    earlier = tried.index[tried["round_number"] < last]
    return pool.drop(index=earlier)


def _matched_rows(pool: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pool row of every member of every pair."""
    members = [
        pairs[["round_number", "band_number", f"{arm}_person_id"]]
        .rename(columns={f"{arm}_person_id": "person_id"})
        .assign(arm=arm)
        for arm in ("beneficiary", "control")
    ]
    keys = ["round_number", "band_number", "person_id", "arm"]
    return pd.concat(members, ignore_index=True).merge(
        pool, on=keys, how="left", validate="one_to_one"
    )


def _variables(pool: pd.DataFrame, spec: MatchingSpec) -> Iterator[Variable]:
    for covariate in spec.covariates:
        yield from _lines(covariate, pool)


def _lines(covariate: Covariate, pool: pd.DataFrame) -> Iterator[Variable]:
    name = covariate.name
    if not is_number(covariate):
        for level in sorted(pool[name].unique()):
            yield Variable(name, level, is_binary=True)
        return
    is_binary = bool(pool[name].dropna().isin([0, 1]).all())
    yield Variable(name, "value", is_binary)
    if not is_binary:
        yield Variable(name, "value_squared", is_binary=False)
    if pool[name].isna().any():
        yield Variable(name, MISSING, is_binary=True)


def _denominator(variable: Variable, pool: pd.DataFrame, sample: Sample) -> float:
    treated = pool[(pool["arm"] == "beneficiary") & pool["is_open"]]
    controls, weights = _arm(variable, sample, is_beneficiary=False)
    return smd_denominator(_known(variable.of(treated)), controls, weights, variable.is_binary)


def _compare(
    variable: Variable, sample: Sample, denominator: float, points: Floats
) -> dict[str, object]:
    treated, treated_weights = _arm(variable, sample, is_beneficiary=True)
    controls, control_weights = _arm(variable, sample, is_beneficiary=False)
    mean_beneficiary = weighted_mean(treated, treated_weights)
    mean_control = weighted_mean(controls, control_weights)
    line: dict[str, object] = {
        "covariate": variable.covariate,
        "level": variable.level,
        **sample.n_persons,
        "n_non_missing": len(treated) + len(controls),
        "mean_beneficiary": mean_beneficiary,
        "mean_control": mean_control,
        "smd": standardized_mean_difference(mean_beneficiary, mean_control, denominator),
        "smd_denominator": denominator,
        "variance_ratio": float("nan"),
        "ks": abs(mean_beneficiary - mean_control),
        "ecdf_mean": abs(mean_beneficiary - mean_control),
        "n_effective_controls": effective_sample_size(control_weights),
    }
    if not variable.is_binary and len(treated) and len(controls):
        gaps = ecdf_differences(treated, treated_weights, controls, control_weights, points)
        line["variance_ratio"] = variance_ratio(treated, treated_weights, controls, control_weights)
        line["ks"], line["ecdf_mean"] = float(gaps.max()), float(gaps.mean())
    return line


def _arm(variable: Variable, sample: Sample, is_beneficiary: bool) -> tuple[Floats, Floats]:
    """Known values of an arm with a weight, and these weights."""
    values = sample.of(variable)
    is_kept = (sample.is_beneficiary == is_beneficiary) & (sample.weights > 0) & ~np.isnan(values)
    return values[is_kept], sample.weights[is_kept]


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _index(rows: pd.DataFrame) -> "np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]":
    return rows["index_on"].to_numpy(dtype="datetime64[D]")
