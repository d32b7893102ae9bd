"""What the bytes of a file are, by their first bytes and never by the file's name."""

import zipfile
from typing import IO

from agir_pipeline.methods.reading.compound import streams
from agir_pipeline.methods.reading.grid import Refused

HEAD_BYTES = 4096
OLE_BYTES = 100_000_000
WORKBOOKS = ("xlsx", "xlsb", "xls", "ods")

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0"
OTHERS = {
    b"%PDF": "pdf",
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf\x27\x1c": "archive",
    b"Rar!": "archive",
    b"PK\x05\x06": "archive",
}
HTML = ("<html", "<!doctype html", "<table", "<head", "<meta", "<style", "<body", "mime-version:")
"""The last one begins a page that Excel saved with its pictures as one file."""
OPEN_DOCUMENT = "application/vnd.oasis.opendocument.spreadsheet"


def recognise(file: IO[bytes]) -> str:
    """One of ``WORKBOOKS``, ``text`` or ``limesurvey_structure``; others are names of refusals.

    A zip that ends too early raises ``Refused("incomplete")``: its upload was cut.
    """
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not head:
        return "empty"
    if head.startswith(ZIP):
        return _zip_kind(file)
    if head.startswith(OLE):
        return _ole_kind(file.read(OLE_BYTES))
    for magic, kind in OTHERS.items():
        if head.startswith(magic):
            return kind
    return _text_kind(head)


def _zip_kind(file: IO[bytes]) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                return "xlsx"
            if "xl/workbook.bin" in names:
                return "xlsb"
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    kind = member.read(len(OPEN_DOCUMENT)).decode("ascii", "ignore")
                return "ods" if kind == OPEN_DOCUMENT else "archive"
            return "limesurvey_archive" if any(n.endswith(".lss") for n in names) else "archive"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as fault:
        raise Refused("incomplete") from fault


def _ole_kind(data: bytes) -> str:
    """The streams of an OLE file are told by their names, which stand in it as UTF-16."""
    if _stream("EncryptedPackage") in data:
        return "encrypted"
    if _stream("Workbook") in data or _stream("Book") in data:
        return "xls"
    streams(data)  # cut before the names, it may have been a workbook
    return "ole"


def _stream(name: str) -> bytes:
    return name.encode("utf-16-le") + b"\x00\x00"


def _text_kind(head: bytes) -> str:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = head.decode(encoding, "ignore").lstrip().lower()
    if text.startswith(HTML):
        return "html"
    if not text.startswith("<?xml"):
        return "text"
    if "<html" in text:
        return "html"
    if "<limesurveydoctype>" in text:
        return "limesurvey_structure"
    if "office:document" in text:
        return "flat_open_document"
    if "urn:schemas-microsoft-com:office:spreadsheet" in text or "excel.sheet" in text:
        return "spreadsheet_xml"
    return "xml"
