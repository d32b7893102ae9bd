"""No study fact in Python: what a committee decided stands in the protocol alone."""

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import agir_pipeline
from agir_pipeline.protocol.loading import packaged_protocols

PACKAGE = Path(agir_pipeline.__file__).parent
ORDINARY_UP_TO = 30
"""Small whole numbers (sizes, indices, days of a month) say nothing about a study."""
NATURAL = {0.05, 0.1, 0.5, 0.99, 60, 120, 180, 365}
"""Percents, halves, the levels of every test, minutes and years: facts of arithmetic and of the
calendar."""


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if PACKAGE / "protocol" not in path.parents:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def constants(tree: ast.Module) -> Iterator[tuple[int, Any]]:
    """Numbers, dates and texts of the code; docstrings and texts shown to people set apart."""
    prose = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.add(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in prose:
            yield node.lineno, node.value
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("date", "Timestamp"):
            numbers = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if len(numbers) == 3:
                yield node.lineno, date(*numbers)


def values(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for part in value.values():
            yield from values(part)
    elif isinstance(value, list):
        for part in value:
            yield from values(part)
    else:
        yield value


def facts() -> set[Any]:
    """The values of all ``{ value, unit, source }``, the limits, dates and seeds of the studies."""
    found: set[Any] = set()
    for path in packaged_protocols().values():
        raw = tomllib.loads(path.read_text("utf-8"))
        found.update(v for v in values(raw) if isinstance(v, int | float | date))
    return {
        fact
        for fact in found
        if not isinstance(fact, bool)
        and not (isinstance(fact, int | float) and fact == int(fact) and fact <= ORDINARY_UP_TO)
        and fact not in NATURAL
    }


def own_names() -> set[str]:
    """Proper names of the studies: of places, parties, columns, codes, sources and outcomes.

    Left out are the words that Python needs for itself: the arms, the kinds of source and
    outcome, names of methods, and words of fewer than five letters.
    """
    names: set[str] = set()
    for path in packaged_protocols().values():
        raw = tomllib.loads(path.read_text("utf-8"))
        for section in ("source", "covariate", "outcome", "eligibility"):
            names.update(item["name"] for item in raw.get(section, []))
        for source in raw["source"]:
            columns = source["column"] + source.get("derived", [])
            names.update(item["name"] for item in columns + source["provider"])
            names.update(c["code"] for column in columns for c in column.get("codes", []))
        names.update(party["name"] for party in raw["study"].get("party", []))
    return {name for name in names if len(name) >= 5}


PLACES = re.compile(r"\b(Loire|Nantes|Saint-Nazaire|Châteaubriant|Cnam|OPCA|DARES|CERIEME|FEJ)\b")
OWN_WORDS = {
    "amendment_effective_on",
    "amendment_number",
    "author",
    "born_on",
    "comment",
    "consented_on",
    "contract_start_on",
    "corrections",
    "effective_on",
    "expires_on",
    "decided_on",
    "different",
    "email",
    "field_name",
    "fingerprint_a",
    "fingerprint_b",
    "first_name",
    "identity_decision",
    "decision_note",
    "funder",
    "key_a",
    "key_b",
    "last_name",
    "limesurvey",
    "other",
    "phone",
    "planned_days_remaining",
    "planned_end_on",
    "source_a",
    "source_b",
    "token",
    "unknown",
    "withdrawn",
    "withdrawn_decision_on",
}
"""Columns and codes of the product's own tables, of survey servers, of the sheet of decisions on
who is who and of the linkage model; the studies happen to use the same words."""
OWN_NUMBERS = {
    ("methods/reading/biff.py", 0x24): "the code of an error in a file format",
    ("methods/reading/biff.py", 42): "the code of an error in a file format",
    ("methods/drawing.py", 42): "a length in a picture",
    ("methods/matching/frontier.py", 40): "a length in a picture",
    ("methods/matching/frontier.py", 70): "a length in a picture",
    ("methods/matching/love_plot.py", 40): "a length in a picture",
    ("methods/matching/weighting.py", 40): "how often a step is halved at most",
    ("methods/reading/nir.py", 40): "a number in the form of an identifier",
    ("methods/matching/library.py", 0.2): "Austin's width, for who matches without a protocol",
    ("resources/linkage.py", 0.3): "the most that a pair which contradicts itself can have",
}
GENERATOR = "methods/synthetic/"
"""Invents the AGIR study: it writes that study's columns and codes, and sizes of its own."""


@pytest.fixture(scope="module")
def written() -> list[tuple[str, Any]]:
    return [
        (f"{path.relative_to(PACKAGE)}:{line}", value)
        for path, tree in trees()
        for line, value in constants(tree)
    ]


def test_no_number_or_date_of_a_study_stands_in_python(written: list[tuple[str, Any]]) -> None:
    """Exact equality with a number or date of a packaged protocol, outside the generator.

    Small whole numbers and those of arithmetic and the calendar are set apart.
    """
    known = facts()
    assert {75, 274, 20101231, date(2010, 12, 15), 0.2, 0.95} <= known
    guilty = [
        (place, value)
        for place, value in written
        if isinstance(value, int | float | date)
        and not isinstance(value, bool)
        and value in known
        and not place.startswith(GENERATOR)
        and (place.partition(":")[0], value) not in OWN_NUMBERS
    ]
    assert guilty == []


def test_no_place_or_party_of_a_study_stands_in_python(written: list[tuple[str, Any]]) -> None:
    guilty = [(at, v) for at, v in written if isinstance(v, str) and PLACES.search(v)]
    assert guilty == []


def test_no_column_code_or_source_of_a_study_stands_in_python(
    written: list[tuple[str, Any]],
) -> None:
    """A text that is exactly such a name, outside the generator of invented people."""
    known = own_names() - OWN_WORDS
    assert {"rupture", "contract_register", "priority_nantes"} <= known
    guilty = [
        (at, v)
        for at, v in written
        if isinstance(v, str) and v in known and not at.startswith(GENERATOR)
    ]
    assert guilty == []
