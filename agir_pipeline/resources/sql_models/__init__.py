"""Runs the SQL models of a folder in dbt's format, inside the caller's transaction."""

from agir_pipeline.resources.sql_models.data_tests import TestResult
from agir_pipeline.resources.sql_models.lineage import column_lineage
from agir_pipeline.resources.sql_models.runner import BuiltModel, FailedDataTests, SqlModels

__all__ = ["BuiltModel", "FailedDataTests", "SqlModels", "TestResult", "column_lineage"]
