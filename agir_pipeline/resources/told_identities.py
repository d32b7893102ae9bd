"""What the rows of the vault say of who somebody is, for the facts that several sources tell."""

import pandas as pd

from agir_pipeline.methods.identity.labels import SAID
from agir_pipeline.protocol.model import Protocol

PARTS = {"year": slice(0, 4), "month": slice(5, 7)}


def told_identities(
    protocol: Protocol, identities: pd.DataFrame, links: pd.DataFrame
) -> pd.DataFrame:
    """One row per row of a source and fact: who it is about now, and what it says. Vault only.

    ``identities`` with their identifying columns; ``links`` of all days.
    """
    place = ["source", "entity_key"]
    now = links.loc[links["superseded_on"].isna(), [*place, "person_id"]]
    rows = identities.merge(now, on=place, how="left")
    parts = []
    for number, (fact, teller) in enumerate(protocol.tellers, 1):
        if not protocol.is_identity(fact):
            continue
        own = rows[rows["source"] == teller.source]
        said = own[teller.column].astype("string")
        if teller.part:
            said = said.str[PARTS[teller.part]].str.lstrip("0")
        parts.append(
            own[["record_id", "person_id"]].assign(teller=number, fact=fact.name, value=said)
        )
    columns = list(SAID)
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=pd.Index(columns))
