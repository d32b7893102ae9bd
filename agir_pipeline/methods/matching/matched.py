"""What ``match`` gives back: pairs, who has none, balance, weights, plot and proofs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _
from agir_pipeline.methods.matching.arguments import Wish
from agir_pipeline.methods.matching.arrays import Bools, Columns, Floats, Ints, Texts
from agir_pipeline.methods.matching.certificate import Certificate
from agir_pipeline.methods.matching.comparison import comparison_table
from agir_pipeline.methods.matching.design import strata
from agir_pipeline.methods.matching.fine_balance import Balanced, verify_balanced
from agir_pipeline.methods.matching.love_plot import love_plot
from agir_pipeline.methods.matching.optimal import Problem, Solution
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.proof import verify
from agir_pipeline.protocol.model import Covariate


@dataclass(frozen=True)
class Prepared:
    """The rows in canonical order, as the solver sees them; ``caliper`` is in log-odds."""

    index: "pd.Index[str]"
    is_treated: Bools
    covariates: tuple[Covariate, ...]
    folded: Columns
    logit: Floats
    caliper: float
    points: Floats | None

    def problem(self, mine: Ints, theirs: Ints, wish: Wish) -> Problem:
        """The stratum of these rows."""
        points = None if self.points is None else (self.points[mine], self.points[theirs])
        scores = self.logit[mine], self.logit[theirs]
        return Problem(scores, points, self.caliper, wish.leave_out_price, wish.ratio)


@dataclass(frozen=True)
class Part:
    """One stratum at one level of relaxation: ``mine`` and ``theirs`` are its rows.

    With ``balanced``, all strata at once, whose controls follow a margin.
    """

    relaxation_level: int
    stratum: str
    mine: Ints
    theirs: Ints
    problem: Problem
    solution: Solution
    certificate: Certificate
    balanced: Balanced | None = None

    def verify(self) -> Certificate:
        control_of, prices = self.solution.control_of, self.solution.prices
        if self.balanced:
            return verify_balanced(self.balanced, control_of, prices)
        return verify(self.problem, control_of, prices)

    @property
    def pairs(self) -> tuple[Ints, Ints]:
        """Rows of the beneficiaries and of their controls, pair by pair."""
        paired = np.flatnonzero(self.solution.control_of != LEFT_OUT)
        found = self.solution.control_of[paired]
        return self.mine[paired // self.problem.ratio], self.theirs[found]


@dataclass(frozen=True)
class Matched:
    """A match with all that explains and proves it. Row labels are those of the data's index."""

    wish: Wish
    prepared: Prepared
    parts: tuple[Part, ...]

    @property
    def caliper(self) -> float:
        """The widest gap in log-odds a pair may have; infinite without a caliper."""
        return self.prepared.caliper

    @property
    def logit(self) -> "pd.Series[float]":
        """The log-odds of being treated, by row label; without the intercept when fitted here."""
        return pd.Series(self.prepared.logit, self.prepared.index, name="logit")

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row per pair: ``set_number`` (its treated row's number), both labels, how far apart.

        ``relaxation_level`` near-exact covariates were given up; ``equal`` are the others.
        """
        tables = [self._pairs_of(part) for part in self.parts]
        table = pd.concat(tables, ignore_index=True).sort_values(["mine", "theirs"])
        numbers = pd.factorize(table["mine"])[0] + 1
        table = table.drop(columns=["mine", "theirs"])
        table.insert(0, "set_number", numbers)
        return table.reset_index(drop=True)

    def _pairs_of(self, part: Part) -> pd.DataFrame:
        mine, theirs = part.pairs
        own = self.prepared
        gap = np.abs(own.logit[mine] - own.logit[theirs])
        if own.points is None:
            distance = gap
        else:
            distance = np.sqrt(((own.points[mine] - own.points[theirs]) ** 2).sum(axis=1))
        return pd.DataFrame(
            {
                "mine": mine,
                "theirs": theirs,
                "beneficiary": own.index[mine],
                "control": own.index[theirs],
                "distance": distance,
                "logit_gap": gap,
                "relaxation_level": part.relaxation_level,
                "equal": "+".join(self.wish.enforced(part.relaxation_level)),
            }
        )

    @cached_property
    def unmatched(self) -> pd.DataFrame:
        """Treated rows without a control, why, and how far the nearest control of the stratum is.

        ``no_control_in_stratum``, ``outside_caliper``, or ``priced_out``: the admissible controls
        serve others, or cost more than leaving out.
        """
        own = self.prepared
        alone = own.is_treated.copy()
        alone[np.concatenate([part.pairs[0] for part in self.parts])] = False
        labels = strata(own.folded, self.wish.exact, len(own.logit))
        rows = [self._reason(row, labels) for row in np.flatnonzero(alone).tolist()]
        columns = ["beneficiary", "reason", "nearest_distance"]
        return pd.DataFrame(rows, columns=columns)

    def _reason(self, row: int, labels: Texts) -> tuple[object, str, float]:
        own = self.prepared
        theirs = np.flatnonzero(~own.is_treated & (labels == labels[row]))
        gap = np.abs(own.logit[theirs] - own.logit[row])
        if own.points is None:
            distance = gap
        else:
            distance = np.sqrt(((own.points[theirs] - own.points[row]) ** 2).sum(axis=1))
        if not len(theirs):
            return own.index[row], "no_control_in_stratum", math.nan
        reason = "priced_out" if gap.min() <= own.caliper else "outside_caliper"
        return own.index[row], reason, float(distance.min())

    @cached_property
    def weights(self) -> "pd.Series[float]":
        """1 for each treated row of a pair; its controls share 1; 0 for everybody else."""
        weights = np.zeros(len(self.prepared.logit))
        for part in self.parts:
            mine, theirs = part.pairs
            weights[mine] = 1.0
            n_controls = np.bincount(mine, minlength=len(weights))
            weights[theirs] = 1.0 / n_controls[mine]
        return pd.Series(weights, self.prepared.index, name="weight")

    @cached_property
    def certificates(self) -> pd.DataFrame:
        """One row per stratum and level: total against its proven bound; exact ones have gap 0."""
        rows = [
            {
                "relaxation_level": part.relaxation_level,
                "stratum": part.stratum,
                "n_beneficiaries": len(part.mine),
                "n_candidates": len(part.theirs),
                "n_pairs": len(part.pairs[0]),
                "n_left_out": part.problem.n_rows - len(part.pairs[0]),
                "n_tied": part.solution.n_tied,
                "total_distance": part.certificate.total_distance,
                "bound": part.certificate.bound,
                "gap": part.certificate.gap,
                "largest_gap": self._largest_gap(part),
                "algorithm": part.solution.algorithm,
            }
            for part in self.parts
        ]
        return pd.DataFrame(rows)

    def _largest_gap(self, part: Part) -> float:
        mine, theirs = part.pairs
        logit = self.prepared.logit
        return float(np.abs(logit[mine] - logit[theirs]).max(initial=0.0))

    def balance(self) -> pd.DataFrame:
        """How alike the arms are before ("pool") and after ("matched"), line by line.

        SMDs are in SDs of the treated before matching; see ``comparison_table``.
        """
        own = self.prepared
        weights = np.asarray(self.weights, dtype=np.float64)
        pairs = [np.concatenate(rows) for rows in zip(*(p.pairs for p in self.parts), strict=True)]
        return comparison_table(
            own.covariates, own.folded, own.is_treated, weights, (pairs[0], pairs[1])
        )

    def love_plot(self, max_absolute_smd: float = 0.1) -> str:
        """An SVG picture of the balance before and after."""
        return love_plot(self.balance(), max_absolute_smd)

    def verify(self) -> pd.DataFrame:
        """The certificates once more, computed from the rows by a checker that trusts no solver.

        Raises:
            CheckError: a promise is broken or a total is not optimal.
        """
        broken = dict(self._broken())
        found = [f"{promise}: {n}" for promise, n in broken.items() if n]
        if found:
            raise CheckError(
                _("matched pairs break their promises: {found}").format(found="; ".join(found))
            )
        for part in self.parts:
            part.verify()
        return self.certificates

    def _broken(self) -> Iterator[tuple[str, int]]:
        pairs, own = self.pairs, self.prepared
        sides = (pd.Index(pairs[side]) for side in ("beneficiary", "control"))
        mine, theirs = (own.index.get_indexer(side) for side in sides)
        used = np.concatenate([np.unique(mine), theirs])
        yield _("a person in two pairs"), len(used) - len(np.unique(used))
        n_different = 0
        for level, rows in pairs.groupby("relaxation_level").groups.items():
            labels = strata(own.folded, self.wish.enforced(int(str(level))), len(own.logit))
            n_different += int((labels[mine[rows]] != labels[theirs[rows]]).sum())
        yield _("members of different strata"), n_different
        gap = np.abs(own.logit[mine] - own.logit[theirs])
        yield _("a gap wider than the caliper"), int((~(gap <= own.caliper)).sum())
