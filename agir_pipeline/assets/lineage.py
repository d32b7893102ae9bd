"""The lineage of columns as the catalogue shows it: declared by contracts, or read from SQL."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg

from agir_pipeline.assets.catalogue import asset_key
from agir_pipeline.contracts.lineage import Place, declared_origins
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.sql_models import BuiltModel, column_lineage
from agir_pipeline.resources.study import Study

KEY = "dagster/column_lineage"
DAYS = re.compile(r"\d{4}-\d{2}-\d{2}")

Sources = dict[str, list[tuple[str, str]]]
"""Column → the ("schema.table", column) its values come from."""


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
    read stands beside the warehouse, under a hash of the SQL without its days.
    """
    path = study.home.folder / "warehouse" / "lineage.json"
    known = _known(path)
    digests = {model.name: _wording(model) for model in models}
    found = {model.name: known.get(digests[model.name]) or _read(model) for model in models}
    told = {digests[name]: sources for name, sources in found.items()}
    if not told.keys() <= known.keys():
        write_whole(path, json.dumps(known | told, sort_keys=True).encode())
    return {
        name: shown_lineage(
            {
                column: [_place(table, origin) for table, origin in sources]
                for column, sources in columns.items()
            }
        )
        for name, columns in found.items()
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


def _known(path: Path) -> dict[str, Sources]:
    """What was read before; a file that cannot be read is read anew from the SQL."""
    try:
        known: dict[str, Sources] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known
