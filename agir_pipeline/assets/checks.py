"""The blocking checks that many tables share: a contract kept, the data tests of SQL passed."""

from collections.abc import Iterable, Mapping

import pandas as pd

from agir_pipeline.assets.step import Check
from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.model import TableContract
from agir_pipeline.errors import CheckError
from agir_pipeline.language import _, mark
from agir_pipeline.resources.sql_models import TestResult

CONTRACT, DATA_TESTS = "contract_holds", "data_tests_pass"
TEXTS = {
    CONTRACT: mark("Columns, codes and keys are as promised"),
    DATA_TESTS: mark("Keys, references and codes of the table hold"),
}
BLOCKING = frozenset(TEXTS)


Checks = dict[str, list[Check]]
"""By table."""


def contract_check(table: pd.DataFrame, contract: TableContract) -> tuple[pd.DataFrame, Check]:
    """A table that a method made as its contract promises it, or as it is if it does not."""
    try:
        table = checked(table, contract)
    except CheckError as fault:
        return table, Check.blocking(CONTRACT, max(len(table), 1), 1, str(fault))
    told = _("{n} rows, {columns} columns as promised")
    if table.empty:
        told = _("no row yet: only the {columns} columns could be checked")
    sentence = told.format(n=len(table), columns=len(contract.columns))
    return table, Check.blocking(CONTRACT, len(table), 0, sentence)


def contract_checks(
    made: Mapping[str, pd.DataFrame], contracts: Mapping[str, TableContract]
) -> tuple[dict[str, pd.DataFrame], Checks]:
    """The tables typed and sorted as promised, and the contract check of each."""
    both = {name: contract_check(made[name], contract) for name, contract in contracts.items()}
    return {name: table for name, (table, _check) in both.items()}, {
        name: [check] for name, (_table, check) in both.items()
    }


def data_tests_check(results: Iterable[TestResult], n_rows: int) -> Check:
    """Whether a table that SQL made passed the tests of schema.yml; failures are counted."""
    told = list(results)
    failed = [result for result in told if result.n_failures]
    sentence = _("{n} tests on {rows} rows").format(n=len(told), rows=n_rows)
    if failed:
        sentence = "\n".join(
            _("{test} ({column}): {n} failure(s)").format(
                test=result.test, column=result.column, n=result.n_failures
            )
            for result in failed
        )
    return Check.blocking(DATA_TESTS, n_rows if told else 0, len(failed), sentence)
