"""What the linkage model compares: names, birthday, place and contact in one spelling.

A person is told under up to two family names, so that a married name meets the name at birth.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from agir_pipeline.methods.identity.normalise import MARRIED, folded_words, normalised

COMPARED = ("last_name", "other_name", "first_name", "born_on", "place", "phone", "email")
"""The columns the model reads; one that a source lacks is missing in its rows."""
FREQUENCIES = ("last_name", "first_name", "place")
"""Columns whose equal values say more the rarer they are: names, and places of few people."""
N_SUPPOSED = 200
"""As if so many people of usual names had been seen before."""
N_PHONE_DIGITS = 9
"""Those after the zero: spreadsheets lose it, +33 replaces it."""
NOT_DIGITS = re.compile(r"\D+")


def compared_values(identities: pd.DataFrame, columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The compared columns of each row, as text or missing.

    ``columns`` names for ``last_name``, ``first_name``, ``born_on``, ``place``, ``phone`` and
    ``email`` the columns of ``identities`` that hold it: of several the first filled one, except
    that a second family name is the other name. A column that is not there is a missing value.
    """
    told = {
        field: [identities[name] for name in columns.get(field, ()) if name in identities]
        for field in ("last_name", "first_name", "born_on", "place", "phone", "email")
    }
    absent = pd.Series(pd.NA, identities.index, dtype="string")
    last = _filled(told["last_name"], absent)
    married = _each(last, _married_name)
    others = [normalised(values) for values in told["last_name"][1:]]
    return pd.DataFrame(
        {
            "last_name": normalised(last),
            "other_name": _filled([*others, married], absent),
            "first_name": normalised(_filled(told["first_name"], absent)),
            "born_on": _filled(told["born_on"], absent).astype("string"),
            "place": normalised(_filled(told["place"], absent)),
            "phone": _each(_filled(told["phone"], absent), _phone),
            "email": _each(_filled(told["email"], absent), _email),
        }
    ).astype("string")


def is_comparable(values: pd.DataFrame) -> "pd.Series[bool]":
    """Rows that say enough to be compared: a name, and something to set it against."""
    rest = values[["first_name", "born_on", "phone", "email"]].notna().sum(axis=1)
    return values["last_name"].notna() & (rest >= 1)


def with_frequencies(values: pd.DataFrame, usual: Mapping[str, float]) -> pd.DataFrame:
    """``values`` with the share of people of each name and place, as ``tf_last_name`` and so on.

    ``usual`` is how probable it is that two random people share one. It stands in for what was not
    seen: few rows say little about how rare a name is.
    """
    shares = {}
    for name in usual:
        seen = values.groupby(name)[name].transform("size").astype("Float64")
        n = int(values[name].notna().sum())
        shares[f"tf_{name}"] = (seen + N_SUPPOSED * usual[name]) / (n + N_SUPPOSED)
    return values.assign(**shares)


def _filled(candidates: Sequence[pd.Series], absent: pd.Series) -> pd.Series:
    """The first filled value of each row."""
    found = absent
    for values in candidates:
        found = found.where(found.notna(), values.astype("string"))
    return found


def _each(values: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Each distinct value changed once; what comes out empty is missing."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = [change(str(value)) or None for value in distinct]
    return pd.Series(pd.array([*texts, None], dtype="string").take(codes), values.index)


def _married_name(name: str) -> str:
    """What stands after "ép." or "née", without spaces."""
    found = MARRIED.search(folded_words(name))
    return "".join(found.group(0).split()[1:]) if found else ""


def _phone(text: str) -> str:
    digits = NOT_DIGITS.sub("", text)
    return digits[-N_PHONE_DIGITS:] if len(digits) >= N_PHONE_DIGITS else ""


def _email(text: str) -> str:
    return text.strip().casefold() if "@" in text else ""
