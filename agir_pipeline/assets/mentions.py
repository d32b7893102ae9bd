"""Whose case a committee went through: named in the vault, told outside it by pseudonyms."""

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.methods.identity.mentions import mentioned_persons, person_of_keys
from agir_pipeline.methods.programme.reviews import in_support
from agir_pipeline.protocol.model import Reviews
from agir_pipeline.resources.study import Study

TABLE = "case_mentions"


def name_cases(
    study: Study, connection: sa.Connection, identities: pd.DataFrame, links: pd.DataFrame
) -> None:
    """Put beside the log of committees who each row names; without reviews, nothing.

    ``identities`` of the whole vault, with their identifying columns; ``links`` of all days.
    """
    governance = study.protocol.governance
    if governance is None or governance.reviews is None:
        return
    reviews = governance.reviews
    now = links[links["superseded_on"].isna()]
    listed = identities[identities["source"] == reviews.persons_origin]
    listed = listed.merge(now[["source", "entity_key", "person_id"]], on=["source", "entity_key"])
    log = identities[identities["source"] == governance.origin]
    named = mentioned_persons(
        log["record_id"],
        log[reviews.listed_column],
        person_of_keys(listed[reviews.key_column], listed["person_id"]),
    )
    study.warehouse.replace(connection, "linked", TABLE, named)


def supported_persons(study: Study, connection: sa.Connection, reviews: Reviews) -> pd.DataFrame:
    """``person_id``, ``entered_on`` and ``left_on`` of who is or was supported, each once.

    Who withdrew from the study left it on that day, whatever the list says.
    """
    read = study.warehouse.read
    wanted = ["entity_id", reviews.entered_column, reviews.left_column]
    in_force = "superseded_on is null"
    rows = read(connection, "validated", reviews.persons_origin, in_force, wanted=wanted)
    of_list = {"source": reviews.persons_origin}
    which, named = f"source = :source and {in_force}", ["entity_id", "person_id"]
    links = read(connection, "linked", "person_links", which, of_list, named)
    told = rows.merge(links, on="entity_id").rename(
        columns={reviews.entered_column: "entered_on", reviews.left_column: "left_on"}
    )
    withdrawn = pd.DataFrame({"person_id": [], "withdrawn_on": []}, dtype="string")
    if any(source.withdraws for source in study.protocol.sources):
        withdrawn = read(connection, "linked", "withdrawals", "scope = 'study'")
    return in_support(told, withdrawn)
