"""Builds the models of one step in dependency order and runs their data tests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from agir_pipeline.errors import CheckError, UsageError
from agir_pipeline.language import _
from agir_pipeline.resources import tables
from agir_pipeline.resources.sql_models.data_tests import DataTest, TestResult, data_tests
from agir_pipeline.resources.sql_models.project import Project, load_project
from agir_pipeline.resources.sql_models.rendering import Rendered, Renderer
from agir_pipeline.resources.storage_types import Kind


@dataclass(frozen=True)
class BuiltModel:
    """One table made by a model; ``inputs`` gives the columns and kinds of what it read."""

    name: str
    schema: str
    n_rows: int
    compiled_sql: str
    depends_on: tuple[tuple[str, str], ...]
    inputs: Mapping[tuple[str, str], Mapping[str, str]]
    columns: Mapping[str, str]
    tests: tuple[TestResult, ...] = field(default=())


class FailedDataTests(CheckError):
    """Data tests of a step that failed; ``results`` holds those that passed as well."""

    def __init__(self, results: Sequence[TestResult]) -> None:
        self.results = tuple(results)
        lines = [
            _("  - {model}, {test} ({column}): {n} failure(s)").format(
                model=result.model,
                test=result.test,
                column=result.column,
                n=result.n_failures,
            )
            for result in results
            if result.n_failures
        ]
        super().__init__("\n".join([_("SQL data tests failed"), *lines]))


class SqlModels:
    """The SQL models of one folder in dbt's format."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def project(self) -> Project:
        """What the folder declares; raises UsageError with every mistake."""
        return load_project(self.folder)

    def build(
        self,
        connection: sa.Connection,
        step: str,
        variables: Mapping[str, Any],
        wanted: Collection[str] = (),
    ) -> list[BuiltModel]:
        """The models of ``step`` built into the schema ``step``, with their test results.

        All of them, or the ``wanted`` ones with those they are made of. Runs in the caller's
        transaction. Raises FailedDataTests (a CheckError) when a data test finds a failure,
        CheckError when a table is not what is declared of it, UsageError for a mistake in a file.
        """
        renderer = Renderer(self.project, variables)
        tables.ensure_schema(connection, step)
        ordered = _with_inputs(self._in_order(step, renderer), wanted)
        n_rows = [self._create(connection, one) for one in ordered]
        columns = tables.every_column(connection)
        built = [_described(*one, columns) for one in zip(ordered, n_rows, strict=True)]
        for model in built:
            self._check_columns(model.name, model.columns)
        results = {
            model.name: tuple(
                _result(connection, test) for test in self._tests(model.name, renderer)
            )
            for model in built
        }
        every = [result for found in results.values() for result in found]
        if any(result.n_failures for result in every):
            raise FailedDataTests(every)
        return [_tested(model, results[model.name]) for model in built]

    def standing(
        self, connection: sa.Connection, step: str, variables: Mapping[str, Any]
    ) -> list[BuiltModel]:
        """The tables of ``step`` as they stand, tested again; nothing is built."""
        renderer = Renderer(self.project, variables)
        columns = tables.every_column(connection)
        found = []
        for rendered in self._in_order(step, renderer):
            name = rendered.model.name
            n_rows = tables.execute(
                connection,
                f"select count(*) from {tables.qualified(step, name)}",  # noqa: S608
            ).scalar_one()
            results = tuple(_result(connection, test) for test in self._tests(name, renderer))
            found.append(_tested(_described(rendered, int(n_rows), columns), results))
        return found

    def create(
        self, connection: sa.Connection, name: str, variables: Mapping[str, Any]
    ) -> BuiltModel:
        """One model built from the tables that stand, without its data tests."""
        rendered = self.render(name, variables)
        tables.ensure_schema(connection, rendered.model.step)
        n_rows = self._create(connection, rendered)
        built = _described(rendered, n_rows, tables.every_column(connection))
        self._check_columns(name, built.columns)
        return built

    def render(self, name: str, variables: Mapping[str, Any]) -> Rendered:
        """The SQL of one model and the tables it reads."""
        if name not in self.project.models:
            raise UsageError(_("there is no SQL model {name}").format(name=name))
        return Renderer(self.project, variables).model(name)

    def _in_order(self, step: str, renderer: Renderer) -> list[Rendered]:
        if step not in self.project.steps:
            raise UsageError(
                _("{file}: {step} is not in model-paths").format(
                    file=self.folder / "dbt_project.yml", step=step
                )
            )
        models = [model for model in self.project.models.values() if model.step == step]
        every = {model.name: renderer.model(model.name) for model in models}
        rendered = {name: one for name, one in every.items() if one.is_enabled}
        graph = {
            name: sorted(
                table for schema, table in one.depends_on if schema == step and table in rendered
            )
            for name, one in rendered.items()
        }
        try:
            return [rendered[name] for name in TopologicalSorter(graph).static_order()]
        except CycleError as fault:
            raise UsageError(
                _("{folder}: models refer to each other in a circle: {names}").format(
                    folder=self.folder / step, names=" → ".join(fault.args[1])
                )
            ) from None

    def _create(self, connection: sa.Connection, rendered: Rendered) -> int:
        model = rendered.model
        with tables.named_faults(f"{model.step}/{model.path.name}"):
            return tables.create_table_as(connection, model.step, model.name, rendered.sql)

    def _check_columns(self, name: str, columns: Mapping[str, str]) -> None:
        """The table has the declared columns, of types that both databases read alike."""
        file = self.project.models[name].path
        faults = [
            _("{file}: column {column} has type {kind}: cast it to {kinds}").format(
                file=file, column=column, kind=kind, kinds=", ".join(Kind)
            )
            for column, kind in columns.items()
            if not isinstance(kind, Kind)
        ]
        declared = self.project.declared.get(name)
        if declared is not None and declared.columns:
            named = {column.name for column in declared.columns}
            unexpected = set() if declared.meta.get("has_study_columns") else set(columns) - named
            faults += [
                _("{file}: column {column} stands in only one of the table and schema.yml").format(
                    file=file, column=column
                )
                for column in sorted((named - set(columns)) | unexpected)
            ]
        if faults:
            raise CheckError("\n".join(faults))

    def _tests(self, name: str, renderer: Renderer) -> list[DataTest]:
        declared = self.project.declared.get(name)
        if declared is None:
            return []
        return data_tests(declared, self.project.models[name], renderer)


def _with_inputs(ordered: Sequence[Rendered], wanted: Collection[str]) -> list[Rendered]:
    """Of models in the order of building, the wanted ones and what they are made of."""
    needed = set(wanted)
    kept = []
    for rendered in reversed(ordered):
        if not wanted or rendered.model.name in needed:
            needed |= {table for _schema, table in rendered.depends_on}
            kept.append(rendered)
    return kept[::-1]


def _described(
    rendered: Rendered, n_rows: int, columns: Mapping[tuple[str, str], Mapping[str, str]]
) -> BuiltModel:
    """What is known of a model once its table stands."""
    model, depends_on = rendered.model, tuple(sorted(rendered.depends_on))
    inputs = {place: columns.get(place, {}) for place in depends_on}
    own = columns[model.step, model.name]
    return BuiltModel(model.name, model.step, n_rows, rendered.sql, depends_on, inputs, own)


def _result(connection: sa.Connection, test: DataTest) -> TestResult:
    count = f"select count(*) from ({test.query}) as failures"  # noqa: S608
    with tables.named_faults(f"{test.model}, {test.test} ({test.column})"):
        n_failures = int(tables.execute(connection, count).scalar_one())
    return TestResult(test.model, test.test, test.column, n_failures)


def _tested(model: BuiltModel, results: tuple[TestResult, ...]) -> BuiltModel:
    return BuiltModel(**{**vars(model), "tests": results})
