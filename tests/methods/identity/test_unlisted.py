"""A key that no list holds is told, once, of the newest version; a prospect's is none of a list."""

import pandas as pd

from agir_pipeline.methods.identity.unlisted import unlisted_keys

FORM = "AGIR-[0-9]{3}"


def drawn(*rows: tuple[str, str, str, str | None, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(source, entity, known on, key, anchor) of each row, as identities and links."""
    table = pd.DataFrame(rows, columns=["source", "entity_key", "known_on", "case", "anchor"])
    identities = table.assign(record_id=[f"r{n}" for n in range(len(table))])
    links = table.drop_duplicates(["source", "entity_key"], keep="last").assign(superseded_on=None)
    return identities, links


def told(rows: tuple[tuple[str, str, str, str | None, str], ...], **other: object) -> list[str]:
    identities, links = drawn(*rows)
    settings: dict[str, object] = {"lists": ["register"], "keys": {"case": FORM}, **other}
    return unlisted_keys(identities, links, **settings)["record_id"].tolist()  # type: ignore[arg-type]


REGISTER = ("register", "p1", "2010-01-01", "AGIR-001", "p1")


def test_a_key_on_no_list_is_told_and_a_listed_one_or_a_prospect_is_not() -> None:
    rows = (
        REGISTER,
        ("log", "a", "2010-02-01", "AGIR-001", "p1"),
        ("log", "b", "2010-02-01", "AGIR-999", "b"),
        ("log", "c", "2010-02-01", "PROSPECT-01", "c"),
        ("log", "d", "2010-02-01", None, "d"),
    )
    assert told(rows) == ["r2"]
    assert told(rows, keys={"case": None}) == ["r2", "r3"]
    assert told(rows, apart=["log"]) == []
    assert told(rows, keys={"reference": FORM}) == []


def test_a_row_known_by_something_else_or_parted_by_the_steward_is_not_told() -> None:
    linked_by_name = ("log", "a", "2010-02-01", "AGIR-999", "p1")
    parted = ("log", "b", "2010-02-01", "agir 001", "b")
    assert told((REGISTER, linked_by_name, parted), keys={"case": None}) == []


def test_the_newest_version_of_a_row_speaks() -> None:
    first = ("log", "a", "2010-02-01", "AGIR-999", "a")
    later = ("log", "a", "2010-03-01", "AGIR-001", "p1")
    assert told((REGISTER, first, later)) == []
    wrong = ("log", "a", "2010-04-01", "AGIR-998", "a")
    assert told((REGISTER, first, wrong)) == ["r2"]
