"""The trained model on Splink: what it finds, and that nothing else decides."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.errors import UsageError
from agir_pipeline.methods.identity.features import compared_values, with_frequencies
from agir_pipeline.methods.identity.model import ID, model_settings, usual_shares
from agir_pipeline.protocol.loading import packaged_protocols
from agir_pipeline.resources.linkage import AT_MOST, may_hold_pairs, read_model, score_pairs
from benchmarks.linkage import cascade
from scripts.french_people import Dirt, two_files
from scripts.other_hands import LIKENESSES, attacked_files
from scripts.train_linkage import COLUMNS

MODEL = packaged_protocols()["agir"].parent / "tables" / "linkage.json"
PEOPLE = (
    ("a1", "list", "Le Gall", "Marie-Hélène", "1990-04-07", "44000", None),
    ("b1", "register", "MARIE HELENE", "LEGALL", "1990-04-07", None, None),
    ("a2", "list", "Durand", "Karim", "1991-02-11", "44100", None),
    ("b2", "register", "Durant", "Karim", "1991-11-02", None, None),
    ("a3", "list", "Petit", "Chloé", "1992-08-30", "44600", "06 39 98 00 01"),
    ("b3", "register", "Moreau", "Chloé", "1992-08-30", "44600", "+33639980001"),
    ("a4", "list", "Robert", "Inès", "1989-12-24", "44000", None),
    ("b4", "register", "Garnier", "Inès", "1989-12-24", None, None),
    ("a5", "list", "Roux", "Enzo", "1990-01-01", "44000", None),
    ("b5", "register", "Simon", "Léa", "1993-06-15", None, None),
)


def records(order: float = 1.0, seed: int = 0) -> pd.DataFrame:
    rows = pd.DataFrame(
        PEOPLE, columns=[ID, "place_of", "last_name", "first_name", "born_on", "place", "phone"]
    )
    values = with_frequencies(compared_values(rows, COLUMNS), usual_shares(read_model(MODEL)))
    values = values.assign(place_of=rows["place_of"], is_new=True, is_left_over=True)
    values[ID] = rows[ID]
    return values.sample(frac=order, random_state=seed)


def scores(rows: pd.DataFrame) -> dict[str, float]:
    found = score_pairs(rows, read_model(MODEL), 0.01)
    return {a + b: p for a, b, p in found.itertuples(index=False, name=None)}


def test_swapped_names_typos_and_married_names_are_found_by_what_else_agrees() -> None:
    found = scores(records())
    assert set(found) == {"a1b1", "a2b2", "a3b3", "a4b4"}
    assert found["a1b1"] > 0.99  # names swapped, without accents and hyphens
    assert found["a3b3"] > 0.99  # another family name, the same phone and place
    assert 0.05 < found["a4b4"] < 0.99  # another family name and nothing else
    assert found["a2b2"] > 0.05  # a typo, and day and month swapped


def test_twins_and_father_and_son_are_a_question_however_much_they_share() -> None:
    """One of them is on the list, the other one in the register: nothing else tells them apart."""
    home, phone = "44600", "06 39 98 00 02"
    rows = pd.DataFrame(
        [
            ("a1", "list", "Quéméneur", "Chloé", "1992-08-30", home, phone),
            ("b1", "register", "Quéméneur", "Karim", "1992-08-30", home, phone),
            ("a2", "list", "Gourvennec", "Enzo", "1991-03-12", home, phone),
            ("b2", "register", "Gourvennec", "Enzo", "1964-11-05", home, phone),
            ("a3", "list", "Tanguy", "Inès", "1990-05-17", home, phone),
            ("b3", "register", "Tanguy", "Ines", "1990-05-17", home, phone),
            ("a4", "list", "Kerléo", "Léa", "1991-06-18", home, phone),
            ("b4", "register", "Kerléo", "Léo", "1991-06-18", home, phone),
            ("a5", "list", "Huet", "Mohamed", "1992-07-19", home, phone),
            ("b5", "register", "Huet", "Mouhamed", "1992-07-19", home, phone),
        ],
        columns=[ID, "place_of", "last_name", "first_name", "born_on", "place", "phone"],
    )
    values = with_frequencies(compared_values(rows, COLUMNS), usual_shares(read_model(MODEL)))
    told = scores(values.assign(**{ID: rows[ID]}, place_of=rows["place_of"], is_new=True,
                                is_left_over=True))  # fmt: skip
    assert told["a1b1"] == told["a2b2"] == told["a4b4"] == AT_MOST
    assert min(told["a3b3"], told["a5b5"]) > 0.99


@pytest.mark.parametrize("seed", range(3))
def test_row_order_changes_nothing(seed: int) -> None:
    one, other = (
        score_pairs(rows, read_model(MODEL), 0.01) for rows in (records(), records(1, seed))
    )
    pd.testing.assert_frame_equal(one, other)


def test_a_pair_needs_two_lists_something_new_and_somebody_left_over() -> None:
    rows = records()
    is_a1 = rows[ID] == "a1"
    assert set(scores(rows.assign(is_new=is_a1))) == {"a1b1"}
    assert set(scores(rows.assign(is_left_over=is_a1))) == {"a1b1"}
    for silent in ({"place_of": "list"}, {"is_new": False}, {"is_left_over": False}):
        assert not may_hold_pairs(rows.assign(**silent))
        assert scores(rows.assign(**silent)) == {}


def test_without_anything_to_compare_splink_is_never_loaded() -> None:
    code = """
import sys
import pandas as pd
from agir_pipeline.resources.linkage import score_pairs
rows = pd.DataFrame({"is_new": [False], "is_left_over": [True], "place_of": ["a"]})
assert score_pairs(rows, {}, 0.01).empty
sys.exit("splink" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_shipped_model_is_of_the_form_that_the_code_compares() -> None:
    """A change of the levels needs a new training."""
    trained, form = read_model(MODEL), model_settings()
    for one, other in zip(trained["comparisons"], form["comparisons"], strict=True):
        assert one["output_column_name"] == other["output_column_name"]
        for level, expected in zip(
            one["comparison_levels"], other["comparison_levels"], strict=True
        ):
            assert level["sql_condition"] == expected["sql_condition"]
            assert level.get("tf_adjustment_column") == expected.get("tf_adjustment_column")
            assert level.get("is_null_level") or 0 < level["u_probability"] < 1


@pytest.mark.parametrize("content", [None, "{"])
def test_a_model_that_cannot_be_read_is_told(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=r"model\.json cannot be read"):
        read_model(path)


def test_files_of_the_study_s_size_are_linked_without_a_false_link() -> None:
    """As ``benchmarks/linkage.py`` does for fifty seeds and for ten thousand people."""
    for seed in (1, 2):
        left, right = two_files(150, 600, 120, Dirt(), seed)
        linked, asked = cascade(left, right)
        one = left["person"].to_numpy()[linked["left"]]
        assert (one == right["person"].to_numpy()[linked["right"]]).all()
        assert len(linked) >= 100
        assert len(asked) <= 15


@pytest.mark.parametrize(
    ("kind", "least_linked"),
    [
        ("ocr", 45), ("sound", 50), ("capitals", 58), ("misread_bytes", 50), ("cut_off", 55),
        ("title", 58), ("one_cell", 55), ("swapped", 60), ("particle", 50), ("arabic", 50),
        ("vietnamese", 30), ("portuguese", 55), ("married", 45), ("day_for_month", 60),
        ("initial", 0), ("close_twin", 0), ("twin", 0), ("parent", 0), ("sibling", 0),
        ("namesake", 0), ("same_day", 0), ("flatmate", 0),
    ],
)  # fmt: skip
def test_another_hand_and_people_easily_mixed_up_give_no_false_link(
    kind: str, least_linked: int
) -> None:
    """As ``benchmarks/linkage.py --attacks`` does, on names and birthday alone too."""
    left, right = attacked_files(kind, (60, 120, 60), seed=7)
    linked, asked = cascade(left, right)
    is_true = (
        left["person"].to_numpy()[linked["left"]] == right["person"].to_numpy()[linked["right"]]
    )
    assert is_true.all()
    assert len(linked) >= least_linked
    assert kind in LIKENESSES or len(linked) + len(asked) >= 58
