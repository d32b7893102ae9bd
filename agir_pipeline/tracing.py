"""``agir trace``: from a cell of a released table to the accepted rows of partners' files.

Persons stay pseudonyms. The persons of a sum are the members of the pairs that count, of the arm
and the subgroup that the cell names; nothing finer is claimed of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.lineage import known_origins
from agir_pipeline.contracts.lineage import headings_behind
from agir_pipeline.contracts.places import Place
from agir_pipeline.counted import counted
from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.methods.programme.territory import ground_columns, told_grounds
from agir_pipeline.protocol.funding import Funding
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import Study, included, open_study

MEMBERS = ("beneficiary_person_id", "control_person_id")
SUBGROUP = ("covariate", "level")
LISTED = ("arm", "source", "provider")
PAIRED = {"definition", "wave", "outcome", "arm"}
"""A table with one of these columns sums over the pairs that count."""


@dataclass(frozen=True)
class Traced:
    """What stands behind some rows of a released table."""

    n_rows: int
    headings: dict[str, list[str]]
    """Source → the headings of its files that the table's columns come from."""
    n_persons: int
    rows: pd.DataFrame
    """person_id, source, file, sheet, row_number: their accepted rows in these sources."""

    def lines(self) -> Iterator[str]:
        yield _("{n} rows of the table; {persons} persons in them").format(
            n=self.n_rows, persons=self.n_persons
        )
        for source, headings in sorted(self.headings.items()):
            yield f"{source}: {', '.join(headings)}"
        if len(self.rows):
            yield self.rows.to_string(index=False)


def traced(home: Home, table: str, cells: Sequence[str]) -> Traced:
    """The accepted rows behind the rows of the current release that ``cells`` name.

    Each cell is COLUMN=VALUE, a value as ``agir show`` prints it.

    Raises:
        UsageError: a cell is not COLUMN=VALUE, or names no column of the table.
    """
    study = open_study(home.folder)
    found = _narrowed(Releases(home.releases).read(table), table, cells)
    told = headings_behind(known_origins(study), "published", table)
    places = sorted({place for headings in told.values() for place in headings})
    sources = list(dict.fromkeys(place.table for place in places))
    with study.warehouse.transaction() as connection:
        named = counted(study, connection, Releases(home.releases), table, found)
        if named is not None:
            persons = named
        elif table == "territory":
            persons = _in_territory(study, connection, found)
        elif set(LISTED) <= set(found):
            persons = _on_lists(study, connection, found.reindex(columns=list(LISTED)))
        else:
            persons = _persons(found, Releases(home.releases), study.protocol.funding)
            persons -= _unknown(study, connection, found)
        rows = _accepted(study, connection, sources, persons)
    return Traced(len(found), _by_source(places), len(persons), rows)


def _narrowed(rows: pd.DataFrame, table: str, cells: Sequence[str]) -> pd.DataFrame:
    for cell in cells:
        column, is_said, value = cell.partition("=")
        if not is_said:
            raise UsageError(_("'{cell}' is not COLUMN=VALUE").format(cell=cell))
        if column not in rows:
            raise UsageError(
                _("{table} has no column {column}; it has: {known}").format(
                    table=table, column=column, known=", ".join(rows.columns)
                )
            )
        rows = rows[is_said_of(rows[column], value)]
    return rows


def is_said_of(values: "pd.Series[Any]", written: str) -> "pd.Series[bool]":
    """Which values a reader means, as a page, a CSV or pandas writes them; nothing: missing."""
    if not written:
        return values.isna()
    if pd.api.types.is_bool_dtype(values.dtype):
        values, written = values.astype("string").str.lower(), written.lower()
    if pd.api.types.is_numeric_dtype(values.dtype):
        try:
            number = float(written.replace(",", "."))
        except ValueError:
            return pd.Series(False, values.index)
        return values.eq(number).fillna(False).astype(bool)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.dt.strftime("%Y-%m-%d")
    return values.astype("string").eq(written).fillna(False).astype(bool)


def _by_source(places: Sequence[Place]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place in places:
        found.setdefault(place.table, []).append(place.column)
    return found


def _persons(rows: pd.DataFrame, releases: Releases, funding: Funding | None) -> set[str]:
    """The persons a row names, or the members of the pairs that it sums over."""
    named = [name for name in ("person_id", *MEMBERS) if name in rows]
    if named:
        return {str(person) for name in named for person in rows[name].dropna()}
    pairs = releases.read("matched_pairs")
    counts = pairs["status"] == "active"
    if "pair_id" in rows:  # a row may tell of a pair that counts no more
        pairs = pairs[pairs["pair_id"].isin(rows["pair_id"])]
    elif set(SUBGROUP) <= set(rows):
        pairs = pairs[counts & pairs["pair_id"].isin(_of_levels(rows, releases, funding))]
    elif PAIRED.isdisjoint(rows):
        return set()
    else:
        pairs = pairs[counts]
    arms = set(rows["arm"]) if "arm" in rows else {"beneficiary", "control"}
    if rows.empty:
        return set()
    return {str(p) for arm in sorted(arms) for p in pairs[f"{arm}_person_id"].dropna()}


def _unknown(study: Study, connection: sa.Connection, rows: pd.DataFrame) -> set[str]:
    """Members of pairs that no definition of an event named in the rows knows on both sides."""
    names = set(rows["definition"].dropna()) if "definition" in rows else set()
    events = {d.name for o in study.protocol.outcomes if o.kind == "event" for d in o.definitions}
    if not names or not names <= events:
        return set()
    times = study.warehouse.read(connection, "outcomes", "event_times")
    times = times[times["definition"].isin(names)]
    is_known = times["cause"].notna() & times["index_on"].notna()
    is_whole = is_known.groupby([times["definition"], times["pair_id"]]).all()
    counts = is_whole.groupby("pair_id").any()
    left = counts.index[~counts]
    members = study.warehouse.read(connection, "outcomes", "pair_members")
    return {str(p) for p in members.loc[members["pair_id"].isin(left), "person_id"]}


def _on_lists(study: Study, connection: sa.Connection, rows: pd.DataFrame) -> set[str]:
    """The persons of these arms on these lists; where no list is named, all of the arm."""
    wanted = ["person_id", *LISTED]
    people = study.warehouse.read(connection, "linked", "participants", wanted=wanted)
    found: set[str] = set()
    for arm, source, provider in rows.drop_duplicates().itertuples(index=False):
        is_own = people["arm"] == arm
        if pd.notna(provider):
            is_own &= (people["source"] == source) & (people["provider"] == provider)
        found |= set(people.loc[is_own, "person_id"])
    return found


def _in_territory(study: Study, connection: sa.Connection, rows: pd.DataFrame) -> set[str]:
    """Everybody of these arms who is in the territory, or not, on these grounds."""
    protocol, territory = study.protocol, study.protocol.territory
    if territory is None:
        return set()
    wanted = ground_columns(protocol, territory)
    people = study.warehouse.read(connection, "linked", "participants", wanted=wanted)
    told = told_grounds(people, protocol, territory)
    keys = [name for name in told if name != "person_id"]
    asked = rows[keys].astype(dict.fromkeys(keys, "string")).drop_duplicates()
    return set(told.merge(asked, on=keys)["person_id"])


def _of_levels(rows: pd.DataFrame, releases: Releases, funding: Funding | None) -> set[str]:
    population = releases.read("analysis_population")
    own = population[population["arm"] == "beneficiary"]
    if funding and funding.name in set(rows["covariate"]):
        states = releases.read(funding.name).set_index("person_id")["is_eligible"]
        own = own.assign(**{funding.name: own["person_id"].map(states)})
    named = set(zip(rows["covariate"], rows["level"], strict=True))
    return {
        str(pair)
        for covariate, level in named
        if covariate in own
        for pair in own.loc[own[covariate].astype("string").fillna("missing") == level, "pair_id"]
    }


def _accepted(
    study: Study, connection: sa.Connection, sources: Sequence[str], persons: set[str]
) -> pd.DataFrame:
    """The rows in force of these persons in these sources, with file, sheet and row."""
    links = study.warehouse.read(connection, "linked", "person_links", "superseded_on is null")
    own = links[links["person_id"].isin(persons)]
    files = {r.receipt_id: r.shown_name for r in included(study).deliveries}
    parts = []
    for source in sources:
        rows = study.warehouse.read(connection, "validated", source, "superseded_on is null")
        told = own.loc[own["source"] == source, ["person_id", "entity_id"]].merge(
            rows, on="entity_id"
        )
        parts.append(
            pd.DataFrame(
                {
                    "person_id": told["person_id"],
                    "source": source,
                    "file": told["receipt_id"].map(files),
                    "sheet": told["sheet"],
                    "row_number": told["row_number"],
                }
            )
        )
    order = ["person_id", "source", "file", "sheet", "row_number"]
    whole = pd.concat(parts) if parts else pd.DataFrame(columns=order)
    return whole.sort_values(order, ignore_index=True)
