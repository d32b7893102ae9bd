"""From which columns the tables of matching are made; no day of an exit but for the status."""

from collections.abc import Iterator, Mapping
from itertools import chain

from agir_pipeline.contracts.matched import FRONTIER, frontier_contract, matched_contracts
from agir_pipeline.contracts.places import Origins, Place, participant
from agir_pipeline.contracts.sql_words import SPELL_PREFIX
from agir_pipeline.protocol.model import Covariate, Protocol

INDEX = {"index_on", "beneficiary_index_on", "control_index_on", "elapsed_days", "band_number"}
FROM_COVARIATES = {
    "distance", "logit_gap", "nearest_distance", "logit", "price", "caliper", "total_distance",
    "bound", "gap", "mean_beneficiary", "mean_control", "smd", "smd_denominator",
    "mean_distance", "largest_gap", "max_absolute_smd", "mean_absolute_smd",
    "variance_ratio", "ks", "ecdf_mean", "n_non_missing", "stratum", "strata_enforced",
}  # fmt: skip


def matched_origins(protocol: Protocol) -> dict[str, Origins]:
    """Table → origins, for what matching makes; the day of an exit feeds the status alone."""
    known = _matching_words(protocol)
    contracts = {**matched_contracts(protocol), FRONTIER: frontier_contract(protocol)}
    return {
        name: {c.name: known[c.name] for c in contract.columns if c.name in known}
        for name, contract in contracts.items()
    }


def _matching_words(protocol: Protocol) -> dict[str, tuple[Place, ...]]:
    person, spell = participant("person_id"), participant("spell_id")
    index = protocol.matching.index
    start = (*participant("starts_on"), *(participant(index.entry_column) if index else ()))
    covariates = {c.name: tuple(_covariate(c, protocol)) for c in protocol.covariates}
    matched_on = tuple(
        dict.fromkeys(chain.from_iterable(covariates[c.name] for c in protocol.covariates))
    )
    words: dict[str, tuple[Place, ...]] = {
        "person_id": person,
        "beneficiary_person_id": person,
        "control_person_id": person,
        "beneficiary_spell_id": spell,
        "control_spell_id": spell,
        "arm": participant("arm"),
        "tie_order": participant("tie_order"),
        "common_planned_days": (*_planned_end(protocol), *start),
        **dict.fromkeys(FROM_COVARIATES, matched_on),
        **dict.fromkeys(INDEX, start if index else ()),
    }
    if protocol.matching.near_fine:
        words["category"] = covariates[protocol.matching.near_fine.covariate]
    if protocol.feeding("spell"):
        dates = ("starts_on", "planned_end_on", "ended_early_on")
        words["status"] = tuple(Place("linked", "spells", name) for name in dates)
    words |= _near_one_another(protocol, covariates)
    words["known_on"] = tuple(_rows_that_tell(protocol))
    words["finding"] = tuple(dict.fromkeys((*words.get("status", ()), *start, *matched_on)))
    return words | covariates


def _near_one_another(protocol: Protocol, covariates: Mapping[str, tuple[Place, ...]]) -> Origins:
    columns = {t.role: t.siret or t.number or "" for t in protocol.contract_tellers}
    told: Origins = {
        f"is_same_{role}": (Place("linked", "spells", name),) for role, name in columns.items()
    }
    rule = protocol.organisations.spillover if protocol.organisations else None
    if rule is not None:
        told["is_same_territory"] = covariates[rule.territory]
        index = protocol.matching.index
        days = (index.entry_column, index.supported_since_column) if index else ()
        told[f"share_supported_in_{rule.role}"] = (
            Place("linked", "spells", columns[rule.role]),
            Place("linked", "spells", "starts_on"),
            Place("linked", "spells", "planned_end_initial_on"),
            *(place for name in days if name for place in participant(name)),
        )
    return told


def _rows_that_tell(protocol: Protocol) -> Iterator[Place]:
    """The rows by which findings about locked pairs are told: of people, and of contracts."""
    yield Place("linked", "person_versions", "known_on")
    if protocol.feeding("spell"):
        yield Place("linked", "spell_versions", "known_on")


def _planned_end(protocol: Protocol) -> tuple[Place, ...]:
    has_terms = bool(protocol.feeding("spell"))
    return (Place("linked", "spell_terms", "planned_end_on"),) if has_terms else ()


def _covariate(covariate: Covariate, protocol: Protocol) -> Iterator[Place]:
    if covariate.origin == "index":
        yield from _planned_end(protocol)
    else:
        prefix = SPELL_PREFIX if covariate.origin == "spell" else ""
        yield from participant(prefix + covariate.column)
