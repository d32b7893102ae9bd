"""Identifying values in one spelling, so that equal people have equal keys."""

import re
import unicodedata

import pandas as pd

SEPARATORS = re.compile(r"[\W_]+")
MARRIED = re.compile(r"\b(ep|epouse|nee)\b.*$")


def normalised_text(text: str) -> str:
    """Letters and digits of ``text`` without accents, case, hyphens, apostrophes or spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    words = SEPARATORS.sub(" ", bare).strip()
    return MARRIED.sub("", words).replace(" ", "") or words.replace(" ", "")


def normalised(values: pd.Series) -> pd.Series:
    """Each value normalised; dates as ISO days; missing and empty ones stay missing."""
    if pd.api.types.is_datetime64_any_dtype(values):
        days: pd.Series = values.dt.strftime("%Y-%m-%d").astype("string")
        return days
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = pd.array([normalised_text(str(value)) or None for value in distinct], dtype="string")
    return pd.Series(texts.take(codes, allow_fill=True), values.index)
