"""The few lines of each table that a steward looks at first, as small Markdown tables."""

from math import isnan, nan

import pandas as pd

from agir_pipeline.assets.markdown import Cell, markdown_table
from agir_pipeline.contracts.covariates import level_namer
from agir_pipeline.contracts.model import in_language
from agir_pipeline.contracts.words import ARMS
from agir_pipeline.language import _, current_language
from agir_pipeline.methods.effects.event_pairs import PairedTimes
from agir_pipeline.methods.effects.risk_plot import risks_by_arm
from agir_pipeline.protocol.model import EventOutcome, Outcome, Protocol

SHOWN = 12
"""How many lines of balance are shown: the largest differences after matching."""
MONTHS = 6
"""How many of the last months of enrolment are shown."""


def balance_shown(balance: pd.DataFrame, protocol: Protocol) -> str:
    """The covariate levels that are furthest apart after matching, with what they were before."""
    name_of = level_namer(protocol)
    sides = balance.pivot_table(
        index=["covariate", "level"], columns="sample", values="smd", aggfunc="first", dropna=False
    ).reindex(columns=["pool", "matched"])
    order = sides["matched"].abs().sort_values(ascending=False, na_position="last").index
    rows = [
        [name_of(name, level), *map(_number, sides.loc[(name, level)])]
        for name, level in order[:SHOWN]
    ]
    head = [_("Covariate"), _("Difference before matching"), _("after matching")]
    return markdown_table(head, rows)


def margin_shown(categories: pd.DataFrame, protocol: Protocol) -> str:
    """Beneficiaries and controls of each category among all pairs, the furthest apart first."""
    near_fine = protocol.matching.near_fine
    labels = {c.name: c.labels.in_language(current_language()) for c in protocol.covariates}
    counts = ["n_beneficiaries", "n_controls"]
    told = categories.groupby("category")[counts].sum().astype(int)
    told = told.assign(beyond=told["n_controls"] - told["n_beneficiaries"])
    n_surplus = int(told["beyond"].clip(lower=0).sum())
    told = told.loc[told["beyond"].abs().sort_values(ascending=False, kind="stable").index]
    head = [labels[near_fine.covariate] if near_fine else "", _("Beneficiaries"), _("Controls")]
    rows: list[list[Cell]] = [[str(name), *map(int, row)] for name, row in told[:SHOWN].iterrows()]
    sentence = _("{n} of {total} controls are beyond their category's share").format(
        n=n_surplus, total=int(told["n_controls"].sum())
    )
    return sentence + "\n\n" + markdown_table([*head, _("Controls beyond")], rows)


def effects_shown(effects: pd.DataFrame, outcome: Outcome) -> str:
    """Every definition and horizon of an outcome: pairs, estimate and its limits.

    A definition is named in its first row: the names are long and the column is narrow.
    """
    is_event, is_measure = outcome.kind == "event", outcome.kind == "measure"
    names = {
        "event": ("risk_difference_points", "ci_low_points", "ci_high_points"),
        "status": ("difference_points", "ci_low_points", "ci_high_points"),
        "measure": ("difference", "ci_low", "ci_high"),
    }[outcome.kind]
    unit = outcome.unit if outcome.kind == "measure" else _("points")
    head = [_("Definition"), *([_("Days")] if is_event else []), _("Pairs")]
    head += [_("Difference ({unit})").format(unit=unit), _("Lower limit"), _("Upper limit")]
    if not is_measure:
        head.append(_("Smallest effect that could be found"))
    rows: list[list[Cell]] = []
    named: set[str] = set()
    for row in effects.to_dict("records"):
        name = _definition(outcome, str(row["definition"]))
        cells: list[Cell] = ["" if name in named else name]
        named.add(name)
        cells += [int(row["horizon_days"])] if is_event else []
        cells += [int(row["n"]), *(_number(row[name]) for name in names)]
        rows.append(cells if is_measure else [*cells, _number(row["minimum_detectable_points"])])
    return markdown_table(head, rows)


def risks_shown(pairs: PairedTimes, outcome: EventOutcome) -> str:
    """The numbers of the risk curves at each horizon, in percent."""
    horizons = outcome.horizons_days.value
    risks = risks_by_arm(pairs, horizons)
    head = [_("Days"), *(in_language(ARMS[arm], current_language()) + " (%)" for arm in risks)]
    columns = [[_number(100 * risk) for risk in told] for told in risks.values()]
    return markdown_table(head, [list(row) for row in zip(horizons, *columns, strict=True)])


def enrolment_shown(progress: pd.DataFrame) -> str:
    """The last months: entries, entries so far, and what is still to come."""
    months = sorted(progress["month_on"].unique())[-MONTHS:]
    last = progress[progress["month_on"].isin(months)]
    head = [_("Month"), _("Arm"), _("Entries"), _("So far"), _("Still to enter")]
    rows: list[list[Cell]] = [
        [
            row["month_on"].strftime("%m/%Y"),
            in_language(ARMS[str(row["arm"])], current_language()),
            int(row["n_entries"]),
            int(row["n_cumulative"]),
            None if pd.isna(row["n_gap"]) else int(row["n_gap"]),
        ]
        for row in last.to_dict("records")
    ]
    return markdown_table(head, rows)


def _definition(outcome: Outcome, name: str) -> str:
    for definition in getattr(outcome, "definitions", ()):
        if definition.name == name:
            label: str = definition.labels.in_language(current_language())
            return label
    return name


def _number(value: object) -> float | None:
    """Two decimals; a zero has no sign."""
    number = float(str(value)) if value is not None else nan
    return None if isnan(number) else round(number, 2) + 0.0
