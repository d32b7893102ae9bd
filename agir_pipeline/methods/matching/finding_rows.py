"""By which row a finding about a locked pair is told, since when, and whether it was decided on."""

from collections.abc import Collection, Iterator

import pandas as pd

from agir_pipeline.methods.matching.pair_findings import (
    COVARIATE,
    FINDING_COLUMNS,
    NOT_AT_RISK,
    OTHER_CONTRACT,
    START_CHANGED,
    SUPPORTED,
    UNKNOWN,
)
from agir_pipeline.protocol.model import Covariate, Derived, Protocol

LINK = ""
"""The column of a decision that says who somebody is."""
BY_CONTRACT = frozenset({OTHER_CONTRACT, START_CHANGED, NOT_AT_RISK})
MEMBER = ["pair_id", "arm"]
TOLD_TYPES = {"known_on": "datetime64[us]", "receipt_id": "string", "is_decided": "boolean"}
TOLD_COLUMNS = tuple(TOLD_TYPES)


def with_rows(
    findings: pd.DataFrame,
    members: pd.DataFrame,
    rows: pd.DataFrame,
    decided: Collection[tuple[str, str]],
    protocol: Protocol,
) -> pd.DataFrame:
    """``findings`` with ``known_on``, ``receipt_id`` and ``is_decided``.

    ``members`` says of each pair × arm its person and the contract it is known by today. ``rows``
    are the rows in use of people (``arm``, no ``spell_id``; ``is_shown`` where its values are those
    of the person) and of contracts (``spell_id``, no ``arm``), each with ``known_on``,
    ``receipt_id``, ``record_id``, ``supported_on`` and ``ended_early_on``. A finding is told by the
    newest row that can tell it: of support one that dates it first, of a broken contract one that
    reports the end. Somebody whom no row names has none. ``decided`` are (person, column) that a
    correction carried out is about; a decision about who somebody is has the column ``LINK``.
    """
    told = findings.merge(members, on=MEMBER, how="left")
    told["place"] = range(len(told))
    first = _first_rows(told, rows, protocol)
    row_of = first.reindex(told["place"])
    told["known_on"] = row_of["known_on"].astype("datetime64[us]").to_numpy()
    told["receipt_id"] = row_of["receipt_id"].astype("string").to_numpy()
    kinds = list(zip(told["finding"], told["covariate"].fillna(""), strict=True))
    about = {kind: set(_columns(*kind, protocol)) for kind in set(kinds)}
    asked = set(decided)
    told["is_decided"] = pd.array(
        [
            any((person, column) in asked for column in about[kind])
            for person, kind in zip(told["person_id"], kinds, strict=True)
        ],
        dtype="boolean",
    )
    return told[[*FINDING_COLUMNS, *TOLD_COLUMNS]]


def _first_rows(told: pd.DataFrame, rows: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """For the place of each finding that a row can tell, the row that tells it."""
    origins = {c.name: c.origin for c in protocol.covariates}
    is_contract = told["finding"].isin(BY_CONTRACT)
    is_contract |= told["covariate"].map(origins).isin(["spell", "index"])
    people, contracts = (rows[is_own] for is_own in (rows["spell_id"].isna(), rows["arm"].isna()))
    by_person = told[~is_contract & (told["finding"] != UNKNOWN)].merge(
        people, on="person_id", suffixes=("", "_of_row")
    )
    by_contract = told[is_contract & told["spell_id"].notna()].merge(
        contracts, on="spell_id", suffixes=("", "_of_row")
    )
    # support may be told by another list, or by the register of beneficiaries
    is_shown = (by_person["arm"] == by_person["arm_of_row"]) & by_person["is_shown"].eq(True)
    dates_it = (by_person["finding"] == SUPPORTED) & by_person["supported_on"].notna()
    found = pd.concat([by_person[is_shown | dates_it], by_contract], ignore_index=True)
    reports = (found["finding"] == NOT_AT_RISK) & found["ended_early_on"].notna()
    since = found["supported_on"].where(found["finding"] == SUPPORTED)
    order = found.assign(is_other=~reports, since=since).sort_values(
        ["place", "is_other", "since", "known_on", "record_id"],
        ascending=[True, True, True, False, True],
    )
    return order.drop_duplicates("place").set_index("place")


def _columns(finding: str, covariate: str, protocol: Protocol) -> Iterator[str]:
    """The columns of sources that a decision about this finding would be about."""
    spells = [source.spell for source in protocol.feeding("spell") if source.spell]
    index = protocol.matching.index
    if finding in (UNKNOWN, OTHER_CONTRACT):
        yield LINK
    elif finding == START_CHANGED:
        yield from (spell.starts for spell in spells)
    elif finding == NOT_AT_RISK:
        for spell in spells:
            yield from (spell.starts, spell.planned_end, spell.ended_early)
    elif finding == SUPPORTED and index:
        yield from filter(None, (index.entry_column, index.supported_since_column))
    elif finding == COVARIATE:
        yield from _told_by(next(c for c in protocol.covariates if c.name == covariate), protocol)


def _told_by(covariate: Covariate, protocol: Protocol) -> Iterator[str]:
    """Its own column, and what that is derived from."""
    if covariate.origin == "index":
        yield from (source.spell.planned_end for source in protocol.sources if source.spell)
        return
    yield covariate.column
    for source in protocol.sources:
        for column in source.warehouse_columns:
            if isinstance(column, Derived) and column.name == covariate.column:
                yield from column.inputs
