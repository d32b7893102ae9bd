"""Invented names, by which everybody can be told from everybody else."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.likeness import Likenesses
from agir_pipeline.methods.synthetic.spelling import doubled

Texts = npt.NDArray[np.object_]
Days = npt.NDArray[np.datetime64]
Record = tuple[str, str, date]
"""Family name, first name, day of birth."""

N_DRAWN = 900
COMPOUND_FIRST_SHARE = 0.12
DOUBLE_LAST_SHARE = 0.05
MAX_TRIES = 2000
TRIES_OF_NAMES = 30
"""Tries after which a crowd of one birthday is spread over other days of the same year of age."""
DAYS_OF_AN_AGE = 365
NAMES = ("last_name", "first_name")


def invent_names(
    seed: int,
    is_woman: npt.NDArray[np.bool_],
    born_on: pd.Series,
    youngest_on: Days,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """``last_name``, ``first_name`` and ``born_on`` of each person; nobody is like somebody else.

    So whoever looks like two people in the files was planted. ``born_on`` is kept but where a
    crowd needs other days: those lie in the year up to ``youngest_on``, the last birthday that
    gives the person's age.

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
    youngest: list[date] = youngest_on.astype("M8[D]").tolist()

    def another(person: int, attempt: int, record: Record) -> Record:
        first = women if is_woman[person] else men
        day = record[2]
        if attempt >= TRIES_OF_NAMES:
            day = youngest[person] - timedelta(int(others.integers(DAYS_OF_AN_AGE)))
        return _one(last, others), _one(first, others), day

    people = _told_apart(_records(names.assign(born_on=born_on.to_numpy())), another)
    return pd.DataFrame(people, columns=[*NAMES, "born_on"]).astype({"born_on": born_on.dtype})


def registered_names(people: pd.DataFrame) -> pd.Series:
    """The family name under which the register of contracts knows each person.

    Who ``is_misspelt`` has a letter doubled, which can still be told. Who is not ``is_linkable``
    has another name, far away in the alphabet, which nobody but a person can. Neither makes
    somebody look like somebody else: such a spelling gives way to a name further on, such a
    misspelling to the right one.
    """
    known = sorted(people["last_name"].unique())
    place = {name: k for k, name in enumerate(known)}
    records = _records(people)
    met = Likenesses()
    for person, record in enumerate(records):
        met.add(person, *record)
    registered = [record[0] for record in records]
    is_changed = people["is_misspelt"] | ~people["is_linkable"]
    for person in np.flatnonzero(is_changed).tolist():
        own, first, day = records[person]
        spellings = [doubled(own), own]
        if not people["is_linkable"].iat[person]:
            far = place[own] + len(known) // 2
            spellings = [known[(far + k) % len(known)] for k in range(len(known))]
        registered[person] = next(
            name for name in spellings if not met.is_like_another(person, name, first, day)
        )
        met.add(person, registered[person], first, day)
    return pd.Series(registered, people.index, dtype=object)


def _told_apart(
    records: list[Record], another: Callable[[int, int, Record], Record]
) -> list[Record]:
    """The records, each changed until it is like nobody's before it."""
    met = Likenesses()
    told: list[Record] = []
    for person, drawn in enumerate(records):
        record, attempt = drawn, 0
        while met.is_like_another(person, *record):
            if attempt == MAX_TRIES:
                raise ValueError(f"too few names for {len(records)} people of these birthdays")
            record, attempt = another(person, attempt, record), attempt + 1
        met.add(person, *record)
        told.append(record)
    return told


def _records(people: pd.DataFrame) -> list[Record]:
    days = people["born_on"].dt.date
    return list(zip(people["last_name"], people["first_name"], days, strict=True))


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


def _one(pool: Texts, rng: np.random.Generator) -> str:
    return str(pool[rng.integers(len(pool))])


def _joined(first: pd.Series, second: Texts, share: float, rng: np.random.Generator) -> pd.Series:
    is_double = (rng.random(len(first)) < share) & (first != second)
    return first.where(~is_double, first + "-" + second)
