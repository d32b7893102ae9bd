"""A round on record: what was decided, band by band."""

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from agir_pipeline.methods.matching.arrays import Bools
from agir_pipeline.methods.matching.band import SolvedBand
from agir_pipeline.methods.matching.candidates import People
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.risk_sets import RiskSet
from agir_pipeline.methods.matching.scores import Scores


class Unmatched(NamedTuple):
    """A beneficiary without a control, why, and how far the nearest one of its stratum was."""

    person_id: str
    reason: str
    nearest_distance: float = float("nan")


class Exclusion(NamedTuple):
    """A control that a dated condition kept out of a band."""

    elapsed_days: int | None
    person_id: str
    reason: str


@dataclass(frozen=True)
class Round:
    """Tables of one round. ``elapsed_days`` is missing where the study has no index rule.

    pairs: one row per pair · unmatched: per beneficiary not yet matched, with its reason ·
    certificates: per band, relaxation level and stratum · pool: per band and person at risk in it
    (``is_open``: still free when the band was solved; ``stratum``: before any relaxation), with
    covariates as used, holes left open · prices: dual prices, per certificate and person ·
    exclusions: controls kept out by a dated condition · models: score and caliper, per band ·
    categories: dual prices of the categories that are balanced near-finely, per certificate; None
    where the design balances none.
    """

    pairs: pd.DataFrame
    unmatched: pd.DataFrame
    certificates: pd.DataFrame
    pool: pd.DataFrame
    prices: pd.DataFrame
    exclusions: pd.DataFrame
    models: tuple[dict[str, object], ...]
    categories: pd.DataFrame | None = None


@dataclass(frozen=True)
class BandRecord:
    """One band as it was solved; ``is_open`` says which rows were still free then."""

    risk_set: RiskSet
    scores: Scores
    is_open: Bools
    solved: SolvedBand

    def unmatched(self, people: People) -> list[Unmatched]:
        rows = self.risk_set.rows[self.risk_set.is_beneficiary]
        found = zip(rows, self.solved.reasons, self.solved.nearest_distance, strict=True)
        return [
            Unmatched(str(people.person_id[row]), reason, float(distance))
            for row, reason, distance in found
            if reason is not None
        ]

    def newly_used(self, people: People) -> dict[str, str]:
        is_paired = self.solved.control_of != LEFT_OUT
        arm = self.risk_set.is_beneficiary
        beneficiaries = people.person_id[self.risk_set.rows[arm][is_paired]]
        controls = people.person_id[self.risk_set.rows[~arm][self.solved.control_of[is_paired]]]
        return dict.fromkeys(map(str, beneficiaries), "beneficiary") | dict.fromkeys(
            map(str, controls), "control"
        )
