"""Invented French people as two files would spell them: for training and measuring the linkage.

Common names follow a steep law, a long tail is made of syllables. The second file is dirty in the
ways of partner spreadsheets; ``Dirt`` says how often.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic.spelling import without_accents


def _words(text: str) -> list[str]:
    return text.split()


LAST = _words("""
Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefèvre
Leroy Roux David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau
Vincent Muller Lefebvre Faure André Mercier Blanc Guérin Boyer Garnier Chevalier François
Legrand Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry Roussel Mathieu Gautier
Masson Marchand Duval Denis Dumont Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard
Giraud Joly Rivière Lucas Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard
Schmitt Roy Leroux Colin Vidal Caron Picard Roger Fabre Aubert Lemoine Renaud Dumas Lacroix
Olivier Philippe Bourgeois Pierre Benoît Rey Leclerc Payet Rolland Leclercq Guillaume
Lecomte López Jean Dupuy Guillot Hubert Berger Carpentier Sánchez Dupuis Moulin Louis
Deschamps Huet Vasseur Pérez Boucher Fleury Royer Klein Jacquet Adam Paris Poirier Marty
Aubry Guyot Carré Charles Renault Charpentier Ménard Maillard Baron Bertin Bailly Hervé
Schneider Fernández Collet Léger Bouvier Julien Prévost Millet Perrot Daniel Cousin Germain
Breton Besson Langlois Rémy Pelletier Lévêque Perrier Leblanc Barré Lebrun Marchal Weber
Mallet Hamon Boulanger Jacob Monnier Michaud Rodríguez Guichard Gillet Étienne Grondin
Poulain Tessier Chevallier Collin Chauvin Bouchet Gay Lemaître Bénard Maréchal Humbert
Reynaud Antoine Hoarau Perret Barthélemy Cordier Pichon Lejeune Gilbert Lamy Delaunay
Pasquier Carlier Laporte Diallo Traoré Benali Haddad Nguyen Da-Silva Ferreira El-Amrani
Ben-Youssef Le-Gall Le-Goff Le-Bihan D'Arcy De-La-Fontaine L'Helgouac'h Kerléo Gourvennec
Tanguy
""")
WOMEN = _words("""
Marie Léa Camille Manon Chloé Emma Laura Julie Sarah Pauline Marine Océane Anaïs Mathilde
Lucie Justine Clara Morgane Amandine Mélanie Élodie Audrey Émilie Céline Aurélie Charlotte
Claire Inès Juliette Alice Louise Jade Lola Noémie Margaux Maëlle Eva Zoé Fanny Marion
Alexia Laurine Solène Estelle Coralie Élise Gaëlle Ophélie Cindy Jennifer Jessica Vanessa
Sabrina Fatima Aïcha Yasmine Samira Kenza Nadia Leïla Anne-Sophie Marie-Laure Anne-Laure
Marie-Hélène
""")
MEN = _words("""
Nicolas Thomas Alexandre Maxime Julien Kévin Antoine Romain Quentin Florian Anthony Pierre
Guillaume Jérémy Clément Mathieu Hugo Lucas Valentin Alexis Théo Benjamin Adrien Vincent
Louis Simon Arthur Paul Victor Baptiste Dylan Jordan Corentin Mickaël Loïc Damien Sébastien
Cédric Rémi Bastien Gaëtan Tristan Arnaud Fabien Aurélien Mehdi Karim Yanis Mohamed Rayan
Ibrahim Nathan Enzo Raphaël Gabriel Léo Tom Jean-Baptiste Pierre-Louis Jean-Marc
Jean-François Paul-Émile
""")
STARTS = _words(
    "Bar Ber Bou Car Cha Cor Del Des Dro Fer Fou Gar Gau Gou Gui Ker Lan Lar Mal Man Mar Mon"
)
MIDDLES = _words("a ai an ar au e el en er i in o on ou u")
ENDS = _words(
    "bert bec card cel chet del don dreau frey gnon lard let lier ment nec net ot rand reau rin"
)
TAIL_SHARE = 0.45
"""Of people whose family name is none of the common ones."""
COMPOUND_LAST, COMPOUND_FIRST, N_POSTCODES = 0.04, 0.07, 220
FIRST_YEAR, N_DAYS = 1984, 3650
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


@dataclass(frozen=True)
class Dirt:
    """Shares of the second file's rows that each fault touches."""

    no_accents: float = 0.50
    hyphen: float = 0.30
    typo_last: float = 0.08
    typo_first: float = 0.06
    swapped_names: float = 0.04
    married: float = 0.05
    """Of women: another family name; half of them tell the name at birth too."""
    part_of_compound: float = 0.30
    """Of compound names: one half is left out."""
    swapped_day: float = 0.03
    wrong_digit: float = 0.02
    no_birthday: float = 0.05
    no_phone: float = 0.35
    moved: float = 0.20
    new_phone: float = 0.08


def draw_people(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """``n`` people: last_name, birth_name, first_name, born_on, place, phone, is_woman."""
    is_woman = rng.random(n) < 0.5
    first = np.where(is_woman, _zipf(WOMEN, n, rng), _zipf(MEN, n, rng))
    second = np.where(is_woman, _zipf(WOMEN, n, rng), _zipf(MEN, n, rng))
    last, other = _last_names(n, rng), _last_names(n, rng)
    days = pd.Timestamp(FIRST_YEAR, 1, 1) + pd.to_timedelta(rng.integers(0, N_DAYS, n), unit="D")
    return pd.DataFrame(
        {
            "last_name": _compound(last, other, COMPOUND_LAST, rng),
            "birth_name": None,
            "first_name": _compound(first, second, COMPOUND_FIRST, rng),
            "born_on": days.strftime("%Y-%m-%d"),
            "place": _places(n, rng),
            "phone": _phones(n, rng),
            "is_woman": is_woman,
        }
    )


def told_again(people: pd.DataFrame, dirt: Dirt, rng: np.random.Generator) -> pd.DataFrame:
    """The same people as another hand wrote them down."""
    n = len(people)
    told = people.copy()
    _marry(told, dirt, rng)
    for column, share in (("last_name", dirt.typo_last), ("first_name", dirt.typo_first)):
        names = [
            _half(name, dirt.part_of_compound, rng) if "-" in name else name
            for name in told[column]
        ]
        is_wrong = rng.random(n) < share
        names = [_typo(a, rng) if wrong else a for a, wrong in zip(names, is_wrong, strict=True)]
        is_bare, is_open = rng.random(n) < dirt.no_accents, rng.random(n) < dirt.hyphen
        names = [
            without_accents(a).upper() if b else a for a, b in zip(names, is_bare, strict=True)
        ]
        told[column] = [
            a.replace("-", " ") if b else a for a, b in zip(names, is_open, strict=True)
        ]
    swap = rng.random(n) < dirt.swapped_names
    last, first = told["last_name"].copy(), told["first_name"].copy()
    told["last_name"], told["first_name"] = last.where(~swap, first), first.where(~swap, last)
    told["born_on"] = _birthdays(told["born_on"], dirt, rng)
    told["place"] = told["place"].where(rng.random(n) >= dirt.moved, _places(n, rng))
    told["phone"] = told["phone"].where(rng.random(n) >= dirt.new_phone, _phones(n, rng))
    return told


def two_files(
    n_left: int, n_right: int, n_both: int, dirt: Dirt, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two files that share ``n_both`` people; ``person`` is the truth. Rows are in no order."""
    rng = np.random.default_rng(seed)
    people = draw_people(n_left + n_right - n_both, rng).assign(person=lambda t: range(len(t)))
    left = people.iloc[:n_left].copy()
    right = told_again(people.iloc[n_left - n_both :], dirt, rng)
    right["phone"] = right["phone"].where(rng.random(n_right) >= dirt.no_phone)
    order = [rng.permutation(len(file)) for file in (left, right)]
    return (
        left.iloc[order[0]].reset_index(drop=True),
        right.iloc[order[1]].reset_index(drop=True),
    )


def _zipf(names: list[str], n: int, rng: np.random.Generator) -> np.ndarray:
    weights = 1 / (np.arange(len(names)) + 3) ** 0.8
    return rng.choice(np.array(names, dtype=object), n, p=weights / weights.sum())


def _last_names(n: int, rng: np.random.Generator) -> np.ndarray:
    parts = [rng.choice(np.array(part, dtype=object), n) for part in (STARTS, MIDDLES, ENDS)]
    rare = parts[0] + parts[1] + parts[2]
    return np.where(rng.random(n) < TAIL_SHARE, rare, _zipf(LAST, n, rng))


def _compound(
    first: np.ndarray, second: np.ndarray, share: float, rng: np.random.Generator
) -> list[str]:
    is_two = rng.random(len(first)) < share
    pairs = zip(first, second, is_two, strict=True)
    return [f"{a}-{b}" if two and a != b else str(a) for a, b, two in pairs]


def _places(n: int, rng: np.random.Generator) -> np.ndarray:
    weights = 1 / (np.arange(N_POSTCODES) + 2)
    drawn = rng.choice(N_POSTCODES, n, p=weights / weights.sum())
    return np.array([f"44{k:03d}" for k in drawn], dtype=object)


def _phones(n: int, rng: np.random.Generator) -> np.ndarray:
    return np.array([f"06{k:08d}" for k in rng.integers(0, 10**8, n)], dtype=object)


def _marry(told: pd.DataFrame, dirt: Dirt, rng: np.random.Generator) -> None:
    n = len(told)
    is_married = told["is_woman"].to_numpy() & (rng.random(n) < dirt.married)
    tells, new = rng.random(n) < 0.5, _last_names(n, rng)
    told.loc[is_married & tells, "birth_name"] = told["last_name"]
    told["last_name"] = told["last_name"].where(~is_married, new)


def _half(name: str, share: float, rng: np.random.Generator) -> str:
    halves = [part for part in name.split("-") if len(part) > 3]
    return halves[int(rng.integers(len(halves)))] if halves and rng.random() < share else name


def _typo(name: str, rng: np.random.Generator) -> str:
    """One letter more, less, other, or two exchanged."""
    at, kind = int(rng.integers(1, max(len(name), 2))), int(rng.integers(4))
    letter = str(rng.choice(LETTERS))
    if kind == 0:
        return name[:at] + letter + name[at:]
    if kind == 1:
        return name[:at] + name[at + 1 :]
    if kind == 2:
        return name[:at] + letter + name[at + 1 :]
    return name[: at - 1] + name[at : at + 1] + name[at - 1 : at] + name[at + 1 :]


def _birthdays(days: pd.Series, dirt: Dirt, rng: np.random.Generator) -> list[str | None]:
    n = len(days)
    swap, wrong = rng.random(n) < dirt.swapped_day, rng.random(n) < dirt.wrong_digit
    gone, digits = rng.random(n) < dirt.no_birthday, rng.integers(0, 10, n)
    told: list[str | None] = []
    for day, s, w, g, digit in zip(days, swap, wrong, gone, digits, strict=True):
        text = day
        if s and int(day[8:]) <= 12:
            text = f"{day[:4]}-{day[8:]}-{day[5:7]}"
        elif w:
            text = f"{day[:3]}{digit}{day[4:]}" if digit % 2 else f"{day[:9]}{digit}"
        told.append(None if g else text)
    return told
