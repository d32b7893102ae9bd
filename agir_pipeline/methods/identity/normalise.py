"""Identifying values in one spelling, so that equal people have equal keys."""

import re
import unicodedata

import pandas as pd

SEPARATORS = re.compile(r"[\W_]+")
MARRIED = re.compile(r"\b(ep|epouse|nee)\b.*$")
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def normalised_text(text: str) -> str:
    """Letters and digits of ``text`` without accents, case, hyphens, apostrophes or spaces.

    What follows "ép." or "née" in a name is left out; a value with digits is no name and stays
    whole.
    """
    words = folded_words(text)
    is_name = not any(c.isdigit() for c in words)
    short = MARRIED.sub("", words) if is_name else words
    return (short.strip() or words).replace(" ", "")


def folded_words(text: str) -> str:
    """The words of ``text`` in small letters and digits, without accents, one space between."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(LIGATURES)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()
    return SEPARATORS.sub(" ", bare).strip()


def normalised(values: pd.Series) -> pd.Series:
    """Each value normalised; dates as ISO days; missing and empty ones stay missing."""
    if pd.api.types.is_datetime64_any_dtype(values):
        days: pd.Series = values.dt.strftime("%Y-%m-%d").astype("string")
        return days
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = [normalised_text(str(value)) or None for value in distinct]
    # The added last text is what the code -1 of a missing value points at.
    return pd.Series(pd.array([*texts, None], dtype="string").take(codes), values.index)
