"""The tables of a round, from its bands as they were solved."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.matching.arrays import Columns, Ints
from agir_pipeline.methods.matching.band import Solved
from agir_pipeline.methods.matching.candidates import People
from agir_pipeline.methods.matching.design import is_number, strata
from agir_pipeline.methods.matching.margins import Margin
from agir_pipeline.methods.matching.pairs import LEFT_OUT
from agir_pipeline.methods.matching.records import BandRecord, Exclusion, Round, Unmatched
from agir_pipeline.methods.matching.spec import MatchingSpec

DAY, TEXT, WHOLE, REAL = "datetime64[us]", "str", "Int64", "float64"

PAIRS = {
    "beneficiary_person_id": TEXT,
    "control_person_id": TEXT,
    "beneficiary_index_on": DAY,
    "control_index_on": DAY,
    "elapsed_days": WHOLE,
    "band_number": WHOLE,
    "distance": REAL,
    "logit_gap": REAL,
    "strata_enforced": TEXT,
    "relaxation_level": WHOLE,
    "caliper": REAL,
    "leave_out_price": REAL,
}
CERTIFICATES = {
    "band_number": WHOLE,
    "elapsed_days": WHOLE,
    "relaxation_level": WHOLE,
    "stratum": TEXT,
    "n_beneficiaries": WHOLE,
    "n_candidates": WHOLE,
    "n_pairs": WHOLE,
    "n_left_out": WHOLE,
    "n_tied": WHOLE,
    "total_distance": REAL,
    "bound": REAL,
    "gap": REAL,
}
SURPLUS = {"surplus_price": REAL, "n_surplus": WHOLE}
"""More columns of the certificates where a category is balanced near-finely."""
CATEGORIES = {
    "band_number": WHOLE,
    "relaxation_level": WHOLE,
    "stratum": TEXT,
    "category": TEXT,
    "surplus_before": WHOLE,
    "n_beneficiaries": WHOLE,
    "n_controls": WHOLE,
    "surplus_after": WHOLE,
    "price": REAL,
    "surplus_price": REAL,
}
PRICES = {
    "band_number": WHOLE,
    "relaxation_level": WHOLE,
    "stratum": TEXT,
    "person_id": TEXT,
    "arm": TEXT,
    "price": REAL,
    "leave_out_price": REAL,
    "caliper": REAL,
}
POOL = {
    "band_number": WHOLE,
    "elapsed_days": WHOLE,
    "person_id": TEXT,
    "arm": TEXT,
    "tie_order": TEXT,
    "index_on": DAY,
    "is_open": "bool",
    "stratum": TEXT,
    "logit": REAL,
}
UNMATCHED = {"person_id": TEXT, "reason": TEXT, "nearest_distance": REAL}
EXCLUSIONS = {"elapsed_days": WHOLE, "person_id": TEXT, "reason": TEXT}


def as_round(
    people: People,
    spec: MatchingSpec,
    bands: Sequence[BandRecord],
    unmatched: Sequence[Unmatched],
    exclusions: Sequence[Exclusion],
) -> Round:
    """The tables of a round, bands in the order they were solved, people in canonical order."""
    place = {str(person): number for number, person in enumerate(people.person_id)}
    ordered = sorted(unmatched, key=lambda u: place[u.person_id])
    covariates = {c.name: REAL if is_number(c) else TEXT for c in spec.covariates}
    parts = [(b, part) for b in bands for part in b.solved.strata]
    proofs = CERTIFICATES | (SURPLUS if spec.near_fine else {})
    return Round(
        pairs=_table(PAIRS, [_pairs(people, spec, b) for b in bands]),
        unmatched=_typed(UNMATCHED, pd.DataFrame(ordered)),
        certificates=_table(proofs, [_certificate(spec, b, part) for b, part in parts]),
        pool=_table(POOL | covariates, [_pool(people, spec, b) for b in bands]),
        prices=_table(PRICES, [_prices(people, spec, b, part) for b, part in parts]),
        categories=_categories_table(spec, parts) if spec.near_fine else None,
        exclusions=_typed(EXCLUSIONS, pd.DataFrame(exclusions)),
        models=tuple(
            {"band_number": band_number(b.risk_set.edge_days, spec), **b.scores.model}
            for b in bands
        ),
    )


def band_number(edge_days: int | None, spec: MatchingSpec) -> int:
    """0 for the band of the contract start, then 1, 2 …; 0 without an index rule."""
    return edge_days // spec.band_width_days if edge_days and spec.band_width_days else 0


def _typed(types: dict[str, str], frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reindex(columns=list(types)).astype(types)


def _table(types: dict[str, str], parts: Sequence[Columns]) -> pd.DataFrame:
    """One frame from the parts, stacked; built once, since a frame per band costs far more.

    Columns get their type before they meet in a frame, which would look at every text for it.
    """
    if not parts:
        return _typed(types, pd.DataFrame())
    stacked = {name: np.concatenate([p[name] for p in parts]) for name in types}
    return pd.DataFrame(
        {name: pd.Series(values, dtype=types[name]).array for name, values in stacked.items()}
    )


def _repeated(value: object, n: int) -> NDArray[Any]:
    return np.full(n, value, dtype=None if isinstance(value, int | float) else object)


def _band_columns(spec: MatchingSpec, band: BandRecord, n: int) -> dict[str, NDArray[Any]]:
    edge = band.risk_set.edge_days
    number = band_number(edge, spec)
    return {"band_number": _repeated(number, n), "elapsed_days": _repeated(edge, n)}


def _pairs(people: People, spec: MatchingSpec, band: BandRecord) -> Columns:
    risk_set, logit = band.risk_set, band.scores.logit
    arm = risk_set.is_beneficiary
    level = np.zeros(int(arm.sum()), dtype=np.int64)
    for part in band.solved.strata:
        level[part.beneficiaries] = part.relaxation_level
    paired = np.flatnonzero(band.solved.control_of != LEFT_OUT)
    chosen = band.solved.control_of[paired]
    rows, columns = risk_set.rows[arm][paired], risk_set.rows[~arm][chosen]
    index_on = people.index_on(risk_set.edge_days)
    enforced = ["+".join(spec.enforced(n)) for n in range(spec.n_relaxation_levels)]
    return {
        "beneficiary_person_id": people.person_id[rows],
        "control_person_id": people.person_id[columns],
        "beneficiary_index_on": index_on[rows],
        "control_index_on": index_on[columns],
        "distance": band.scores.distances(paired, chosen),
        "logit_gap": np.abs(logit[arm][paired] - logit[~arm][chosen]),
        "strata_enforced": np.array(enforced, dtype=object)[level[paired]],
        "relaxation_level": level[paired],
        "caliper": _repeated(band.scores.caliper, len(paired)),
        "leave_out_price": _repeated(spec.leave_out_price, len(paired)),
        **_band_columns(spec, band, len(paired)),
    }


def _certificate(spec: MatchingSpec, band: BandRecord, part: Solved) -> Columns:
    line = {
        "relaxation_level": part.relaxation_level,
        "stratum": part.stratum,
        "n_beneficiaries": len(part.beneficiaries),
        "n_candidates": len(part.controls),
        "n_pairs": int((part.control_of != LEFT_OUT).sum()),
        "n_left_out": int((part.control_of == LEFT_OUT).sum()),
        "n_tied": part.n_tied,
        "total_distance": part.certificate.total_distance,
        "bound": part.certificate.bound,
        "gap": part.certificate.gap,
    }
    if part.margin:
        line["surplus_price"] = part.prices.surplus_price
        line["n_surplus"] = int(np.maximum(part.margin.left(_places(part)), 0).sum())
    return {**_band_columns(spec, band, 1), **{n: _repeated(v, 1) for n, v in line.items()}}


def _pool(people: People, spec: MatchingSpec, band: BandRecord) -> Columns:
    risk_set = band.risk_set
    n = len(risk_set.rows)
    return {
        **_band_columns(spec, band, n),
        "person_id": people.person_id[risk_set.rows],
        "arm": np.where(risk_set.is_beneficiary, "beneficiary", "control"),
        "tie_order": people.tie_order[risk_set.rows],
        "index_on": people.index_on(risk_set.edge_days)[risk_set.rows],
        "is_open": band.is_open,
        "stratum": strata(risk_set.folded, spec.enforced(0), n),
        "logit": band.scores.logit,
        **risk_set.folded,
    }


def _places(part: Solved) -> Ints:
    """The control of each beneficiary as a place among the controls of the stratum."""
    places = np.searchsorted(part.controls, part.control_of)
    return np.where(part.control_of == LEFT_OUT, LEFT_OUT, places)


def _categories_table(
    spec: MatchingSpec, parts: Sequence[tuple[BandRecord, Solved]]
) -> pd.DataFrame:
    found = [_categories(spec, b, part, part.margin) for b, part in parts if part.margin]
    return _table(CATEGORIES, found)


def _categories(spec: MatchingSpec, band: BandRecord, part: Solved, margin: Margin) -> Columns:
    n, places = len(margin.names), _places(part)
    mine, theirs = margin.chosen(places)
    return {
        **_band_columns(spec, band, n),
        "relaxation_level": _repeated(part.relaxation_level, n),
        "stratum": _repeated(part.stratum, n),
        "category": np.array(margin.names, dtype=object),
        "surplus_before": margin.before,
        "n_beneficiaries": mine,
        "n_controls": theirs,
        "surplus_after": margin.left(places),
        "price": part.prices.categories,
        "surplus_price": _repeated(part.prices.surplus_price, n),
    }


def _prices(people: People, spec: MatchingSpec, band: BandRecord, part: Solved) -> Columns:
    arm, rows = band.risk_set.is_beneficiary, band.risk_set.rows
    members = np.concatenate([rows[arm][part.beneficiaries], rows[~arm][part.controls]])
    n = len(members)
    return {
        **_band_columns(spec, band, n),
        "relaxation_level": _repeated(part.relaxation_level, n),
        "stratum": _repeated(part.stratum, n),
        "person_id": people.person_id[members],
        "arm": np.where(people.is_beneficiary[members], "beneficiary", "control"),
        "price": np.concatenate([part.prices.beneficiaries, part.prices.controls]),
        "leave_out_price": _repeated(part.prices.leave_out_price, n),
        "caliper": _repeated(band.scores.caliper, n),
    }
