"""The table of what Great Expectations says of each night's deliveries, and what is told of it."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pandas as pd

from agir_pipeline.assets.markdown import markdown_table
from agir_pipeline.assets.step import Check
from agir_pipeline.language import _
from agir_pipeline.resources.audit_pages import first_page, write_first_page
from agir_pipeline.resources.delivery_audit import (
    COLUMNS,
    audited,
    fault_noted,
    noted_fault,
    to_audit,
)
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.study import Study

TABLE = "delivery_audits"


def audits_of(study: Study, readings: Sequence[Reading]) -> pd.DataFrame:
    """What was said of earlier nights, and what is said of this one; a rebuild audits nothing.

    A fault of the library stops no night: its deliveries are audited with the next ones.
    """
    kept = _kept(study, {reading.receipt.receipt_id for reading in readings})
    if study.is_draft:
        return kept
    known = frozenset(kept["receipt_id"])
    with fault_noted(study.home):
        new = audited(study.home, list(to_audit(study.protocol, readings, known)))
        if new.empty:
            return kept
        every = pd.concat([kept, new], ignore_index=True) if len(kept) else new
        write_first_page(study.home, study.protocol, every)
        return every
    return kept


def _kept(study: Study, receipts: set[str]) -> pd.DataFrame:
    with study.warehouse.transaction() as connection:
        if ("validated", TABLE) not in study.warehouse.tables(connection):
            return pd.DataFrame(columns=pd.Index(COLUMNS))
        kept = study.warehouse.read(connection, "validated", TABLE)
    return kept[kept["receipt_id"].isin(receipts)]


def audits_told(table: pd.DataFrame) -> tuple[Check, str]:
    """What the newest audited delivery of each provider shows; none audited yet is no fault."""
    stream = ["source", "provider"]
    newest = table[table["known_on"] == table.groupby(stream)["known_on"].transform("max")]
    odd = newest[~newest["is_met"].astype(bool)]
    sentence = _("{source}, {provider}: {measure} {column} {code} is {found}, not {low} to {high}")
    check = Check(
        "deliveries_are_as_before",
        odd.empty,
        "\n".join(
            " ".join(
                sentence.format(
                    source=row["source"],
                    provider=row["provider"],
                    measure=row["measure"],
                    column=_or_nothing(row["column_name"]),
                    code=_or_nothing(row["code"]),
                    found=round(row["found"], 2),
                    low=round(row["low"], 2),
                    high=round(row["high"], 2),
                ).split()
            )
            for row in odd.to_dict("records")
        )
        or _("{n} measures of the newest files are as before").format(n=len(newest)),
    )
    counts = newest.assign(is_odd=newest.index.isin(odd.index)).groupby(stream)["is_odd"]
    headings = [_("Source"), _("Provider"), _("Measures"), _("Not as before")]
    lines = counts.agg(["size", "sum"]).reset_index().to_numpy().tolist()
    return check, markdown_table(headings, lines)


def not_audited(study: Study) -> Check | None:
    """What the steward is told when the library failed on the last night with news."""
    fault = noted_fault(study.home)
    if not fault:
        return None
    sentence = _(
        "The newest files were not compared with those before: Great Expectations failed "
        "({fault}). Nothing was rejected and the run went on; they are compared at the next run "
        "with new files. If it fails again, install agir_pipeline anew with its locked libraries"
    )
    return Check("deliveries_are_as_before", False, sentence.format(fault=fault))


def _or_nothing(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def docs_shown(study: Study) -> dict[str, Any]:
    """The address of the Data Docs, once there are some."""
    page = first_page(study.home)
    return {"data_docs": dg.MetadataValue.url(page.resolve().as_uri())} if page.is_file() else {}
