"""A night's file beside the ones before it: audited once, told, and kept."""

from datetime import date
from pathlib import Path

import pytest

from agir_pipeline.resources.audit_pages import first_page
from agir_pipeline.resources.study import open_study
from tests.study.deciding import deciding_home, drop, people, received
from tests.study.test_decisions import read, table

AUDIT = """
[audit]
least_deliveries = { value = 2, unit = "deliveries", source = "a test" }
volume_ratio = { value = 0.5, unit = "ratio", source = "a test" }
share_tolerance = { value = 0.1, unit = "share", source = "a test" }
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = deciding_home(tmp_path)
    with open(made / "protocol.toml", "a", encoding="utf-8") as protocol:
        protocol.write(AUDIT)
    for month in (1, 2):
        content = people({0: {"income_eur": str(month)}})
        received(made, f"people_2020-0{month}-28.csv", content, date(2020, month, 28))
    return made


def told(home: Path) -> tuple[str, str]:
    checks = {c["name"]: c for c in open_study(home).home.landing.ledger.checks()}
    one = checks["delivery_audits/deliveries_are_as_before"]
    return one["status"], one["sentence"]


def test_a_night_is_audited_once_and_an_imported_past_never(home: Path) -> None:
    assert read(home) == []
    assert table(home, "delivery_audits").empty
    assert told(home)[0] == "passed"
    assert not first_page(open_study(home).home).exists()

    drop(home, "people_2020-03-31.csv", people({n: {"age_years": ""} for n in range(55)}))
    assert read(home) == []
    audits = table(home, "delivery_audits")
    odd = audits[~audits["is_met"].astype(bool)]
    assert odd[["measure", "column_name"]].to_numpy().tolist() == [["missing", "age_years"]]
    status, sentence = told(home)
    assert status == "warned"
    assert sentence == "people, office: missing age_years is 0.92, not 0.0 to 0.23"
    page = first_page(open_study(home).home)
    assert "<td>1</td></tr>" in page.read_text(encoding="utf-8")

    drop(home, "people_2020-04-30.csv", people())
    assert read(home) == []
    audits = table(home, "delivery_audits")
    assert audits["receipt_id"].nunique() == 2
    assert (~audits["is_met"].astype(bool)).sum() == 1
    assert page.read_text(encoding="utf-8").count("<td>0</td></tr>") == 1

    (page.parents[1] / "gx" / "great_expectations.yml").write_text("- spoilt\n: [")
    drop(home, "people_2020-05-31.csv", people({1: {"income_eur": "5"}}))
    assert read(home) == []  # the fault of a library stops no night
    assert table(home, "delivery_audits")["receipt_id"].nunique() == 2
    status, sentence = told(home)
    assert status == "warned"
    assert "Great Expectations failed (InvalidConfigurationYamlError)" in sentence

    drop(home, "people_2020-06-30.csv", people({1: {"income_eur": "6"}}))
    assert read(home) == []
    assert table(home, "delivery_audits")["receipt_id"].nunique() == 4  # nothing was left out
    assert "Great Expectations" not in told(home)[1]
