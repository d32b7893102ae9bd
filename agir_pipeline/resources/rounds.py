"""Matching rounds on record: written once, read for ever, under the anchors of their persons."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.receipts import Receipt

PERSON_COLUMNS = ("person_id", "beneficiary_person_id", "control_person_id")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time written into the archive: equal rounds have equal bytes."""


@dataclass(frozen=True)
class RecordedRound:
    """One round: its day, its number, how it was made, and its tables."""

    instant: date
    round_number: int
    made_with: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    def renamed(self, names: Mapping[str, str]) -> "RecordedRound":
        """The same round with persons called otherwise: pseudonym ↔ anchor."""
        tables = {name: renamed(table, names) for name, table in self.tables.items()}
        return RecordedRound(self.instant, self.round_number, self.made_with, tables)

    def persons(self) -> set[str]:
        """Everybody the round names, as it names them."""
        return {
            person
            for table in self.tables.values()
            for column in PERSON_COLUMNS
            if column in table
            for person in table[column].unique()
        }

    def to_bytes(self) -> bytes:
        buffer = io.BytesIO()
        head = {
            "instant": self.instant.isoformat(),
            "round_number": self.round_number,
            "made_with": self.made_with,
        }
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            text = json.dumps(head, sort_keys=True, default=str)
            archive.writestr(zipfile.ZipInfo("round.json", EPOCH), text)
            for name, table in sorted(self.tables.items()):
                part = table.to_parquet(index=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.parquet", EPOCH), part)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "RecordedRound":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            head = json.loads(archive.read("round.json"))
            tables = {
                name.removesuffix(".parquet"): pd.read_parquet(io.BytesIO(archive.read(name)))
                for name in archive.namelist()
                if name.endswith(".parquet")
            }
        instant = date.fromisoformat(head["instant"])
        return cls(instant, head["round_number"], head["made_with"], tables)


def renamed(table: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """A table with its persons called otherwise; whom ``names`` does not hold stays as he is."""

    def called(persons: pd.Series) -> pd.Series:
        now = {person: names.get(person, person) for person in persons.unique()}
        return persons.map(now).astype(persons.dtype)

    return table.assign(**{c: called(table[c]) for c in PERSON_COLUMNS if c in table})


def names_apart(
    anchors: Iterable[str], names: Mapping[str, str], own_name: Callable[[str], str]
) -> dict[str, str]:
    """Anchor → present pseudonym, no two of ``anchors`` under one.

    Persons whom a round took for two and who are one today stay two in what the round did, or its
    proofs would no longer hold: the pseudonym that was given up stays with the round. No row is
    linked to it, so that its outcomes are missing and never another's.
    """
    shared = Counter(names.get(anchor, anchor) for anchor in anchors)
    return {
        anchor: own_name(anchor) if shared[name] > 1 else name for anchor, name in names.items()
    }


def recorded_rounds(
    landing: Landing, receipts: tuple[Receipt, ...], design_number: int
) -> dict[date, RecordedRound]:
    """The rounds of a design on record, by their day; those of other designs stay where they are.

    A new number in the protocol is a deliberate re-match: its rounds are formed anew, from what
    their days knew.
    """
    own = [receipt for receipt in receipts if receipt.provider == _design(design_number)]
    rounds = [RecordedRound.from_bytes(landing.content(receipt)) for receipt in own]
    return {one.instant: one for one in rounds}


def record_round(landing: Landing, made: RecordedRound) -> None:
    """Fix a round for good: from now on it wins over any recomputation, this one included."""
    design = _design(made.made_with["design_number"])
    if _is_recorded(landing, made.instant, design):
        return
    receipt = Receipt(
        kind="round",
        sha256="",
        known_on=made.instant,
        source="rounds",
        provider=design,
        file_name=f"round_{made.round_number:02d}_{made.instant}.zip",
        how="run",
    )
    landing.receive(made.to_bytes(), receipt)


def _design(number: int) -> str:
    return f"design_{number}"


def _is_recorded(landing: Landing, instant: date, design: str) -> bool:
    rounds = landing.state().of_kind("round")
    return any(r.known_on == instant and r.provider == design for r in rounds)
