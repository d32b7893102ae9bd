"""Which deliveries are complete: as promised, unless they hold hardly anything."""

from datetime import date

import pyarrow as pa
import pytest

from agir_pipeline.protocol.model import Source
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.usable import as_delivered
from tests.methods.decisions.conftest import rows_of
from tests.methods.reading.conftest import column, source


@pytest.fixture(scope="module")
def complete() -> Source:
    made = source(column("case", "identifier"), key=["case"])
    return made.model_copy(
        update={"providers": (made.providers[0].model_copy(update={"complete": True}),)}
    )


def reading(day: int, n_rows: int, refusal: tuple[str, str] | None = None) -> Reading:
    known = date(2010, 1, day)
    receipt = Receipt("delivery", str(day), known, "register", "partner")
    rows = rows_of(*((f"K{n}", "Nozay", "V", n) for n in range(n_rows)))
    return Reading(receipt, "contract", rows, [], {}, [], refusal, is_new=False)


def test_a_file_with_hardly_any_row_lets_nobody_go(complete: Source) -> None:
    files = [reading(1, 10), reading(2, 0), reading(3, 4), reading(4, 5), reading(5, 3)]
    delivered = list(as_delivered(complete, files, {}))
    assert [one.is_complete for one in delivered] == [True, False, False, True, True]


def test_the_first_file_may_be_empty_and_a_refused_one_says_nothing(complete: Source) -> None:
    refused = Reading(
        reading(2, 0).receipt, "contract", pa.table({}), [], {}, [], ("held", ""), is_new=False
    )
    delivered = list(as_delivered(complete, [reading(1, 0), refused, reading(3, 2)], {}))
    assert [(one.known_on.day, one.is_complete) for one in delivered] == [(1, False), (3, True)]


def test_what_a_file_is_silent_about_goes_with_it(complete: Source) -> None:
    files = [reading(1, 3), reading(2, 3)]
    silent = {files[1].receipt.receipt_id: frozenset({"town"})}
    delivered = list(as_delivered(complete, files, silent))
    assert [one.unsaid for one in delivered] == [frozenset(), {"town"}]
