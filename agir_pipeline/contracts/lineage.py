"""From which columns our methods make the columns of their tables, one step back at a time.

SQL tells its own lineage; this module says it for the tables that Python makes. Only values are
followed: what merely filters, joins or orders is not, nor are texts a method writes itself.
"""

from collections.abc import Iterable, Iterator, Mapping

from agir_pipeline.contracts.ascertainment import ASCERTAINMENT
from agir_pipeline.contracts.beside import beside_contracts
from agir_pipeline.contracts.facts import fact_origins
from agir_pipeline.contracts.funding import funding_origins
from agir_pipeline.contracts.matched import matched_contracts
from agir_pipeline.contracts.matched_lineage import matched_origins
from agir_pipeline.contracts.mechanism_lineage import mechanism_origins
from agir_pipeline.contracts.outcomes import outcome_contracts
from agir_pipeline.contracts.places import Origins, Place, participant
from agir_pipeline.contracts.programme_lineage import enrolment_origins, programme_origins
from agir_pipeline.contracts.published import published_contracts
from agir_pipeline.contracts.sql_words import SPELL_PREFIX
from agir_pipeline.protocol.model import (
    PERSONAL,
    ArmColumn,
    Column,
    Derived,
    EventOutcome,
    Outcome,
    Protocol,
    Source,
    StatusOutcome,
)

TOLD_BY_METHOD = {
    "outcome", "definition", "horizon_days", "claim", "method", "definition_text", "unit",
    "published", "position", "section", "item", "placebo", "n_replicates", "limit_points",
    "counted_from", "months_after",
}  # fmt: skip
PRECISION = {
    "n": ("n_complete_pairs", "n_due"),
    "baseline": ("risk_control", "share_control", "mean_control"),
    "half_width": ("ci_low_points", "ci_high_points", "ci_low", "ci_high"),
    "mde": ("minimum_detectable_points", "minimum_detectable"),
    "mde_holm": ("minimum_detectable_holm_points", "minimum_detectable_holm"),
    "n_pairs": ("n",),
    "n_evaluable_pairs": ("n_complete_pairs", "n_due"),
    "mde_points": ("risk_control", "share_control", "n"),
    "mde_holm_points": ("risk_control", "share_control", "n"),
}
"""Column of ``precision`` or ``evaluability`` → columns of the effect tables it is made of."""

MEMBERS_ASKED = ("wave", "person_id", "pair_id", "arm", "asked_on")
"""Columns of the weights of answers that stand in ``wave_responses`` as they are."""

OF_CAUSES = {
    "cause": ("reason",),
    "initiative": ("initiative",),
    "followed": ("next_days", "seen_days"),
    "followed_within_days": ("next_days", "seen_days"),
}
"""Column of the tables of an event's causes → columns of ``event_causes``."""


def heading_of(column: Column) -> str:
    """The heading under which partners usually write a column."""
    return column.aliases[0].heading if column.aliases else column.name


def validated_origins(source: Source) -> Origins:
    """Column of a source → the headings of the partners' files it is read or computed from."""
    columns = {column.name: column for column in source.columns}

    def headings(names: Iterable[str]) -> tuple[Place, ...]:
        found = (heading_of(columns[name]) for name in names if name in columns)
        return tuple(Place("raw", source.name, heading) for heading in dict.fromkeys(found))

    origins = {
        column.name: headings(column.inputs if isinstance(column, Derived) else [column.name])
        for column in source.warehouse_columns
    }
    origins["entity_id"] = headings(source.key)
    if isinstance(source.arm, ArmColumn):
        origins["arm"] = headings([source.arm.column])
    if source.spell:
        origins["spell_id"] = headings(
            name for name in source.key if name != source.spell.amendment_number
        )
    return origins


def decided_origins(protocol: Protocol) -> dict[str, Origins]:
    """Table → origins, for what decisions came to and for what changed between files."""
    keys = tuple(
        Place("raw", source.name, heading_of(column))
        for source in protocol.sources
        for column in source.columns
        if column.name in source.key
    )
    found: dict[str, Origins] = {"delivery_changes": {"entity_id": keys}}
    if any(source.law for source in protocol.sources):
        found["legal_findings"] = {"entity_id": keys}
    for source in protocol.sources:
        if source.corrects:
            heading = {c.name: Place("raw", source.name, heading_of(c)) for c in source.columns}
            roles = source.corrects
            found["correction_outcomes"] = {
                "decision_id": tuple(heading[name] for name in source.key),
                "source": (heading[roles.of_source],),
                "column_name": (heading[roles.of_column],),
                "entity_id": (heading[roles.of_key],),
                "effective_on": (heading[roles.effective],),
                "expires_on": (heading[roles.expires],),
                "status": (heading[roles.old_value], heading[roles.new_value]),
            }
    return found


def answers_origins(protocol: Protocol) -> Origins:
    """Columns of the long table of answers: all questionnaires flow into it."""
    sources = protocol.feeding("answer")
    asked = tuple(
        Place("raw", source.name, heading_of(column))
        for source in sources
        for column in source.columns
        if not column.is_identifying
    )
    keys = tuple(origin for s in sources for origin in validated_origins(s)["entity_id"])
    return {"code": asked, "state": asked, "entity_id": keys}


def links_origins(protocol: Protocol) -> Origins:
    """Columns of ``person_links``: persons are told by the keys of the sources that name some."""
    rules = protocol.identity.same_when if protocol.identity else ()
    naming = [
        source.name
        for source in protocol.sources
        if source.feeds in PERSONAL
        or any({c.name for c in source.columns}.issuperset(rule) for rule in rules)
    ]
    keys = tuple(Place("validated", name, "entity_id") for name in naming)
    days = tuple(Place("validated", name, "known_on") for name in naming)
    return {
        "entity_id": keys,
        "person_id": keys,
        "tie_order": keys,
        "known_on": days,
        "superseded_on": days,
    }


def outcome_origins(protocol: Protocol) -> dict[str, Origins]:
    """Table → origins, for effects (from the facts of their outcome) and what they can find."""
    contracts = outcome_contracts(protocol)
    found: dict[str, Origins] = {}
    for outcome in protocol.outcomes:
        facts = tuple(_facts(outcome, protocol))
        for name in effect_tables(outcome):
            columns = [c.name for c in contracts[name].columns if c.name not in TOLD_BY_METHOD]
            found[name] = dict.fromkeys(columns, facts)
            if name.endswith("_planned_end"):
                planned = Place("matched", "matched_pairs", "common_planned_days")
                found[name] = dict.fromkeys(columns, (*facts, planned))
            if "arm" in found[name]:
                found[name]["arm"] = (Place("outcomes", _fact_table(outcome), "arm"),)
    effects = [(effect_tables(o)[-1], o) for o in protocol.outcomes]
    for table in ("precision", "evaluability"):
        found[table] = {
            column.name: tuple(
                Place("outcomes", effect, name)
                for effect, _outcome in effects
                for name in PRECISION.get(column.name, ())
                if name in contracts[effect].names
            )
            for column in contracts[table].columns
        }
    days = tuple(
        Place("outcomes", _fact_table(outcome), day)
        for _effect, outcome in effects
        if (day := {"event": "index_on", "status": "asked_on"}.get(outcome.kind))
    )
    found["evaluability"] |= dict.fromkeys(("all_evaluable_on", "n_never_evaluable_pairs"), days)
    return found | _beside_origins(protocol)


def _beside_origins(protocol: Protocol) -> dict[str, Origins]:
    """Tables that stand beside the effects, from the facts the effects are made from."""
    contracts = beside_contracts(protocol)
    every = every_fact(protocol)
    unweighted = tuple(place for place in every if place.step == "outcomes")
    ruled = funding_origins(protocol)
    levels = tuple(
        place
        for name in protocol.inference.subgroups
        for place in (
            ruled[name]["is_eligible"]
            if name in ruled
            else (Place("matched", "analysis_population", name),)
        )
    )
    asked = ("state", "is_due", "asked_on")
    rests_on = {
        "hidden_bias": unweighted,
        "specification_curve": (*every, *_doubts(protocol)),
        "effect_sheet": every,
        "placebo": (*unweighted, *_null_outcomes(protocol), *_rounds(protocol)),
        "subgroups": (*unweighted, *levels),
        "response_rates": tuple(
            Place("outcomes", "wave_responses", name) for name in (*asked, "is_lost")
        ),
        "nonresponse_weights": (
            *(Place("outcomes", "wave_responses", name) for name in asked),
            *_of_response(protocol),
        ),
        ASCERTAINMENT: (*participant("arm"), *participant("spell_id"), *_SEEN),
    }
    events = {f"{o.name}_": o for o in protocol.outcomes if isinstance(o, EventOutcome)}
    found: dict[str, Origins] = {}
    for name, contract in contracts.items():
        own = next((o for prefix, o in events.items() if name.startswith(prefix)), None)
        facts = rests_on.get(name) or tuple(_facts(own, protocol) if own else ())
        facts = tuple(dict.fromkeys(facts))
        found[name] = {c.name: facts for c in contract.columns if c.name not in TOLD_BY_METHOD}
        if own and own.causes:
            for column in OF_CAUSES.keys() & found[name].keys():
                made_of = OF_CAUSES[column]
                found[name][column] = tuple(Place("outcomes", "event_causes", m) for m in made_of)
        if "told_after" in found[name] and protocol.employment:
            told = Place("outcomes", "wave_answers", protocol.employment.now_column)
            found[name]["told_after"] = (told,)
    if "nonresponse_weights" in found:
        taken = {n: (Place("outcomes", "wave_responses", n),) for n in MEMBERS_ASKED}
        found["nonresponse_weights"] |= taken
    return found


_SEEN = (
    Place("outcomes", "spell_ends", "is_early"),
    Place("linked", "spells", "ended_early_on"),
    Place("matched", "exclusions", "reason"),
)


def _doubts(protocol: Protocol) -> Iterator[Place]:
    """What makes stricter readers drop a pair, beside what the pairs say of themselves."""
    yield Place("matched", "pair_findings", "finding")
    if column := protocol.inference.helped_column:
        yield Place("linked", "answers", column)
    for teller in protocol.contract_tellers:
        yield Place("matched", "matched_pairs", f"is_same_{teller.role}")


def _rounds(protocol: Protocol) -> tuple[Place, ...]:
    """What the rounds were solved on, and how contracts end."""
    if protocol.matching.index is None:
        return ()
    pool = ("person_id", "index_on", "logit")
    ends = (Place("outcomes", "spell_ends", name) for name in ("ends_on", "is_early"))
    return (*(Place("matched", "matching_pool", name) for name in pool), *ends)


def _null_outcomes(protocol: Protocol) -> Iterator[Place]:
    for null in protocol.placebo.null_outcomes if protocol.placebo else ():
        yield from participant((SPELL_PREFIX if null.origin == "spell" else "") + null.column)


def effect_tables(outcome: Outcome) -> tuple[str, ...]:
    """The released tables of one outcome; the last holds its effect."""
    if isinstance(outcome, EventOutcome):
        return tuple(f"{outcome.name}_{kind}" for kind in ("risk", "planned_end", "paired_effect"))
    return (outcome.name,)


def _fact_table(outcome: Outcome) -> str:
    return {"event": "event_times", "status": "status_answers"}.get(outcome.kind, "measures")


def every_fact(protocol: Protocol) -> tuple[Place, ...]:
    """The columns that all effects of the study are made of."""
    return tuple(fact for outcome in protocol.outcomes for fact in _facts(outcome, protocol))


def _facts(outcome: Outcome, protocol: Protocol) -> Iterator[Place]:
    table = _fact_table(outcome)
    columns = {
        "event_times": ("time_days", "cause", "follow_up_days", "index_on"),
        "status_answers": ("status", "is_respondent", "is_due"),
        "measures": ("value",),
    }
    for column in columns[table]:
        yield Place("outcomes", table, column)
    if isinstance(outcome, StatusOutcome):  # answers are weighted by who answers
        yield from _explaining_response(protocol)


def _explaining_response(protocol: Protocol) -> Iterator[Place]:
    names = [covariate.name for covariate in protocol.covariates if covariate.role != "report"]
    yield from (Place("matched", "analysis_population", name) for name in names)


def _of_response(protocol: Protocol) -> Iterator[Place]:
    """What tells the chance of an answer: the covariates, and the days of the first event."""
    yield from _explaining_response(protocol)
    event = next((o for o in protocol.outcomes if isinstance(o, EventOutcome)), None)
    yield from _facts(event, protocol) if event else ()


def published_origins(protocol: Protocol) -> dict[str, Origins]:
    """Table → origins: a released column is the column of its step; the programme's are counted."""
    found: dict[str, Origins] = {
        name: {column.name: (Place(step, name, column.name),) for column in contract.columns}
        for step, contracts in (
            ("matched", matched_contracts(protocol)),
            ("outcomes", outcome_contracts(protocol)),
        )
        for name, contract in contracts.items()
    }
    person, pair = participant("person_id"), Place("matched", "matched_pairs", "pair_id")
    counts = ("n_in", "n_out", "n_remaining")
    found["participant_flow"] = {
        "arm": participant("arm"),
        **dict.fromkeys(counts, (*person, pair)),
    }
    if protocol.enrolment:
        found["enrolment_progress"] = enrolment_origins(protocol.enrolment)
    if protocol.shared_facts:
        names = published_contracts(protocol)["contradictions"].names
        found["contradictions"] = {n: (Place("linked", "contradictions", n),) for n in names}
    found |= fact_origins(protocol)
    return found | programme_origins(protocol, every_fact(protocol)) | mechanism_origins(protocol)


def declared_origins(protocol: Protocol) -> Mapping[tuple[str, str], Origins]:
    """(step, table) → origins of every table that Python makes."""
    found: dict[tuple[str, str], Origins] = {
        ("validated", source.name): validated_origins(source) for source in protocol.sources
    }
    if protocol.feeding("answer"):
        found["validated", "answers"] = answers_origins(protocol)
    found["linked", "person_links"] = links_origins(protocol)
    for step, tables in (
        ("validated", decided_origins(protocol)),
        ("matched", matched_origins(protocol)),
        ("outcomes", outcome_origins(protocol)),
        ("published", published_origins(protocol)),
    ):
        found |= {(step, name): origins for name, origins in tables.items()}
    return {
        place: {column: where for column, where in origins.items() if where}
        for place, origins in found.items()
    }


def headings_behind(
    origins: Mapping[tuple[str, str], Mapping[str, Iterable[Place]]], step: str, table: str
) -> dict[str, tuple[Place, ...]]:
    """Column of a table → the headings of the partners' files its values come from in the end."""
    known: dict[Place, frozenset[Place]] = {}

    def behind(place: Place) -> frozenset[Place]:
        if place.step == "raw":
            return frozenset({place})
        if place not in known:
            known[place] = frozenset()  # a column that would come from itself comes from nothing
            sources = origins.get(place[:2], {}).get(place.column, ())
            known[place] = frozenset().union(*(behind(source) for source in sources))
        return known[place]

    return {
        column: tuple(sorted(behind(Place(step, table, column))))
        for column in origins.get((step, table), {})
    }
