"""What the bytes of a file are, whatever its name says."""

import json
import zipfile
from pathlib import Path

import pytest

from agir_pipeline.methods.reading.child import read_file
from agir_pipeline.methods.reading.containers import recognise
from agir_pipeline.methods.reading.grid import Limits, Refused


def kind_of(path: Path) -> str:
    with path.open("rb") as file:
        return recognise(file)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("titles_merged_totals_hidden.xlsx", "xlsx"),
        ("lo_titles_biff8.xls", "xls"),
        ("lo_titles.fods", "flat_open_document"),
        ("lo_dates_1904.ods", "ods"),
        ("password_protected.xlsx", "encrypted"),
        ("lo_html_disguised.xls", "html"),
        ("empty.xlsx", "empty"),
        ("tsv_named.xls", "text"),
        ("utf16le_bom.csv", "text"),
    ],
)
def test_a_file_is_known_by_its_bytes(fixtures: Path, name: str, kind: str) -> None:
    assert kind_of(fixtures / "spreadsheets" / name) == kind


def test_the_structure_of_a_survey_is_one_cell_that_lists_its_questions(fixtures: Path) -> None:
    path = fixtures / "limesurvey" / "survey_140140.lss"
    assert kind_of(path) == "limesurvey_structure"
    (sheet,) = read_file(path, Limits())
    ((number, (text,)),) = [row for block in sheet.blocks for row in block.rows()]
    assert (number, sheet.grid.rows) == (1, [])
    assert len(json.loads(text)["fields"]) > 20


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4", "pdf"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"Rar!\x1a", "archive"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"PK\x05\x06" + b"\0" * 18, "archive"),
        (b"\xd0\xcf\x11\xe0" + "Book".encode("utf-16-le") + b"\0\0", "xls"),
        (b"\xef\xbb\xbf  <TABLE><tr>", "html"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "html"),
        ("\ufeff<html>".encode("utf-16-le"), "html"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html>", "html"),
        (b"<?xml version='1.0'?><document LimeSurvey='1'/>", "xml"),
        (b"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?>", "spreadsheet_xml"),
        (b"name;town\r\n", "text"),
    ],
)
def test_magic_bytes_decide(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "delivery.xlsx"
    path.write_bytes(content)
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"xl/workbook.bin": "x"}, "xlsb"),
        ({"mimetype": "application/vnd.oasis.opendocument.text"}, "archive"),
        ({"survey_140140.lss": "x"}, "limesurvey_archive"),
        ({"letter.txt": "x"}, "archive"),
    ],
)
def test_a_zip_is_known_by_its_members(tmp_path: Path, members: dict[str, str], kind: str) -> None:
    path = tmp_path / "delivery.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    assert kind_of(path) == kind


def test_a_letter_of_an_old_office_is_no_workbook(fixtures: Path, tmp_path: Path) -> None:
    whole = (fixtures / "spreadsheets" / "lo_titles_biff8.xls").read_bytes()
    names = "Workbook".encode("utf-16-le"), "Document".encode("utf-16-le")
    path = tmp_path / "letter.doc"
    path.write_bytes(whole.replace(*names))
    assert kind_of(path) == "ole"
    path.write_bytes(b"\xd0\xcf\x11\xe0 a letter that was cut")
    with pytest.raises(Refused, match="incomplete"):
        kind_of(path)


def test_an_upload_that_was_cut_is_incomplete(fixtures: Path) -> None:
    with pytest.raises(Refused, match="incomplete"):
        kind_of(fixtures / "spreadsheets" / "truncated.xlsx")
