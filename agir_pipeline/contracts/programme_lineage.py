"""From which columns the tables of the programme are made: see ``lineage``."""

from agir_pipeline.contracts.funding import funding_origins
from agir_pipeline.contracts.mechanism_lineage import mechanism_origins
from agir_pipeline.contracts.places import Origins, Place, participant
from agir_pipeline.contracts.programme import naming_columns, programme_contracts
from agir_pipeline.contracts.sql_words import SPELL_PREFIX
from agir_pipeline.protocol.model import Enrolment, Governance, Protocol, Reviews


def programme_origins(protocol: Protocol, effects: tuple[Place, ...]) -> dict[str, Origins]:
    """Table → origins, for the programme's tables: from their source, or from what is counted.

    ``effects`` are the columns that the effects are made of.
    """
    read: dict[str, tuple[str, tuple[str, ...]]] = {}
    if c := protocol.costs:
        read["costs"] = (c.origin, (c.day_column, c.item_column, c.amount_column))
        read["cost_totals"] = (c.origin, (c.item_column, c.amount_column))
    if protocol.governance:
        g = protocol.governance
        read["governance"] = (g.origin, (g.type_column, g.day_column, g.cases_column))
        if g.membership:
            present = (g.type_column, g.day_column, g.membership.present_column)
            read["committee_members"] = (g.origin, present)
    if protocol.outreach:
        o = protocol.outreach
        steps = (o.type_column, *naming_columns(protocol, o.origin), o.day_column, o.result_column)
        read["mobilisation_funnel"] = (o.origin, steps)
        if o.obstacle_column:
            told = (o.type_column, *naming_columns(protocol, o.origin), o.day_column)
            read["mobilisation_obstacles"] = (o.origin, (*told, o.obstacle_column))
    if protocol.context:
        x = protocol.context
        figures = (*x.series_columns, x.month_column, x.value_column, x.published_column)
        read["context"] = (x.origin, figures)
    contracts = programme_contracts(protocol)
    found: dict[str, Origins] = {}
    for name, (source, columns) in read.items():
        origins = tuple(Place("validated", source, column) for column in columns)
        found[name] = {c.name: origins for c in contracts[name].columns}
    if protocol.governance and (reviews := protocol.governance.reviews):
        found["governance"] |= _review_origins(protocol.governance, reviews)
    entries = enrolment_origins(protocol.enrolment)["n_entries"] if protocol.enrolment else ()
    for name in ("enrolment_pace", "enrolment_projection"):
        if name in contracts:
            found[name] = {c.name: entries for c in contracts[name].columns}
    enrolment, outreach = protocol.enrolment, protocol.outreach
    if enrolment and outreach and outreach.referral_column:
        sent = participant(outreach.referral_column) + participant(enrolment.entry_column)
        funnel = found["mobilisation_funnel"]
        funnel |= {"n_entries": sent, "days_to_entry": (*sent, *funnel["n_contacted"])}
    if "cost_effectiveness" in contracts:
        gains = ("gain_points", "gain_low_points", "gain_high_points", "n_needed")
        told = (*gains, "cost_per_gain_set", *PER_GAIN)
        found["cost_effectiveness"] = dict.fromkeys(told, effects)
    if "cost_sensitivity" in contracts:
        found["cost_sensitivity"] = _sensitivity_origins(protocol, effects)
    if "cost_acceptability" in contracts:
        found["cost_acceptability"] = {"p_acceptable": effects}
    return found | funding_origins(protocol) | _territory_origins(protocol)


def _sensitivity_origins(protocol: Protocol, effects: tuple[Place, ...]) -> Origins:
    """By actor as the effects, by dose as the effects after a landmark and the hours."""
    mechanism = mechanism_origins(protocol)
    hours = mechanism.get("support_dose", {}).get("support_hours", ())
    later = mechanism.get("landmark_effects", {}).get("difference_points", ())
    gains = tuple(dict.fromkeys((*effects, *later)))
    named = ("gain_points", "gain_low_points", "gain_high_points", "n_needed")
    told = ("cost_per_gain_set", *PER_GAIN[:3])
    costs = dict.fromkeys(told, tuple(dict.fromkeys((*gains, *hours))))
    return {**dict.fromkeys(named, gains), **costs, "cost_difference_eur": hours, "n": later}


PER_GAIN = (
    "cost_per_gain_eur", "cost_per_gain_low_eur", "cost_per_gain_high_eur",
    "cost_per_gain_bca_low_eur", "cost_per_gain_bca_high_eur",
)  # fmt: skip


def _review_origins(governance: Governance, reviews: Reviews) -> Origins:
    """Whose case was reviewed is read from the log in the vault: the day stands for the row."""
    held = tuple(
        Place("validated", governance.origin, column)
        for column in (governance.type_column, governance.day_column)
    )
    support = tuple(
        Place("validated", reviews.persons_origin, column)
        for column in (reviews.entered_column, reviews.left_column)
    )
    due = ("n_due", "n_not_reviewed", "is_covered")
    return {"n_active": support, **dict.fromkeys(due, (*held, *support)), "within_meetings": ()}


def _territory_origins(protocol: Protocol) -> dict[str, Origins]:
    if protocol.territory is None:
        return {}
    rule = next(r for r in protocol.eligibility if r.name == protocol.territory.eligibility)
    asked = [(rule.origin, rule.column)]
    if rule.or_else:
        asked.append((rule.or_else.origin, rule.or_else.column))
    ground = tuple(
        place
        for origin, column in asked
        for place in participant((SPELL_PREFIX if origin == "spell" else "") + column)
    )
    zone = participant(protocol.territory.zone_column)
    return {
        "territory": {
            rule.column: ground,
            "evidence": ground,
            protocol.territory.zone_column: zone,
            "n_persons": (*ground, *zone),
        }
    }


def enrolment_origins(enrolment: Enrolment) -> Origins:
    days = (
        *participant(enrolment.entry_column),
        Place("matched", "matched_pairs", "formed_on"),
    )
    watched = participant(enrolment.watched_column) if enrolment.watched_column else ()
    names = ("month_on", "n_entries", "n_cumulative", "n_gap")
    shares = ("share_watched", "share_watched_low", "share_watched_high")
    return {**dict.fromkeys(names, days), **dict.fromkeys(shares, watched)}
