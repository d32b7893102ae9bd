"""Old and new headings side by side: what is proposed, and what is not."""

from agir_pipeline.methods.decisions.drift import headings_by_column, strange_headings
from agir_pipeline.protocol.model import Source
from tests.methods.reading.conftest import DAY, grid

HEADER = ["Dossier", "Ville", "Niveau", "Visites"]
BEFORE = dict(zip(["case", "town", "level", "n_visits"], HEADER, strict=True))
ROWS = [["A", "Nozay", "V", "1"], ["B", "Derval", "Niveau IV", "2"]]


def told(register: Source, header: list[str], rows: list[list[str]]) -> list[tuple[str, str, str]]:
    found = strange_headings(grid(header, *rows), register, DAY, BEFORE)
    return [(one.letter, one.column, one.before) for one in found]


def test_the_layout_of_before_is_known_by_its_headings(register: Source) -> None:
    assert headings_by_column(grid(HEADER, *ROWS), register, DAY) == BEFORE


def test_a_renamed_column_is_proposed_by_words_and_values(register: Source) -> None:
    header = ["Dossier", "Ville", "Niveau préparé", "Nb de visites"]
    assert told(register, header, ROWS) == [
        ("C", "level", "Niveau"),
        ("D", "n_visits", "Visites"),
    ]


def test_values_decide_where_words_say_little(register: Source) -> None:
    header = ["Dossier", "Ville", "Nombre", "Niv. visé"]
    rows = [[a, b, d, c] for a, b, c, d in ROWS]
    assert told(register, header, rows) == [
        ("C", "n_visits", "Visites"),
        ("D", "level", "Niveau"),
    ]


def test_a_new_column_is_proposed_for_nothing_it_is_not_like(register: Source) -> None:
    rows = [[*row, "02 40 00 00 00"] for row in ROWS]
    assert told(register, [*HEADER, "Fax"], rows) == [("E", "", "")]
    assert told(register, [*HEADER, "Fax"], [[*row, ""] for row in ROWS]) == [("E", "", "")]


def test_a_column_that_left_alone_stands_without_a_heading(register: Source) -> None:
    assert told(register, HEADER[:3], [row[:3] for row in ROWS]) == [("", "n_visits", "Visites")]


def test_a_new_heading_unlike_the_lost_column_leaves_both_apart(register: Source) -> None:
    header, rows = ["Dossier", "Ville", "Niveau", "Fax"], [[*row[:3], "abc"] for row in ROWS]
    assert told(register, header, [*rows, ["short"]]) == [
        ("D", "", ""),
        ("", "n_visits", "Visites"),
    ]


def test_an_empty_column_is_known_by_its_words_alone(register: Source) -> None:
    header, rows = ["Dossier", "Ville", "Niveau", "Visite"], [[*row[:3], ""] for row in ROWS]
    assert told(register, header, rows) == [("D", "n_visits", "Visites")]


def test_one_column_is_proposed_once(register: Source) -> None:
    header = ["Dossier", "Ville", "Niveau", "Visites 1", "Visites 2"]
    rows = [[*row, row[3]] for row in ROWS]
    assert told(register, header, rows) == [("D", "n_visits", "Visites"), ("E", "", "")]
