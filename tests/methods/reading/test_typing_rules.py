"""One reader per declared type; distinct texts are read once."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from stdnum import luhn

from agir_pipeline.methods.reading.cells import trimmed
from agir_pipeline.methods.reading.grid import Grid
from agir_pipeline.methods.reading.typing_rules import ColumnReader, as_array, as_frame, reader_of
from agir_pipeline.protocol.model import Column

Make = Callable[..., Column]


def typed(make: Any, column: dict[str, Any], *texts: str, **more: Any) -> list[tuple[Any, str]]:
    source = make.source(column, **more)
    result = ColumnReader(source.columns[0], source).read(texts)
    return [(value, result.rules.get(n, "")) for n, value in enumerate(result.values)]


@pytest.mark.parametrize("text", ["", "  ", "\u00a0", "\ufeff", " \u200b ", "NC", " NC ", "néant"])
def test_empty_cells_and_declared_spellings_are_missing(make: Any, text: str) -> None:
    column = make.column("town", "number")
    assert typed(make, column, text, missing=["NC", "néant"]) == [(None, "")]


def test_a_surname_spelt_like_a_missing_value_is_kept(make: Any) -> None:
    people = typed(make, make.column("name"), "NA", "Na", "NULL", "NaN", missing=["NA"])
    assert people == [(None, ""), ("Na", ""), ("NULL", ""), ("NaN", "")]


@pytest.mark.parametrize("text", ["#DIV/0!", "#N/A", "#REF!", "#VALEUR!", "#NOM?"])
@pytest.mark.parametrize("kind", ["text", "identifier", "number", "date"])
def test_error_cells_are_never_values(make: Any, kind: str, text: str) -> None:
    assert typed(make, make.column("x", kind), text) == [(None, "error_cell")]


def test_text_loses_only_the_room_around_it(make: Any) -> None:
    texts = typed(make, make.column("note"), " espace\u00a0", "#1", "=1+1", "a\nb")
    assert [value for value, _rule in texts] == ["espace", "#1", "=1+1", "a\nb"]


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("73282932000074", "73282932000074", ""),
        ("73282932000074.0", "73282932000074", ""),
        ("732 829 320 00074", "73282932000074", ""),
        ("732\u00a0829\u00a0320\u00a000074", "73282932000074", ""),
        ("35600000049837", "35600000049837", ""),  # La Poste: its own sum
        ("325175600014", None, "wrong_checksum"),
        ("00325175600014", None, "wrong_checksum"),
        ("73282932000075", None, "wrong_checksum"),
        ("7,32829E+13", None, "digits_lost"),
        ("7.32829e13", None, "digits_lost"),
        ("0", None, "pattern"),
        ("732829320000741", None, "pattern"),
        ("inconnu", None, "pattern"),
    ],
)
def test_a_siret_must_pass_its_own_sum(make: Any, text: str, value: str | None, rule: str) -> None:
    column = make.column("siret", "identifier", checksum="siret")
    assert typed(make, column, text) == [(value, rule)]


def test_a_siret_that_lost_its_zeros_is_padded_when_its_sum_says_so(make: Any) -> None:
    source = make.source(make.column("siret", "identifier", checksum="siret"))
    company = "00552055" + luhn.calc_check_digit("00552055")
    whole = company + "0001" + luhn.calc_check_digit(company + "0001")
    result = ColumnReader(source.columns[0], source).read([whole, whole[2:], "732829320"])
    assert list(result.values[:2]) == [whole, whole]
    assert result.notes == {1: "zero_padded"}
    assert result.rules == {2: "pattern"}


def test_a_siret_may_have_a_pattern_too(make: Any) -> None:
    column = make.column("siret", "identifier", checksum="siret", pattern="35.*")
    assert typed(make, column, "73282932000074", "35600000049837") == [
        (None, "pattern"),
        ("35600000049837", ""),
    ]


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("01000", "01000", ""),
        ("1000", "01000", ""),
        ("1000.0", "01000", ""),
        ("'01000", "01000", ""),
        ("44 600", "44600", ""),
        ("2A004", None, "pattern"),
        ("440000", None, "pattern"),
        ("4,4E+04", None, "digits_lost"),
        ("-4400", None, "pattern"),
    ],
)
def test_a_postcode_keeps_or_gets_back_its_zero(
    make: Any, text: str, value: str | None, rule: str
) -> None:
    column = make.column("postcode", "identifier", pattern="[0-9]{5}")
    assert typed(make, column, text) == [(value, rule)]


def test_an_identifier_without_a_pattern_is_any_text_that_lost_nothing(make: Any) -> None:
    column = make.column("reference", "identifier")
    texts = ("12E3", "1.5E+07", "4711.0", "'", "AB 12")
    assert typed(make, column, *texts) == [
        ("12E3", ""),
        (None, "digits_lost"),
        ("4711", ""),
        (None, ""),
        ("AB 12", ""),
    ]


def test_repairs_are_pointed_out(make: Any) -> None:
    source = make.source(make.column("postcode", "identifier", pattern="[0-9]{5}"))
    result = ColumnReader(source.columns[0], source).read(["1000", "'01000", "44000"])
    assert result.notes == {0: "zero_padded", 1: "stray_apostrophe"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("F", "F"),
        ("femme", "F"),
        ("WOMAN", "F"),
        (" Mme. ", "F"),
        ("2", "F"),
        ("2.0", "F"),
        ("M.", "M"),
        ("Féminin", "F"),
    ],
)
def test_codes_are_known_by_code_label_and_alias(make: Any, text: str, value: str) -> None:
    codes = [make.code("F", "Woman", "Femme", "Mme", "2", "Feminin"), make.code("M", "Man", "H")]
    assert typed(make, make.column("sex", "code", codes=codes), text) == [(value, "")]


def test_codes_that_differ_by_a_sign_are_kept_apart(make: Any) -> None:
    codes = [make.code("<18"), make.code(">18"), make.code("+"), make.code("1.0")]
    column = make.column("age", "code", codes=codes)
    assert typed(make, column, "<18", "> 18", "18", "+", "-", "1.0") == [
        ("<18", ""),
        (None, "not_a_code"),
        (None, "not_a_code"),
        ("+", ""),
        (None, "not_a_code"),
        ("1.0", ""),
    ]


def test_a_label_of_two_codes_says_neither(make: Any) -> None:
    column = make.column("x", "code", codes=[make.code("1", "Other"), make.code("2", "Other")])
    assert typed(make, column, "Other", "2") == [(None, "not_a_code"), ("2", "")]


def test_yes_and_no_in_their_spellings(make: Any) -> None:
    column = make.column("has_left", "boolean")
    yes = typed(make, column, "oui", "O", "1", "1.0", "x", "VRAI", "true", "Yes")
    no = typed(make, column, "non", "N", "0", "faux", "FALSE", "no")
    assert {value for value, _rule in yes} == {True}
    assert {value for value, _rule in no} == {False}
    assert typed(make, column, "peut-être") == [(None, "not_yes_or_no")]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("text", "str"),
        ("identifier", "str"),
        ("code", "str"),
        ("date", "datetime64[us]"),
        ("instant", "datetime64[us]"),
        ("integer", "Int64"),
        ("number", "float64"),
        ("boolean", "boolean"),
    ],
)
def test_every_type_has_one_data_type_even_without_rows(make: Any, kind: Any, dtype: str) -> None:
    codes = [make.code("a")] if kind == "code" else []
    source = make.source(make.column("x", kind, codes=codes))
    for texts in ([], [""], ["", "x"]):
        values = ColumnReader(source.columns[0], source).read(texts).values
        frame = as_frame(pa.table({"x": as_array(values, kind)}))
        assert frame["x"].dtype == dtype


def test_a_distinct_text_is_read_once(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from agir_pipeline.methods.reading import typing_rules

    seen: list[str] = []
    source = make.source(make.column("n_read_once", "number"))
    real = reader_of(source.columns[0], source.date_order, source.decimal, "UTC")
    monkeypatch.setattr(
        typing_rules, "reader_of", lambda *_: lambda text: (seen.append(text), real(text))[1]
    )
    monkeypatch.setattr(typing_rules, "TEXTS_REMEMBERED", 2)
    reader = ColumnReader(source.columns[0], source)
    assert reader.read(["1 €", "2 €", "1 €", "1 €"]).values == [1.0, 2.0, 1.0, 1.0]
    assert seen == ["1 €", "2 €"]
    reader.read(["2 €", "3 €", "3 €"])  # the next delivery
    assert seen == ["1 €", "2 €", "3 €"]
    reader.read(["3 €"])  # beyond what is remembered
    assert seen == ["1 €", "2 €", "3 €", "3 €"]


def test_what_a_text_says_depends_on_how_its_source_writes(make: Any) -> None:
    column = make.column("d", "date")
    for order, day in (("day_month_year", "2010-02-01"), ("month_day_year", "2010-01-02")):
        source = make.source(column, date_order=order)
        values = ColumnReader(source.columns[0], source).read(["01/02/2010"]).values
        assert list(values) == [pd.Timestamp(day)]


@pytest.mark.parametrize("text", ["a", " a ", "\u200ba\ufeff", "\u00a0\u200b a"])
def test_room_around_a_text_is_removed(text: str) -> None:
    assert trimmed(text) == "a"


# ------------------------------------------------------------------- a partner's workbook


@pytest.mark.parametrize(
    "name",
    [
        "leading_zeros_numbers_as_text.xlsx",
        "lo_leading_zeros.xls",
        "lo_leading_zeros_cp1252_fr_formatted.csv",
    ],
)
def test_a_partner_file_is_read_as_its_description_says(
    make: Any, spreadsheet: Callable[..., Grid], name: str
) -> None:
    postcode = "[0-9]{5}|2[AB][0-9]{3}"
    source = make.source(
        make.column("siret", "identifier", checksum="siret"),
        make.column("postcode", "identifier", pattern=postcode, aliases=["CP (nombre)"]),
        make.column("postcode_text", "identifier", pattern=postcode, aliases=["CP (texte)"]),
        make.column("commune", "identifier", pattern=postcode, aliases=["Commune INSEE"]),
        make.column("pay_eur", "number", aliases=["Salaire (texte)"]),
        make.column("format_eur", "number", aliases=["Salaire (format €)"]),
        make.column("share", "number", aliases=["Taux"]),
        make.column("notes"),
        decimal=",",
    )
    result = make.read(spreadsheet(name), source)
    faults = set(zip(result.quarantine["row_number"], result.quarantine["rule"], strict=True))
    expected = {(3, "wrong_checksum"), (4, "not_a_number"), (5, "digits_lost")}
    if name.endswith(".csv"):
        expected |= {(3, "not_a_number")}  # 1?234,56: a character was lost
    assert faults == expected
    assert result.ends[result.row_ends["sheet"].iloc[0]]["n_rows"] == 5
    first = result.rows.iloc[0]
    assert first["siret"] == "73282932000074"
    assert (first["postcode"], first["commune"]) == ("01000", "01004")
    assert (first["pay_eur"], first["format_eur"], first["share"]) == (1234.56, 1234.56, 0.35)
    assert first["notes"] == "espace insécable"


THEMES = [("T01", "Trade", "Métier", "T1"), ("T07", "Home, transport", "Logement, transport", "T7")]


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("T7/T1", "T01|T07", ""),
        ("T1 + T07", "T01|T07", ""),
        ("Métier; T7;", "T01|T07", ""),
        ("T1, t1", "T01", ""),
        ("Logement, transport", "T07", ""),
        ("T7\nT1", "T01|T07", ""),
        ("T1 + T9", None, "not_a_code"),
        ("+", None, "not_a_code"),
        ("", None, ""),
    ],
)
def test_a_cell_may_hold_several_codes_of_a_list(
    make: Any, text: str, value: str | None, rule: str
) -> None:
    column = make.column("themes", "codes", codes=[make.code(*theme) for theme in THEMES])
    assert typed(make, column, text) == [(value, rule)]


def test_a_column_of_minutes_has_whole_numbers(make: Any) -> None:
    assert typed(make, make.column("spent", "minutes"), "1h30", "") == [(90, ""), (None, "")]
