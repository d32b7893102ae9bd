"""What is gathered for the table of data quality, on both databases: decisions, rows in use."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.assets.quality import _standing, _surprises
from agir_pipeline.methods.programme.quality import ERROR, WARN, InFile, Standing
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.study import Study, open_study
from agir_pipeline.resources.warehouse import Warehouse
from tests.databases import database

__all__ = ["database"]

HOLDS = """
source_name  | field_name | known_on   | superseded_on | withdrawn_decision_on | receipt_id | sheet | row_number
control_pool | sex        | 2010-03-01 |               |                       | d1         | holds | 2
control_pool | sex        | 2010-05-01 |               |                       | d2         | holds | 2
control_pool | opca       | 2010-03-01 |               | 2010-04-01            | d1         | holds | 3
control_pool | zone       | 2010-03-01 | 2010-04-01    |                       | d1         | holds | 4
support_log  | themes     | 2010-03-01 |               |                       | d1         | holds | 5
"""  # noqa: E501
DEPARTURES = """
source_name       | known_on   | superseded_on | withdrawn_decision_on | receipt_id | sheet | row_number
contract_register | 2010-06-01 |               |                       | d1         | gone  | 2
control_pool      | 2010-06-01 |               |                       | d1         | gone  | 3
"""  # noqa: E501
CHANGES = """
source            | receipt_id | change  | is_deletion | is_missing
contract_register | f3         | removed | false       | false
contract_register | f3         | added   | false       | false
contract_register | f4         | removed | false       | false
contract_register | f4         | removed | false       | true
contract_register | f5         | removed | true        | false
support_log       | f6         | removed | false       | false
"""
SURPRISES = """
receipt_id | source            | code           | column_name
f1         | control_pool      | column_left    | sex
f1         | control_pool      | column_emptied | opca
f1         | control_pool      | column_left    | zone
f2         | support_log       | column_left    | themes
f2         | support_log       | back_dated     | themes
f3         | contract_register | row_left       |
f4         | contract_register | row_left       |
f6         | support_log       | row_left       |
"""
UNHEARD = """
source       | receipt_id | sheet | row_number | reason
layout_holds | d1         | holds | 5          | author_not_listed
"""


@pytest.fixture
def study(tmp_path: Path, database: Warehouse, draw: Callable[[str], pd.DataFrame]) -> Study:
    init_home(tmp_path / "home", "agir")
    made = open_study(tmp_path / "home")
    vars(made)["warehouse"] = database
    days = ["known_on", "superseded_on", "withdrawn_decision_on"]
    nothing = draw(HOLDS).iloc[:0]
    with database.transaction() as connection:
        for name, table in (
            ("layout_holds", draw(HOLDS)),
            ("layout_mappings", nothing),
            ("row_departures", draw(DEPARTURES)),
        ):
            table = table.astype(dict.fromkeys(days, "datetime64[us]")).astype({"row_number": int})
            database.replace(connection, "validated", name, table)
        database.replace(connection, "validated", "delivery_changes", draw(CHANGES))
    with made.vault.transaction() as vault:
        told = draw(SURPRISES).assign(file_name="a.csv", row_number=None)
        made.vault.replace(vault, "surprises", told.fillna({"column_name": ""}))
        made.vault.replace(vault, "unheard_decisions", draw(UNHEARD))
    return made


def test_what_a_signed_decision_in_force_speaks_of_is_in_order_since_it_is_known(
    study: Study,
) -> None:
    """Withdrawn, replaced by nothing, unsigned or about other rows: nobody said that it is."""
    march, june = pd.Timestamp("2010-03-01").date(), pd.Timestamp("2010-06-01").date()
    with study.warehouse.transaction() as connection:
        assert list(_surprises(study, connection)) == [
            InFile("column_left", ERROR, "f1", 1, march),
            InFile("column_emptied", ERROR, "f1", 1),
            InFile("column_left", ERROR, "f1", 1),
            InFile("column_left", ERROR, "f2", 1),
            InFile("back_dated", WARN, "f2", 1),
            InFile("row_left", WARN, "f3", 1, june),
            InFile("row_left", WARN, "f4", 1),
            InFile("row_left", WARN, "f6", 1),
        ]


def test_rows_in_use_are_counted_by_the_night_they_became_known(
    study: Study, draw: Callable[[str], pd.DataFrame]
) -> None:
    law = """
    rule | severity | source            | known_on
    pay  | warn     | contract_register | 2010-03-01
    pay  | warn     | contract_register | 2010-03-01
    pay  | warn     | contract_register | 2010-04-01
    """
    corrections = """
    status   | source  | known_on
    applied  | support | 2010-03-01
    conflict | support | 2010-03-01
    waiting  | support | 2010-03-01
    """
    facts = """
    fact    | source_a | source_b | known_on
    adviser | lists    | logs     | 2010-05-01
    """
    tables = {
        ("validated", "legal_findings"): law,
        ("validated", "correction_outcomes"): corrections,
        ("linked", "contradictions"): facts,
    }
    with study.warehouse.transaction() as connection:
        for place, text in tables.items():
            study.warehouse.replace(connection, *place, draw(text))
        found = sorted(_standing(study, connection))
    days = {m: pd.Timestamp(2010, m, 1).date() for m in (3, 4, 5)}
    assert found == [
        Standing("adviser", WARN, "logs", days[5], 1),
        Standing("conflict", ERROR, "support", days[3], 1),
        Standing("pay", WARN, "contract_register", days[3], 2),
        Standing("pay", WARN, "contract_register", days[4], 1),
    ]
