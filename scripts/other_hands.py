"""Names as other hands than ``french_people`` would write them, and people easily mixed up.

Nothing here trains the model: it is what the linkage is attacked with. Each hand rewrites every row
it is given; each likeness makes another person out of somebody.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic.spelling import without_accents
from scripts.french_people import Dirt, draw_people, told_again

Row = dict[str, str | None]
Hand = Callable[[Row, np.random.Generator], None]
"""Rewrites a row in place."""
NAMES = ("last_name", "first_name")
OCR = (("rn", "m"), ("m", "rn"), ("o", "0"), ("l", "1"), ("i", "1"), ("e", "c"), ("u", "v"))
SOUNDS = (
    ("ph", "f"), ("eau", "o"), ("au", "o"), ("qu", "k"), ("th", "t"), ("y", "i"), ("ll", "l"),
    ("nn", "n"), ("tt", "t"), ("ss", "s"), ("ch", "sh"), ("c", "k"), ("er", "é"), ("d ", " "),
)  # fmt: skip
ABROAD = (
    ("Mohamed", "Mouhammad"), ("Fatima", "Fatma"), ("Karim", "Kareem"), ("Samira", "Sameera"),
    ("Yanis", "Yannis"), ("Rayan", "Ryane"), ("Aïcha", "Aysha"), ("Nadia", "Nadya"),
    ("Mehdi", "Medhi"), ("Ibrahim", "Brahim"), ("Kenza", "Kinza"), ("Leïla", "Layla"),
)  # fmt: skip
ARABIC = ("Ben Youssef", "El Amrani", "Abd el Kader", "Bou Hassoun", "Al Khatib", "Ait Hamou")
PORTUGUESE = ("Da Silva Ferreira", "Dos Santos Oliveira", "De Sousa Pereira", "Costa Rodrigues")
VIETNAMESE = ("Nguyen", "Tran", "Pham", "Vo", "Le")
MIDDLES, LAST_PARTS = ("Thi", "Van", "Ngoc"), ("Hoa", "Minh", "Lan", "Tuan", "Huong", "Duc")
PARTICLES = ("de La Fontaine", "du Plessis", "Le Goff", "de Kerdrel", "d'Argent", "des Ormeaux")
LETTERS_KEPT = 10


def told_by(hand: str, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The same people, every row in the hand of that name."""
    rows = people.astype(object).where(people.notna(), None).to_dict("records")
    for row in rows:
        HANDS[hand](row, rng)
    return pd.DataFrame(rows, columns=people.columns)


def alike(likeness: str, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """For each of ``people`` somebody else who is easily mistaken for them."""
    rows = people.astype(object).where(people.notna(), None).to_dict("records")
    for row in rows:
        LIKENESSES[likeness](row, rng)
    return pd.DataFrame(rows, columns=people.columns)


def attacked_files(
    kind: str, sizes: tuple[int, int, int], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two files; the second tells those of both in one hand, or holds people like the first's.

    ``sizes`` are those of the files and how many stand in both, or have somebody like them. The
    rest of the second file is dirty as usual. ``person`` is the truth.
    """
    n_left, n_right, n_both = sizes
    rng = np.random.default_rng(seed)
    people = draw_people(n_left + n_right - n_both, rng).assign(person=lambda t: range(len(t)))
    _named_for(kind, people, rng)
    left, both = people.iloc[:n_left].copy(), people.iloc[n_left - n_both : n_left]
    rest = told_again(people.iloc[n_left:], Dirt(), rng)
    if kind in HANDS:
        again = told_by(kind, both, rng)
    else:
        again = alike(kind, both, rng).assign(person=lambda t: -1 - t["person"].to_numpy(int))
    right = pd.concat([again, rest], ignore_index=True)
    return left.reset_index(drop=True), right


def _named_for(kind: str, people: pd.DataFrame, rng: np.random.Generator) -> None:
    """Names on which the hand has something to do."""
    names = {"arabic": ARABIC, "portuguese": PORTUGUESE, "particle": PARTICLES}.get(kind)
    n = len(people)
    # So that these names are not rarer or more common than others, half keep their own.
    is_named = rng.random(n) < 0.5
    if names:
        told = rng.choice(np.array(names, dtype=object), n)
        people["last_name"] = people["last_name"].where(~is_named, told)
    if kind == "vietnamese":
        last = rng.choice(np.array(VIETNAMESE, dtype=object), n)
        first = rng.choice(np.array(MIDDLES, dtype=object), n) + " "
        first = first + rng.choice(np.array(LAST_PARTS, dtype=object), n)
        people["last_name"] = people["last_name"].where(~is_named, last)
        people["first_name"] = people["first_name"].where(~is_named, first)


# ---------------------------------------------------------------------------------- hands


def _each_name(change: Callable[[str, np.random.Generator], str]) -> Hand:
    def hand(row: Row, rng: np.random.Generator) -> None:
        for name in NAMES:
            row[name] = change(str(row[name]), rng)

    return hand


def _one_of(pairs: tuple[tuple[str, str], ...]) -> Callable[[str, np.random.Generator], str]:
    """The first occurrence of one of the patterns that stand in the name."""

    def change(name: str, rng: np.random.Generator) -> str:
        fitting = [(a, b) for a, b in pairs if a in name]
        if not fitting:
            return name
        written, read = fitting[int(rng.integers(len(fitting)))]
        return name.replace(written, read, 1)

    return change


def _capitals(name: str, _rng: np.random.Generator) -> str:
    return without_accents(name).upper()


def _misread_bytes(name: str, rng: np.random.Generator) -> str:
    """UTF-8 read as Windows-1252, or accents lost for a question mark or the sign of a loss."""
    how = int(rng.integers(3))
    if how == 0:
        return name.encode("utf-8").decode("cp1252", errors="replace")
    lost = "?" if how == 1 else "\ufffd"
    return "".join(c if c.isascii() else lost for c in name)


def _cut_off(name: str, _rng: np.random.Generator) -> str:
    return name[:LETTERS_KEPT]


def _initial(row: Row, _rng: np.random.Generator) -> None:
    parts = str(row["first_name"]).replace("-", " ").split()
    row["first_name"] = "-".join(f"{part[0]}." for part in parts)


def _titled(row: Row, _rng: np.random.Generator) -> None:
    row["last_name"] = f"{'Mme' if row['is_woman'] else 'M.'} {row['last_name']}"


def _in_one_cell(row: Row, _rng: np.random.Generator) -> None:
    row["last_name"] = f"{row['last_name']} {row['first_name']}"
    row["first_name"] = None


def _swapped_names(row: Row, _rng: np.random.Generator) -> None:
    row["last_name"], row["first_name"] = row["first_name"], row["last_name"]


def _particle(row: Row, rng: np.random.Generator) -> None:
    """Left out, written behind in brackets, or grown together with the name."""
    words = str(row["last_name"]).replace("'", "' ").split()
    if len(words) < 2:
        return
    kept = [words[-1], f"{words[-1]} ({' '.join(words[:-1])})", "".join(words).capitalize()]
    row["last_name"] = kept[int(rng.integers(3))]


def _arabic(row: Row, rng: np.random.Generator) -> None:
    """Another transliteration, the article left out or grown together."""
    words = str(row["last_name"]).split()
    if len(words) > 1:
        kept = ["".join(words), words[-1], "-".join(words), " ".join(words).replace("El", "Al")]
        row["last_name"] = kept[int(rng.integers(4))]
    row["first_name"] = _one_of(ABROAD)(str(row["first_name"]), rng)


def _vietnamese(row: Row, rng: np.random.Generator) -> None:
    """Middle name left out, or everything in another order."""
    parts = str(row["first_name"]).split()
    if len(parts) < 2:
        return
    if rng.random() < 0.5:
        row["first_name"] = parts[-1]
    else:
        row["last_name"], row["first_name"] = f"{row['last_name']} {parts[0]}", parts[-1]


def _portuguese(row: Row, rng: np.random.Generator) -> None:
    words = str(row["last_name"]).split()
    if len(words) < 2:
        return
    kept = [words[-1], " ".join(words[:-1]), " ".join(words[-2:]), "-".join(words)]
    row["last_name"] = kept[int(rng.integers(4))]


def _married(row: Row, rng: np.random.Generator) -> None:
    """A woman under her husband's name, the own one before, behind, or not told."""
    if not row["is_woman"]:
        return
    own, new = row["last_name"], str(draw_people(1, rng)["last_name"].iloc[0])
    told = [f"{new} née {own}", f"{new}-{own}", f"{own} ép. {new}", f"{own} {new}", new]
    row["last_name"] = told[int(rng.integers(5))]


def _day_for_month(row: Row, _rng: np.random.Generator) -> None:
    day = str(row["born_on"])
    if int(day[8:]) <= 12:
        row["born_on"] = f"{day[:4]}-{day[8:]}-{day[5:7]}"


def _other_year(row: Row, rng: np.random.Generator) -> None:
    day = str(row["born_on"])
    place = int(rng.integers(2, 4))
    digit = str((int(day[place]) + int(rng.integers(1, 10))) % 10)
    row["born_on"] = day[:place] + digit + day[place + 1 :]


def _first_of_january(row: Row, _rng: np.random.Generator) -> None:
    """Of the birthday only the year is known."""
    row["born_on"] = f"{str(row['born_on'])[:4]}-01-01"


HANDS: dict[str, Hand] = {
    "ocr": _each_name(_one_of(OCR)),
    "sound": _each_name(_one_of(SOUNDS)),
    "capitals": _each_name(_capitals),
    "misread_bytes": _each_name(_misread_bytes),
    "cut_off": _each_name(_cut_off),
    "initial": _initial,
    "title": _titled,
    "one_cell": _in_one_cell,
    "swapped": _swapped_names,
    "particle": _particle,
    "arabic": _arabic,
    "vietnamese": _vietnamese,
    "portuguese": _portuguese,
    "married": _married,
    "day_for_month": _day_for_month,
    "other_year": _other_year,
    "first_of_january": _first_of_january,
}


# ------------------------------------------------------------------------------ likenesses

TWINS = (
    ("Léa", "Léo"), ("Julie", "Julien"), ("Karim", "Karima"), ("Marie", "Marine"),
    ("Louis", "Louise"), ("Jean", "Jeanne"), ("Lucie", "Lucas"), ("Emma", "Emmy"),
    ("Yann", "Yanis"), ("Amin", "Amina"), ("Lina", "Nina"), ("Jean-Marc", "Jean-Marie"),
)  # fmt: skip


def _twin(row: Row, rng: np.random.Generator) -> None:
    """Another first name, and all else the same."""
    row["first_name"] = _other_first_name(row, rng)


def _other_first_name(row: Row, rng: np.random.Generator) -> str:
    drawn = draw_people(9, rng)["first_name"]
    return str(drawn[drawn != row["first_name"]].iloc[0])


def _close_twin(row: Row, rng: np.random.Generator) -> None:
    row["first_name"] = CLOSE.get(str(row["first_name"]), "Léo")


CLOSE = {one: other for pair in TWINS for one, other in (pair, pair[::-1])}


def _parent(row: Row, rng: np.random.Generator) -> None:
    """The same names and home, born a generation before."""
    day = str(row["born_on"])
    row["born_on"] = f"{int(day[:4]) - 28}{day[4:8]}{1 + rng.integers(28):02d}"


def _sibling(row: Row, rng: np.random.Generator) -> None:
    """The same family and home, born another year."""
    born = pd.Timestamp(str(row["born_on"])) + pd.Timedelta(days=int(rng.integers(300, 1500)))
    row["born_on"] = born.strftime("%Y-%m-%d")
    row["first_name"] = _other_first_name(row, rng)


def _namesake(row: Row, rng: np.random.Generator) -> None:
    """Both names the same, and nothing else."""
    other = draw_people(1, rng).iloc[0]
    row |= {"born_on": other["born_on"], "place": other["place"], "phone": other["phone"]}


def _near_namesake(row: Row, rng: np.random.Generator) -> None:
    """Both names and the place the same, born some days before or after: hardly ever in life."""
    born = pd.Timestamp(str(row["born_on"])) + pd.Timedelta(days=int(rng.integers(1, 28)))
    row["born_on"] = born.strftime("%Y-%m-%d")
    row["phone"] = str(draw_people(1, rng)["phone"].iloc[0])


def _same_day(row: Row, rng: np.random.Generator) -> None:
    """First name, birthday and place the same, another family."""
    other = draw_people(1, rng).iloc[0]
    row |= {"last_name": other["last_name"], "phone": other["phone"]}


def _flatmate(row: Row, rng: np.random.Generator) -> None:
    """Place and telephone the same: a hostel, or the line of an adviser."""
    other = draw_people(1, rng).iloc[0]
    row |= {name: other[name] for name in (*NAMES, "born_on")}


LIKENESSES: dict[str, Hand] = {
    "twin": _twin,
    "close_twin": _close_twin,
    "parent": _parent,
    "sibling": _sibling,
    "namesake": _namesake,
    "near_namesake": _near_namesake,
    "same_day": _same_day,
    "flatmate": _flatmate,
}
