"""The catalogue of faults is in the bytes where the truth says, and the truth is complete."""

import csv
import io
import json
import zipfile
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.catalogue import OF_FILES
from agir_pipeline.methods.synthetic.deliveries import Delivery
from agir_pipeline.methods.synthetic.faults import EDITS
from agir_pipeline.methods.synthetic.habits import LAYOUTS
from agir_pipeline.methods.synthetic.study import Study
from agir_pipeline.methods.synthetic.truth import corrections_meant

Rows = list[list[Any]]
Files = dict[tuple[str, str, str], Delivery]

WRONG = {
    "not_a_date": ("31/11/2010", "sept-10", "fin mars"),
    "date_order": ("09/25/2010",),
    "not_a_code": ("niveau 9", "5", "A9", "A7", "T7/T15", "à voir"),
    "not_a_number": ("douze", "vingt", "une heure", "secret", "2 300,00 EUR TTC"),
    "not_an_integer": ("3,5",),
    "not_yes_or_no": ("en cours",),
    "digits_lost": ("9,9E+13",),
    "rewritten": ("02/01/2009",),
    "pattern": ("44O00", "XX 12", "tuteur 12", "demande 1"),
    "required_missing": ("",),
}


def physical_rows(delivery: Delivery) -> Rows:
    """All rows of the file as a person sees them in a spreadsheet; row 1 is the first."""
    layout = LAYOUTS[delivery.source, delivery.provider]
    if layout.container == "xlsx":
        book = CalamineWorkbook.from_filelike(io.BytesIO(delivery.content))
        return book.get_sheet_by_name(layout.sheet).to_python(skip_empty_area=False)
    text = delivery.content.decode(layout.encoding)
    return [next(csv.reader([line], delimiter=layout.delimiter), []) for line in text.split("\r\n")]


@pytest.fixture(scope="module")
def by_file(delivered: list[Delivery]) -> Files:
    return {(d.source, d.file_name, str(d.known_on)): d for d in delivered}


@pytest.fixture(scope="module")
def faults(study: Study) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = study.truth["faults"]
    return found


def test_every_fault_of_the_catalogue_is_planted_in_one_file(
    faults: list[dict[str, Any]], calibration: Calibration
) -> None:
    files = Counter(
        (what, check) for what, check, _ in {(f["what"], f["check"], f["file"]) for f in faults}
    )
    assert files == dict.fromkeys(((fault.what, fault.check) for fault in calibration.faults), 1)
    assert {f["source"] for f in faults} == {source for source, _ in LAYOUTS}


def test_a_key_or_a_person_given_twice_is_listed_at_both_rows(
    faults: list[dict[str, Any]], calibration: Calibration
) -> None:
    rows = Counter(f["check"] for f in faults)
    assert rows["key_collision"] == rows["same_person"] == 2
    assert len(faults) == len(calibration.faults) + 2


@pytest.mark.parametrize("check", sorted(WRONG))
def test_the_wrong_value_stands_at_the_stated_place(
    check: str, faults: list[dict[str, Any]], by_file: Files
) -> None:
    chosen = [f for f in faults if f["check"] == check]
    assert chosen
    for fault in chosen:
        row = physical_rows(by_file[fault["source"], fault["file"], fault["known_on"]])[
            fault["row"] - 1
        ]
        assert any(cell in WRONG[check] for cell in row)


def test_the_colliding_rows_share_their_key_and_nothing_else(
    faults: list[dict[str, Any]], by_file: Files
) -> None:
    one, other = (
        physical_rows(by_file[f["source"], f["file"], f["known_on"]])[f["row"] - 1]
        for f in faults
        if f["check"] == "key_collision"
    )
    assert one[0] == other[0]
    assert one[1:4] != other[1:4]


def test_the_copied_row_is_the_later_one(faults: list[dict[str, Any]], by_file: Files) -> None:
    for fault in [f for f in faults if f["check"] == "duplicate"]:
        rows = physical_rows(by_file[fault["source"], fault["file"], fault["known_on"]])
        assert rows[fault["row"] - 1] in rows[1 : fault["row"] - 1]


def test_the_cut_row_has_a_cell_too_many(faults: list[dict[str, Any]], by_file: Files) -> None:
    fault = next(f for f in faults if f["check"] == "wrong_field_count")
    rows = physical_rows(by_file[fault["source"], fault["file"], fault["known_on"]])
    widths = Counter(len(row) for row in rows if row)
    assert len(rows[fault["row"] - 1]) == len(rows[0]) + 1
    assert widths[len(rows[0]) + 1] == 1


def test_files_that_cannot_be_read_are_followed_by_one_that_can(
    delivered: list[Delivery], faults: list[dict[str, Any]]
) -> None:
    whole = [f for f in faults if f["check"] in OF_FILES]
    unreadable = {"incomplete", "empty", "encrypted", "missing_columns"}
    assert {f["check"] for f in whole} == unreadable | {"column_left", "column_emptied"}
    for fault in whole:
        same = [d for d in delivered if d.file_name == fault["file"]]
        assert len(same) == 2
        assert str(same[0].known_on) == fault["known_on"]
        assert (same[1].known_on - same[0].known_on).days == 3
        assert same[0].content != same[1].content
        assert physical_rows(same[1])


def test_unreadable_files_are_unreadable_in_their_own_way(
    faults: list[dict[str, Any]], by_file: Files
) -> None:
    content = {
        f["check"]: by_file[f["source"], f["file"], f["known_on"]].content
        for f in faults
        if f["check"] in OF_FILES
    }
    assert content["empty"] == b""
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(content["incomplete"]))
    assert content["encrypted"].startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert "EncryptedPackage".encode("utf-16-le") in content["encrypted"]
    assert "Code interne" in content["missing_columns"].decode("cp1252").splitlines()[0]


def test_no_fault_but_a_contradiction_stands_in_the_last_file_of_a_stream(
    delivered: list[Delivery], faults: list[dict[str, Any]]
) -> None:
    """What a later file settles is no contradiction any more."""
    last = {(d.source, d.provider): d.file_name for d in delivered}
    in_last = [f for f in faults if f["file"] == last[f["source"], f["provider"]]]
    assert [f["check"] for f in in_last] == ["contradiction"]


def test_the_truth_is_json(study: Study) -> None:
    assert json.loads(json.dumps(study.truth)) == study.truth


def test_the_truth_names_everybody_the_files_name_and_nobody_else(
    study: Study, delivered: list[Delivery], faults: list[dict[str, Any]]
) -> None:
    broken = {(f["file"], f["known_on"]) for f in faults if f["check"] in OF_FILES}
    seen: dict[str, set[str]] = {"beneficiary_register": set(), "control_pool": set()}
    register: set[str] = set()
    for d in delivered:
        if (d.file_name, str(d.known_on)) in broken:
            continue
        first = len(LAYOUTS[d.source, d.provider].title)
        rows = physical_rows(d)[first:]
        if d.source in seen:
            seen[d.source] |= {str(row[0]) for row in rows if row and "-" in str(row[0])}
        if d.source == "contract_register":
            register |= {row[1] for row in rows[1:] if row}
    people = study.truth["people"]
    cases = {p["keys"].get("beneficiary_register") for p in people} - {None}
    references = {p["keys"]["control_pool"][1] for p in people if "control_pool" in p["keys"]}
    numbers = {k[1] for p in people for k in p["keys"].get("contract_register", [])}
    # The case opened twice never was one.
    assert seen["beneficiary_register"] - {"AGIR-900901"} == cases
    assert seen["control_pool"] == references
    assert register == numbers
    assert Counter(p["arm"] for p in people)["beneficiary"] == len(cases)
    assert {p["arm"] for p in people} == {"beneficiary", "control", None}


def test_people_nobody_can_link_are_controls_alone(study: Study) -> None:
    lost = [p for p in study.truth["people"] if not p["linkable"]]
    assert 0 < len(lost) < 10
    assert {p["arm"] for p in lost} <= {"control", None}


def test_the_truth_says_how_many_pairs_the_first_instant_gives(study: Study) -> None:
    assert study.truth["n_pairs_expected_2010"] == 23


def test_effects_are_there_for_every_definition_and_horizon(study: Study) -> None:
    effects = study.truth["effects"]
    keys = {f"{name}_{days}" for name in ("gross", "net_180") for days in (91, 183, 274, 365)}
    assert set(effects["att_all_beneficiaries"]) == keys | {"durable"}
    assert set(effects["base_all_beneficiaries"]) == keys | {"durable"}
    cases = {p["keys"].get("beneficiary_register") for p in study.truth["people"]} - {None}
    assert set(effects["beneficiaries"]) == cases
    for case in effects["beneficiaries"].values():
        assert all(y1 in (0, 1) and y0 in (0, 1) for y1, y0 in case.values())
        assert case["net_180_365"][1] <= case["gross_365"][1]


def test_what_each_correction_must_come_to_is_part_of_the_truth(study: Study) -> None:
    meant = corrections_meant(study.truth)
    assert {status for _source, _key, status in meant} == {"applied", "conflict", "orphan"}
    assert meant[0][:2] == ("beneficiary_register", study.truth["corrections"][0]["business_key"])


def test_a_wrong_digit_stands_where_a_number_stands(calibration: Calibration) -> None:
    [fault, *_others] = [one for one in calibration.faults if one.check == "wrong_checksum"]
    column = SimpleNamespace(position_of=lambda _name: 0)
    rows: Rows = [["12345678900019"], [""], [""], [""], ["12345678900027"], [""]]
    [place] = EDITS["wrong_checksum"](fault, column, rows, list(range(6)))
    assert rows[place][0] in ("12345678900010", "12345678900028")
