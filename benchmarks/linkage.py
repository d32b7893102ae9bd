"""How well the linkage finds who is who, beside an exact join and rapidfuzz.

usage: python -m benchmarks.linkage [--seeds N] [--small-seeds N] [--attacks N]

10,000 × 10,000 invented people with 5,000 true links, then files of AGIR's size (150 × 600 with
120). "Reviewed" counts what a person who answers every question rightly would reach. rapidfuzz is
compared if it is installed (``uv pip install rapidfuzz``); it is no dependency.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import agir_pipeline.protocol
from agir_pipeline.methods.identity.assignment import Candidate, one_to_one, shared_probabilities
from agir_pipeline.methods.identity.features import compared_values, is_comparable, with_frequencies
from agir_pipeline.methods.identity.model import ID, prior_of, usual_shares
from agir_pipeline.methods.identity.prior import beside_lengths, people_named
from agir_pipeline.resources.link_evidence import LEAST_KEPT, LEAST_SCORED
from agir_pipeline.resources.linkage import read_model, score_pairs
from scripts.french_people import Dirt, two_files
from scripts.other_hands import HANDS, LIKENESSES, attacked_files
from scripts.train_linkage import COLUMNS

MODEL = Path(agir_pipeline.protocol.__file__).parent / "agir" / "tables" / "linkage.json"
REVIEW_FROM, AUTOMATIC_FROM = 0.05, 0.99
FUZZY_FROM = 90
LARGE, SMALL = (10_000, 10_000, 5_000), (150, 600, 120)
NAME_AND_BIRTHDAY = ("last_name", "first_name", "born_on")
KEPT = (
    ("all columns", None),
    ("names and birthday alone", [*NAME_AND_BIRTHDAY, "birth_name", "person"]),
)
ATTACKED = (150, 600, 60)


class Figures(NamedTuple):
    """Of one method on one pair of files."""

    method: str
    n_linked: int
    n_false: int
    n_true: int
    n_asked: int
    """Pairs for a person to look at."""
    n_asked_true: int
    seconds: float

    def __str__(self) -> str:
        precision = 1 - self.n_false / max(self.n_linked, 1)
        found = self.n_linked - self.n_false
        line = f"{self.method:<22} precision {precision:.5f}  recall {found / self.n_true:.4f}"
        if self.n_asked:
            reviewed = (found + self.n_asked_true) / self.n_true
            share = self.n_asked / self.n_true
            line += f"  reviewed {reviewed:.4f}  asked {self.n_asked} ({share:.1%})"
        return f"{line}  {self.seconds:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--small-seeds", type=int, default=50)
    parser.add_argument("--attacks", type=int, default=0, help="seeds of each other hand")
    asked = parser.parse_args()
    if find_spec("rapidfuzz") is None:
        print("rapidfuzz is not installed: it is missing below (`uv pip install rapidfuzz`)")
    for seed in range(asked.seeds):
        left, right = two_files(*LARGE, Dirt(), seed)
        for method in (exact_join, fuzzy_join, cascade):
            for one in _measured(method, left, right, LARGE[2]):
                print(f"seed {seed}  {one}", flush=True)
    for words, kept in KEPT:
        small = []
        for seed in range(asked.small_seeds):
            files = [
                file[kept] if kept else file for file in two_files(*SMALL, Dirt(), 1000 + seed)
            ]
            small += list(_measured(cascade, *files, SMALL[2]))
        print(
            f"{SMALL[0]} × {SMALL[1]}, {words}, {len(small)} seeds: "
            f"{sum(one.n_false for one in small)} false links, "
            f"at most {max(one.n_asked for one in small)} pairs to review, recall "
            f"{sum(one.n_linked - one.n_false for one in small) / sum(o.n_true for o in small):.4f}"
        )
    if asked.attacks:
        _attack(asked.attacks)


def _attack(n_seeds: int) -> None:
    """Each hand and each likeness by itself; 60 people of the first file it rewrites or is like."""
    for kind in (*HANDS, *LIKENESSES):
        for words, kept in KEPT:
            told = []
            for seed in range(n_seeds):
                files = attacked_files(kind, ATTACKED, seed)
                files = (files[0][kept], files[1][kept]) if kept else files
                told += list(_measured(cascade, *files, ATTACKED[2]))
            print(
                f"{kind:<17}{words}: {sum(o.n_linked - o.n_false for o in told)} linked, "
                f"{sum(o.n_false for o in told)} falsely, "
                f"{sum(o.n_asked for o in told)} asked of {sum(o.n_true for o in told)}",
                flush=True,
            )


Method = Callable[[pd.DataFrame, pd.DataFrame], "tuple[pd.DataFrame, pd.DataFrame]"]
"""Gives the linked pairs and the pairs to review: columns left, right (positions)."""


def _measured(
    method: Method, left: pd.DataFrame, right: pd.DataFrame, n_true: int
) -> Iterator[Figures]:
    began = time.perf_counter()
    try:
        linked, asked = method(left, right)
    except ImportError:
        return
    seconds = time.perf_counter() - began
    truth = [_is_true(pairs, left, right) for pairs in (linked, asked)]
    yield Figures(
        method.__name__,
        len(linked),
        int((~truth[0]).sum()),
        n_true,
        len(asked),
        int(truth[1].sum()),
        seconds,
    )


def _is_true(pairs: pd.DataFrame, left: pd.DataFrame, right: pd.DataFrame) -> pd.Series:
    one = left["person"].to_numpy()[pairs["left"].to_numpy(int)]
    return pd.Series(one == right["person"].to_numpy()[pairs["right"].to_numpy(int)], dtype=bool)


def exact_join(left: pd.DataFrame, right: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Equal normalised names and birthday, where that is one person in each file."""
    keys = list(NAME_AND_BIRTHDAY)
    told = [
        compared_values(file, COLUMNS)[keys].assign(**{side: range(len(file))}).dropna()
        for side, file in (("left", left), ("right", right))
    ]
    found = told[0].merge(told[1], on=keys)[["left", "right"]]
    alone = ~found["left"].duplicated(keep=False) & ~found["right"].duplicated(keep=False)
    return found[alone].reset_index(drop=True), found[:0]


def fuzzy_join(left: pd.DataFrame, right: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """For each left record the most similar right one, if at least 90 of 100."""
    from rapidfuzz import fuzz, process

    texts = [
        compared_values(file, COLUMNS)[list(NAME_AND_BIRTHDAY)].fillna("").agg(" ".join, axis=1)
        for file in (left, right)
    ]
    similar = process.cdist(
        texts[0].tolist(), texts[1].tolist(), scorer=fuzz.token_sort_ratio, score_cutoff=FUZZY_FROM
    )
    best, scores = similar.argmax(axis=1), similar.max(axis=1)
    found = pd.DataFrame({"left": range(len(left)), "right": best})[scores >= FUZZY_FROM]
    return found.reset_index(drop=True), found[:0]


def cascade(left: pd.DataFrame, right: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Exact keys, then the trained model on what they leave over, one to one."""
    exact = exact_join(left, right)[0]
    files = []
    for side, file, done in (("l", left, exact["left"]), ("r", right, exact["right"])):
        values = compared_values(file, COLUMNS)
        values[ID] = [f"{side}{k}" for k in range(len(file))]
        is_rest = is_comparable(values) & ~values.index.isin(done)
        files.append(values.assign(place_of=side, is_new=True, is_left_over=is_rest))
    model = read_model(MODEL)
    records = with_frequencies(pd.concat(files, ignore_index=True), usual_shares(model))
    scored = score_pairs(records, model, LEAST_SCORED)
    list_of = dict(zip(records[ID], records["place_of"], strict=True))
    pairs = beside_lengths(scored, list_of, people_named(records), prior_of(model))
    is_rest = records.set_index(ID)["is_left_over"]
    both = [is_rest[pairs[end]].to_numpy() for end in ("fingerprint_a", "fingerprint_b")]
    pairs = pairs[both[0] & both[1] & (pairs["probability"] >= LEAST_KEPT)]
    known = [
        Candidate(a, b, "l", "r", p)
        for a, b, p in zip(*(pairs[name] for name in pairs.columns), strict=True)
    ]
    shared = shared_probabilities(known)
    kept = one_to_one(known, shared)
    found = pd.DataFrame(
        {
            "left": [int(str(one.one)[1:]) for one in known],
            "right": [int(str(one.other)[1:]) for one in known],
        },
        dtype=int,
    )
    weight = pd.Series(shared, dtype=float)
    automatic = found[(weight >= AUTOMATIC_FROM).to_numpy()]
    asked = found[
        ((weight >= REVIEW_FROM) & (weight < AUTOMATIC_FROM) & pd.Series(kept)).to_numpy()
    ]
    return (
        pd.concat([exact, automatic], ignore_index=True),
        asked.reset_index(drop=True),
    )


if __name__ == "__main__":
    main()
