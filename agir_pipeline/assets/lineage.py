"""The lineage of columns as the catalogue shows it: declared by contracts, or read from SQL."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg

from agir_pipeline.assets.catalogue import asset_key
from agir_pipeline.assets.markdown import markdown_table
from agir_pipeline.contracts.lineage import declared_origins, headings_behind
from agir_pipeline.contracts.places import Place
from agir_pipeline.language import _
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.sql_models import BuiltModel, column_lineage
from agir_pipeline.resources.study import Study

KEY = "dagster/column_lineage"
DAYS = re.compile(r"\d{4}-\d{2}-\d{2}")

NO_ASSETS = {
    "linked.case_mentions",
    "linked.identity_labels",
    "linked.organisation_names",
    "linked.organisation_words",
}
"""What passes between the vault and later tables: labels and pseudonyms, no table to read."""

Sources = dict[str, list[tuple[str, str]]]
"""Column → the ("schema.table", column) its values come from."""

Kept = dict[str, tuple[str, Sources]]
"""Table of SQL → a hash of its wording, and what was read from it."""


def declared_lineage(protocol: Protocol, step: str) -> dict[str, dg.TableColumnLineage]:
    """Table → lineage, for the tables of ``step`` that Python makes."""
    return {
        table: shown_lineage(origins)
        for (own, table), origins in declared_origins(protocol).items()
        if own == step and origins
    }


def sql_lineage(study: Study, models: Sequence[BuiltModel]) -> dict[str, dg.TableColumnLineage]:
    """Table → lineage of each SQL model; read from the SQL once per wording of it.

    Reading takes seconds, and the wording changes only with the protocol or the code: what was
    read stands beside the warehouse, with a hash of the SQL without its days.
    """
    kept, found = _kept(study), {}
    for model in models:
        table, wording = f"{model.schema}.{model.name}", _wording(model)
        before, sources = kept.get(table, ("", {}))
        found[table] = (wording, sources if before == wording else _read(model))
    if any(kept.get(table) != told for table, told in found.items()):
        write_whole(_path(study), json.dumps(kept | found, sort_keys=True).encode())
    return {
        model.name: shown_lineage(_places(found[f"{model.schema}.{model.name}"][1]))
        for model in models
    }


def headings_shown(study: Study) -> dict[str, str]:
    """Released table → a Markdown table of the partners' headings behind its columns."""
    origins = known_origins(study)
    released = [table for step, table in origins if step == "published"]
    told = {table: headings_behind(origins, "published", table) for table in released}
    return {table: _headings_table(columns) for table, columns in told.items()}


def known_origins(study: Study) -> Mapping[tuple[str, str], Mapping[str, Iterable[Place]]]:
    """(step, table) → origins of its columns: declared by contracts, or read from the last SQL."""
    origins: dict[tuple[str, str], Mapping[str, Iterable[Place]]] = {
        **declared_origins(study.protocol)
    }
    for table, (_wording, sources) in _kept(study).items():
        step, name = table.split(".", 1)
        origins[step, name] = _places(sources)
    return origins


def _headings_table(columns: Mapping[str, Sequence[Place]]) -> str:
    """Columns that come from the same headings stand in one line."""
    together: dict[tuple[Place, ...], list[str]] = {}
    for column, headings in columns.items():
        if headings:
            together.setdefault(tuple(headings), []).append(column)
    rows = []
    for headings, names in together.items():
        by_source: dict[str, list[str]] = {}
        for place in headings:
            by_source.setdefault(place.table, []).append(place.column)
        told = "; ".join(f"{source}: {', '.join(found)}" for source, found in by_source.items())
        rows.append([", ".join(names), told])
    return markdown_table([_("Columns"), _("Headings of the files they come from")], rows)


def _places(sources: Sources) -> dict[str, list[Place]]:
    return {
        column: [_place(table, origin) for table, origin in told if table not in NO_ASSETS]
        for column, told in sources.items()
    }


def _place(table: str, column: str) -> Place:
    step, name = table.split(".", 1)
    return Place(step, name, column)


def shown_lineage(origins: Mapping[str, Iterable[Place]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key(place.step, place.table), place.column)
                for place in places
            ]
            for column, places in origins.items()
        }
    )


def _read(model: BuiltModel) -> Sources:
    return {column: sorted(sources) for column, sources in column_lineage(model).items() if sources}


def _wording(model: BuiltModel) -> str:
    inputs = json.dumps({".".join(k): list(v) for k, v in model.inputs.items()}, sort_keys=True)
    return hashlib.sha256((DAYS.sub("", model.compiled_sql) + inputs).encode()).hexdigest()


def _path(study: Study) -> Path:
    return study.home.folder / "warehouse" / "lineage.json"


def _kept(study: Study) -> Kept:
    """What was read before; a file that cannot be read is read anew from the SQL."""
    try:
        kept = json.loads(_path(study).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {table: (wording, sources) for table, (wording, sources) in kept.items()}
