"""Which running contracts may break, by the rules of the protocol, each with its reasons.

A list for the steward, who can act; it describes, and enters no effect: what is noted during
support is known of one arm only.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from agir_pipeline.language import current_language
from agir_pipeline.methods.effects.layout import COUNT, DAY, TEXT
from agir_pipeline.protocol.warnings import WarningRule

WARNING_COLUMNS = {
    "person_id": TEXT, "spell_id": TEXT, "starts_on": DAY, "planned_end_on": DAY,
    "n_reasons": COUNT, "reasons": TEXT,
}  # fmt: skip
CODE_SEPARATOR = "|"


def running_contracts(spells: pd.DataFrame, last_on: date) -> pd.DataFrame:
    """The contracts in force on ``last_on``: begun, neither broken nor past their planned end."""
    day = pd.Timestamp(last_on)
    has_begun = pd.to_datetime(spells["starts_on"]) <= day
    is_over = spells["ended_early_on"].notna() | (pd.to_datetime(spells["planned_end_on"]) < day)
    return spells[has_begun & ~is_over]


def contracts_at_risk(
    running: pd.DataFrame,
    rows: Mapping[str, pd.DataFrame],
    rules: Sequence[WarningRule],
    last_on: date,
) -> pd.DataFrame:
    """Running contracts with at least one reason, the most reasons first.

    ``running`` has person_id, spell_id, starts_on, planned_end_on. ``rows`` holds by source the
    rows of persons in force: person_id and the columns that the rules name. Silence counts from
    the start of the contract: before that there is nothing to be told.
    """
    found = {rule.name: _is_warned(running, rows[rule.origin], rule, last_on) for rule in rules}
    reasons = pd.DataFrame(found, index=running.index)
    n_reasons = reasons.sum(axis=1)
    texts = pd.Series("", index=running.index, dtype="object")
    for rule in rules:
        label = rule.labels.in_language(current_language())
        texts = texts.where(~reasons[rule.name], texts + f"; {label}")
    listed = running.assign(n_reasons=n_reasons, reasons=texts.str.removeprefix("; "))
    listed = listed[n_reasons > 0].sort_values(
        ["n_reasons", "planned_end_on", "spell_id"], ascending=[False, True, True]
    )
    return listed[list(WARNING_COLUMNS)].astype(WARNING_COLUMNS).reset_index(drop=True)


def _is_warned(
    running: pd.DataFrame, rows: pd.DataFrame, rule: WarningRule, last_on: date
) -> "pd.Series[bool]":
    day = pd.Timestamp(last_on)
    since = day - pd.Timedelta(days=rule.within_days.value)
    told_on = pd.to_datetime(rows[rule.day_column]).dt.tz_localize(None)
    recent = rows[(told_on > since) & (told_on <= day)]
    if rule.kind == "silent":
        is_old = pd.to_datetime(running["starts_on"]) <= since
        return is_old & ~running["person_id"].isin(recent["person_id"])
    return running["person_id"].isin(recent.loc[_says(recent, rule), "person_id"])


def _says(rows: pd.DataFrame, rule: WarningRule) -> "pd.Series[bool]":
    """A missing value says nothing."""
    values = rows[str(rule.column)]
    if rule.codes is not None:
        said = values.astype("string").str.split(CODE_SEPARATOR).explode()
        return said.isin(rule.codes).groupby(level=0).any().reindex(rows.index, fill_value=False)
    if rule.is_true is not None:
        return (values.astype("boolean") == rule.is_true).fillna(False).astype(bool)
    return pd.to_numeric(values).astype("float64") >= float(rule.minimum or 0)
