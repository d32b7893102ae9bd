"""Small releases to publish in tests; run as a script, a process to be killed while it publishes.

``python -m tests.releasing FOLDER`` answers each line it reads with the id of a child process
that publishes one release after the other; ``python -m tests.releasing FOLDER once`` publishes
one, checks it and ends.
"""

import os
import sys
from pathlib import Path

import pandas as pd

from agir_pipeline.contracts.model import Column, TableContract
from agir_pipeline.resources.release_folder import ReleaseContent, damaged_files
from agir_pipeline.resources.releases import Releases

CONTRACTS = (
    TableContract(
        "visits",
        "Visits & calls",
        (
            Column("person_id", "text", "Person", "Who is <visited>"),
            Column("note", "text", "Note", is_nullable=True),
            Column("kind", "text", "Kind", codes={"home": "At home"}, is_nullable=True),
            Column("n_minutes", "integer", "Minutes", unit="minutes", is_nullable=True),
            Column("share", "number", "Share", is_nullable=True),
            Column("is_late", "boolean", "Late", is_nullable=True),
            Column("visited_on", "date", "Day", is_nullable=True),
            Column("seen_at", "instant", "Seen", is_nullable=True, source_columns=("a.b", "c.d")),
        ),
        ("person_id",),
    ),
    TableContract(
        "data_dictionary", "Dictionary", (Column("column", "text", "Column"),), ("column",)
    ),
)
NOTES = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "'=x", "a;b", 'say "no"', "two\nlines", "", None]


def visits(n: int = 0) -> pd.DataFrame:
    """One row per awkward text; ``n`` makes one set of tables differ from another."""
    size = len(NOTES)
    return pd.DataFrame(
        {
            "person_id": pd.Series([f"p{i:02d}" for i in range(size)], dtype="string"),
            "note": pd.Series(NOTES, dtype="string"),
            "kind": pd.Series(["home", None] * (size // 2), dtype="string"),
            "n_minutes": pd.Series([n, None] * (size // 2), dtype="Int64"),
            "share": [0.1 + 0.2, -1.5, float("inf"), 1e-7, 1e22, None] * (size // 6),
            "is_late": pd.Series([True, False, None] * (size // 3), dtype="boolean"),
            "visited_on": pd.Series(
                [pd.Timestamp("2011-02-28"), None] * (size // 2), dtype="datetime64[us]"
            ),
            "seen_at": pd.Series(
                [pd.Timestamp("2011-02-28T12:30", tz="UTC"), None] * (size // 2),
                dtype="datetime64[us, UTC]",
            ),
        }
    )


def content(n: int = 0, **other: object) -> ReleaseContent:
    """A release of the state number ``n``."""
    facts = {"state_digest": f"state {n}", "protocol_digest": "protocol", "code_version": "1"}
    values: dict[str, object] = {
        "release_id": f"2011-02-28-{n:012x}",
        "study": "visits_study",
        "title": "A <study>",
        "language": "en",
        "tables": {
            "visits": visits(n),
            "data_dictionary": pd.DataFrame({"column": ["person_id"]}, dtype="string"),
        },
        "contracts": CONTRACTS,
        "facts": facts,
    }
    return ReleaseContent(**(values | other))  # type: ignore[arg-type]


def publish_for_ever(folder: Path) -> None:
    while True:
        number = len([path for path in folder.glob("2011*")])
        Releases(folder).publish(content(number))


if __name__ == "__main__":
    target = Path(sys.argv[1])
    if sys.argv[2:] == ["once"]:
        outcome = Releases(target).publish(content())
        sys.exit(len(damaged_files(outcome.folder)))
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            publish_for_ever(target)
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)
        print("gone", flush=True)  # noqa: T201
