"""Step 3: one pseudonym per person across sources, then persons, contracts and answers."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.catalogue import asset_spec, check_specs
from agir_pipeline.assets.checks import DATA_TESTS, TEXTS
from agir_pipeline.assets.contradictions import with_contradictions
from agir_pipeline.assets.lineage import KEY, declared_lineage
from agir_pipeline.assets.mentions import name_cases
from agir_pipeline.assets.organisations import name_organisations, with_organisations
from agir_pipeline.assets.sql_tables import build_models, sql_result
from agir_pipeline.assets.step import Check, StepResult, StudyRun, carry_out, settle
from agir_pipeline.assets.unlisted import NAME as KEYS_ARE_LISTED
from agir_pipeline.assets.unlisted import TABLE as UNLISTED
from agir_pipeline.assets.unlisted import keep_unlisted, keys_are_listed
from agir_pipeline.assets.variables import model_variables
from agir_pipeline.language import _, mark
from agir_pipeline.methods.identity.labels import identity_labels
from agir_pipeline.methods.identity.linking import PAIR, Links, link_persons
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.link_evidence import Evidence
from agir_pipeline.resources.link_review import decisions_told, pairs_to_review, persons_helped
from agir_pipeline.resources.sql_models import BuiltModel
from agir_pipeline.resources.study import Study
from agir_pipeline.resources.told_identities import told_identities

TABLES = {
    "person_links": mark("Which rows are one person, since when"),
    "person_versions": mark("Persons, each version with its days"),
    "persons": mark("Each person as known now"),
    "withdrawals": mark("Who withdrew a consent, and of what"),
    "spell_versions": mark("Contracts, each version with its days"),
    "spell_terms": mark("Planned ends of contracts and amendments"),
    "spells": mark("Each contract as known now"),
    "reference_spells": mark("The contract that counts for each person"),
    "participants": mark("Who may be matched, without any exit date"),
    "answers": mark("Finished questionnaires, attached to persons"),
    "shared_facts": mark("Facts that several sources tell of a person"),
    "contradictions": mark("Where sources contradict each other"),
    "organisation_links": mark("Which organisation each row names"),
    "organisation_conflicts": mark("Organisations that may be one, or two"),
}
NEEDS = {
    "spell": {"spell_versions", "spell_terms", "spells", "reference_spells"},
    "answer": {"answers"},
}
OF_FACTS = ("shared_facts", "contradictions")
OF_ORGANISATIONS = ("organisation_links", "organisation_conflicts")
CHECKS = {
    "person_links/one_person_each": mark("Each row belongs to one person at a time"),
    "person_links/links_are_decided": mark("No row could be several persons"),
    "person_links/decisions_hold": mark("Every decision on who is who could be followed"),
    "contradictions/sources_agree": mark("No two sources contradict each other about a person"),
    "person_links/withdrawals_find_somebody": mark("Every withdrawal is of a person on a list"),
    f"person_links/{KEYS_ARE_LISTED}": mark("Every key of a person stands on a list"),
    "organisation_conflicts/organisations_agree": mark(
        "Every organisation is told from the others"
    ),
}
BLOCKING = frozenset({"one_person_each"})


def linked_tables(protocol: Protocol) -> list[str]:
    """The tables this study has: no contracts, no table of contracts."""
    fed = {source.feeds for source in protocol.sources}
    absent = {table for feeds, tables in NEEDS.items() if feeds not in fed for table in tables}
    absent |= set() if protocol.shared_facts else set(OF_FACTS)
    absent |= set() if protocol.organisations else set(OF_ORGANISATIONS)
    if not any(source.withdraws for source in protocol.sources):
        absent.add("withdrawals")
    return [table for table in TABLES if table not in absent]


def linked_assets(protocol: Protocol) -> dg.AssetsDefinition:
    deps = [("validated", source.name) for source in protocol.sources]
    tables = linked_tables(protocol)
    own = {place: text for place, text in CHECKS.items() if place.split("/")[0] in tables}
    tested = {f"{n}/{DATA_TESTS}": TEXTS[DATA_TESTS] for n in tables if n != "person_links"}

    @dg.multi_asset(
        name="linked",
        specs=[asset_spec(protocol, "linked", table, _(TABLES[table]), deps) for table in tables],
        check_specs=check_specs("linked", own | tested, BLOCKING | {DATA_TESTS}),
    )
    def linked(study_run: StudyRun) -> Iterator[Any]:
        yield from carry_out(study_run, "linked", _store, _examine, after="validated")

    return linked


def _store(study: Study) -> StepResult:
    evidence = Evidence.of(study)
    found = link_persons(
        evidence.identities,
        evidence.rules,
        evidence.exclusive,
        evidence.decisions,
        evidence.scored(),
        by_one_key=[source.name for source in study.protocol.feeding("decision")],
    )
    evidence.record(found.accepted)
    links = found.links.assign(
        entity_id=_entity_ids(study, found.links),
        person_id=found.links["anchor"].map(study.keys.person_id),
    )
    with study.vault.transaction() as connection:
        study.vault.replace(connection, "links", links)
        study.vault.replace(connection, "undecided", _undecided(study, found))
        study.vault.replace(connection, "review", pairs_to_review(evidence, found))
        study.vault.replace(connection, "decisions_told", decisions_told(evidence, found))
        study.vault.replace(connection, UNLISTED, keep_unlisted(evidence, found.links))
    released = _released(study, links)
    with study.warehouse.transaction() as connection:
        study.warehouse.replace(connection, "linked", "person_links", released)
        if study.protocol.shared_facts:
            said = told_identities(study.protocol, evidence.identities, links)
            labels = identity_labels(said)
            study.warehouse.replace(connection, "linked", "identity_labels", labels)
        name_organisations(study, connection, evidence.every)
        name_cases(study, connection, evidence.every, links)
        models = build_models(study, connection, "linked", model_variables(study))
        return settle(study, connection, "linked", _result(study, connection, released, models))


def _released(study: Study, links: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": links["source"].astype("string"),
            "entity_id": links["entity_id"].astype("string"),
            "person_id": links["person_id"].astype("string"),
            "tie_order": links["anchor"].map(study.keys.tie_order).astype("string"),
            "rule": links["rule"].astype("string"),
            "known_on": pd.to_datetime(links["known_on"]),
            "superseded_on": pd.to_datetime(links["superseded_on"]),
        }
    )


def _examine(study: Study, connection: sa.Connection) -> StepResult:
    links = study.warehouse.read(connection, "linked", "person_links")
    models = study.models.standing(connection, "linked", model_variables(study))
    return _result(study, connection, links, models)


def _entity_ids(study: Study, links: pd.DataFrame) -> pd.Series:
    ids = [
        study.keys.entity_id(source, key)
        for source, key in zip(links["source"], links["entity_key"], strict=True)
    ]
    return pd.Series(ids, links.index, dtype="string")


def _undecided(study: Study, found: Links) -> pd.DataFrame:
    """Undecided rows; they touch a beneficiary when they or a candidate are one's."""
    helped = persons_helped(study.protocol, found.links)
    rows = found.undecided
    touches = [
        (source, key) in helped or any(tuple(a.split(PAIR, 1)) in helped for a in anchors)
        for source, key, anchors in zip(
            rows["source"], rows["entity_key"], rows["candidates"], strict=True
        )
    ]
    n_candidates = [len(anchors) for anchors in rows["candidates"]]
    return rows.assign(
        n_candidates=n_candidates, touches_beneficiary=[int(touch) for touch in touches]
    )


def _result(
    study: Study, connection: sa.Connection, links: pd.DataFrame, models: list[BuiltModel]
) -> StepResult:
    waiting = len(study.vault.read("undecided"))
    now = links[links["superseded_on"].isna()]
    keys = ["source", "entity_id"]
    n_broken = int(links["person_id"].isna().sum() + now.duplicated(keys).sum())
    sentence = _("{n} rows could be several persons and are left apart").format(n=waiting)
    checks = [
        Check.blocking(
            "one_person_each",
            len(links),
            n_broken,
            _("{n} of {total} links lead to no person or to two").format(
                n=n_broken, total=len(links)
            ),
        ),
        Check("links_are_decided", len(links) > 0 and waiting == 0, sentence),
        _decisions_hold(study),
        _withdrawals_find_somebody(study, connection),
        keys_are_listed(study, connection),
    ]
    made = sql_result(study, "linked", models)
    lineage = declared_lineage(study.protocol, "linked")["person_links"]
    own = StepResult(
        {"person_links": len(links), **made.n_rows},
        {"person_links": {"undecided": waiting, KEY: lineage}, **made.figures},
        {"person_links": checks, **made.checks},
    )
    own = with_contradictions(study, connection, own) if study.protocol.shared_facts else own
    return with_organisations(study, connection, own) if study.protocol.organisations else own


def _decisions_hold(study: Study) -> Check:
    """A decision that nobody can follow must not wait unseen; none to follow is no fault."""
    told = {what: int(n) for what, n in study.vault.read("decisions_told").to_numpy()}
    sentence = _(
        "{n} decisions on who is who: {lost} speak of a record that no file holds, "
        "{contradicted} are contradicted by others"
    ).format(n=told["known"], lost=told["lost"], contradicted=told["contradicted"])
    return Check("decisions_hold", told["lost"] + told["contradicted"] == 0, sentence)


def _withdrawals_find_somebody(study: Study, connection: sa.Connection) -> Check:
    """A withdrawal whose key no list holds would be followed for nobody; none is no fault."""
    n_known = n_lost = 0
    if "withdrawals" in linked_tables(study.protocol):
        listed = study.warehouse.read(connection, "linked", "persons")["person_id"]
        told = study.warehouse.read(connection, "linked", "withdrawals")["person_id"]
        n_known, n_lost = len(told), int((~told.isin(listed)).sum())
    sentence = _("{n} withdrawals of consent, {lost} of them of a person on no list").format(
        n=n_known, lost=n_lost
    )
    return Check("withdrawals_find_somebody", n_lost == 0, sentence)
