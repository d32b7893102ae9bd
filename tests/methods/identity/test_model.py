"""The levels of agreement, each by a pair drawn by hand; DuckDB decides as it does in the night."""

import duckdb
import pytest

from agir_pipeline.methods.identity.features import COMPARED
from agir_pipeline.methods.identity.model import model_settings, prior_of, usual_shares

Told = dict[str, str | None]
DURAND: Told = {"last_name": "durand", "first_name": "marie", "born_on": "1990-02-07"}


def level(field: str, one: Told, other: Told) -> str:
    """What the comparison of a field says of two people."""
    [comparison] = [c for c in model_settings()["comparisons"] if c["output_column_name"] == field]
    cases = " ".join(
        f"when {told['sql_condition']} then '{told['label_for_charts']}'"
        if told["sql_condition"] != "ELSE"
        else f"else '{told['label_for_charts']}'"
        for told in comparison["comparison_levels"]
    )
    values = {
        f"{name}_{end}": who.get(name)
        for who, end in ((one, "l"), (other, "r"))
        for name in COMPARED
    }
    columns = ", ".join(f'cast(? as varchar) as "{name}"' for name in values)
    query = f"select case {cases} end from (select {columns})"
    [found] = duckdb.connect().execute(query, list(values.values())).fetchone() or (None,)
    return str(found)


@pytest.mark.parametrize(
    ("field", "changes", "said"),
    [
        ("last_name", {}, "the same"),
        ("last_name", {"last_name": None}, "nothing to say"),
        ("last_name", {"last_name": "marie", "first_name": "durand"},
         "swapped with the first name"),
        ("last_name", {"last_name": "marrie", "first_name": "durant"},
         "swapped with the first name"),
        ("last_name", {"last_name": "petit", "other_name": "durand"},
         "the name of before or after a marriage"),
        ("last_name", {"last_name": "durant"}, "a spelling of it"),
        ("last_name", {"last_name": "durandmartin"}, "a part of it"),
        ("last_name", {"last_name": "dubrant"}, "alike"),
        ("last_name", {"last_name": "petit"}, "another"),
        ("first_name", {}, "the same"),
        ("first_name", {"last_name": "marie", "first_name": "durand"}, "nothing to say"),
        ("first_name", {"first_name": "mariee"}, "a spelling of it"),
        ("first_name", {"first_name": "annemarie"}, "a part of it"),
        ("first_name", {"first_name": "marion"}, "alike"),
        ("first_name", {"first_name": "zoe"}, "another"),
        ("born_on", {}, "the same"),
        ("born_on", {"born_on": "1990-07-02"}, "day and month swapped"),
        ("born_on", {"born_on": "1990-02-17"}, "one figure apart"),
        ("born_on", {"born_on": "1990-02-28"}, "the same year and month or day"),
        ("born_on", {"born_on": "1982-02-07"}, "the same day of another year"),
        ("born_on", {"born_on": "1990-11-28"}, "the same year"),
        ("born_on", {"born_on": "1984-11-28"}, "another"),
        ("phone", {}, "nothing to say"),
    ],
)  # fmt: skip
def test_each_level_is_reached(field: str, changes: Told, said: str) -> None:
    assert level(field, DURAND, DURAND | changes) == said
    assert level(field, DURAND | changes, DURAND) == said


@pytest.mark.parametrize(
    ("field", "one", "other", "said"),
    [
        ("place", "44000", "44000", "the same"),
        ("place", "44000", "44600", "another"),
        ("phone", "612345678", "612345678", "the same"),
        ("phone", "612345678", "612345687", "one figure apart"),
        ("phone", "612345678", "698765432", "another"),
        ("email", "a.roy@x.fr", "a.roy@x.fr", "the same"),
        ("email", "a.roy@x.fr", "a.roy@y.fr", "the same before the @"),
        ("email", "a.roy@x.fr", "b.roy@x.fr", "another"),
    ],
)
def test_places_phones_and_addresses_are_compared(
    field: str, one: str, other: str, said: str
) -> None:
    assert level(field, {field: one}, {field: other}) == said


def test_a_short_name_is_no_spelling_of_another_by_one_letter() -> None:
    assert level("last_name", {"last_name": "roy"}, {"last_name": "rey"}) != "a spelling of it"


def test_the_usual_share_of_a_name_is_that_of_equal_names_among_strangers() -> None:
    rare = [{"is_null_level": True}, {"tf_adjustment_column": "x", "u_probability": 0.004}]
    plain = [{"is_null_level": True}, {"u_probability": 0.002}]
    named = [
        {"output_column_name": name, "comparison_levels": levels}
        for name, levels in (("last_name", rare), ("place", rare), ("phone", plain))
    ]
    assert usual_shares({"comparisons": named}) == {"last_name": 0.004, "place": 0.004}
    assert not usual_shares(model_settings() | {"comparisons": []})


def test_the_prior_is_what_the_model_was_told() -> None:
    assert prior_of({"probability_two_random_records_match": 1e-4}) == 1e-4
