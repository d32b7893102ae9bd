"""Workbooks of every format, made small and by hand so that they can be made wrong."""

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from xml.sax.saxutils import escape

import xlsxwriter
import xlwt

Table = Sequence[Sequence[object]]
OPEN_DOCUMENT = "application/vnd.oasis.opendocument.spreadsheet"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("table", "table"), ("text", "text"))
)


def zipped(members: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, kind)
    return target.getvalue()


def xlsx(table: Table, name: str = "Suivi") -> bytes:
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        target,
        {"in_memory": True, "strings_to_formulas": False, "default_date_format": "dd/mm/yyyy"},
    )
    sheet = workbook.add_worksheet(name)
    for row, cells in enumerate(table):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, column, cell)
            else:
                sheet.write(row, column, cell)
    workbook.close()
    return target.getvalue()


def xls(table: Table, *more: Table, hidden_row: int = -1, name: str = "Suivi") -> bytes:
    """BIFF8. Texts that begin with ``=`` are formulas, which xlwt never computes."""
    workbook = xlwt.Workbook(encoding="utf-8")
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for number, one in enumerate((table, *more)):
        sheet = workbook.add_sheet(f"{name}{number or ''}")
        for row, cells in enumerate(one):
            for column, cell in enumerate(cells):
                if isinstance(cell, str) and cell.startswith("="):
                    sheet.write(row, column, xlwt.Formula(cell[1:]))
                elif isinstance(cell, str) and cell.startswith("#"):
                    sheet.row(row).set_cell_error(column, cell)
                elif isinstance(cell, date):
                    sheet.write(row, column, cell, day)
                else:
                    sheet.write(row, column, cell)
            sheet.row(row).hidden = row == hidden_row
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def ods(rows: str, *, parts: dict[str, str | bytes] | None = None, name: str = "Suivi") -> bytes:
    """An OpenDocument spreadsheet of one table whose rows are written by hand."""
    content = (
        f'<?xml version="1.0"?><office:document-content {NAMESPACES} xmlns:calcext="urn:c" '
        'xmlns:draw="urn:d"><office:body><office:spreadsheet>'
        f'<table:table table:name="{name}">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    members: dict[str, str | bytes] = {
        "mimetype": OPEN_DOCUMENT,
        "content.xml": content,
        "META-INF/manifest.xml": manifest,
    }
    return zipped(members | (parts or {}))


def ods_rows(table: Table) -> str:
    return "".join(
        f"<table:table-row>{''.join(map(ods_cell, cells))}</table:table-row>" for cells in table
    )


def ods_cell(cell: object) -> str:
    if cell is None or cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, bool):
        value = f'office:value-type="boolean" office:boolean-value="{str(cell).lower()}"'
    elif isinstance(cell, int | float):
        value = f'office:value-type="float" office:value="{cell!r}"'
    elif isinstance(cell, date):
        value = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
    else:
        value = 'office:value-type="string"'
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(cell).split("\n"))
    return f"<table:table-cell {value}>{lines}</table:table-cell>"


def xlsb(
    cells: Sequence[tuple[int, int, object]],
    name: str = "Suivi",
    *,
    hidden_row: int = -1,
    after: bytes = b"",
    before: bytes = b"",
    shared: Sequence[str] = (),
) -> bytes:
    """A binary workbook of cells: row, column, and a number, a text, ``#N/A`` or None.

    An integer is the number of a shared text, and ``=`` a formula that shows nothing. ``before``
    and ``after`` stand around the cells.
    """
    bounds = struct.pack(
        "<4I", 0, max(cell[0] for cell in cells), 0, max(cell[1] for cell in cells)
    )
    sheet = binary_part(0x81) + binary_part(0x94, bounds) + before + binary_part(0x91)
    for row in sorted({row for row, _column, _value in cells}):
        flags = 0x1000 if row == hidden_row else 0
        sheet += binary_part(0, struct.pack("<IIHHBI", row, 0, 300, flags, 0, 0))
        for at, column, value in cells:
            if at == row:
                sheet += binary_cell(column, value)
    sheet += binary_part(0x92) + after + binary_part(0x82)
    listed = struct.pack("<II", 0, 1) + _text("rId1") + _text(name)
    workbook = (
        binary_part(0x83)
        + binary_part(0x8F)
        + binary_part(0x9C, listed)
        + binary_part(0x90)
        + binary_part(0x84)
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relation = (
        '<?xml version="1.0"?><Relationships xmlns='
        '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    )
    texts = b"".join(binary_part(19, b"\0" + _text(text)) for text in shared)
    return zipped(
        {
            "xl/sharedStrings.bin": binary_part(0x9F, struct.pack("<II", len(shared), len(shared)))
            + texts
            + binary_part(0xA0),
            "xl/workbook.bin": workbook,
            "xl/_rels/workbook.bin.rels": relation,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def binary_cell(column: int, value: object) -> bytes:
    head = struct.pack("<II", column, 0)
    if value is None:
        return binary_part(1, head)
    if value == "#N/A":
        return binary_part(3, head + b"\x2a")
    if value == "=":
        return binary_part(8, head + _text("") + bytes(6))
    if isinstance(value, str):
        return binary_part(6, head + _text(value))
    if isinstance(value, int):
        return binary_part(7, head + struct.pack("<I", value))
    return binary_part(5, head + struct.pack("<d", value))


def binary_part(kind: int, body: bytes = b"") -> bytes:
    number = bytes([kind | 0x80, 1]) if kind >= 0x80 else bytes([kind])
    return number + bytes([len(body)]) + body


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def merged_xlsx(*ranges: str) -> bytes:
    """Two headings and two rows, the second of which has an empty first cell."""
    content = xlsx([["a", "b"], ["one", "two"], ["", "three"]])
    told = "".join(f'<mergeCell ref="{one}"/>' for one in ranges)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    sheet = bytes(parts["xl/worksheets/sheet1.xml"])  # type: ignore[arg-type]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(
        b"</sheetData>", f"</sheetData><mergeCells>{told}</mergeCells>".encode()
    )
    return zipped(parts)


def merged_xls() -> bytes:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("Suivi")
    for row, column, text in ((0, 0, "a"), (0, 1, "b"), (1, 1, "two"), (2, 1, "three")):
        sheet.write(row, column, text)
    sheet.write_merge(1, 2, 0, 0, "one")
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def merged_ods() -> bytes:
    texts = ("a", "b", "one", "two", "three")
    a, b, one, two, three = (ods_cell(text) for text in texts)
    one = one.replace("<table:table-cell", '<table:table-cell table:number-rows-spanned="2"')
    rows = (a + b, one + two, "<table:covered-table-cell/>" + three)
    return ods("".join(f"<table:table-row>{cells}</table:table-row>" for cells in rows))


def merged_xlsb() -> bytes:
    cells = [(0, 0, "a"), (0, 1, "b"), (1, 0, "one"), (1, 1, "two"), (2, 0, None), (2, 1, "three")]
    return xlsb(cells, after=binary_part(176, struct.pack("<4I", 1, 2, 0, 0)))


MERGED: dict[str, Callable[[], bytes]] = {
    "xlsx": lambda: merged_xlsx("A2:A3"),
    "xls": merged_xls,
    "ods": merged_ods,
    "xlsb": merged_xlsb,
}
