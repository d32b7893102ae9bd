"""Files that mean harm, or look as if they did: each is refused by name, or read exactly."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.workbooks import OPEN_DOCUMENT, ods, ods_rows, xls, xlsb, xlsx, zipped

ROW = '<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>'
SMALL = "".join(ROW.format(n=n) for n in range(1, 4))
THREE = [["1"], ["2"], ["3"]]
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
DELIVERED = "delivery.xlsx"


class Hostile(NamedTuple):
    """One file: the codes of refusals that will do, or the cells it must give."""

    name: str
    content: bytes
    refusals: tuple[str, ...] = ()
    cells: list[list[str]] | None = None


def hostile_files(make_workbook: Callable[..., bytes]) -> Iterator[Hostile]:
    """``make_workbook`` makes an xlsx whose cells are written by hand."""
    yield from _bombs(make_workbook)
    yield from _far_cells(make_workbook)
    yield from _entities(make_workbook)
    yield from _names(make_workbook)
    yield from _locked_and_running(make_workbook)
    yield from _lies(make_workbook)
    yield from _cut_and_mixed()
    yield from _texts()


def _bombs(make: Callable[..., bytes]) -> Iterator[Hostile]:
    spaces = " " * 30_000_000
    yield Hostile("spaces in the sheet", make(spaces), ("inflates_too_much",))
    texts = f"<sst><si><t>{'a' * 30_000_000}</t></si></sst>"
    parts = {"xl/sharedStrings.xml": texts}
    yield Hostile("one long shared text", make(SMALL, parts=parts), ("inflates_too_much",))
    parts = {"xl/media/image.bin": "\0" * 30_000_000}
    yield Hostile("a part nobody asked for", make(SMALL, parts=parts), ("inflates_too_much",))
    yield Hostile("spaces in an open document", ods(" " * 30_000_000), ("inflates_too_much",))
    nested = make(SMALL, parts={"xl/embeddings/1.xlsx": make(SMALL, parts={"a.xlsx": make("")})})
    yield Hostile("a workbook in a workbook in a workbook", nested, cells=THREE)
    parts = {f"xl/{n}.xml": "" for n in range(2_001)}
    yield Hostile("2,001 parts", make(SMALL, parts=parts), ("too_many_members",))
    lying = bytearray(make(" " * 3_000_000 + SMALL))
    place = lying.index(b"PK\x01\x02" + lying[lying.index(b"PK\x01\x02") + 4 :][:0])
    for _member in range(5):
        struct.pack_into("<I", lying, place + 24, 10)
        place = lying.find(b"PK\x01\x02", place + 4)
    yield Hostile("sizes that are not those of the parts", bytes(lying), ("damaged", "incomplete"))
    long_text = "x" * 30_000
    texts = f"<sst><si><t>{long_text}</t></si></sst>"
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 2_100))
    often = make(rows, parts={"xl/sharedStrings.xml": texts})
    yield Hostile("one long text again and again", often, ("reader_died",))


def _far_cells(make: Callable[..., bytes]) -> Iterator[Hostile]:
    far = '<row r="1048576"><c r="XFD1048576"{more}</row>'
    yield Hostile("a far cell", make(SMALL + far.format(more="><v>1</v></c>")), ("far_cell",))
    yield Hostile("a styled far cell", make(SMALL + far.format(more=' s="1"/>')), cells=THREE)
    formula = "><f>1+1</f></c>"
    yield Hostile("a far formula", make(SMALL + far.format(more=formula)), ("far_cell",))
    error = ' t="e"><v>#REF!</v></c>'
    yield Hostile("a far error", make(SMALL + far.format(more=error)), ("far_cell",))
    behind = '<row r="4"><c r="XFD4"><v>1</v></c><c r="A4"><v>4</v></c></row>'
    yield Hostile("a far cell before a near one", make(SMALL + behind), ("far_cell",))
    hidden = '<row r="4"><c><v>1</v></c><c r="ZZZ4"><v>1</v></c></row>'
    yield Hostile("a column that does not exist", make(SMALL + hidden), ("far_cell", "damaged"))
    high = '<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>'
    yield Hostile("a row beyond all numbers", make(SMALL + high), ("damaged", "far_cell"))
    yield Hostile("row 0", make('<row r="0"><c r="A0"><v>1</v></c></row>'), ("damaged",))
    yield Hostile("row -1", make('<row r="-1"><c><v>1</v></c></row>'), ("damaged", "rows_lost"))
    comment = '<!-- <row r="4"> --><row r="5"><c r="XFD5"><v>1</v></c></row>'
    yield Hostile("a far cell after a comment", make(SMALL + comment), ("far_cell",))
    prefixed = '<x:row r="9"><x:c r="XFD9"><x:v>1</x:v></x:c></x:row>'
    yield Hostile("a far cell with a prefix", make(SMALL + prefixed), ("far_cell", "damaged"))
    repeated = ods_rows([["a"]]).replace(
        "<table:table-row>", '<table:table-row table:number-rows-repeated="1048576">'
    )
    yield Hostile("a row repeated a million times", ods(repeated), ("far_cell",))
    wide = ods_rows([["a"]]).replace(
        "<table:table-cell ", '<table:table-cell table:number-columns-repeated="1000000" '
    )
    yield Hostile("a cell repeated a million times", ods(wide), ("far_cell",))
    nothing = '<table:table-row table:number-rows-repeated="99999999999"><table:table-cell/>'
    empty = ods(ods_rows([["a"]]) + nothing + "</table:table-row>")
    yield Hostile("empty rows without end", empty, ("damaged", "reader_died"), [["a"]])
    yield Hostile(
        "a far cell of a binary workbook",
        xlsb([(0, 0, 1.0), (1_048_575, 16_383, 1.0)]),
        ("far_cell",),
    )


def _entities(make: Callable[..., bytes]) -> Iterator[Hostile]:
    for name, head in (("a billion laughs", LAUGHS), ("a file of the system", XXE)):
        yield Hostile(f"{name} in the sheet", make(SMALL, head=head), ("doctype",))
        parts = {"xl/sharedStrings.xml": f"{head}<sst/>"}
        yield Hostile(f"{name} in the texts", make(SMALL, parts=parts), ("doctype",))
        parts = {"xl/workbook.xml": f"{head}<workbook/>"}
        yield Hostile(f"{name} in the list of sheets", make(SMALL, parts=parts), ("doctype",))
        content = ods("", parts={"content.xml": f"{head}<x>&e;</x>"})
        yield Hostile(f"{name} in an open document", content, ("doctype",))
    parts = {"xl/styles.xml": f"{LAUGHS}<styleSheet/>"}
    yield Hostile("laughs in the styles", make(SMALL, parts=parts), ("doctype",))
    sheet = '<?xml version="1.0" encoding="cp037"?><worksheet><sheetData/></worksheet>'
    parts = {"xl/worksheets/sheet1.xml": sheet}
    yield Hostile("a sheet in the letters of a mainframe", make("", parts=parts), ("damaged",))


def _names(make: Callable[..., bytes]) -> Iterator[Hostile]:
    up = {"../../../../tmp/agir-was-here": "x", "/tmp/agir-was-here": "x"}
    yield Hostile("parts that lead out of the archive", make(SMALL, parts=up), cells=THREE)
    yield Hostile("a name of 60,000 letters", make(SMALL, parts={"a" * 60_000: ""}), cells=THREE)
    relation = (
        '<Relationships><Relationship Id="r1" Type="x/worksheet" '
        'Target="../../../../etc/passwd"/></Relationships>'
    )
    parts = {"xl/_rels/workbook.xml.rels": relation}
    yield Hostile("a sheet that is a file of the system", make("", parts=parts), ("damaged",))
    outside = relation.replace("../../../../etc/passwd", "http://127.0.0.1:9/x")
    parts = {"xl/_rels/workbook.xml.rels": outside}
    yield Hostile("a sheet that is an address", make("", parts=parts), ("damaged",))
    twice = io.BytesIO(make(SMALL))
    with zipfile.ZipFile(twice, "a") as archive:
        other = "<worksheet><sheetData><row><c><v>9</v></c></row></sheetData></worksheet>"
        archive.writestr("xl/worksheets/Sheet1.xml", other)
    yield Hostile("two parts of almost one name", twice.getvalue(), ("rows_lost",), THREE)


def _locked_and_running(make: Callable[..., bytes]) -> Iterator[Hostile]:
    parts = {"xl/vbaProject.bin": "x"}
    yield Hostile("macros", make(SMALL, parts=parts), ("macros",))
    parts = {"XL/VBAPROJECT.BIN": "x"}
    yield Hostile("macros in capitals", make(SMALL, parts=parts), ("macros",))
    locked = bytearray(make(SMALL))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    yield Hostile("a zip with a password", bytes(locked), ("encrypted", "damaged"))
    container = b"\xd0\xcf\x11\xe0" + b"\xff" * 2_000
    yield Hostile("a container of nothing", container, ("incomplete",))
    name = "EncryptedPackage".encode("utf-16-le") + b"\0\0"
    yield Hostile("a container that says it is locked", container + name, ("encrypted",))
    loop = bytearray(xls([["a"]]))
    struct.pack_into("<2I", loop, 68, 0, 0x7FFFFFFF)
    yield Hostile("an endless table of sectors", bytes(loop), ("incomplete",))


def _lies(make: Callable[..., bytes]) -> Iterator[Hostile]:
    sheet = "<worksheet><dimension ref='{ref}'/><sheetData>{rows}</sheetData></worksheet>"
    for ref in ("A1", "A1:XFD1048576", "ZZZ9:A1", "nonsense"):
        parts = {"xl/worksheets/sheet1.xml": sheet.format(ref=ref, rows=SMALL)}
        yield Hostile(f"a dimension of {ref}", make("", parts=parts), ("damaged",), THREE)
    yield Hostile("rows twice", make(SMALL + SMALL), ("rows_lost",), THREE)
    parts = {"xl/sharedStrings.xml": "<sst count='4000000000' uniqueCount='4000000000'/>"}
    many = make(SMALL, parts=parts)
    yield Hostile("four billion texts that are not there", many, ("reader_died",), THREE)
    deep = "<a>" * 20_000 + "</a>" * 20_000
    yield Hostile("twenty thousand elements deep", make(deep + SMALL), ("damaged",), THREE)
    text = '<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>'
    yield Hostile("a text that is not there", make(text), ("damaged",))
    attributes = " ".join(f'a{n}="1"' for n in range(50_000))
    rows = f"<row r='1' {attributes}><c><v>1</v></c></row>"
    yield Hostile("fifty thousand attributes", make(rows), ("damaged",), [["1"]])


def _cut_and_mixed() -> Iterator[Hostile]:
    whole = xlsx([["a", 1], ["b", 2]])
    yield Hostile("the first half of a workbook", whole[: len(whole) // 2], ("incomplete",))
    yield Hostile(
        "the second half of a workbook", whole[len(whole) // 2 :], ("nul_byte", "undecodable")
    )
    yield Hostile("a workbook behind a picture", b"GIF89a" + b"\0" * 20 + whole, ("undecodable",))
    yield Hostile("a page behind a workbook", whole + b"<html>" * 9, (), [["a", "1"], ["b", "2"]])
    yield Hostile(
        "half of an old workbook", xls([["a"] * 99] * 99)[:9_000], ("incomplete", "damaged")
    )
    page = b"<!DOCTYPE html><script>alert(1)</script><table><tr><td>1</td></tr></table>"
    yield Hostile("a web page", page, ("html",))
    yield Hostile("a page in wide letters", page.decode().encode("utf-16"), ("html",))
    wrong = zipped({"mimetype": OPEN_DOCUMENT, "META-INF/manifest.xml": "<x/>"})
    yield Hostile("an open document without content", wrong, ("damaged",))
    yield Hostile("a zip of a zip", zipped({"a.zip": zipped({"b.txt": "x"})}), ("archive",))
    yield Hostile("a compressed text", zlib.compress(b"a" * 99), ("nul_byte", "undecodable"), None)


def _texts() -> Iterator[Hostile]:
    yield Hostile("one line of nine million letters", b"a" * 9_000_000, (), None)
    yield Hostile("nine million line ends", b"a;b\n1;2" + b"\n" * 300_000, (), None)
    quotes = b"a;b\n" + b'"' * 200_001
    yield Hostile("two hundred thousand quotes", quotes, (), None)
    commas = b"a,b\n" + b"," * 1_000_000
    yield Hostile("a million separators", commas, (), None)
    yield Hostile("a NUL", b"a;b\n1;\x00\n", ("nul_byte",))
    injected = [["=cmd|' /C calc'!A0", "@SUM(1)"], ["+1", "-1"]]
    content = "\n".join(";".join(row) for row in injected).encode()
    yield Hostile("commands for a spreadsheet", content, cells=injected)
    bidi = [["nom", "\u202egpj.exe"], ["a", "\u2066b"]]
    content = "\n".join(";".join(row) for row in bidi).encode()
    yield Hostile("letters that turn round", content, cells=bidi)


def told(found: Any) -> str:
    """What became of a file, in a word."""
    return found.code if hasattr(found, "code") else f"{len(found[0].rows)} rows"
