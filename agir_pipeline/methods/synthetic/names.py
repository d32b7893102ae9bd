"""Invented names, and how a register spells them differently from the person's own file."""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Texts = npt.NDArray[np.object_]

N_DRAWN = 900
COMPOUND_FIRST_SHARE = 0.12
DOUBLE_LAST_SHARE = 0.05
MAX_ROUNDS = 300
NAMES = ("last_name", "first_name")
N_TOLD_APART = 2
"""First letters by which people of one birthday are told apart."""
SILENT = re.compile("[aeiouyh]")


def invent_names(
    seed: int, is_woman: npt.NDArray[np.bool_], born_on: pd.Series, rng: np.random.Generator
) -> pd.DataFrame:
    """``last_name`` and ``first_name`` of each person; nobody shares both and a date of birth.

    As far as there are names enough, nobody is like somebody else either: whoever looks like two
    people in the files was planted.

    Raises:
        ValueError: there are too few names to tell everybody apart.
    """
    last, women, men = _pools(seed)
    n = len(is_woman)
    names = pd.DataFrame({"last_name": _draw(last, n, rng), "first_name": _draw(men, n, rng)})
    names["first_name"] = names["first_name"].where(~is_woman, _draw(women, n, rng))
    second = np.where(is_woman, _draw(women, n, rng), _draw(men, n, rng))
    names["first_name"] = _joined(names["first_name"], second, COMPOUND_FIRST_SHARE, rng)
    names["last_name"] = _joined(names["last_name"], _draw(last, n, rng), DOUBLE_LAST_SHARE, rng)
    # A generator of its own: telling people apart changes nothing else about them.
    others = np.random.default_rng([seed, n])
    for _round in range(MAX_ROUNDS):
        alike = _look_alikes(names, born_on)
        n_alike = int(alike.sum())
        if not n_alike:
            break
        firsts = np.where(is_woman[alike], *(_draw(p, n_alike, others) for p in (women, men)))
        names.loc[alike, "first_name"] = firsts
        names.loc[alike, "last_name"] = _draw(last, n_alike, others)
    for _round in range(MAX_ROUNDS):
        twins = _twins(names, born_on)
        if not twins.any():
            return names
        names.loc[twins, "last_name"] = _draw(last, int(twins.sum()), others)
    raise ValueError(f"too few names for {n} people of these dates of birth")


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


def misspelled(name: str) -> str:
    """The name with its second letter doubled: exact keys no longer meet."""
    return name[:2] + name[1:]


def other_names(names: pd.Series) -> pd.Series:
    """For each family name another one of the list, far from it in the alphabet."""
    known = sorted(names.unique())
    half = len(known) // 2
    return names.map({name: known[(k + half) % len(known)] for k, name in enumerate(known)})


def _pools(seed: int) -> tuple[Texts, Texts, Texts]:
    from faker import Faker  # an extra of the demo: nobody else needs it installed

    fake = Faker("fr_FR")
    fake.seed_instance(seed)
    draws = (fake.last_name, fake.first_name_female, fake.first_name_male)
    last, women, men = (
        np.array(list(dict.fromkeys(draw() for _ in range(N_DRAWN))), dtype=object)
        for draw in draws
    )
    return last, women, men


def _draw(pool: Texts, n: int, rng: np.random.Generator) -> Texts:
    drawn: Texts = pool[rng.integers(0, len(pool), n)]
    return drawn


def _joined(first: pd.Series, second: Texts, share: float, rng: np.random.Generator) -> pd.Series:
    is_double = (rng.random(len(first)) < share) & (first != second)
    return first.where(~is_double, first + "-" + second)


def _twins(names: pd.DataFrame, born_on: pd.Series) -> pd.Series:
    """People who share folded names and birthday with somebody earlier."""
    keys = names.apply(_folded).assign(born_on=born_on.to_numpy())
    return keys.duplicated()


def _look_alikes(names: pd.DataFrame, born_on: pd.Series) -> pd.Series:
    """People whom a clerk might take for somebody earlier: one name like his and his birthday,
    both names like his and his month of birth, or both his very names and his year.
    """
    full = {name: _folded(names[name]) for name in NAMES}
    start = {name: spelled.str[:N_TOLD_APART] for name, spelled in full.items()}
    sound = {name: _sounds(spelled) for name, spelled in full.items()}
    year = born_on.dt.year
    month = 12 * year + born_on.dt.month
    rules: list[Sequence[pd.Series]] = [
        *((likeness[name], born_on) for likeness in (start, sound) for name in NAMES),
        *(
            (one["last_name"], other["first_name"], month)
            for one, other in ((start, start), (sound, full), (full, sound))
        ),
        (*full.values(), year),
    ]
    alike = pd.Series(False, names.index)
    for rule in rules:
        alike |= pd.DataFrame({n: part.to_numpy() for n, part in enumerate(rule)}).duplicated()
    return alike


def _folded(names: pd.Series) -> pd.Series:
    return names.map({name: folded(name) for name in names.unique()})


def _sounds(spelled: pd.Series) -> pd.Series:
    """What is left of a name without its first letter, its vowels and its silent letters: Barre
    and Carre, Guilbert and Gilbert, Charpentier and Carpentier have the same.
    """
    heard = {name: re.sub(r"(.)\1+", r"\1", SILENT.sub("", name[1:])) for name in spelled.unique()}
    return spelled.map(heard)
