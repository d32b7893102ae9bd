"""Reading again what the machine had failed to read."""

from datetime import date
from pathlib import Path

from agir_pipeline.resources.home import Home
from agir_pipeline.resources.ledger import FileAccount
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.status import newest_refusals
from agir_pipeline.resources.stock_taking import take_stock
from agir_pipeline.resources.study import open_study

SMALL = Path(__file__).parents[1] / "study" / "small.toml"
PEOPLE = b"id;group;age_years;income_eur\n1;trained;30;1000\n2;other;31;900\n"


def test_a_file_the_machine_failed_to_read_is_no_longer_refused_once_it_was_read(
    tmp_path: Path,
) -> None:
    init_home(tmp_path / "home", str(SMALL))
    home = Home(tmp_path / "home")
    sent = Receipt("delivery", "", date(2020, 1, 31), "people", "office", "people.csv")
    receipt = home.landing.receive(PEOPLE, sent).receipt
    study = open_study(home.folder)
    reading, ledger = study.readings.contracts["people"], home.landing.ledger
    refusal = ("reader_died", "people.csv: …")
    ledger.record_readings([FileAccount(receipt.receipt_id, reading, {}, refusal, [])])
    assert newest_refusals(home, study.state())
    assert take_stock(study).readings[0].rows.num_rows == 2
    assert newest_refusals(home, study.state()) == []
    assert [row["accepted"] for row in ledger.row_ends()] == [2]
