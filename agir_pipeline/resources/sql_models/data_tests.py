"""The data tests of schema.yml as queries: each row a query gives is one failure.

As in dbt, a missing value fails ``not_null`` only. Other names are macros of the project.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.sql_models.project import DeclaredModel, ModelFile
from agir_pipeline.resources.sql_models.rendering import ModelMistake, Renderer
from agir_pipeline.resources.tables import qualified, quoted

_REF = re.compile(r"""^ref\(\s*(['"])(?P<name>\w+)\1\s*\)$""")
_SOURCE = re.compile(r"""^source\(\s*(['"])(?P<schema>\w+)\1\s*,\s*(['"])(?P<table>\w+)\3\s*\)$""")


@dataclass(frozen=True)
class DataTest:
    """One declared test; ``column`` is empty for a test of the whole model."""

    model: str
    test: str
    column: str
    query: str


@dataclass(frozen=True)
class TestResult:
    """What a data test found; ``n_failures`` counts values or groups, never shows one."""

    __test__: ClassVar[bool] = False  # no test class, for pytest

    model: str
    test: str
    column: str
    n_failures: int


def data_tests(declared: DeclaredModel, model: ModelFile, renderer: Renderer) -> list[DataTest]:
    """Every test that schema.yml declares for one model, in its order."""
    table = qualified(model.step, model.name)
    path = model.path.with_name("schema.yml")
    found = []
    for column in declared.columns:
        for test, arguments in _written(column.data_tests, path):
            given = {"model": table, "column_name": column.name, **arguments}
            query = _query(test, given, path, renderer)
            found.append(DataTest(model.name, test, column.name, query))
    for test, arguments in _written(declared.data_tests, path):
        query = _query(test, {"model": table, **arguments}, path, renderer)
        about = ", ".join(map(str, arguments.get("columns", ())))
        found.append(DataTest(model.name, test, about, query))
    return found


def _written(
    tests: list[str | dict[str, Any]], path: Path
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, arguments) of each test, written bare or as ``name: {arguments: {…}}``."""
    for written in tests:
        if isinstance(written, str):
            yield written, {}
            continue
        ((test, settings), *others) = written.items()
        if others or not isinstance(settings, dict) or set(settings) - {"arguments"}:
            raise UsageError(
                _("{file}: data test {name}: write name: {{arguments: {{…}}}}").format(
                    file=path, name=test
                )
            )
        yield test, settings.get("arguments", {})


def _query(test: str, arguments: Mapping[str, Any], path: Path, renderer: Renderer) -> str:
    builtin = _BUILT_IN.get(test)
    if builtin is None:
        return renderer.data_test(test, path, arguments)
    try:
        return builtin(renderer, **arguments)
    except (ModelMistake, TypeError, ValueError):
        raise UsageError(
            _("{file}: data test {name}: wrong arguments").format(file=path, name=test)
        ) from None


def _not_null(renderer: Renderer, model: str, column_name: str) -> str:
    return f"select 1 from {model} where {quoted(column_name)} is null"  # noqa: S608


def _unique(renderer: Renderer, model: str, column_name: str) -> str:
    column = quoted(column_name)
    return (
        f"select {column} from {model} where {column} is not null"  # noqa: S608
        f" group by {column} having count(*) > 1"
    )


def _accepted_values(renderer: Renderer, model: str, column_name: str, values: list[Any]) -> str:
    column = quoted(column_name)
    literals = ", ".join(_literal(value) for value in values)
    return (
        f"select {column} from {model} where {column} not in ({literals})"  # noqa: S608
        f" group by {column}"
    )


def _relationships(renderer: Renderer, model: str, column_name: str, to: str, field: str) -> str:
    column, parent = quoted(column_name), quoted(field)
    return (
        f"select child.{column} from {model} as child"  # noqa: S608
        f" left join {_named_table(to, renderer)} as parent on child.{column} = parent.{parent}"
        f" where child.{column} is not null and parent.{parent} is null"
    )


_BUILT_IN: Mapping[str, Callable[..., str]] = {
    "not_null": _not_null,
    "unique": _unique,
    "accepted_values": _accepted_values,
    "relationships": _relationships,
}


def _named_table(to: str, renderer: Renderer) -> str:
    if match := _REF.match(to.strip()):
        return qualified(*renderer.reference(match["name"]))
    if match := _SOURCE.match(to.strip()):
        return qualified(match["schema"], match["table"])
    raise ValueError(to)


def _literal(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
