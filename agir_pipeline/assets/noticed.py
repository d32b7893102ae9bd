"""What the steward sees of the cells and places that the newest files got wrong, never a value."""

from collections.abc import Iterable, Mapping
from typing import Any

from agir_pipeline.assets.markdown import Cell, markdown_table
from agir_pipeline.language import _, current_language
from agir_pipeline.methods.reading.sentences import FINDINGS, rule_sentence
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.refusals import shown_sheet

HABITS = ("absent_column", "ignored_sheet")
"""What partners do in every file comes last."""
SHOWN_FAULTS, SHOWN_FINDINGS = 6, 12
"""How many kinds of fault a check names, and how many findings a table shows."""


def by_receipt(told: Iterable[Mapping[Any, Any]]) -> dict[str, list[Mapping[Any, Any]]]:
    """What is told of each delivery, found once for all sources."""
    found: dict[str, list[Mapping[Any, Any]]] = {}
    for one in told:
        found.setdefault(one["receipt_id"], []).append(one)
    return found


def rejected_sentences(
    protocol: Protocol,
    source: Source,
    cells: Mapping[str, list[Mapping[Any, Any]]],
    newest: Iterable[Receipt],
) -> list[str]:
    """What is wrong in the newest files: one line per file, sheet, column and rule.

    ``cells`` is the quarantine of each delivery; a line names the first row and how many others
    are like it.
    """
    receipts = {receipt.receipt_id: receipt for receipt in newest}
    labels = _labels(source)
    kinds: dict[tuple[str, str, str, str], set[int]] = {}
    for receipt_id in receipts:
        for cell in cells.get(receipt_id, ()):
            kind = (receipt_id, cell["sheet"], cell["column_name"], cell["rule"])
            kinds.setdefault(kind, set()).add(int(cell["row_number"]))
    lines = []
    for (receipt_id, sheet, column, rule), rows in kinds.items():
        receipt = receipts[receipt_id]
        line = rule_sentence(
            rule,
            file=receipt.shown_name,
            sheet=shown_sheet(sheet, receipt, protocol),
            row=min(rows),
            label=labels.get(column, column),
        )
        more = _("{line} (and {n} more)").format(line=line, n=len(rows) - 1)
        lines.append(more if len(rows) > 1 else line)
    return shortened(lines, _("… {n} more; agir review lists every cell"))


def shortened(lines: list[str], more: str) -> list[str]:
    """The first lines, and ``more`` with how many are left out."""
    left = len(lines) - SHOWN_FAULTS
    return [*lines[:SHOWN_FAULTS], more.format(n=left)] if left > 0 else lines


def findings_table(
    protocol: Protocol,
    source: Source,
    findings: Mapping[str, list[Mapping[Any, Any]]],
    newest: Iterable[Receipt],
) -> str:
    """What was noticed in the newest files and rejected nothing, as a table to read."""
    labels = _labels(source)
    told_of = [
        (receipt, told) for receipt in newest for told in findings.get(receipt.receipt_id, ())
    ]
    rows: list[list[Cell]] = []
    for receipt, told in sorted(told_of, key=lambda pair: pair[1]["code"] in HABITS):
        column, _colon, row = told["place"].rpartition(":")
        if not row.isdigit():
            column, row = told["place"], ""
        sheet = shown_sheet(told["sheet"], receipt, protocol)
        text = FINDINGS[told["code"]]
        what = _(text).format(n=told["n"])
        rows.append([receipt.shown_name, sheet, row, labels.get(column, column), what])
    headings = [_("File"), _("Sheet"), _("Row"), _("Column"), _("What was noticed")]
    return markdown_table(headings, rows[:SHOWN_FINDINGS]) if rows else ""


def _labels(source: Source) -> dict[str, str]:
    return {c.name: c.labels.in_language(current_language()) for c in source.columns}
