"""Pairs that are alike and yet two people, twins mostly: what the lists know of them says so."""

import pandas as pd

from agir_pipeline.methods.identity.first_names import Known, are_two_names

TWINS = ["last_name", "born_on"]
"""What twins share."""


def are_told_apart(records: pd.DataFrame, found: pd.DataFrame, known: Known) -> "pd.Series[bool]":
    """Of each pair found, whether its first names are those of two people.

    ``found`` has the compared columns of both, with ``_l`` and ``_r``. They are two people if both
    have a known first name and not the same, or if one list names both beside each other, with one
    family name and birthday.
    """
    is_swapped = found["gamma_first_name"] < 0  # or one of them is missing, and no name at all
    names = found[["first_name_l", "first_name_r", "last_name_l", "last_name_r"]].fillna("")
    first_l, first_r, last_l, last_r = (names[name].tolist() for name in names)
    straight = [are_two_names(*pair, known) for pair in zip(first_l, first_r, strict=True)]
    crossed = [
        are_two_names(one, other, known) or are_two_names(another, first, known)
        if one and first
        else False
        for one, other, another, first in zip(first_l, last_r, last_l, first_r, strict=True)
    ]
    by_name = pd.Series(straight, found.index, dtype=bool).where(
        ~is_swapped, pd.Series(crossed, found.index, dtype=bool)
    )
    return by_name | _stand_beside(records, found)


def _stand_beside(records: pd.DataFrame, found: pd.DataFrame) -> "pd.Series[bool]":
    """Whether one list holds both first names with the family name and birthday of the pair."""
    named = records[["place_of", *TWINS, "first_name"]].dropna().drop_duplicates()
    is_one_of_two = named.duplicated(["place_of", *TWINS], keep=False)
    beside = named[is_one_of_two]
    both = beside.merge(beside, on=["place_of", *TWINS], suffixes=("_l", "_r"))
    twins = set(both[[*TWINS, "first_name_l", "first_name_r"]].itertuples(index=False, name=None))
    is_alike = found["last_name_l"] == found["last_name_r"]
    is_alike &= found["born_on_l"] == found["born_on_r"]
    is_alike &= found["first_name_l"] != found["first_name_r"]
    told = found[["last_name_l", "born_on_l", "first_name_l", "first_name_r"]]
    rows = told.itertuples(index=False, name=None)
    return is_alike.fillna(False).astype(bool) & pd.Series(
        [row in twins for row in rows], found.index, dtype=bool
    )
