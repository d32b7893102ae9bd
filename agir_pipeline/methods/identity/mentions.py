"""Persons that a row names one after the other, by a key of theirs."""

import re
from collections.abc import Mapping

import pandas as pd

from agir_pipeline.methods.identity.normalise import normalised, normalised_text

MENTION_COLUMNS = ("record_id", "person_id")
BETWEEN_KEYS = re.compile(r"[,;/|+&\n]")


def person_of_keys(keys: pd.Series, persons: pd.Series) -> dict[str, str]:
    """Key in one spelling → person; a key that several persons have leads to nobody."""
    told = pd.DataFrame({"key": normalised(keys), "person_id": persons}).dropna()
    told = told.drop_duplicates().drop_duplicates("key", keep=False)
    return dict(zip(told["key"], told["person_id"], strict=True))


def mentioned_persons(
    records: pd.Series, lists: pd.Series, person_of: Mapping[str, str]
) -> pd.DataFrame:
    """``record_id`` and ``person_id`` of each person a row names, once per row.

    ``lists`` holds the keys of each row, parted by a comma or the like. A key that leads to nobody
    stands there without a person, as often as the row names others like it.
    """
    rows = [
        (record, person)
        for record, told in zip(records, lists, strict=True)
        if isinstance(told, str)
        for person in _named(told, person_of)
    ]
    return pd.DataFrame(rows, columns=pd.Index(MENTION_COLUMNS), dtype="string")


def _named(told: str, person_of: Mapping[str, str]) -> list[str | None]:
    keys = dict.fromkeys(key for part in BETWEEN_KEYS.split(told) if (key := normalised_text(part)))
    known = dict.fromkeys(person_of[key] for key in keys if key in person_of)
    return [*known, *[None for key in keys if key not in person_of]]
