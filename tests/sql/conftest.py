"""What the test of an SQL model needs: both databases, one model run on drawn tables.

def test_…(database, run_model, expect):
    rows = run_model(database, "rupture", {"linked.contract": "person_id | …"}, {"…": …})
    expect(rows, "person_id | is_rupture\\n …")
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources.sql_models import SqlModels
from agir_pipeline.resources.warehouse import Warehouse
from tests.databases import database

__all__ = ["database"]

MODELS = Path(__file__).parents[2] / "dbt_like_sql"

Drawn = str | pd.DataFrame
RunModel = Callable[..., pd.DataFrame]


@pytest.fixture(scope="session")
def sql_models() -> SqlModels:
    """The project's own models."""
    return SqlModels(MODELS)


@pytest.fixture
def run_model(draw: Callable[[str], pd.DataFrame], sql_models: SqlModels) -> RunModel:
    """Runs ONE model on drawn tables: every table it names must be drawn, and no other.

    A drawn column with no value is text (a date when it is called ``…_on``); where the model
    needs another type, give a frame instead of a text. Rows come back sorted by all columns.
    """

    def run(
        warehouse: Warehouse,
        name: str,
        sources: Mapping[str, Drawn],
        variables: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        rendered = sql_models.render(name, variables or {})
        read = {".".join(table) for table in rendered.depends_on}
        if read != set(sources):
            pytest.fail(f"{name} reads {sorted(read)}; drawn: {sorted(sources)}")
        try:
            with warehouse.transaction() as connection:
                for place, table in sources.items():
                    frame = draw(table) if isinstance(table, str) else table
                    warehouse.replace(connection, *place.split("."), frame)
                built = sql_models.create(connection, name, variables or {})
                rows = warehouse.read(connection, built.schema, name)
        except InfrastructureError as fault:  # drawn rows: here the driver may speak
            pytest.fail(f"{fault}\n{fault.__context__}", pytrace=False)
        return _sorted(rows)

    return run


@pytest.fixture
def expect(draw: Callable[[str], pd.DataFrame]) -> Callable[[pd.DataFrame, Drawn], None]:
    """Compares rows with a drawn table: same columns in order, same values, any row order."""

    def compare(rows: pd.DataFrame, table: Drawn) -> None:
        drawn = draw(table) if isinstance(table, str) else table
        assert list(rows.columns) == list(drawn.columns)
        pd.testing.assert_frame_equal(_sorted(rows), _sorted(drawn.astype(rows.dtypes.to_dict())))

    return compare


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(list(rows.columns), ignore_index=True)
