"""The deliveries of a source as they count: what they say, and from which night on."""

from collections.abc import Iterable, Iterator, Mapping

from agir_pipeline.methods.reading.comparison import MOSTLY
from agir_pipeline.methods.versions import Delivered
from agir_pipeline.protocol.model import Source
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt


def as_delivered(
    source: Source, readings: Iterable[Reading], silent: Mapping[str, frozenset[str]]
) -> Iterator[Delivered]:
    """The accepted rows of each readable delivery of one source, in known order.

    A file with hardly any row of the one before is not complete, whatever its provider promised:
    it lets nobody go. ``silent``: receipt → columns in which its file says nothing though files
    before it did.
    """
    n_before: dict[str, int] = {}
    for reading in readings:
        receipt, n_rows = reading.receipt, reading.rows.num_rows
        if receipt.source == source.name and reading.refusal is None:
            is_bare = n_rows < MOSTLY * n_before.get(receipt.provider, 1)
            if not is_bare:
                n_before[receipt.provider] = n_rows
            yield Delivered(
                receipt_id=receipt.receipt_id,
                provider=receipt.provider,
                known_on=receipt.known_on,
                extracted_on=receipt.extracted_on or receipt.known_on,
                is_complete=_is_promised_whole(source, receipt)
                and not reading.has_nameless_rejects
                and not is_bare,
                rows=reading.rows,
                spoilt=reading.rejected_keys,
                unsaid=silent.get(receipt.receipt_id, frozenset()),
            )


def _is_promised_whole(source: Source, receipt: Receipt) -> bool:
    """A pull is taken whole or not at all; a file is whole where its provider says so."""
    return receipt.how == "pull" or source.provider(receipt.provider).complete
