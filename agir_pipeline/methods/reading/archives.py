"""The zip around an xlsx or ods workbook: what may be opened, and what it lists.

Sizes are judged by the archive's own directory before anything is inflated; members are never
used as paths.
"""

import posixpath
import zipfile
from typing import NamedTuple

from agir_pipeline.methods.reading.binary_sheets import empty_shared, listed_sheets, scan_binary
from agir_pipeline.methods.reading.grid import Limits, Refused
from agir_pipeline.methods.reading.quick_scan import quick_scan
from agir_pipeline.methods.reading.sheet_scan import (
    SheetFacts,
    empty_shared_texts,
    local,
    parse_xml,
    scan_sheet,
)

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
BINARY_WORKBOOK = "xl/workbook.bin"
BINARY_RELATIONS = "xl/_rels/workbook.bin.rels"
BINARY_TEXTS = "xl/sharedStrings.bin"
SHARED_TEXTS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
HEAD_BYTES = 4096
PARSED_PARTS = {SHARED_TEXTS, STYLES, "content.xml", "styles.xml", "meta.xml"}
"""What the parser opens beside the sheets, whose own XML is looked at whole."""
MACRO_PARTS = ("vbaproject.bin", "basic/script-lc.xml")


class SheetEntry(NamedTuple):
    """A worksheet as the workbook lists it."""

    name: str
    part: str
    is_visible: bool


def check_archive(archive: zipfile.ZipFile, file_bytes: int, limits: Limits) -> None:
    """Refuses what would be dangerous to inflate, locked, or able to run."""
    members = archive.infolist()
    declared = sum(member.file_size for member in members)
    if len(members) > limits.members:
        raise Refused("too_many_members", found=len(members), allowed=limits.members)
    if declared > limits.declared_bytes or declared > limits.ratio * file_bytes:
        raise Refused("inflates_too_much", file_bytes=file_bytes, declared_bytes=declared)
    if any(member.flag_bits & 1 for member in members):
        raise Refused("encrypted")
    has_macros = any(member.filename.lower().endswith(MACRO_PARTS) for member in members)
    if has_macros and not limits.macros:
        raise Refused("macros")
    names = {member.filename for member in members}
    for part in PARSED_PARTS & names:
        with archive.open(part) as file:
            if b"<!DOCTYPE" in file.read(HEAD_BYTES):
                raise Refused("doctype")


def worksheets(archive: zipfile.ZipFile) -> list[SheetEntry]:
    """The worksheets in the order of their tabs; charts and dialogs are no worksheets."""
    listed: list[tuple[str, str, bool]] = []

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "sheet":
            key = next((v for k, v in attributes.items() if local(k) == "id"), "")
            is_visible = attributes.get("state", "visible") == "visible"
            listed.append((attributes.get("name", ""), key, is_visible))

    parts = _parts(archive, RELATIONS)
    with archive.open(WORKBOOK) as file:
        parse_xml(file, sheet)
    return [
        SheetEntry(name, parts[key], is_visible) for name, key, is_visible in listed if key in parts
    ]


def binary_worksheets(archive: zipfile.ZipFile) -> list[SheetEntry]:
    """The same of a binary workbook."""
    parts = _parts(archive, BINARY_RELATIONS)
    listed = listed_sheets(archive.read(BINARY_WORKBOOK))
    return [
        SheetEntry(name, parts[key], is_visible) for name, key, is_visible in listed if key in parts
    ]


def _parts(archive: zipfile.ZipFile, relations: str) -> dict[str, str]:
    """The part of each worksheet by its key."""
    parts: dict[str, str] = {}

    def relation(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "Relationship" and attributes["Type"].endswith("/worksheet"):
            target = posixpath.join("/xl", attributes["Target"])
            parts[attributes["Id"]] = posixpath.normpath(target).lstrip("/")

    with archive.open(relations) as file:
        parse_xml(file, relation)
    return parts


def scan_worksheet(archive: zipfile.ZipFile, part: str, limits: Limits) -> SheetFacts:
    """The facts of one sheet of an xlsx workbook.

    Raises ``Refused``: a cell that holds something lies too far out, or there is a DOCTYPE.
    """
    with archive.open(part) as file:
        facts = quick_scan(file, limits)
    return scan_whole(archive, part, limits) if facts is None else facts


def scan_whole(
    archive: zipfile.ZipFile, part: str, limits: Limits, empty_texts: frozenset[str] = frozenset()
) -> SheetFacts:
    with archive.open(part) as file:
        return scan_sheet(file, limits, empty_texts)


def scan_binary_worksheet(
    archive: zipfile.ZipFile, entry: SheetEntry, limits: Limits
) -> SheetFacts:
    """The facts of one sheet of a binary workbook."""
    has_texts = BINARY_TEXTS in archive.namelist()
    empty = empty_shared(archive.read(BINARY_TEXTS)) if has_texts else frozenset()
    return scan_binary(archive.read(entry.part), limits, empty, entry.name)


def empty_texts(archive: zipfile.ZipFile) -> frozenset[str]:
    """Which of the shared texts hold nothing."""
    if SHARED_TEXTS not in archive.namelist():
        return frozenset()
    with archive.open(SHARED_TEXTS) as file:
        return empty_shared_texts(file)
