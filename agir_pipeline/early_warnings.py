"""``agir warnings``: running contracts that may break, for the steward alone.

Made when asked from what the last run left; it is written nowhere and stands in no release.
"""

from typing import Any

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.matched import withdrawn_persons
from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.methods.programme.warnings import contracts_at_risk, running_contracts
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.release_inputs import as_of_day
from agir_pipeline.resources.study import Study, open_study

IN_FORCE = "superseded_on is null"


def warned(home: Home, *, with_keys: bool = False) -> pd.DataFrame:
    """The contracts of beneficiaries that a rule of the protocol warns of, with the reasons.

    ``with_keys`` adds the keys under which partners know the persons, read from the vault.

    Raises:
        UsageError: the protocol has no such rules.
    """
    study = open_study(home.folder)
    warnings = study.protocol.warnings
    if warnings is None:
        raise UsageError(_("the protocol has no rules of early warning"))
    last_on = as_of_day(study)
    read = study.warehouse.read
    with study.warehouse.transaction() as connection:
        people = read(connection, "linked", "participants", "arm = 'beneficiary'")
        left = withdrawn_persons(study, connection)
        spells = read(connection, "linked", "spells")
        links = read(connection, "linked", "person_links", IN_FORCE)
        origins = dict.fromkeys(rule.origin for rule in warnings.rules)
        rows = {name: _of_persons(study, connection, name, links) for name in origins}
    supported = set(people["person_id"]) - set(left)
    running = running_contracts(spells[spells["person_id"].isin(supported)], last_on)
    listed = contracts_at_risk(running, rows, warnings.rules, last_on)
    return listed.assign(keys=_keys(study, listed)) if with_keys else listed


def _of_persons(
    study: Study, connection: sa.Connection, source: str, links: pd.DataFrame
) -> pd.DataFrame:
    """The rows in force with the person each is of.

    Of questionnaires the responses that count: the last one of a person, none of who withdrew them.
    """
    read = study.warehouse.read
    told = read(connection, "validated", source, IN_FORCE)
    if source in {one.name for one in study.protocol.feeding("answer")}:
        which = "source = :source and answer_rank = 1"
        named = {"source": source}
        counting = read(connection, "linked", "answers", which, named, ["record_id"])
        told = told[told["record_id"].isin(counting["record_id"])]
    own = links.loc[links["source"] == source, ["entity_id", "person_id"]]
    return told.merge(own, on="entity_id")


def _keys(study: Study, listed: pd.DataFrame) -> "pd.Series[Any]":
    """The keys of each listed person in the sources of persons; of nobody else."""
    sources = [source.name for source in study.protocol.feeding("person")]
    links = study.vault.read("links")
    own = links[links["person_id"].isin(listed["person_id"]) & links["source"].isin(sources)]
    keys = own.groupby("person_id")["entity_key"].agg(lambda keys: " ".join(sorted(set(keys))))
    return listed["person_id"].map(keys)
