"""How probable it is that two records are one person: Splink on DuckDB, with a trained model.

Splink is imported only where it is used: a night that leaves nobody over never loads it.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.methods.identity.features import COMPARED
from agir_pipeline.methods.identity.first_names import french_names
from agir_pipeline.methods.identity.model import BLOCKS, CONTRADICT, ID
from agir_pipeline.methods.identity.siblings import are_told_apart

DIGITS = 9
"""Probabilities are kept to so many: a sum in another order gives the same."""
AT_MOST = 0.3
"""A pair that contradicts itself is a question, however much else agrees: with the prior of the
shortest lists this becomes 0.9."""
SCORES = ["fingerprint_a", "fingerprint_b", "probability"]


def read_model(path: Path) -> dict[str, Any]:
    """The trained model in ``path``.

    Raises:
        UsageError: it is not there, or is no model.
    """
    try:
        model: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise UsageError(
            _("the linkage model {path} cannot be read: {cause}").format(
                path=path, cause=type(fault).__name__
            )
        ) from None
    return model


def score_pairs(records: pd.DataFrame, model: Mapping[str, Any], least: float) -> pd.DataFrame:
    """The pairs of ``records`` that are one person with at least the probability ``least``.

    ``records`` has one row per fingerprint: the compared columns, how
    frequent its names are, ``place_of`` (the list the
    record stands in; two of one list are not compared), ``is_new`` and ``is_left_over`` (a pair
    needs one of each). A pair is told once, the smaller fingerprint first; sorted. The prior is
    that of the model.
    """
    if not may_hold_pairs(records):
        return pd.DataFrame(columns=pd.Index(SCORES))
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    database = DuckDBAPI()
    shares = [name for name in records if str(name).startswith("tf_")]
    columns = [ID, *COMPARED, *shares, "place_of", "is_new", "is_left_over"]
    table = database.register(records[columns].sort_values(ID, ignore_index=True))
    linker = Linker(table, _asked(model), log_level=None)
    scored = linker.inference.predict(threshold_match_probability=least)
    found = scored.as_pyarrow_table().to_pandas()  # type: ignore[no-untyped-call]
    are_two = _contradict(found) | are_told_apart(records, found, french_names())
    pairs = pd.DataFrame(
        {
            "fingerprint_a": found[[f"{ID}_l", f"{ID}_r"]].min(axis=1),
            "fingerprint_b": found[[f"{ID}_l", f"{ID}_r"]].max(axis=1),
            "probability": found["match_probability"]
            .where(~are_two, found["match_probability"].clip(upper=AT_MOST))
            .round(DIGITS),
        }
    )
    return pairs.sort_values(SCORES[:2], ignore_index=True)


def _contradict(found: pd.DataFrame) -> "pd.Series[bool]":
    """Pairs whose first names, or whose birthdays, are not one value in two hands.

    Twins share a birthday, father and son a name, and families a place and a telephone: the model
    counts each agreement as if it came by itself, and would be sure.
    """
    levels = [found[f"gamma_{column}"].between(0, most) for column, most in CONTRADICT.items()]
    return levels[0] | levels[1]


def may_hold_pairs(records: pd.DataFrame) -> bool:
    """Whether there is anything to compare: news, somebody left over, and more than one list."""
    return bool(
        records["is_new"].any()
        and records["is_left_over"].any()
        and records["place_of"].nunique() > 1
    )


def _asked(model: Mapping[str, Any]) -> dict[str, Any]:
    """The model with the pairs of tonight: of two lists, one of them new and one left over."""
    pair = (
        "l.place_of <> r.place_of and (l.is_new or r.is_new) and (l.is_left_over or r.is_left_over)"
    )
    rules = [{"blocking_rule": f"{rule} and {pair}"} for rule in BLOCKS]
    told = {"retain_matching_columns": True}  # with them the level of each comparison
    return {**model, **told, "blocking_rules_to_generate_predictions": rules}
