"""How probable one person is before anything is compared: what the lengths of two lists say.

Of two lists that name a person once, with ``a`` and ``b`` people, at most min(a, b) of the a × b
pairs are one person: a share of 1 / max(a, b), if everybody of the shorter list stands in the
longer one. That share is the prior odds of a pair; what the model was trained with is that of lists
of ten thousand. The number of matches of a Fellegi–Sunter model grows with the lists and their
pairs with the square (doi:10.1080/01621459.1969.10501049); that the shorter list bounds it is the
prior of Sadinle (doi:10.1080/01621459.2016.1148612).
"""

from collections.abc import Mapping

import pandas as pd

LEAST_PEOPLE = 500
"""A list that names fewer is a part, or the beginning, of one that names so many."""
PERSON = ["last_name", "first_name", "born_on"]
PROBABILITY = "probability"


def people_named(values: pd.DataFrame) -> dict[str, int]:
    """List → how many people it names: ``place_of`` and the compared columns of its rows."""
    people = values[["place_of", *PERSON]].drop_duplicates()
    return {str(place): int(n) for place, n in people.groupby("place_of").size().items()}


def beside_lengths(
    scores: pd.DataFrame, list_of: Mapping[str, str], n_people: Mapping[str, int], prior: float
) -> pd.DataFrame:
    """``scores`` with the prior of the lists of each pair in the place of the model's own.

    ``scores`` as the model tells them: fingerprint_a, fingerprint_b, probability. ``list_of`` names
    the list of a fingerprint; pairs of fingerprints that no list holds any more are left out.
    """
    n_of = {one: max(n_people[place], LEAST_PEOPLE) for one, place in list_of.items()}
    ends = ("fingerprint_a", "fingerprint_b")
    lengths = [scores[end].astype(object).map(n_of).astype(float) for end in ends]
    longer = pd.concat(lengths, axis=1).max(axis=1, skipna=False)
    known = longer.notna()
    ratio = (1 - prior) / prior / (longer[known] - 1)
    told = scores.loc[known, PROBABILITY].astype(float)
    weighed = told * ratio / (told * ratio + 1 - told)
    return scores[known].assign(**{PROBABILITY: weighed}).reset_index(drop=True)
