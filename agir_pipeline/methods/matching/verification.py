"""A release's pairs checked from its own tables; no solver and no earlier step is trusted.

Read are the pairs, the pool they were chosen from, and the dual prices. Distances, strata, who was
free and who was whose candidate are worked out again; then the prices must bound every admissible
pair and reach the total.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.arrays import Bools, Columns, Days, Floats, Ints, Texts
from agir_pipeline.methods.matching.candidates import among
from agir_pipeline.methods.matching.certificate import Prices
from agir_pipeline.methods.matching.design import design_matrix, is_number, strata
from agir_pipeline.methods.matching.distance import robust_rank_whitened
from agir_pipeline.methods.matching.margins import Margin, Tally
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.methods.matching.stratum import Stratum, check_stratum
from agir_pipeline.protocol.model import Covariate

INFINITE = "infinite"


@dataclass(frozen=True)
class Terms:
    """What the design promised, as far as a checker must know it."""

    distance: str
    distance_covariates: tuple[Covariate, ...]
    exact: tuple[str, ...]
    near_exact: tuple[str, ...]
    leave_out_price: float
    start_window_days: int | None
    near_fine: str | None = None
    surplus_price: float = math.inf

    @classmethod
    def of(cls, spec: MatchingSpec) -> "Terms":
        return cls(
            spec.distance,
            spec.distance_covariates,
            spec.exact,
            spec.near_exact,
            spec.leave_out_price,
            spec.start_window_days,
            spec.near_fine,
            spec.surplus_price,
        )

    def as_facts(self) -> dict[str, Any]:
        """For the manifest of a release: plain values only."""
        facts = {
            "distance": self.distance,
            "distance_covariates": {c.name: is_number(c) for c in self.distance_covariates},
            "exact": list(self.exact),
            "near_exact": list(self.near_exact),
            "leave_out_price": _said(self.leave_out_price),
            "start_window_days": self.start_window_days,
        }
        if self.near_fine is None:
            return facts
        return facts | {
            "near_fine": self.near_fine,
            "surplus_price": _said(self.surplus_price),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Terms":
        covariates = tuple(
            Covariate.model_construct(name=name, scale="number" if number else "category")
            for name, number in facts["distance_covariates"].items()
        )
        return cls(
            facts["distance"],
            covariates,
            tuple(facts["exact"]),
            tuple(facts["near_exact"]),
            _meant(facts["leave_out_price"]),
            facts["start_window_days"],
            facts.get("near_fine"),
            _meant(facts.get("surplus_price", INFINITE)),
        )


def _said(price: float) -> float | str:
    return price if math.isfinite(price) else INFINITE


def _meant(said: float | str) -> float:
    return math.inf if said == INFINITE else float(said)


class Finding(NamedTuple):
    """One stratum checked: ``fault`` is None where everything holds."""

    round_number: int
    band_number: int
    relaxation_level: int
    stratum: str
    n_pairs: int
    fault: str | None


def verify_pairs(
    pairs: pd.DataFrame,
    pool: pd.DataFrame,
    prices: pd.DataFrame,
    terms: Terms,
    categories: pd.DataFrame | None = None,
) -> list[Finding]:
    """Every problem that was solved, in its order, with what is wrong about it.

    A problem is a round, a band, a level of relaxation and a stratum. Pairs that belong to none
    are a finding of their own. ``categories`` holds the prices of the category that is balanced
    near-finely; without it no such balance is proved.
    """
    place = ["round_number", "band_number", "relaxation_level"]
    own = pd.DataFrame(columns=[*place, "stratum", *CATEGORY_COLUMNS])
    told = _Told(
        _grouped(pairs, place, PAIR_COLUMNS),
        _grouped(prices, [*place, "stratum"], PRICE_COLUMNS),
        _grouped(own if categories is None else categories, [*place, "stratum"], CATEGORY_COLUMNS),
    )
    used, tally = set[str](), Tally()
    findings: list[Finding] = []
    for number, of_round in pool.groupby("round_number", sort=True):
        for edge in np.sort(of_round["band_number"].unique()).tolist():
            band = _Band(of_round[of_round["band_number"] <= edge], edge, terms)
            findings += band.findings((int(str(number)), edge), told, used, tally)
    n_strange = len(pairs) - sum(finding.n_pairs for finding in findings)
    if n_strange:
        fault = _("{n} pair(s) belong to no stratum of the pool").format(n=n_strange)
        findings.append(Finding(0, 0, 0, "", n_strange, fault))
    return findings


PAIR_COLUMNS = ("beneficiary_person_id", "control_person_id", "distance")
PRICE_COLUMNS = ("arm", "person_id", "price", "leave_out_price", "caliper")

CATEGORY_COLUMNS = (
    "category",
    "surplus_before",
    "n_beneficiaries",
    "n_controls",
    "surplus_after",
    "price",
    "surplus_price",
)

Groups = Mapping[Any, tuple[list[Any], ...]]


class _Told(NamedTuple):
    """What a release says, by the problem it says it of."""

    pairs: Groups
    prices: Groups
    categories: Groups


def _grouped(table: pd.DataFrame, keys: list[str], columns: tuple[str, ...]) -> Groups:
    """The rows of each key, column by column: a table cut once instead of searched each time."""
    values = [table[name].tolist() for name in columns]
    places = table.groupby(keys).indices
    return {key: tuple([v[i] for i in rows] for v in values) for key, rows in places.items()}


class _Band:
    """The people of one band, as its pool has them."""

    def __init__(self, stack: pd.DataFrame, band: int, terms: Terms) -> None:
        self.here = (stack["band_number"] == band).to_numpy()
        rows = stack[self.here]
        self.terms, self.stack = terms, stack
        self.person_id: Texts = rows["person_id"].to_numpy(dtype=object)
        self.is_mine: Bools = (rows["arm"] == "beneficiary").to_numpy(dtype=np.bool_)
        self.is_open: Bools = rows["is_open"].to_numpy(dtype=np.bool_)
        self.logit: Floats = rows["logit"].to_numpy(dtype=np.float64)
        self.index_on: Days = rows["index_on"].to_numpy(dtype="datetime64[D]")
        equal = terms.exact + terms.near_exact
        self.equal: Columns = {name: rows[name].to_numpy(dtype=object) for name in equal}
        fine = terms.near_fine
        self.category: Texts | None = rows[fine].to_numpy(dtype=object) if fine else None

    @cached_property
    def points(self) -> Floats:
        """What distances are taken of; ranks are over this band and the earlier ones."""
        if self.terms.distance == "logit":
            return self.logit[:, None]
        covariates = self.terms.distance_covariates
        folded = {c.name: _values(self.stack[c.name], is_number(c)) for c in covariates}
        matrix = design_matrix(covariates, folded, len(self.stack), False)[1]
        return robust_rank_whitened(matrix)[self.here]

    def findings(
        self, place: tuple[int, int], told: _Told, used: set[str], tally: Tally
    ) -> Iterator[Finding]:
        """One per stratum and level; whoever is paired is added to ``used`` and ``tally``."""
        is_free = ~among(self.person_id, used)
        is_well = bool((self.is_open == is_free).all())
        for level in range(len(self.terms.near_exact) + 1):
            mine, theirs, distance = told.pairs.get((*place, level), ([], [], []))
            control_of = dict(zip(mine, zip(theirs, distance, strict=True), strict=True))
            names = self.terms.exact + self.terms.near_exact[level:]
            labels = strata(self.equal, names, len(self.person_id))
            for stratum in sorted(set(labels[self.is_mine & is_free])):
                inside = is_free & (labels == stratum)
                rows, columns = (
                    np.flatnonzero(inside & arm) for arm in (self.is_mine, ~self.is_mine)
                )
                pairs = {p: control_of[p] for p in self.person_id[rows] if p in control_of}
                key = (*place, level, stratum)
                proof = told.prices.get(key, ([], [], [], [], []))
                categories = told.categories.get(key, tuple([] for _name in CATEGORY_COLUMNS))
                fault = self._fault(rows, columns, pairs, proof, categories, tally)
                if fault is None and not is_well:
                    fault = _("who is said to be free is not who was unused")
                yield Finding(*place, level, str(stratum), len(pairs), fault)
            used |= {*mine, *theirs}
            is_free &= ~among(self.person_id, [*mine, *theirs])

    def _fault(
        self,
        rows: Ints,
        columns: Ints,
        pairs: Mapping[str, tuple[str, float]],
        proof: tuple[list[Any], ...],
        categories: tuple[list[Any], ...],
        tally: Tally,
    ) -> str | None:
        """The first thing wrong with the pairs of a stratum, as a sentence."""
        arms, persons, prices, leave_out_prices, calipers = proof
        price_of = dict(zip(zip(arms, persons, strict=True), prices, strict=True))
        members = [("beneficiary", p) for p in self.person_id[rows]]
        members += [("control", p) for p in self.person_id[columns]]
        if set(members) != set(price_of) or len(prices) != len(members):
            return _("the people with a price are not the people of the stratum")
        number = {person: place for place, person in enumerate(self.person_id[columns])}
        if not all(control in number for control, _distance in pairs.values()):
            return _("a control of the pairs is not of the stratum, or was not free")
        chosen = [number[pairs[p][0]] if p in pairs else LEFT_OUT for p in self.person_id[rows]]
        control_of = np.array(chosen, dtype=np.int64)
        values = np.array([price_of[member] for member in members], dtype=np.float64)
        priced = Prices(values[: len(rows)], values[len(rows) :], leave_out_prices[0])
        margin = None
        if self.category is not None:
            mine, theirs = self.category[rows], self.category[columns]
            margin = Margin.of(mine, theirs, tally.counts, self.terms.surplus_price)
            paired = np.flatnonzero(control_of != LEFT_OUT)
            tally.add(mine[paired], theirs[control_of[paired]])
            if not _is_told(margin, control_of, categories):
                return _("the categories with a price are not those of the stratum and its pairs")
            held, surplus_price = np.array(categories[5], dtype=np.float64), categories[6][0]
            priced = replace(priced, categories=held, surplus_price=surplus_price)
        problem = Stratum(
            points=(self.points[rows], self.points[columns]),
            scores=(self.logit[rows], self.logit[columns]),
            index_on=(self.index_on[rows], self.index_on[columns]),
            caliper=calipers[0],
            window_days=self.terms.start_window_days,
            leave_out_price=self.terms.leave_out_price,
            margin=margin,
        )
        said = np.array([pairs[p][1] for p in self.person_id[rows] if p in pairs])
        try:
            costs = check_stratum(problem, control_of, priced)
        except CheckError as fault:
            return str(fault)
        if not np.allclose(said, costs, rtol=1e-9, atol=1e-9):
            return _("a distance of the pairs is not that of their covariates")
        return None


def _is_told(margin: Margin, control_of: Ints, categories: tuple[list[Any], ...]) -> bool:
    """Whether the table has these categories, sorted, and counts them as they are."""
    mine, theirs = margin.chosen(control_of)
    counted = [margin.before, mine, theirs, margin.left(control_of)]
    wanted = [list(margin.names), *(n.tolist() for n in counted)]
    return wanted == list(categories[:5]) and len(set(categories[6])) == 1


def _values(column: "pd.Series[Any]", is_number: bool) -> Floats | Texts:
    if is_number:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return column.to_numpy(dtype=object)
