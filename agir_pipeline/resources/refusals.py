"""Why a file was refused, in words that name columns as people do and nobody at all."""

from dataclasses import replace

from agir_pipeline.language import current_language
from agir_pipeline.methods.reading.grid import Refusal
from agir_pipeline.methods.reading.sentences import refusal_sentence
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.file_names import HIDDEN, is_private
from agir_pipeline.resources.receipts import Receipt

LISTS_OF_COLUMNS = ("columns", "expected")
"""What a refusal may say under these names: columns of the contract, joined by commas."""


def told_refusal(refusal: Refusal, receipt: Receipt, protocol: Protocol) -> str:
    """The sentence of a refusal: columns by their labels, sheets only by names that tell nobody."""
    source = protocol.source(receipt.source)
    context = dict(refusal.context)
    if "sheets" in context:
        sheets = str(context["sheets"]).split(", ")
        context["sheets"] = ", ".join(shown_sheet(name, receipt, protocol) for name in sheets)
    for key in LISTS_OF_COLUMNS:
        if key in context:
            context[key] = _labels(source, str(context[key]))
    wanted = refusal.sheet.split(", ")
    sheet = ", ".join(shown_sheet(name, receipt, protocol) for name in wanted)
    return refusal_sentence(replace(refusal, sheet=sheet, context=context), receipt.shown_name)


def shown_sheet(name: str, receipt: Receipt, protocol: Protocol) -> str:
    """A sheet's name where the protocol has it, or where it holds nothing but words of files.

    A workbook with a sheet for each person would tell of whom else.
    """
    if not name or not is_private(protocol, name, receipt.known_on):
        return name
    declared = {
        sheet
        for source in protocol.sources
        for provider in source.providers
        for sheet in source.as_delivered_by(provider.name).wanted_sheets
    }
    return name if name in declared else HIDDEN


def _labels(source: Source, names: str) -> str:
    labels = {c.name: c.labels.in_language(current_language()) for c in source.columns}
    return ", ".join(labels.get(name, name) for name in names.split(", "))
