"""What a delivery looks like from afar: rows, missing rates, shares of codes; and its history.

No value of a cell leaves here: a measure is a count or a share, named by a column and a declared
code.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from agir_pipeline.protocol.audit import Audit
from agir_pipeline.protocol.model import Source


class Measure(NamedTuple):
    """One figure of a delivery: of the whole, of a column, or of one code of a column."""

    kind: Literal["rows", "rejected", "missing", "code"]
    column: str = ""
    code: str = ""


Profile = Mapping[Measure, float]
"""rows: a count · rejected: share of rows · missing: share of accepted rows · code: share of the
filled cells of its column."""
ROWS, REJECTED = Measure("rows"), Measure("rejected")


class Bounds(NamedTuple):
    """Between which figures a measure lay so far, with the room that the protocol leaves."""

    low: float
    high: float


def profile(source: Source, rows: pa.Table, n_rejected: int) -> Profile:
    """``rows``: the accepted ones, as read."""
    n = rows.num_rows
    found: dict[Measure, float] = {ROWS: n + n_rejected}
    found[REJECTED] = n_rejected / (n + n_rejected) if n_rejected else 0.0
    for column in source.columns if n else ():
        cells = rows[column.name]
        found[Measure("missing", column.name)] = cells.null_count / n
        filled = n - cells.null_count
        if column.type != "code" or column.is_identifying or not filled:
            continue
        counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(cells).to_pylist()}
        for code in column.codes:
            found[Measure("code", column.name, code.code)] = counts.get(code.code, 0) / filled
    return found


def expected(history: Sequence[Profile], n_rows: float, rules: Audit) -> dict[Measure, Bounds]:
    """What the deliveries before lead to expect of one of ``n_rows`` rows.

    A code that none of them held is expected to be absent; a measure that they do not tell, or
    did not tell together, is not expected to be anything.
    """
    ratio = rules.volume_ratio.value
    # a share of few rows wanders by itself: two standard errors of a half
    room = rules.share_tolerance.value + 1 / math.sqrt(max(n_rows, 1))
    found: dict[Measure, Bounds] = {}
    for measure in dict.fromkeys(m for one in history for m in one):
        told = [one[measure] for one in history if measure in one]
        low, high = min(told), max(told)
        if measure == ROWS:
            found[measure] = Bounds(math.floor(low * ratio), math.ceil(high / ratio))
        elif measure.kind == "code" and high == 0:
            found[measure] = Bounds(0.0, 0.0)
        else:
            found[measure] = Bounds(max(0.0, low - room), min(1.0, high + room))
    return found


def compared(
    newest: Profile, history: Sequence[Profile], rules: Audit
) -> Iterator[tuple[Measure, float, Bounds]]:
    """Each measure that both tell: what it is now, and between what it was expected."""
    for measure, bounds in expected(history, newest[ROWS], rules).items():
        if measure in newest:
            yield measure, newest[measure], bounds
