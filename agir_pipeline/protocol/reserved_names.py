"""Names the product gives to columns and tables of its own: a protocol may not take them.

A column of that name would stand twice in a table, or hide the one the product means.
"""

from collections.abc import Iterator

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import Raw, items, place, table, text

ROW = {
    "entity_id",
    "entity_key",
    "extracted_on",
    "first_listed_on",
    "known_on",
    "person_id",
    "provider",
    "receipt_id",
    "record_id",
    "row_number",
    "sheet",
    "source",
    "superseded_on",
}
"""What every row of a source carries besides its own columns."""

OF_FEED = {
    "person": {"arm", "is_always_listed", "list_rank", "starts_on", "tie_order"},
    "spell": {
        "amendment_effective_on",
        "amendment_number",
        "ended_early_on",
        "first_rank",
        "last_rank",
        "planned_end_initial_on",
        "planned_end_on",
        "row_rank",
        "spell_ended_early_on",
        "spell_id",
        "spell_rank",
        "starts_on",
    },
    "answer": {"answered_at", "answer_rank", "codebook"},
}
SPELL = "spell_"
"""Columns of a contract carry this prefix once they stand beside those of the person."""

PARTICIPANT = {
    "arm",
    "band_number",
    "common_planned_days",
    "elapsed_days",
    "index_on",
    "is_open",
    "logit",
    "pair_id",
    "person_id",
    "round_number",
    "stratum",
    "tie_order",
}
"""What the matching tables say of a person besides its covariates."""

STAMPS = {"as_of", "design_digest", "protocol_digest"}
"""What every released table carries."""

TABLES = {
    "alternative_weights",
    "analysis_population",
    "ascertainment",
    "category_prices",
    "certificates",
    "committee_members",
    "context",
    "contract_profile",
    "contradictions",
    "cost_acceptability",
    "cost_effectiveness",
    "cost_sensitivity",
    "cost_totals",
    "costs",
    "covariate_balance",
    "data_dictionary",
    "data_quality",
    "effect_sheet",
    "employment_by_month",
    "employment_calendar",
    "enrolment_pace",
    "enrolment_progress",
    "enrolment_projection",
    "evaluability",
    "event_times",
    "exclusions",
    "governance",
    "hidden_bias",
    "landmark_effects",
    "link_index",
    "link_transitions",
    "matched_pairs",
    "matching_pool",
    "matching_prices",
    "measures",
    "mobilisation_funnel",
    "mobilisation_obstacles",
    "nonresponse_weights",
    "pair_findings",
    "participant_flow",
    "placebo",
    "posture_change",
    "precision",
    "qualification",
    "release_manifest",
    "response_rates",
    "risk_factors",
    "scale_reliability",
    "situation_at_six_months",
    "specification_curve",
    "status_answers",
    "subgroups",
    "support_dose",
    "support_dose_quantiles",
    "support_subthemes",
    "support_themes",
    "territory",
    "unmatched_beneficiaries",
}
"""The released tables of every study."""

EVENT_TABLES = ("risk", "planned_end", "paired_effect", "incidence", "free_time", "causes")
"""What the released tables of an event are called, after its name."""

VALIDATED = {"answers"}
"""The tables beside those of the sources, where rows are read."""

OUTCOME_STEP = {
    "calendar_months",
    "event_candidates",
    "event_causes",
    "event_times",
    "measures",
    "pair_members",
    "question_dates",
    "situations",
    "spell_ends",
    "status_answers",
    "support_sessions",
    "wave_answers",
    "wave_responses",
}
"""The tables the effects are made from."""


def reserved_names_are_left_alone(raw: Raw) -> Iterator[Mistake]:
    for position, source in enumerate(items(raw, "source"), 1):
        where = place("source", position, source)
        if text(source, "name") in VALIDATED:
            yield _taken(where, str(source["name"]))
        for section in ("column", "derived"):
            for number, column in enumerate(items(source, section), 1):
                name = text(column, "name")
                if name is not None and _is_taken(name, column, source):
                    yield _taken(f"{where} › {place(section, number, column)}", name)
    for position, covariate in enumerate(items(raw, "covariate"), 1):
        name = text(covariate, "name")
        if name in PARTICIPANT | STAMPS:
            yield _taken(place("covariate", position, covariate), name)


def _is_taken(name: str, column: Raw, source: Raw) -> bool:
    """Identifying columns stand in the vault alone, where nothing else is named."""
    feeds = text(source, "feeds") or ""
    roles = [*table(source, "spell").values(), source.get("answered_at")]
    has_role = name in roles
    if column.get("sensitivity") == "identifying" or has_role:
        return False
    return name in ROW | OF_FEED.get(feeds, set()) or (feeds == "person" and name.startswith(SPELL))


def _taken(where: str, name: str) -> Mistake:
    return Mistake(
        f"{where} › name",
        _("'{name}' is a name the product uses itself; choose another").format(name=name),
    )


def outcome_tables_are_distinct(raw: Raw) -> Iterator[Mistake]:
    """Each outcome is released as tables named after it."""
    taken = {name: "" for name in TABLES | OUTCOME_STEP}
    for position, outcome in enumerate(items(raw, "outcome"), 1):
        where, name = place("outcome", position, outcome), text(outcome, "name")
        if name is None:
            continue
        is_event = outcome.get("kind") == "event"
        for made in [f"{name}_{ending}" for ending in EVENT_TABLES] if is_event else (name,):
            if taken.get(made, name) != name:
                yield Mistake(
                    f"{where} › name",
                    _("its table {table} would have the name of another; choose another").format(
                        table=made
                    ),
                )
            taken.setdefault(made, name)
