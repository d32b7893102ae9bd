"""The frame of an effect sheet: the trial it stands in for, and what is estimated, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from agir_pipeline.language import _, current_language
from agir_pipeline.protocol.model import EventOutcome, Outcome, Protocol, StatusOutcome

Row = Mapping[Any, Any]


def trial_lines(outcome: Outcome, protocol: Protocol, row: Row) -> Iterator[tuple[str, str]]:
    """The target trial: eligibility, time zero, strategies, assignment, follow-up, analysis."""
    language, index = current_language(), protocol.matching.index
    rules = [rule.labels.in_language(language) for rule in protocol.eligibility]
    yield _("Who"), ", ".join(rules) or _("everybody in the sources of persons")
    if index:
        yield (
            _("Time zero"),
            _(
                "the pair's index date: contract start plus the days until support began, in bands "
                "of {days} days; both members still in contract then"
            ).format(days=index.delay_band_days.value),
        )
    yield _("Strategies"), _("support beginning on the index date, against none begun by then")
    yield (
        _("Assignment"),
        _("not drawn by lot: controls matched on what was known by the index date"),
    )
    if protocol.matching.near_fine:
        name = protocol.matching.near_fine.covariate
        label = next(c.labels for c in protocol.covariates if c.name == name)
        told = _(
            "as many controls as beneficiaries of each category, as far as pairs allow: {name}"
        )
        yield _("Near-fine balance"), told.format(name=label.in_language(language))
    yield _("Follow-up"), _follow_up(outcome)
    yield _("Outcome"), outcome.labels.in_language(language)
    estimand = protocol.matching.estimand
    yield _("Estimand"), estimand if isinstance(estimand, str) else estimand.in_language(language)
    yield _("Analysis"), str(row["method"])


def estimand_lines(
    outcome: Outcome, protocol: Protocol, row: Row, n_entered: int
) -> Iterator[tuple[str, str]]:
    """What is estimated, of whom, from when: one sentence."""
    index = (
        _("from the pair's index date; planned end as known then")
        if protocol.matching.index
        else _("from the day of matching")
    )
    sentence = _(
        "The mean effect of support on the beneficiaries in pairs that count, {k} of {n} who "
        "entered, {since}: {definition}"
    )
    yield (
        _("In one sentence"),
        sentence.format(
            k=int(row["n"]), n=n_entered, since=index, definition=row["definition_text"]
        ),
    )


def _follow_up(outcome: Outcome) -> str:
    if isinstance(outcome, EventOutcome):
        return _(
            "{days} days from the index date, and never past the data cut less the days of "
            "consolidation; the same for both members, whatever happened"
        ).format(days=outcome.primary_horizon_days)
    if isinstance(outcome, StatusOutcome):
        return _(
            "to {months} months after the pair's common planned end, whether or not a contract "
            "broke"
        ).format(months=outcome.months_after_planned_end.value)
    return _("to the day the measure was taken")
