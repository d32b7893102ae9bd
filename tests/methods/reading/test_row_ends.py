"""A glance at a whole column says of its rows what a look at each of them says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.methods.reading import row_ends
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.headings import Layout
from agir_pipeline.methods.reading.row_ends import End, first_ends

NAMES = st.text("abcé1", min_size=1, max_size=4)
FIRSTS = st.one_of(
    st.lists(NAMES, max_size=8),
    st.lists(st.sampled_from(["Dupont", "total", "Sous total", "TOTAl\nx", "", " a", "-", "Nom "])),
    st.tuples(st.lists(NAMES), st.sampled_from(["", "Nom", "NOM", "Total", "\n", "(a)"])).map(
        lambda told: [*told[0], told[1]]
    ),
)
LAYOUT = Layout(0, {"name": 0, "id": 1}, (), ())


@given(FIRSTS, st.sampled_from(["Nom", "", "a"]), st.sampled_from([["name"], ["id"], []]))
def test_a_glance_says_what_a_look_at_each_row_says(
    firsts: list[str], heading: str, key: list[str]
) -> None:
    rows = [[heading, "id", "on"], *([first, "1", "2"] for first in firsts)]
    grid = Grid("csv", "", list(enumerate(rows, 1)))
    told = first_ends(grid, LAYOUT, key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_ends, "_may_all_be_data", lambda _texts, _heading: False)
        assert first_ends(grid, LAYOUT, key) == told


@pytest.mark.parametrize("odd", ["Total", "", "Nom"])
def test_one_odd_text_has_every_row_looked_at(odd: str) -> None:
    names = ["Durand", "Martin", odd]
    assert not row_ends._may_all_be_data(names, "nom")
    assert row_ends._may_all_be_data(names[:2], "nom")


def test_a_heading_among_the_data_is_set_aside() -> None:
    rows = [["Nom", "id", "on"], ["Durand", "1", "2"], ["Nom", "id", "on"]]
    grid = Grid("csv", "", list(enumerate(rows, 1)))
    assert first_ends(grid, LAYOUT, ["id"]) == (
        [End.OUTSIDE, End.ACCEPTED, End.OUTSIDE],
        {},
    )
