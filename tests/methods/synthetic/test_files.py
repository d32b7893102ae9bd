"""The files partners send: their layouts, their days, and what stands in them on those days."""

import csv
import io
import zipfile
from datetime import date

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.deliveries import Deliveries, Delivery, month_ends
from agir_pipeline.methods.synthetic.habits import LAYOUTS
from agir_pipeline.methods.synthetic.study import Study, invent_study
from agir_pipeline.methods.synthetic.world import World
from agir_pipeline.protocol.model import Protocol

POOL = ("opca_pdl", "gref_formation", "missions_locales")


def of(delivered: list[Delivery], source: str, provider: str) -> list[Delivery]:
    return [d for d in delivered if (d.source, d.provider) == (source, provider)]


def csv_rows(delivery: Delivery) -> list[dict[str, str]]:
    layout = LAYOUTS[delivery.source, delivery.provider]
    text = io.StringIO(delivery.content.decode(layout.encoding), newline="")
    return list(csv.DictReader(text, delimiter=layout.delimiter))


def extracted_on(delivery: Delivery) -> pd.Timestamp:
    return pd.Timestamp(delivery.file_name.rpartition("_")[2].partition(".")[0])


def test_the_same_seed_gives_the_same_bytes(
    protocol: Protocol, study: Study, delivered: list[Delivery]
) -> None:
    again = invent_study(protocol, 1, 1)
    assert again.truth == study.truth
    assert all(a == b for a, b in zip(again.deliveries, delivered, strict=True))


def test_another_seed_gives_other_people(protocol: Protocol, study: Study) -> None:
    other = invent_study(protocol, 2, 1)
    assert other.truth["people"][0]["last_name"] != study.truth["people"][0]["last_name"]
    assert other.deliveries[1].content != study.deliveries[1].content


def test_the_register_comes_every_month_and_once_more_after_a_refusal(
    delivered: list[Delivery],
) -> None:
    assert len(of(delivered, "contract_register", "opca_export")) == 35 + 1


def test_deliveries_come_in_the_order_in_which_they_become_known(delivered: list[Delivery]) -> None:
    known = [d.known_on for d in delivered]
    assert known == sorted(known)
    assert known[-1] == date(2012, 12, 31)
    assert all(extracted_on(d) <= pd.Timestamp(d.known_on) for d in delivered)


def test_an_older_extraction_never_overtakes_a_newer_one(delivered: list[Delivery]) -> None:
    for source, provider in LAYOUTS:
        days = [extracted_on(d) for d in of(delivered, source, provider)]
        assert days == sorted(days)
        assert len(days) > 2


def test_no_two_files_are_the_same(delivered: list[Delivery]) -> None:
    """But for the steward's workbook, which is a delivery of each of its sheets."""
    contents = [(d.source, d.content) for d in delivered if d.content]
    assert len(set(contents)) == len(contents)


def test_deliveries_can_be_counted_reached_and_cut(study: Study, delivered: list[Delivery]) -> None:
    some = study.deliveries[3:6]
    assert isinstance(some, Deliveries)
    assert len(some) == 3
    assert len(study.deliveries) == len(delivered)
    assert some[0] == study.deliveries[3]
    assert list(some) == delivered[3:6]


def test_the_newest_register_is_drawn_on_the_last_day_of_the_study(
    delivered: list[Delivery],
) -> None:
    last = of(delivered, "contract_register", "opca_export")[-1]
    assert extracted_on(last) == pd.Timestamp("2012-12-31")
    assert last.known_on == date(2012, 12, 31)


def test_the_three_lists_of_controls_have_three_layouts(delivered: list[Delivery]) -> None:
    first = {p: of(delivered, "control_pool", p)[-1] for p in POOL}
    assert first["gref_formation"].content.startswith(b"PK")
    opca = first["opca_pdl"].content.decode("cp1252").splitlines()[0].split(";")
    locales = first["missions_locales"].content.decode("utf-8").splitlines()[0].split(",")
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(first["gref_formation"].content))
    assert workbook.sheet_names == ["Stagiaires", "Ancien"]
    gref = workbook.get_sheet_by_name("Stagiaires").to_python()[2]
    assert len(set(opca) & set(locales)) < 5
    assert not set(gref) & (set(opca) | set(locales))
    with pytest.raises(UnicodeDecodeError):
        of(delivered, "contract_register", "opca_export")[-1].content.decode("utf-8")


def test_the_list_of_trainees_has_titles_a_merged_cell_and_a_total(
    delivered: list[Delivery],
) -> None:
    content = of(delivered, "control_pool", "gref_formation")[-1].content
    rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(content))
        .get_sheet_by_name("Stagiaires")
        .to_python()
    )
    assert rows[0][1:] == [""] * (len(rows[0]) - 1)
    assert rows[1][0].startswith("Situation au ")
    assert rows[-1][0] == "Total"
    assert rows[-1][1] == len(rows) - 4
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<mergeCell " in archive.read("xl/worksheets/sheet1.xml")


def test_survey_exports_look_like_those_of_the_survey_server(delivered: list[Delivery]) -> None:
    for source in ("youth_survey_t0", "youth_survey_tf"):
        content = of(delivered, source, "limesurvey")[-1].content
        assert content.startswith(b'\xef\xbb\xbf"id";"submitdate";"lastpage"')
        assert content.endswith(b'"\r\n\r\n') or content.endswith(b'"\r\n')
        lines = content.decode("utf-8-sig").split("\r\n")
        assert all(line.startswith('"') and line.endswith('"') for line in lines if line)


def test_workbooks_have_a_break_inside_a_heading(delivered: list[Delivery]) -> None:
    content = of(delivered, "beneficiary_register", "cnam")[-1].content
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert any("\n" in str(cell) for cell in book.get_sheet_by_name("Suivi").to_python()[1])


def test_the_register_shows_a_rupture_only_once_it_is_notified(
    delivered: list[Delivery], world: World
) -> None:
    register = world.register[world.register["amendment_number"] == 0]
    rupture = register.set_index("contract_number")[
        ["deposited_on", "rupture_on", "rupture_notified_on"]
    ]
    n_hidden = 0
    for delivery in of(delivered, "contract_register", "opca_export")[:19]:
        day = extracted_on(delivery)
        shown = {
            row["N° contrat"]: row["Date de rupture"]
            for row in csv_rows(delivery)
            if row["N° avenant"] == "0"
        }
        true = rupture[rupture["deposited_on"] <= day]
        assert set(shown) == set(true.index)
        known = true["rupture_notified_on"] <= day
        assert {number for number, text in shown.items() if text} == set(true.index[known])
        n_hidden += int(((true["rupture_on"] <= day) & ~known).sum())
    assert n_hidden > 20


def test_the_list_of_trainees_holds_only_those_present_on_its_day(
    delivered: list[Delivery], world: World
) -> None:
    people = world.people.assign(rupture_on=world.lived["rupture_on"])
    people = people[people["provider"] == "gref_formation"].set_index("provider_ref")
    gone = people["rupture_on"].fillna(people["planned_end_on"] + pd.Timedelta(1, "D"))
    for delivery in of(delivered, "control_pool", "gref_formation")[:12]:
        book = CalamineWorkbook.from_filelike(io.BytesIO(delivery.content))
        rows = book.get_sheet_by_name("Stagiaires").to_python()[3:-1]
        day = extracted_on(delivery)
        present = people.index[(people["contract_start_on"] <= day) & (day < gone)]
        assert {row[0] for row in rows} == set(present)
    lag = [
        (pd.Timestamp(d.known_on) - extracted_on(d)).days
        for d in of(delivered, "control_pool", "gref_formation")
    ]
    assert max(lag) > 30
    assert max(lag) <= 95


def test_a_list_of_all_starts_keeps_those_who_left(delivered: list[Delivery], world: World) -> None:
    last = of(delivered, "control_pool", "missions_locales")[-1]
    shown = {
        row["N° stagiaire"] if "N° stagiaire" in row else row["Matricule"] for row in csv_rows(last)
    }
    people = world.people[world.people["provider"] == "missions_locales"]
    started = people[people["contract_start_on"] <= extracted_on(last)]
    assert shown == set(started["provider_ref"])


def test_a_supported_person_is_marked_on_the_list_from_the_day_of_entry(
    delivered: list[Delivery], world: World
) -> None:
    both = world.people[
        (world.people["role"] == "beneficiary") & (world.people["provider_ref"] != "")
    ]
    one = both.iloc[0]
    entry = one["support_entry_on"]
    marks = {}
    for delivery in of(delivered, "control_pool", one["provider"]):
        if not delivery.content or delivery.known_on > date(2011, 8, 1):
            continue
        for row in csv_rows(delivery):
            if one["provider_ref"] in row.values():
                mark = row.get("Accompagne depuis le") or row.get("Déjà bénéficiaire") or ""
                marks[extracted_on(delivery)] = bool(mark)
    assert {marked for day, marked in marks.items() if day < entry} == {False}
    assert {marked for day, marked in marks.items() if day >= entry} == {True}


def test_month_ends_can_be_taken_every_third_month() -> None:
    days = month_ends(date(2010, 2, 1), date(2010, 12, 15), every=3)
    assert days.astype(str).tolist() == ["2010-03-31", "2010-06-30", "2010-09-30"]
    assert month_ends(date(2010, 1, 9), date(2010, 2, 28)).astype(str).tolist() == [
        "2010-01-31",
        "2010-02-28",
    ]


def test_places_are_in_the_zones_the_protocol_knows(
    protocol: Protocol, calibration: Calibration
) -> None:
    derived = protocol.source("beneficiary_register").derived
    zones = {code.code for d in derived if d.name == "zone" for code in d.codes}
    assert {place.zone for place in calibration.places} == zones


def test_profiles_are_whole(calibration: Calibration) -> None:
    for profile in calibration.profiles:
        assert len(profile.codes) == len(profile.supported) == len(profile.other)
        assert np.sum(profile.supported) == pytest.approx(1, abs=1e-6)
        assert np.sum(profile.other) == pytest.approx(1, abs=1e-6)
    assert calibration.providers("control_pool") == list(POOL)
