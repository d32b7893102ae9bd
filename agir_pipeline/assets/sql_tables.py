"""The tables of a step that SQL makes: built or found standing, tested, with their columns."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from agir_pipeline.assets.catalogue import as_built
from agir_pipeline.assets.checks import data_tests_check
from agir_pipeline.assets.lineage import KEY, sql_lineage
from agir_pipeline.assets.step import BlockedStep, StepResult
from agir_pipeline.resources.sql_models import BuiltModel, FailedDataTests
from agir_pipeline.resources.study import Study


def build_models(
    study: Study, connection: sa.Connection, step: str, variables: Mapping[str, Any]
) -> list[BuiltModel]:
    """The SQL tables of ``step``.

    Raises:
        BlockedStep: a data test failed; says which, table by table.
    """
    try:
        return study.models.build(connection, step, variables)
    except FailedDataTests as failed:
        tables = dict.fromkeys(result.model for result in failed.results)
        checks = {
            table: [data_tests_check([r for r in failed.results if r.model == table], 1)]
            for table in tables
        }
        raise BlockedStep(StepResult({}, {}, checks)) from None


def sql_result(study: Study, step: str, built: list[BuiltModel]) -> StepResult:
    """Rows, true columns, lineage and data tests of the SQL tables of ``step``."""
    lineage = sql_lineage(study, built)
    return StepResult(
        {model.name: model.n_rows for model in built},
        {
            model.name: {
                "dagster/column_schema": as_built(study.protocol, step, model.columns),
                KEY: lineage[model.name],
            }
            for model in built
        },
        {model.name: [data_tests_check(model.tests, model.n_rows)] for model in built},
    )
