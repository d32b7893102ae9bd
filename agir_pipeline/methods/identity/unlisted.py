"""Rows that name a person by a key which no list of persons holds."""

import re
from collections.abc import Collection, Mapping

import pandas as pd

from agir_pipeline.methods.identity.normalise import normalised

UNLISTED_COLUMNS = ["source", "column_name", "record_id"]


def unlisted_keys(
    identities: pd.DataFrame,
    links: pd.DataFrame,
    lists: Collection[str],
    keys: Mapping[str, str | None],
    apart: Collection[str] = (),
) -> pd.DataFrame:
    """One row per record whose key looks like one of a list, stands on none, and leads to nobody.

    ``identities`` and ``links`` as in ``link_persons``, ``identities`` with ``record_id``; only the
    newest version of a record speaks. ``lists`` are the sources that list persons, ``keys`` their
    key columns, each with the form its values have (None: any). Sources in ``apart`` are left out.
    """
    now = links[links["superseded_on"].isna()]
    listed_persons = now.loc[now["source"].isin(lists), "anchor"]
    of_nobody = now[~now["anchor"].isin(listed_persons) & ~now["source"].isin(apart)]
    newest = identities.sort_values("known_on", kind="stable").drop_duplicates(
        ["source", "entity_key"], keep="last"
    )
    on_lists = newest[newest["source"].isin(lists)]
    rows = newest.merge(of_nobody[["source", "entity_key"]])
    found = [
        rows.loc[_looks_like(rows[column], form) & ~_stands_in(on_lists, rows, column)].assign(
            column_name=column
        )
        for column, form in keys.items()
        if column in rows.columns
    ]
    told = pd.concat(found) if found else rows[:0].assign(column_name="")
    return told[UNLISTED_COLUMNS].sort_values(UNLISTED_COLUMNS, ignore_index=True)


def _looks_like(values: pd.Series, form: str | None) -> "pd.Series[bool]":
    texts = values.astype("string")
    is_like = texts.notna() if form is None else texts.str.fullmatch(re.compile(form))
    return is_like.fillna(False).astype(bool)


def _stands_in(on_lists: pd.DataFrame, rows: pd.DataFrame, column: str) -> "pd.Series[bool]":
    return normalised(rows[column]).isin(normalised(on_lists[column]).dropna())
