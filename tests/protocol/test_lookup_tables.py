"""The tables beside a protocol hold what it says they hold."""

import csv
import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.errors import ProtocolError
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.lookup_tables import read_table, table_names

Write = Callable[[dict[str, Any]], Path]
COMMUNES_DIGEST = "24bd748515cc00649335c90631a1bc65f62e5d6f375ea3f421ee8012f8dba983"
"""Of the file as it was handed over: kept byte for byte, line ends too."""
PLACE = "source 2 (control_pool) › derived 2 (territorial_basis) › table"


def told(path: Path) -> list[str]:
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path)
    return [f"{m.place}: {m.message}" for m in caught.value.mistakes]


def test_the_tables_of_a_protocol_are_named_once(agir: dict[str, Any]) -> None:
    assert table_names(agir) == [
        "tables/communes.csv", "tables/contract_places.csv", "tables/entry_levels.csv",
        "tables/linkage.json", "tables/postcodes.csv", "tables/prepared_levels.csv",
        "tables/residence.csv", "tables/sectors.csv", "tables/zones.csv",
    ]  # fmt: skip


def test_an_absent_table_is_told_where_it_is_used(agir: dict[str, Any], written: Write) -> None:
    path = written(agir)
    (path.parent / "tables" / "residence.csv").unlink()
    absent = "the lookup table tables/residence.csv is not beside the protocol"
    assert f"{PLACE}: {absent}" in told(path)


@pytest.mark.parametrize("name", ["../zones.csv", "/etc/hostname"])
def test_a_table_elsewhere_is_refused(name: str, agir: dict[str, Any], written: Write) -> None:
    agir["source"][1]["derived"][1]["table"] = name
    assert told(written(agir)) == [f"{PLACE}: {name} must lie beside the protocol"]


def test_a_table_in_another_encoding_is_told(agir: dict[str, Any], written: Write) -> None:
    path = written(agir)
    table = path.parent / "tables" / "residence.csv"
    table.write_bytes("column,value,result\npostcode,Châteaubriant,residence".encode("cp1252"))
    assert f"{PLACE}: tables/residence.csv is not UTF-8 text" in told(path)


def test_a_table_with_other_columns_is_told(agir: dict[str, Any], written: Write) -> None:
    path = written(agir)
    (path.parent / "tables" / "residence.csv").write_text("column;value;result\n")
    said = f"{PLACE}: tables/residence.csv has no column column, value, result"
    assert said in told(path)


def test_a_table_about_other_columns_or_results_is_told(
    agir: dict[str, Any], written: Write
) -> None:
    path = written(agir)
    text = "column,value,result\npostcode,44*,residence\nregion,PDL,near\npostcode,85*\n"
    (path.parent / "tables" / "residence.csv").write_text(text)
    found = told(path)
    said = "tables/residence.csv › column: 'region' is not one of: commune_name, postcode"
    assert f"{PLACE} › {said}" in found
    assert (
        f"{PLACE} › tables/residence.csv › result: 'near' is not one of: elsewhere, residence"
        in found
    )
    assert (
        f"{PLACE} › tables/residence.csv › result: '' is not one of: elsewhere, residence" in found
    )


def test_a_lookup_without_codes_still_has_its_table_read(
    agir: dict[str, Any], written: Write
) -> None:
    del agir["source"][1]["derived"][1]["codes"]
    found = told(written(agir))
    assert found == [f"{PLACE.removesuffix(' › table')}: is a code without codes; list them with "
                     "their labels"]  # fmt: skip


def test_the_dates_of_a_table_need_a_day_and_must_be_days(
    agir: dict[str, Any], written: Write
) -> None:
    for source in agir["source"][:2]:
        del source["derived"][1]["day"]
    path = written(agir)
    text = (
        "column,value,result,valid_to\n"
        "postcode,44*,residence,2014-12-31\npostcode,85*,residence,soon\n"
    )
    (path.parent / "tables" / "residence.csv").write_text(text)
    found = told(path)
    dated = "tables/residence.csv has dates: day must say whose day decides"
    assert f"{PLACE}: {dated}" in found
    assert f"{PLACE}: tables/residence.csv › valid_to: 'soon' is no day such as 2014-12-31" in found
    assert read_table(path.parent, "tables/residence.csv")[0] == (
        "postcode", "44*", "residence", "", "2014-12-31",
    )  # fmt: skip


def test_the_day_of_a_lookup_is_a_date(agir: dict[str, Any], written: Write) -> None:
    agir["source"][1]["derived"][1]["day"] = "sex"
    found = told(written(agir))
    assert found == [f"{PLACE.removesuffix(' › table')} › day: 'sex' is not a date"]


def test_priority_districts_end_with_the_list_they_are_of(agir: dict[str, Any]) -> None:
    folder = packaged_protocols()["agir"].parent
    rows = read_table(folder, "tables/zones.csv")
    assert {row[4] for row in rows if row[0] == "district_name"} == {"2014-12-31"}
    levels = {row[1]: row[2] for row in read_table(folder, "tables/entry_levels.csv")}
    assert levels == {
        "VI": "no_equivalent", "V": "level_3", "IV": "level_4", "III": "level_5",
        "II": "level_6", "I": "level_7_8",
    }  # fmt: skip


def test_the_rows_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "column,value,result,note\nzip,44000,a,x\nzip,44*,b,y\n"
    (tmp_path / "t.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert read_table(tmp_path, "t.csv") == [("zip", "44000", "a"), ("zip", "44*", "b")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "the lookup table tables/linkage.json is not beside the protocol"),
        ("{", "tables/linkage.json is no trained linkage model"),
        ("[]", "tables/linkage.json is no trained linkage model"),
        ('{"comparisons": []}', "tables/linkage.json is no trained linkage model"),
        (
            '{"comparisons": [{"comparison_levels": [{"sql_condition": "ELSE"}]}]}',
            "tables/linkage.json is no trained linkage model",
        ),
    ],
)
def test_a_linkage_model_must_be_there_and_trained(
    content: str | None, said: str, agir: dict[str, Any], written: Write
) -> None:
    path = written(agir)
    model = path.parent / "tables" / "linkage.json"
    model.unlink() if content is None else model.write_text(content)
    assert f"identity › linkage › model: {said}" in told(path)


def test_the_files_of_a_protocol_are_those_it_names(agir: dict[str, Any], written: Write) -> None:
    loaded = load_protocol(written(agir))
    assert sorted(loaded.tables) == table_names(agir)
    without = loaded.model_copy(update={"identity": None})
    assert loaded.tables - without.tables == {"tables/linkage.json"}


def test_a_table_of_codes_is_read_with_the_one_that_uses_it(
    agir: dict[str, Any], written: Write
) -> None:
    agir["source"][0]["derived"][0]["recoded_by"] = "tables/absent.csv"
    del agir["source"][1]["derived"][0]["day"]
    found = told(written(agir))
    places = [f"source {n} › derived 1 (zone) › recoded_by" for n in
              ("1 (beneficiary_register)", "2 (control_pool)")]  # fmt: skip
    assert found == [
        f"{places[0]}: the lookup table tables/absent.csv is not beside the protocol",
        f"{places[1].replace('recoded_by', 'table')}: tables/zones.csv has dates: day must say "
        "whose day decides",
        f"{places[1]}: tables/communes.csv has dates: day must say whose day decides",
    ]


def test_the_codes_of_communes_and_the_zones_are_those_of_the_reference() -> None:
    folder = packaged_protocols()["agir"].parent
    with (folder / "reference/communes44.csv").open(encoding="utf-8", newline="") as file:
        today = [row for row in csv.DictReader(file) if row["type"] == "commune-actuelle"]
    with (folder / "reference/communes44_changes.csv").open(encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file))
    kept = (folder / "reference/communes44.csv").read_bytes()
    assert hashlib.sha256(kept).hexdigest() == COMMUNES_DIGEST
    assert len(today) == 207
    rows = {tuple(row[1:]) for row in read_table(folder, "tables/communes.csv")}
    expected = {(row["nom"], row["code_insee"], "", "") for row in today}
    expected |= {  # other spellings, and a commune that is a part of Pornic since long ago
        ("Grandchamps-des-Fontaines", "44066", "", ""),
        ("Le Clion-sur-Mer", "44131", "", ""),
        ("Ingrandes-Le Fresne sur Loire", "49160", "2016-01-01", ""),
    }
    for change in changes:
        name, before, after = (change[k] for k in ("name_before", "code_before", "code_after"))
        if before == after:
            expected.add((name, before, "", ""))
        else:
            last_on = date.fromisoformat(change["changed_on"]) - timedelta(days=1)
            expected.add((name, before, "", last_on.isoformat()))
            expected.add((name, after, change["changed_on"], ""))
    assert rows == expected
    zones = read_table(folder, "tables/zones.csv")
    rural = {row[1] for row in zones if row[2] == "rural_chateaubriant"}
    assert rural == {r["code_insee"] for r in today if r["pays_chateaubriant"] == "1"}
    assert len(rural) == 33
    delegated = {change["code_after"] for change in changes if change["code_after"][:2] == "44"}
    assert delegated <= {row["code_insee"] for row in today}
