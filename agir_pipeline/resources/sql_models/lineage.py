"""Which columns of which tables the values of a model's columns come from."""

from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from agir_pipeline.resources.sql_models.runner import BuiltModel

_DIALECT = "postgres"  # portable SQL reads the same in both; quoting and case rules agree


def column_lineage(model: BuiltModel) -> dict[str, set[tuple[str, str]]]:
    """For each column of ``model``, the (``schema.table``, column) its values are made of.

    Common table expressions and ``select *`` are followed down to tables. Columns used only to
    join, filter, group or order are not counted; a constant or ``count(*)`` comes from nothing.
    """
    schema: dict[str, Any] = {}
    for (place, table), columns in model.inputs.items():
        schema.setdefault(place, {})[table] = dict(columns)
    tree: Any = qualify(
        sqlglot.parse_one(model.compiled_sql, dialect=_DIALECT), schema=schema, dialect=_DIALECT
    )
    scope = build_scope(tree)
    roots: Any = lineage(
        None, tree, schema, scope=scope, dialect=_DIALECT, copy=False, trim_selects=False
    )  # all columns at once: what they share is read once
    return {
        column: {
            (f"{leaf.expression.db}.{leaf.expression.name}", exp.to_column(leaf.name).name)
            for leaf in root.walk()
            if not leaf.downstream and isinstance(leaf.expression, exp.Table)
        }
        for column, root in roots.items()
    }
