"""Rows that say what the law of their day did not allow. A breach is told; nothing is rejected."""

from collections.abc import Iterator, Sequence

import pandas as pd

from agir_pipeline.protocol.sources import LegalRule


def breaches(
    rules: Sequence[LegalRule], rows: pd.DataFrame
) -> Iterator[tuple[LegalRule, pd.DataFrame]]:
    """For each rule, the rows it was in force for and that lie outside its limits.

    A row without the figure or without the day breaks no rule.
    """
    for rule in rules:
        day, figure = rows[rule.day], rows[rule.column].astype("Float64")
        is_in_force = day.notna()
        if rule.valid_from is not None:
            is_in_force &= day >= pd.Timestamp(rule.valid_from)
        if rule.valid_to is not None:
            is_in_force &= day < pd.Timestamp(rule.valid_to) + pd.Timedelta(days=1)
        for column, code in rule.where.items():
            is_in_force &= (rows[column] == code).fillna(False).astype(bool)
        is_outside = pd.Series(False, rows.index)
        if rule.minimum is not None:
            is_outside |= (figure < rule.minimum).fillna(False).astype(bool)
        if rule.maximum is not None:
            is_outside |= (figure > rule.maximum).fillna(False).astype(bool)
        yield rule, rows[is_in_force & is_outside]
