"""What the ledger says of each source: its files, and the end every row came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.assets.markdown import markdown_table
from agir_pipeline.assets.noticed import by_receipt, findings_table, rejected_sentences, shortened
from agir_pipeline.language import _
from agir_pipeline.protocol.model import Source
from agir_pipeline.resources.ledger import ENDS
from agir_pipeline.resources.readings import contract_digest
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.status import newest_deliveries, newest_refusals
from agir_pipeline.resources.study import Study
from agir_pipeline.resources.surprises import surprise_sentences

SHOWN = 6
"""How many of the newest deliveries a table shows."""


@dataclass(frozen=True)
class Account:
    """What the ledger says of one source."""

    receipt_ids: frozenset[str]
    ends: dict[str, int]
    """rows_<end> → rows, over all its files."""
    unread: tuple[str, ...]
    """Files that came to no account at all: neither read nor refused."""
    n_rejected_newest: int
    refusals_newest: list[str]
    rejects_newest: list[str]
    """What is wrong with rejected rows of the newest files: places, never a value."""
    noticed_newest: str
    """A table of what was noticed in the newest files and rejected nothing; empty: nothing."""
    surprises_newest: list[str]
    """Things in the newest files that contradict the files before them."""
    newest: list[tuple[Receipt, dict[str, int]]]
    """The last deliveries, newest first, each with its rows by end; no rows when refused."""

    @property
    def n_files(self) -> int:
        return len(self.receipt_ids)


class Books(NamedTuple):
    """What the ledger holds of all sources, read once."""

    row_ends: list[dict[str, Any]]
    refusals: list[dict[str, Any]]
    newest_refusals: list[dict[str, Any]]
    findings: dict[str, list[Mapping[Any, Any]]]
    quarantine: dict[str, list[Mapping[Any, Any]]]


def accounts_of(study: Study) -> dict[str, Account]:
    """The account of every source, under the contract in force."""
    told = study.vault.read("surprises")
    ledger = study.home.landing.ledger
    standing = newest_refusals(study.home, study.state(), study.protocol)
    books = Books(
        ledger.row_ends(),
        ledger.refusals(),
        standing,
        by_receipt(ledger.findings()),
        by_receipt(study.vault.read("quarantine").to_dict("records")),
    )
    return {source.name: _account(study, source, books, told) for source in study.protocol.sources}


def _account(study: Study, source: Source, books: Books, told: pd.DataFrame) -> Account:
    contract = contract_digest(source, study.readings.tables)
    receipts = [r for r in study.state().deliveries if r.source == source.name]
    mine = {receipt.receipt_id for receipt in receipts}
    rows = [
        row for row in books.row_ends if row["receipt_id"] in mine and row["reading"] == contract
    ]
    refusals = {
        row["receipt_id"]: row["sentence"]
        for row in books.refusals
        if row["receipt_id"] in mine and row["reading"] == contract
    }
    by_receipt: dict[str, dict[str, int]] = {receipt: {} for receipt in refusals}
    for row in rows:
        ends = by_receipt.setdefault(row["receipt_id"], {})
        for end in ENDS:
            ends[end] = ends.get(end, 0) + row[end]
    newest = {
        receipt.receipt_id
        for same_day in newest_deliveries(study.state()).values()
        for receipt in same_day
    }
    young = [receipt for receipt in receipts if receipt.receipt_id in newest]
    noticed = {
        receipt.receipt_id: [
            row for row in books.findings.get(receipt.receipt_id, ()) if row["reading"] == contract
        ]
        for receipt in young
    }
    return Account(
        receipt_ids=frozenset(mine),
        ends={f"rows_{end}": sum(row[end] for row in rows) for end in ENDS},
        unread=tuple(sorted(mine - by_receipt.keys())),
        n_rejected_newest=sum(row["rejected"] for row in rows if row["receipt_id"] in newest),
        refusals_newest=[
            row["sentence"] for row in books.newest_refusals if row["source"] == source.name
        ],
        rejects_newest=rejected_sentences(study.protocol, source, books.quarantine, young),
        noticed_newest=findings_table(study.protocol, source, noticed, young),
        surprises_newest=shortened(
            surprise_sentences(source, told[told["receipt_id"].isin(newest & mine)]),
            _("… {n} more"),
        ),
        newest=[(r, by_receipt.get(r.receipt_id, {})) for r in receipts[: -SHOWN - 1 : -1]],
    )


def deliveries_table(newest: list[tuple[Receipt, dict[str, int]]]) -> str:
    """The last deliveries of a source as a table to read; its provider where there are several."""
    is_one = len({receipt.provider for receipt, _ends in newest}) <= 1
    return markdown_table(
        [_("File"), _("Known since"), _("Rows"), _("Accepted"), _("Rejected")],
        [
            [
                receipt.shown_name if is_one else f"{receipt.provider}/{receipt.shown_name}",
                receipt.known_on,
                *(_counts(ends) if ends else (_("refused"), "-", "-")),
            ]
            for receipt, ends in newest
        ],
    )


def _counts(ends: dict[str, int]) -> tuple[int, int, int]:
    return sum(ends.values()), ends.get("accepted", 0), ends.get("rejected", 0)
