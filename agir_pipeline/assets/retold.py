"""The rows by which findings about locked pairs are told, and the decisions about them."""

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.methods.matching.finding_rows import LINK, TOLD_TYPES, with_rows
from agir_pipeline.resources.study import Study

TOLD = ["person_id", "arm", "record_id", "receipt_id", "known_on"]
OF_CONTRACT = ["spell_id", "record_id", "receipt_id", "known_on", "ended_early_on"]
CORRECTED = """superseded_on is null and exists (
    select 1 from validated.correction_outcomes as changed
    where changed.status = 'applied'
    and changed.source = person_links.source and changed.entity_id = person_links.entity_id
)"""


def told_findings(
    study: Study, findings: pd.DataFrame, population: pd.DataFrame, participants: pd.DataFrame
) -> pd.DataFrame:
    """The findings with the row that tells each; on most nights there is none to look for."""
    if findings.empty:
        return findings.assign(**{name: pd.Series(dtype=kind) for name, kind in TOLD_TYPES.items()})
    known = participants[["person_id", "arm", "spell_id"]].drop_duplicates(["person_id", "arm"])
    members = population[["pair_id", "arm", "person_id"]].merge(known, how="left")
    with study.warehouse.transaction() as connection:
        rows, decided = _rows(study, connection), _decided(study, connection)
    return with_rows(findings, members, rows, decided, study.protocol)


def _rows(study: Study, connection: sa.Connection) -> pd.DataFrame:
    """The rows in use of people and of contracts, one below the other."""
    read, index = study.warehouse.read, study.protocol.matching.index
    which = "superseded_on is null"
    days = [d for d in (index.entry_column, index.supported_since_column) if d] if index else []
    people = read(
        connection, "linked", "person_versions", f"arm is not null and {which}",
        wanted=[*TOLD, *days],
    )  # fmt: skip
    shown = read(connection, "linked", "persons", which, wanted=["record_id"])
    people["is_shown"] = people["record_id"].isin(shown["record_id"])
    if index:
        is_beneficiary = people["arm"] == "beneficiary"
        people[index.entry_column] = people[index.entry_column].where(is_beneficiary)
    people["supported_on"] = people[days].min(axis=1).astype("datetime64[us]")
    people["spell_id"] = pd.Series(pd.NA, people.index, dtype="string")
    people["ended_early_on"] = pd.Series(pd.NaT, people.index, dtype="datetime64[us]")
    if not study.protocol.feeding("spell"):
        return people
    spells = read(connection, "linked", "spell_versions", which, wanted=OF_CONTRACT)
    return pd.concat([people, spells], ignore_index=True)


def _decided(study: Study, connection: sa.Connection) -> set[tuple[str, str]]:
    """Person and column of each correction carried out; of each link decided, ``LINK``."""
    read = study.warehouse.read
    linked = read(
        connection,
        "linked",
        "person_links",
        "superseded_on is null and rule = 'decided'",
        wanted=["person_id"],
    )
    found = {(person, LINK) for person in linked["person_id"]}
    if any(source.corrects for source in study.protocol.sources):
        keys = ["source", "entity_id"]
        links = read(connection, "linked", "person_links", CORRECTED, wanted=["person_id", *keys])
        changed = read(
            connection,
            "validated",
            "correction_outcomes",
            "status = 'applied'",
            wanted=[*keys, "column_name"],
        )
        both = links.merge(changed, on=keys)
        found |= set(zip(both["person_id"], both["column_name"], strict=True))
    return found
