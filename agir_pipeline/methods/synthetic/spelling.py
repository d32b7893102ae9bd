"""One name in several hands: how a register spells it differently from the person's own file."""

import re
import unicodedata

import numpy as np
import numpy.typing as npt
import pandas as pd

Texts = npt.NDArray[np.object_]


def folded(text: str) -> str:
    """Letters and digits alone, small, without accents: what every spelling shares."""
    return re.sub(r"[\W_]", "", without_accents(text).casefold())


def without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def as_registered(names: pd.Series, style: npt.NDArray[np.int64]) -> Texts:
    """The same names in another hand: capitals, no accents, no hyphens, stray spaces."""
    hands = (
        str,
        str.upper,
        lambda text: without_accents(text).upper().replace("-", " "),
        lambda text: f" {text.replace(' ', '  ')} ",
    )
    spelled = [hands[k](text) for text, k in zip(names, style % len(hands), strict=True)]
    return np.array(spelled, dtype=object)


def doubled(name: str) -> str:
    """The name with its second letter doubled: exact keys no longer meet."""
    return name[:2] + name[1:]
