"""What a steward reads about a file, a row or a cell: where, why, and what to do.

Sentences name file, sheet, row and column, never what stands in the cell.
"""

from collections.abc import Mapping

from agir_pipeline.language import _, mark
from agir_pipeline.methods.reading.findings import Finding
from agir_pipeline.methods.reading.grid import Refusal

REFUSALS: Mapping[str, str] = {
    "empty": mark("the file is empty (0 byte); send it again"),
    "incomplete": mark("the file is incomplete, its transfer was cut; send it again"),
    "damaged": mark("the workbook contradicts itself; open it, save it again and resend it"),
    "encrypted": mark(
        "the file is password-protected; send it without a password, or give its password to the "
        "nightly run (AGIR_WORKBOOK_ and the provider's name)"
    ),
    "wrong_password": mark(
        "the file is password-protected and the password known for this provider does not open it"
    ),
    "no_unlocker": mark(
        "the file is password-protected; install agir-pipeline[locked] to open it with its password"
    ),
    "macros": mark(
        "the workbook contains macros; save it without macros, or allow them for this source in "
        "study.toml"
    ),
    "doctype": mark(
        "the workbook declares a document type, which no spreadsheet does; it is not opened"
    ),
    "html": mark("this is a web page (HTML), whatever its name says; save it as .xlsx or .csv"),
    "flat_open_document": mark("this is a flat OpenDocument file (.fods); save it as .xlsx"),
    "spreadsheet_xml": mark("this is an Excel 2003 XML spreadsheet; save it as .xlsx"),
    "xml": mark("this is an XML file, not a table; send a .csv or .xlsx file"),
    "ole": mark("this is an old Office document that holds no workbook; send a .csv or .xlsx file"),
    "pdf": mark("this is a PDF document; send a .csv or .xlsx file"),
    "gzip": mark("this is a compressed file (gzip); send the file it holds"),
    "archive": mark("this is an archive, not a workbook; send the files it holds"),
    "limesurvey_archive": mark(
        "this is a LimeSurvey archive (.lsa); export the responses as csv with codes"
    ),
    "file_too_large": mark(
        "the file has {found} bytes, more than the {allowed} allowed; send it in parts"
    ),
    "too_many_members": mark(
        "the workbook has {found} parts, more than the {allowed} allowed; it is not opened"
    ),
    "inflates_too_much": mark(
        "the file has {file_bytes} bytes and would inflate to {declared_bytes}; it is not opened"
    ),
    "far_cell": mark(
        "a cell that holds something lies beyond {rows} rows or {columns} columns; delete it"
    ),
    "new_error": mark("the cell shows an error that only new programs know; correct its formula"),
    "all_hidden": mark("every sheet is hidden ({sheets}); show the one that is to be read"),
    "no_such_sheet": mark(
        "the sheet that was expected is not there; the workbook has: {sheets}; give the sheet to "
        "be read the expected name"
    ),
    "rows_lost": mark(
        "{expected} rows hold something but {found} could be read; nothing of the file is taken"
    ),
    "nul_byte": mark("a NUL character stands in the text; export the file again"),
    "undecodable": mark("a character does not exist in {encoding}; export the file as UTF-8"),
    "unknown_encoding": mark(
        "the encoding declared for this source, {encoding}, does not exist; correct the protocol"
    ),
    "reader_died": mark(
        "unreadable or dangerous file: the program that reads it was stopped; save it again as .csv"
    ),
    "reader_too_slow": mark(
        "unreadable or dangerous file: reading it takes too long; save it again as .csv"
    ),
    "no_header": mark(
        "no row among the first ones names the columns; expected headings for: {expected}"
    ),
    "missing_columns": mark(
        "columns that must be there are not: {columns}; add them, or declare their headings"
    ),
    "duplicate_heading": mark("several columns have the heading of {columns}; rename all but one"),
    "ambiguous_heading": mark("the heading could mean any of: {columns}; rename it"),
    "long_answers": mark(
        "the answers are written in words of an unknown language ({columns}); "
        "export them again as answer codes under question codes"
    ),
    "false_zeros": mark(
        "the server wrote 0 over empty cells; export again without converting Y and N"
    ),
    "nir_column": mark(
        "the column holds social security numbers (NIR), which a study may not keep; nothing of "
        "the file is kept: ask for it without that column"
    ),
    "uncached_formulas": mark(
        "{n} cells are formulas without a computed value ({addresses}); "
        "open and save the file in Excel or LibreOffice"
    ),
}

RULES: Mapping[str, str] = {
    "required_missing": mark("“{label}” is empty and must be filled"),
    "not_a_date": mark(
        "“{label}” is not a date of the calendar; write it in a date cell, or in full"
    ),
    "date_order": mark(
        "“{label}” is impossible in the declared order of day and month; correct the date"
    ),
    "ambiguous_date": mark(
        "“{label}” has dates of both orders of day and month; send this column as date cells"
    ),
    "not_a_number": mark("“{label}” is not a number; a character may have been lost"),
    "not_an_integer": mark("“{label}” is not a whole number"),
    "out_of_range": mark("“{label}” is outside what the protocol allows"),
    "in_the_future": mark(
        "“{label}” lies after the day the file came, and tells what has happened; correct the date"
    ),
    "merged_cell": mark(
        "“{label}” is empty under a merged cell; unmerge it and write the value in every row"
    ),
    "before_start": mark("“{label}” lies before the first day of the contract; ask which is right"),
    "not_yes_or_no": mark("“{label}” is neither yes nor no"),
    "not_a_code": mark(
        "“{label}” is not one of the answers declared; correct it, or declare its spelling"
    ),
    "pattern": mark("“{label}” does not have the form declared for it"),
    "wrong_checksum": mark("“{label}” fails its own check sum: a digit is wrong"),
    "digits_lost": mark("“{label}” lost digits in a spreadsheet (1,23E+13); send it as text"),
    "error_cell": mark("“{label}” shows a spreadsheet error; correct the formula"),
    "wrong_field_count": mark(
        "the line does not have as many fields as the header; a separator is missing or too many"
    ),
    "bad_quotes": mark("the quotation marks of the line do not close; correct them"),
    "key_collision": mark(
        "several rows have this key (“{label}”) with different values; keep the right one"
    ),
    "same_person": mark(
        "several rows of different keys (“{label}”) name the same person; keep one of them"
    ),
}

FINDINGS: Mapping[str, str] = {
    "hidden_rows": mark("{n} hidden row(s) were read like the others"),
    "hidden_column": mark("the column is hidden; it was read like the others"),
    "silent_formulas": mark(
        "{n} formula(s) show nothing; if they were never computed, open and save the file in Excel "
        "or LibreOffice"
    ),
    "ignored_sheet": mark("the sheet is not declared and was not read"),
    "double_encoded": mark(
        "{n} text(s) look encoded twice (é shown as Ã©); export the file as UTF-8"
    ),
    "dos_text": mark(
        "{n} text(s) look like those of MS-DOS (é shown as ‚); declare the encoding cp850"
    ),
    "latin_9": mark(
        "{n} text(s) look like those of ISO 8859-15 (œ shown as ½, € as ¤); declare the encoding "
        "iso8859-15"
    ),
    "mac_roman": mark(
        "{n} text(s) look like those of an old Mac (é shown as Ž); declare the encoding mac_roman"
    ),
    "unknown_heading": mark("the heading is not declared; the column was not read"),
    "absent_column": mark("the column is declared and not in the file; its values are missing"),
    "set_aside": mark(
        "{n} row(s) below the header were taken for totals, notes or repeated headings"
    ),
    "uncached_formulas": mark("{n} formula(s) without a computed value stand outside the data"),
    "duplicate_rows": mark("{n} row(s) repeat an earlier row; the first one counts"),
    "no_token": mark("{n} response(s) name no participant; they are kept and linked to nobody"),
    "several_responses": mark(
        "{n} finished response(s) share their participant with another; the last one counts"
    ),
    "long_answers": mark(
        "the answers are written in words: some are lost, and why a cell is empty cannot be told; "
        "export them again as answer codes under question codes"
    ),
    "no_rows": mark("the file holds no rows; earlier data stay as they are"),
    "never_begun": mark(
        "{n} contract(s) ended before their first day: nobody counts as having been in them"
    ),
    "broken_after_term": mark(
        "{n} contract(s) are told broken after their planned end: they count as ended as planned; "
        "ask which day is right"
    ),
    "term_shortened_before_end": mark(
        "{n} amendment(s) bring a planned end forward just before it, which may hide a rupture; "
        "the end counts as planned, ask why"
    ),
    "disagreement": mark("{n} value(s) do not go with what stands beside them; look at both"),
    "out_of_order": mark("{n} day(s) lie before one that comes first; look at both"),
    "kept_as_text": mark('{n} value(s) were written ="…", which was dropped'),
    "stray_apostrophe": mark("{n} value(s) began with an apostrophe, which was dropped"),
    "zero_padded": mark("{n} value(s) had lost leading zeros, which were put back"),
    "date_order_contradiction": mark("{n} date(s) prove the other order of day and month"),
    "ambiguous_dates": mark("{n} date(s) could be read in both orders; the declared one was used"),
}

SURPRISES: Mapping[str, str] = {
    "row_left": mark("this row of the file before is no longer there; ask whether it was removed"),
    "partial_file": mark("most rows of the file before are missing; ask for the whole file"),
    "rewritten": mark("“{label}” is not what earlier files said; ask which is right"),
    "back_dated": mark("the row is new, but its day (“{label}”) lies before the file before"),
    "column_left": mark(
        "the column “{label}” was in the file before; the file is held: ask for it again, "
        "or accept its layout (agir review)"
    ),
    "column_added": mark(
        "a heading is new and says nothing to the contract; the file is held: accept its layout "
        "(agir review), or ask for the file again"
    ),
    "column_emptied": mark(
        "the column “{label}” is empty and was filled before; the file is held: ask for it again, "
        "or accept its layout (agir review)"
    ),
    "column_silent": mark("“{label}” is still missing; what earlier files said of it stays"),
}
"""What is told of a file beside the one before it."""


def place(file: str, sheet: str = "", row: int | None = None, column: str = "") -> str:
    """Where something is, in words: file, sheet, row and column as far as they are known."""
    parts = [file]
    if sheet:
        parts.append(_("sheet “{sheet}”").format(sheet=sheet))
    if row is not None:
        parts.append(_("row {row}").format(row=row))
    if column:
        parts.append(_("column {column}").format(column=column))
    return ", ".join(parts)


def refusal_sentence(refusal: Refusal, file: str) -> str:
    """Why a file is not read, and what to do about it."""
    where = place(file, refusal.sheet, refusal.row, refusal.column)
    return _told(where, _(REFUSALS[refusal.code]).format(**refusal.context))


def rule_sentence(
    rule: str, *, file: str, sheet: str = "", row: int | None = None, label: str = ""
) -> str:
    """Why a row is rejected. ``label`` is the column's label in the reader's language."""
    return _told(place(file, sheet, row, label), _(RULES[rule]).format(label=label))


def finding_sentence(finding: Finding, file: str) -> str:
    """What the steward should see although nothing was rejected for it."""
    where = place(file, finding.sheet, finding.row, finding.column)
    return _told(where, _(FINDINGS[finding.code]).format(n=finding.n))


def surprise_sentence(code: str, *, file: str, row: int | None = None, label: str = "") -> str:
    """What the steward should see in a file beside the one before it."""
    return _told(place(file, row=row), _(SURPRISES[code]).format(label=label))


def _told(where: str, text: str) -> str:
    return _("{place}: {text}").format(place=where, text=text)
