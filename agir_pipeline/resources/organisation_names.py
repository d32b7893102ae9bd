"""What rows say of the names of organisations, as labels that the warehouse may hold.

The name of a company may be that of a person: two names are compared here, and only labels leave.
"""

from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.methods.identity.organisations import beginnings, commune_key, name_key
from agir_pipeline.protocol.model import Organisations, OrganisationTeller
from agir_pipeline.resources.study import Study

PARTED = "\x1f"
"""Between the key of a name and that of its commune."""
NAMES = ("record_id", "teller", "name_label", "named_label")
WORDS = ("name_label", "word_label")


class Labels(NamedTuple):
    """``names``: per row and teller the label of the name, and of name and commune together.

    ``words``: the labels of how the words of each name begin.
    """

    names: pd.DataFrame
    words: pd.DataFrame


def organisation_labels(
    study: Study, connection: sa.Connection, rules: Organisations, identities: pd.DataFrame
) -> Labels:
    """The labels of every row that names an organisation; ``identities`` of the whole vault."""
    told = [
        _told(study, connection, teller, identities).assign(teller=number)
        for number, teller in enumerate(rules.told_by, 1)
        if teller.name
    ]
    columns = ["record_id", "name", "commune", "teller"]
    rows = pd.concat(told) if told else pd.DataFrame(columns=columns, dtype="string")
    rows = rows[rows["name"].notna()].reset_index(drop=True)
    name_of = {text: name_key(text, rules) for text in rows["name"].unique()}
    place_of = {text: commune_key(text, rules) for text in rows["commune"].dropna().unique()}
    label_of = {key: study.keys.organisation_label(key) for key in set(name_of.values()) - {""}}
    names = rows["name"].map(name_of)
    places = rows["commune"].map(place_of)
    pairs = (names + PARTED + places).where(places.notna() & (places != ""))
    named = {pair: study.keys.organisation_label(pair) for pair in pairs.dropna().unique()}
    labels = rows.assign(name_label=names.map(label_of), named_label=pairs.map(named))
    labels = labels[labels["name_label"].notna()].astype({"teller": "int64"})
    return Labels(_as_text(labels, NAMES), _as_text(_words(study, label_of), WORDS))


def _told(
    study: Study, connection: sa.Connection, teller: OrganisationTeller, identities: pd.DataFrame
) -> pd.DataFrame:
    """``record_id``, ``name`` and ``commune`` of a source, wherever its columns stand."""
    wanted = {key: name for key in ("name", "commune") if (name := getattr(teller, key))}
    secret = {c.name for c in study.protocol.source(teller.source).identifying_columns}
    parts = []
    if hidden := {name: key for key, name in wanted.items() if name in secret}:
        own = identities[identities["source"] == teller.source]
        parts.append(own[["record_id", *hidden]].rename(columns=hidden))
    if shown := {name: key for key, name in wanted.items() if name not in secret}:
        columns = ["record_id", *shown]
        rows = study.warehouse.read(connection, "validated", teller.source, wanted=columns)
        parts.append(rows.rename(columns=shown))
    rows = parts[0] if len(parts) == 1 else parts[0].merge(parts[1], on="record_id")
    return rows.reindex(columns=["record_id", "name", "commune"]).astype("string")


def _words(study: Study, label_of: dict[str, str]) -> pd.DataFrame:
    said = [(label, start) for key, label in label_of.items() for start in beginnings(key)]
    found = {start: study.keys.organisation_label(start) for _label, start in said}
    return pd.DataFrame(
        [(label, found[start]) for label, start in said], columns=pd.Index(WORDS), dtype="string"
    )


def _as_text(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    text = {name: "string" for name in columns if name != "teller"}
    return rows[list(columns)].astype(text).reset_index(drop=True)
