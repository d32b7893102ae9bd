"""Tables of the programme: its pace, its costs, its committees, its reach, what went on around."""

from collections.abc import Mapping

from agir_pipeline.contracts.beside import CLAIMS
from agir_pipeline.contracts.funding import funding_contracts
from agir_pipeline.contracts.governance import codes_of, governance_contracts
from agir_pipeline.contracts.model import Column, TableContract, Text
from agir_pipeline.contracts.words import (
    ARMS,
    PERSONS,
    coded,
    count,
    day,
    flag,
    number,
    points,
    share,
    spelled,
    text,
    vocabulary,
    whole,
)
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import (
    Costs,
    MeasureOutcome,
    Outreach,
    Protocol,
    Territory,
)

KINDS: Mapping[str, Text] = {
    "direct": mark("Spent on persons"),
    "common": mark("Shared by all: engineering, management and the like"),
    "complete": mark("Direct and common together"),
}
STATES: Mapping[str, Text] = {
    "realised": mark("Realised"),
    "projected": mark("Projected from the pace since the change"),
}

FINITE = mark(
    "Empty when its interval is not finite; among the costs told the truth is missed more often "
    "than the level says, for only lucky ones are told"
)
RESAMPLED = mark("Complete pairs and two pseudo-pairs resampled, BCa; empty when not finite")

WORDS = vocabulary(
    day("change_on", mark("Change of pace"), mark("Entries since this day are told apart")),
    count("n_before", mark("Entries before"), mark("Beneficiaries before the change")),
    number("months_before", mark("Months before"), mark("From the first entry to the change"),
           unit="months", minimum=0),
    count("n_since", mark("Entries since"), mark("Beneficiaries from the change on")),
    number("months_since", mark("Months since"), mark("Whole and begun ones"), unit="months",
           minimum=0),
    number("rate_ratio", mark("Ratio of the monthly rates"), mark("Since over before"), minimum=0),
    number("rate_ratio_low", mark("Ratio of the rates, lower limit"),
           mark("Exact, given all entries"), minimum=0),
    number("rate_ratio_high", mark("Ratio of the rates, upper limit"),
           mark("Exact, given all entries"), minimum=0),
    number("cumulative_ratio", mark("Ratio of all entries"),
           mark("Entries so far over those before the change"), minimum=0),
    day("month_on", mark("Month"), mark("Its first day")),
    coded("state", mark("Realised or projected"), STATES,
          description=mark("Months to come are projected")),
    count("n_entries", mark("Entries of the month"),
          mark("Beneficiaries by their day of entry, controls by the day of their pair")),
    count("projected", mark("Entries projected"),
          mark("Median of the month; of beneficiaries, controls come with their pairs")),
    count("projected_low", mark("Entries projected, lower limit"),
          mark("Of the month, at the protocol's level")),
    count("projected_high", mark("Entries projected, upper limit"),
          mark("Of the month, at the protocol's level")),
    count("n_cumulative", mark("Entries so far"), mark("Ahead: median of all by the month")),
    count("cumulative_low", mark("Entries so far, lower limit"),
          mark("All months ahead taken together")),
    count("cumulative_high", mark("Entries so far, upper limit"),
          mark("All months ahead taken together")),
    count("n_target", mark("Target"), mark("Of the whole study, as in the protocol")),
    share("p_target", mark("Chance of the target"), mark("That it is reached by the month's end")),
    whole("year", mark("Year"), mark("Of the voucher, or of the figures")),
    count("n_lines", mark("Lines"), mark("Of vouchers, credit notes included")),
    number("amount_eur", mark("Amount"), mark("Before tax; credit notes taken off"), unit="EUR"),
    coded("kind", mark("Kind of cost"), KINDS, description=mark("As the protocol divides items")),
    count("n_beneficiaries", mark("Beneficiaries"), mark("Who have entered so far")),
    number("per_beneficiary_eur", mark("Cost per beneficiary"),
           mark("Spent, among all who entered so far"), unit="EUR"),
    number("cost_difference_eur", mark("Cost difference"),
           mark("Planned for one beneficiary; a control costs nothing"), unit="EUR", minimum=0),
    number("planned_per_beneficiary_eur", mark("Planned per beneficiary"),
           mark("As in the protocol"), unit="EUR"),
    number("planned_eur", mark("Planned in all"), mark("For the beneficiaries who entered"),
           unit="EUR"),
    number("gap_eur", mark("Gap to the plan"), mark("Spent less planned"), unit="EUR"),
    number("share_of_complete", mark("Share of the complete cost"), mark("Of what was spent")),
    number("planned_for_target_eur", mark("Planned for the target"),
           mark("For as many beneficiaries as the study is to have"), unit="EUR"),
    number("announced_eur", mark("Announced"), mark("For the whole study; of everything"),
           unit="EUR"),
    text("definition", mark("Definition"),
         mark("Variant of the outcome, as named in the protocol")),
    count("horizon_days", mark("Horizon"), mark("Counted from the index date"), unit="days"),
    points("gain_points", mark("Gain"), mark("Difference in the direction of a benefit")),
    points("gain_low_points", mark("Gain, lower limit"), mark("Of the difference")),
    points("gain_high_points", mark("Gain, upper limit"), mark("Of the difference")),
    coded("claim", mark("What the row may claim"), CLAIMS, mark("As that of the effect")),
    text("method", mark("Method"), mark("What the figures of the row rest on")),
    text("n_needed", mark("Number needed to treat"),
         mark("NNTB to benefit, NNTH to harm; through ∞ when no effect lies in the interval")),
    text("cost_per_gain_set", mark("Costs that agree with the data"),
         mark("Of one more with the benefit, in euros: Fieller's set, told always; through ∞ to no "
              "gain when no effect lies in the interval of the gain")),
    number("cost_per_gain_eur", mark("Cost of one more with the benefit"),
           mark("Empty when its interval is not finite"), unit="EUR", minimum=0),
    number("cost_per_gain_low_eur", mark("That cost, lower limit"), FINITE, unit="EUR", minimum=0),
    number("cost_per_gain_high_eur", mark("That cost, upper limit"), FINITE, unit="EUR",
           minimum=0),
    number("cost_per_gain_bca_low_eur", mark("That cost, lower limit of the bootstrap"), RESAMPLED,
           unit="EUR", minimum=0),
    number("cost_per_gain_bca_high_eur", mark("That cost, upper limit of the bootstrap"),
           RESAMPLED, unit="EUR", minimum=0),
    number("acceptable_eur", mark("Acceptable cost"),
           mark("What somebody might pay for one more with the benefit"), unit="EUR", minimum=0),
    share("p_acceptable", mark("Chance of being worth it"),
          mark("At that price; empty in interim releases")),
    count("n_contacted", mark("Organisations contacted"), mark("Each once, however spelled")),
    count("n_replied", mark("Replied"), mark("Agreed, refused or arranged a meeting")),
    count("n_agreed", mark("Agreed"), mark("At least once")),
    count("n_referred", mark("Referred a young person"), mark("At least once")),
    whole("days_to_entry", mark("Days to the first entry"),
          mark("Of those it sent, from its first contact; below 0: before it"), unit="days"),
    count("n_organisations", mark("Organisations"), mark("Each once, however spelled")),
    text("evidence", mark("Evidence"), mark("The column that tells the ground")),
    count("n_persons", mark("Persons"), mark("Each counted once")),
    number("days_to_agreement_median", mark("Days to agreement"),
           mark("Median from first contact, of those that agreed"), unit="days"),
    count("n_expected", mark("Organisations expected"),
          mark("The least number of the protocol")),
    flag("is_reached", mark("Reached"), mark("Empty where no number is expected")),
    text("series", mark("Series"), mark("Codes of what the figure is of, joined")),
    count("n_months", mark("Months told"), mark("Twelve make a whole year")),
    number("value", mark("Value"), mark("Mean of the months, as last published")),
    number("change_share", mark("Change over the year before"),
           mark("Whole years only; −0.18 means eighteen in a hundred fewer")),
)  # fmt: skip


def programme_contracts(protocol: Protocol) -> dict[str, TableContract]:
    """The contract of each table of the programme that the protocol asks for, by name."""
    tables: list[TableContract] = []
    if protocol.enrolment and protocol.enrolment.pace:
        tables += [_pace(), _projection()]
    if protocol.costs:
        tables += [_costs(protocol, protocol.costs), _totals()]
        if not all(isinstance(outcome, MeasureOutcome) for outcome in protocol.outcomes):
            tables.append(_effectiveness(protocol))
            if protocol.costs.acceptable:
                tables.append(_acceptability(protocol))
            tables.append(_sensitivity(protocol, protocol.costs))
    tables += governance_contracts(protocol)
    if protocol.outreach:
        tables.append(_funnel(protocol, protocol.outreach))
        if protocol.outreach.obstacle_column:
            tables.append(_obstacles(protocol, protocol.outreach))
    if protocol.territory:
        tables.append(_territory(protocol, protocol.territory))
    if protocol.context:
        tables.append(_context())
    return {**{table.name: table for table in tables}, **funding_contracts(protocol)}


def _pace() -> TableContract:
    return TableContract(
        "enrolment_pace",
        mark("How much faster beneficiaries enter since the change"),
        spelled(
            WORDS,
            """change_on n_before months_before n_since months_since rate_ratio? rate_ratio_low?
            rate_ratio_high? cumulative_ratio?""",
        ),
        ("change_on",),
    )


def _projection() -> TableContract:
    return TableContract(
        "enrolment_projection",
        mark("Entries realised, and where their pace leads"),
        spelled(
            {**PERSONS, **WORDS},
            """month_on arm state n_entries? projected? projected_low? projected_high? n_cumulative
            cumulative_low? cumulative_high? n_target? p_target?""",
        ),
        ("month_on", "arm"),
    )


def _costs(protocol: Protocol, costs: Costs) -> TableContract:
    items = codes_of(protocol, costs.origin, costs.item_column)
    return TableContract(
        "costs",
        mark("What was spent by year and item"),
        spelled(
            WORDS,
            "year item kind n_lines amount_eur per_beneficiary_eur?",
            coded("item", mark("Item"), items, mark("As in the accounts")),
        ),
        ("year", "item"),
    )


def _totals() -> TableContract:
    return TableContract(
        "cost_totals",
        mark("Direct and complete cost against the plan"),
        spelled(
            WORDS,
            """kind amount_eur n_beneficiaries per_beneficiary_eur? planned_per_beneficiary_eur
            planned_eur gap_eur share_of_complete? n_target? planned_for_target_eur?
            announced_eur?""",
        ),
        ("kind",),
    )


def _effectiveness(protocol: Protocol) -> TableContract:
    names: dict[str, Text] = {outcome.name: outcome.labels for outcome in protocol.outcomes}
    return TableContract(
        "cost_effectiveness",
        mark("What one more person with the benefit costs"),
        spelled(
            WORDS,
            """outcome definition horizon_days? kind cost_difference_eur gain_points
            gain_low_points gain_high_points n_needed cost_per_gain_set cost_per_gain_eur?
            cost_per_gain_low_eur? cost_per_gain_high_eur? cost_per_gain_bca_low_eur?
            cost_per_gain_bca_high_eur? claim method""",
            coded("outcome", mark("Outcome"), names, mark("As named in the protocol")),
        ),
        ("outcome", "definition", "horizon_days", "kind"),
    )


SCENARIOS: Mapping[str, Text] = {
    "by_actor": mark("Given or paid by another actor"),
    "by_dose": mark("By interviews had until the landmark"),
}


def _sensitivity(protocol: Protocol, costs: Costs) -> TableContract:
    names: dict[str, Text] = {outcome.name: outcome.labels for outcome in protocol.outcomes}
    actors: dict[str, Text] = {actor.code: actor.labels for actor in costs.actors}
    return TableContract(
        "cost_sensitivity",
        mark("What a gain would cost: by actor and by dose of support"),
        spelled(
            WORDS,
            """scenario level outcome definition horizon_days? n? cost_difference_eur? gain_points
            gain_low_points gain_high_points n_needed cost_per_gain_set? cost_per_gain_eur?
            cost_per_gain_low_eur? cost_per_gain_high_eur? claim method""",
            coded("scenario", mark("What is varied"), SCENARIOS, mark("One thing at a time")),
            coded("level", mark("Actor or dose"), actors,
                  mark("An actor of the protocol, or a number of interviews"), is_closed=False),
            coded("outcome", mark("Outcome"), names, mark("As named in the protocol")),
            count("n", mark("Pairs"), mark("Of the dose; empty by actor")),
            number("cost_difference_eur", mark("Cost difference"),
                   mark("For one beneficiary; empty where no document tells it"), unit="EUR",
                   minimum=0),
            coded("claim", mark("What the row may claim"), CLAIMS, mark("Exploratory, all of it")),
        ),
        ("scenario", "level", "outcome", "definition", "horizon_days"),
    )  # fmt: skip


def _acceptability(protocol: Protocol) -> TableContract:
    names: dict[str, Text] = {outcome.name: outcome.labels for outcome in protocol.outcomes}
    return TableContract(
        "cost_acceptability",
        mark("How probably support is worth a price"),
        spelled(
            WORDS,
            "outcome definition horizon_days? kind acceptable_eur p_acceptable? claim method",
            coded("outcome", mark("Outcome"), names, mark("As named in the protocol")),
        ),
        ("outcome", "definition", "horizon_days", "kind", "acceptable_eur"),
    )


def naming_columns(protocol: Protocol, source: str) -> list[str]:
    """The columns by which a source names organisations; what identifies stays in the vault."""
    told = protocol.organisations.told_by if protocol.organisations else ()
    names = {name for teller in told if teller.source == source for name in teller.columns}
    return [c.name for c in protocol.source(source).warehouse_columns if c.name in names]


def _funnel(protocol: Protocol, outreach: Outreach) -> TableContract:
    kinds = codes_of(protocol, outreach.origin, outreach.type_column)
    return TableContract(
        "mobilisation_funnel",
        mark("Which organisations were won for the programme"),
        spelled(
            WORDS,
            """organisation_kind n_contacted n_replied n_agreed n_referred n_entries?
            days_to_agreement_median? days_to_entry? n_expected? is_reached?""",
            _organisation_kind(kinds),
            count(
                "n_entries",
                mark("Entries of those it sent"),
                mark("Beneficiaries sent by organisations of the kind; empty: no code names it"),
            ),
        ),
        ("organisation_kind",),
    )


def _obstacles(protocol: Protocol, outreach: Outreach) -> TableContract:
    kinds = codes_of(protocol, outreach.origin, outreach.type_column)
    obstacles = codes_of(protocol, outreach.origin, outreach.obstacle_column or "")
    return TableContract(
        "mobilisation_obstacles",
        mark("What stood in the way of organisations"),
        spelled(
            WORDS,
            "organisation_kind obstacle_named n_organisations",
            _organisation_kind(kinds),
            coded("obstacle_named", mark("Obstacle"), obstacles, mark("As in the log")),
        ),
        ("organisation_kind", "obstacle_named"),
    )


GROUNDS: Mapping[str, Text] = {
    "out_of_scope": mark("Told to be outside by every ground"),
    "not_told": mark("Not told"),
}


def _territory(protocol: Protocol, territory: Territory) -> TableContract:
    rule = next(r for r in protocol.eligibility if r.name == territory.eligibility)
    other = rule.or_else.column if rule.or_else else rule.column
    labels = _labels(protocol, {rule.column, other, territory.zone_column})
    met = {*rule.one_of, *(rule.or_else.one_of if rule.or_else else ())}
    told = {**labels[rule.column], **labels[other]}
    grounds = {code: label for code, label in told.items() if code in met}
    return TableContract(
        "territory",
        mark("On what ground people are in the territory"),
        spelled(
            WORDS,
            f"arm {rule.column} evidence? {territory.zone_column}? n_persons",
            coded("arm", mark("Arm"), ARMS, mark("As the source says")),
            coded(rule.column, mark("Ground"), {**grounds, **GROUNDS},
                  mark("The first that is met, in the order of the protocol")),
            coded(territory.zone_column, mark("Zone"), labels[territory.zone_column],
                  mark("Where the person lives, by the codes of the day of entry")),
        ),
        ("arm", rule.column, "evidence", territory.zone_column),
    )  # fmt: skip


def _labels(protocol: Protocol, columns: set[str]) -> dict[str, Mapping[str, Text]]:
    """Column → its codes with their labels, wherever in the sources of people and contracts."""
    return {
        column.name: {code.code: code.labels for code in column.codes}
        for feeds in ("spell", "person")
        for source in protocol.feeding(feeds)
        for column in source.warehouse_columns
        if column.name in columns
    }


def _organisation_kind(kinds: Mapping[str, Text]) -> Column:
    return coded("organisation_kind", mark("Kind of organisation"), kinds, mark("As in the log"))


def _context() -> TableContract:
    return TableContract(
        "context",
        mark("What happened around the programme, year by year"),
        spelled(WORDS, "series year n_months value change_share?"),
        ("series", "year"),
    )
