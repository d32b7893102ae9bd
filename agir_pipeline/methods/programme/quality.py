"""What each check found, night by night, in the files that were the newest by then.

Counts and codes only: never a value, never whose row it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, DAY, FLAG, TEXT, typed

QUALITY_COLUMNS = {
    "check": TEXT, "source": TEXT, "night_on": DAY, "severity": TEXT, "n_rows": COUNT,
    "n_change": "Int64", "is_silenced": FLAG, "oldest_open_on": DAY,
}  # fmt: skip
ERROR, WARN = "error", "warn"

Kind = tuple[str, str]
"""A check and how grave it is."""


class Arrival(NamedTuple):
    """One file, with the night on which it became known; a refused one replaces no other."""

    receipt_id: str
    source: str
    provider: str
    known_on: date
    is_refused: bool


class InFile(NamedTuple):
    """What a check found in one file; it stands until the provider's next file."""

    check: str
    severity: str
    receipt_id: str
    n: int
    silenced_on: date | None = None
    """The night on which the steward said that it is in order."""


class Standing(NamedTuple):
    """What a check found in the rows in use, whatever file they came with."""

    check: str
    severity: str
    source: str
    known_on: date
    n: int


def data_quality(
    arrivals: Sequence[Arrival], in_files: Iterable[InFile], standing: Iterable[Standing]
) -> pd.DataFrame:
    """One row per check × source × night on which it found something, or first found no more.

    A night of a source is one on which a file of it, or a row that stands, became known. ``n_rows``
    are the rows (of a check on files: the files or columns) found in each provider's newest files;
    ``n_change`` since the night before; ``is_silenced``: all of them are in order, the steward
    said by then; ``oldest_open_on``: the first night of the unbroken run in which it found some.
    """
    by_receipt: dict[str, list[InFile]] = defaultdict(list)
    for one in in_files:
        by_receipt[one.receipt_id].append(one)
    files: dict[str, dict[date, list[Arrival]]] = defaultdict(lambda: defaultdict(list))
    for file in arrivals:
        files[file.source][file.known_on].append(file)
    stands: dict[str, dict[date, list[Standing]]] = defaultdict(lambda: defaultdict(list))
    for case in standing:
        stands[case.source][case.known_on].append(case)
    rows: list[dict[str, Any]] = []
    for source in sorted({*files, *stands}):
        rows += _of_source(source, files[source], stands[source], by_receipt)
    return typed(rows, QUALITY_COLUMNS)


def _of_source(
    source: str,
    files: Mapping[date, Sequence[Arrival]],
    stands: Mapping[date, Sequence[Standing]],
    by_receipt: Mapping[str, Sequence[InFile]],
) -> list[dict[str, Any]]:
    used: dict[str, list[InFile]] = {}
    refused: dict[str, list[InFile]] = {}
    stood: dict[Kind, int] = defaultdict(int)
    before: dict[Kind, tuple[int, date]] = {}
    rows = []
    for night in sorted({*files, *stands}):
        _take(files.get(night, ()), by_receipt, used, refused)
        for case in stands.get(night, ()):
            stood[case.check, case.severity] += case.n
        found, silenced = dict(stood), dict.fromkeys(stood, 0)
        for line in (one for part in (used, refused) for own in part.values() for one in own):
            kind = (line.check, line.severity)
            found[kind] = found.get(kind, 0) + line.n
            is_silenced = line.silenced_on is not None and line.silenced_on <= night
            silenced[kind] = silenced.get(kind, 0) + is_silenced * line.n
        for kind in sorted({*found, *before}):
            n, (n_before, since) = found.get(kind, 0), before.get(kind, (0, night))
            rows.append(
                {
                    "check": kind[0], "source": source, "night_on": pd.Timestamp(night),
                    "severity": kind[1], "n_rows": n, "n_change": n - n_before,
                    "is_silenced": n > 0 and silenced[kind] == n,
                    "oldest_open_on": pd.Timestamp(since) if n else None,
                }
            )  # fmt: skip
            before.pop(kind, None)
            if n:
                before[kind] = (n, since)
    return rows


def _take(
    arrived: Sequence[Arrival],
    by_receipt: Mapping[str, Sequence[InFile]],
    used: dict[str, list[InFile]],
    refused: dict[str, list[InFile]],
) -> None:
    """The night's files in the place of each provider's earlier ones; a refused one beside them."""
    for provider in {file.provider for file in arrived}:
        own = [file for file in arrived if file.provider == provider]
        told = {
            is_refused: [
                line
                for file in own
                if file.is_refused == is_refused
                for line in by_receipt.get(file.receipt_id, ())
            ]
            for is_refused in (True, False)
        }
        refused[provider] = told[True]
        if not all(file.is_refused for file in own):
            used[provider] = told[False]
