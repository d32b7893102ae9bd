"""Two releases side by side: what differs, and which of their causes differ.

A release follows from what was known, the protocol, the keys, the code and its libraries; each
stands in the manifest. Where tables differ, what differs there as well is why.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from agir_pipeline.language import _
from agir_pipeline.resources.release_changes import LIBRARY, causes_apart, inputs_apart
from agir_pipeline.resources.release_folder import TIER
from agir_pipeline.resources.releases import Releases

STAMPS = ("as_of", "protocol_digest", "design_digest")
"""Columns that say what a table was made from; they are causes, not differences."""
MISSING = "\0"
"""Stands for a missing value where texts are compared: no cell holds it."""


@dataclass(frozen=True)
class TableDifference:
    """How many rows of a table stand in one release only, or say something else, by its key."""

    table: str
    n_only_before: int
    n_only_after: int
    n_changed: int


@dataclass(frozen=True)
class Comparison:
    """``before`` and ``after`` are release ids; ``causes`` are sentences, empty when all agree."""

    before: str
    after: str
    causes: Sequence[str]
    tables: Sequence[TableDifference]

    @property
    def is_equal(self) -> bool:
        return not self.tables

    def sentences(self) -> Iterator[str]:
        """For a person: equal or not, why, and where."""
        if self.is_equal:
            yield _("equal to release {id}").format(id=self.before)
            return
        yield _("differs from release {id}:").format(id=self.before)
        unknown = _("same data, protocol, keys and code: one of the two releases was damaged")
        yield from (f"  {cause}" for cause in self.causes or [unknown])
        for one in self.tables:
            yield _(
                "  {table}: {n_only_before} rows no longer there, {n_only_after} new, "
                "{n_changed} changed"
            ).format(**vars(one))


def compared(releases: Releases, before: str, after: str) -> Comparison:
    """What ``after`` says otherwise than ``before``, and why.

    Raises:
        UsageError: there is no such release.
    """
    one, other = releases.manifest(before), releases.manifest(after)
    names = sorted(set(one["tables"]) | set(other["tables"]))
    differences = [
        _difference(releases, name, before, after)
        for name in names
        if one["tables"].get(name) != other["tables"].get(name)
    ]
    told = [d for d in differences if d.n_only_before + d.n_only_after + d.n_changed]
    return Comparison(before, after, list(_causes(one["facts"], other["facts"])), told)


def earlier_of_day(releases: Releases, release_id: str) -> str | None:
    """Another release of the same day to compare with: the current one, else the last by name."""
    others = [
        name for name in _of_same_day(releases, release_id) if not releases.is_withdrawn(name)
    ]
    current = releases.current()
    return current if current in others else next(reversed(others), None)


def withdrawn_of_day(releases: Releases, release_id: str) -> Sequence[str]:
    """The releases of the same day whose rows are gone: nothing can be compared with them."""
    return [name for name in _of_same_day(releases, release_id) if releases.is_withdrawn(name)]


def _of_same_day(releases: Releases, release_id: str) -> list[str]:
    day = release_id.rpartition("-")[0]
    return [n for n in releases.list() if n.rpartition("-")[0] == day and n != release_id]


def _causes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    if apart := inputs_apart(before, after):
        n_new, n_lost = (sum(counts) for counts in zip(*apart.values(), strict=True))
        yield _("data: {n_new} receipts more, {n_lost} fewer").format(n_new=n_new, n_lost=n_lost)
    apart_of = {cause.name: cause for cause in causes_apart(before, after)}
    if "design" in apart_of:
        del apart_of["design"]
        apart_of.pop("protocol", None)
        yield _("protocol: another design")
    for name, one, other in apart_of.values():
        yield _sentence(name).format(
            name=name.removeprefix(LIBRARY), before=one or "-", after=other or "-"
        )


def _sentence(cause: str) -> str:
    told = {
        "protocol": _("protocol: another text, the same design"),
        "keys": _("keys: persons have other pseudonyms"),
        "code": _("code: {before} before, {after} after"),
        "language": _("language: {before} before, {after} after"),
    }
    return told.get(cause) or _("library {name}: {before} before, {after} after")


def _difference(releases: Releases, table: str, before: str, after: str) -> TableDifference:
    key = _key(releases, table, after) or _key(releases, table, before)
    one, other = (_rows(releases, table, release, key) for release in (before, after))
    both = one.index.intersection(other.index)
    columns = sorted(set(one.columns) | set(other.columns))
    texts = [
        frame.reindex(index=both, columns=columns).astype("string").fillna(MISSING)
        for frame in (one, other)
    ]
    return TableDifference(
        table,
        n_only_before=len(one) - len(both),
        n_only_after=len(other) - len(both),
        n_changed=int((texts[0] != texts[1]).any(axis=1).sum()),
    )


def _rows(releases: Releases, table: str, release_id: str, key: list[str]) -> pd.DataFrame:
    """The rows by their key, without stamps; none where the release lacks the table."""
    if table not in releases.manifest(release_id)["tables"]:
        return pd.DataFrame(columns=key).set_index(key)
    rows = releases.read(table, release_id).drop(columns=list(STAMPS), errors="ignore")
    told = {name: rows[name].astype("string").fillna(MISSING) for name in key}
    return rows.assign(**told).set_index(key)


def _key(releases: Releases, table: str, release_id: str) -> list[str]:
    package = releases.folder / release_id / TIER / "datapackage.json"
    resources = json.loads(package.read_text(encoding="utf-8"))["resources"]
    found = [r["schema"]["primaryKey"] for r in resources if r["name"] == table]
    return list(found[0]) if found else []
