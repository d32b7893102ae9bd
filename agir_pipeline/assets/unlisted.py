"""Keys of persons that no list holds: where they stand, in words."""

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.step import Check
from agir_pipeline.language import _, current_language
from agir_pipeline.methods.identity.unlisted import unlisted_keys
from agir_pipeline.methods.reading.sentences import place
from agir_pipeline.resources.link_evidence import Evidence
from agir_pipeline.resources.study import Study

NAME = "keys_are_listed"
TABLE = "unlisted_keys"
"""Of the vault: which records, never which keys."""


def keep_unlisted(evidence: Evidence, links: pd.DataFrame) -> pd.DataFrame:
    """The rows of sources other than lists whose key is one of a list and stands on none."""
    protocol = evidence.study.protocol
    listing = protocol.feeding("person")
    forms = {c.name: c.pattern for source in listing for c in source.columns}
    single = {rule[0] for rule in evidence.rules if len(rule) == 1}
    return unlisted_keys(
        evidence.identities,
        links,
        [source.name for source in listing],
        {name: form for name, form in forms.items() if name in single},
        # a withdrawal of nobody has a check of its own
        [source.name for source in protocol.sources if source.withdraws],
    )


def keys_are_listed(study: Study, connection: sa.Connection) -> Check:
    """One line per source and column, with the place of the first row; none is no fault."""
    told = study.vault.read(TABLE)
    lines = [
        _line(study, connection, str(source), str(column), rows["record_id"])
        for (source, column), rows in told.groupby(["source", "column_name"])
    ]
    return Check(NAME, told.empty, "\n".join(lines))


def _line(
    study: Study, connection: sa.Connection, source: str, column: str, records: pd.Series
) -> str:
    declared = study.protocol.source(source)
    label = next(c for c in declared.columns if c.name == column).labels
    first = study.warehouse.read(
        connection, "validated", source, "record_id = :record", {"record": records.iloc[0]}
    )
    names = {receipt.receipt_id: receipt.shown_name for receipt in study.state().deliveries}
    where = [
        place(names.get(str(receipt), source), row=int(number))
        for receipt, number in zip(first["receipt_id"], first["row_number"], strict=True)
    ]
    return _("{place}: “{label}” is on no list of persons ({n} rows in all)").format(
        place=where[0] if where else source,
        label=label.in_language(current_language()),
        n=len(records),
    )
