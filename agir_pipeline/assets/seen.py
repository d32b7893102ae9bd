"""Whether both arms are seen by the same eyes."""

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.judged import ARMS, People
from agir_pipeline.contracts.ascertainment import followed_origin
from agir_pipeline.methods.effects.ascertainment import Seen, ascertainment
from agir_pipeline.protocol.model import StatusOutcome
from agir_pipeline.resources.study import Study


def ascertained(study: Study, connection: sa.Connection, people: People) -> pd.DataFrame:
    """The table of a study that follows an event."""
    protocol, read = study.protocol, study.warehouse.read
    origin = followed_origin(protocol) or ""
    only = {"origin": origin}
    answered = {}
    for outcome in protocol.outcomes:
        if isinstance(outcome, StatusOutcome):
            of_source = {"origin": outcome.origin}
            rows = read(
                connection, "linked", "answers", "source = :origin", of_source, ["person_id"]
            )
            answered[outcome.origin] = frozenset(rows["person_id"])
    active = people.pairs["status"] == "active"
    members = {person for arm in ARMS for person in people.members(arm)[active]}
    wanted = ["spell_id", "ended_early_on", "known_on"]
    seen = Seen(
        people=people.participants[["person_id", "arm", "source", "provider", "spell_id"]],
        exclusions=read(connection, "matched", "exclusions", wanted=["person_id", "reason"]),
        contracts=read(
            connection, "outcomes", "spell_ends", "source = :origin", only, ["spell_id", "is_early"]
        ),
        notices=read(
            connection,
            "linked",
            "spell_versions",
            "source = :origin and ended_early_on is not null",
            only,
            wanted,
        ),
        members=members,
        answered=answered,
    )
    frames = {
        (source.name, provider.name): provider.frame
        for source in protocol.feeding("person")
        for provider in source.providers
    }
    return ascertainment(seen, origin, frames)
