"""Who is in the study: entries, eligibility, who is alike, who is called what."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from stdnum.fr import siret as siret_check

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.identifiers import siret, token
from agir_pipeline.methods.synthetic.likeness import Likenesses
from agir_pipeline.methods.synthetic.names import invent_names, registered_names
from agir_pipeline.methods.synthetic.people import column_codes, end_of_study, invent_people
from agir_pipeline.methods.synthetic.spelling import as_registered, doubled, folded
from agir_pipeline.methods.synthetic.timeline import (
    beneficiary_timeline,
    index_rule,
    last_index_of_first_instant,
    plus_months,
)
from agir_pipeline.methods.synthetic.truth import n_pairs_at_first_instant
from agir_pipeline.methods.synthetic.world import World
from agir_pipeline.protocol.model import Protocol

EXPECTED = 23
SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_number_can_be_matched_at_the_first_instant_whatever_the_seed(
    seed: int, protocol: Protocol, calibration: Calibration
) -> None:
    timeline = beneficiary_timeline(protocol, calibration, 1, np.random.default_rng(seed))
    instant = pd.Timestamp(protocol.matching.instants[0])
    # The rule by itself: the wait is over at the instant, and the contract stands in the last
    # monthly register delivered before it.
    is_over = timeline["index_on"] + pd.Timedelta(45, "D") <= instant
    is_delivered = timeline["deposited_on"] <= instant.replace(day=1) - pd.Timedelta(1, "D")
    assert int((is_over & is_delivered).sum()) == EXPECTED
    assert n_pairs_at_first_instant(protocol, timeline) == EXPECTED


@pytest.mark.parametrize("seed", SEEDS)
def test_entries_follow_the_pace_until_the_target(
    seed: int, protocol: Protocol, calibration: Calibration
) -> None:
    timeline = beneficiary_timeline(protocol, calibration, 1, np.random.default_rng(seed))
    months = timeline["support_entry_on"].dt.to_period("M")
    assert protocol.enrolment is not None
    assert protocol.enrolment.target is not None
    assert len(timeline) == protocol.enrolment.target.beneficiary.value
    assert (months <= "2010-08").sum() == 16
    assert ((months >= "2010-09") & (months <= "2010-12")).sum() == 24
    per_month = months.value_counts()
    assert set(per_month[per_month.index <= "2010-08"]) == {2}
    assert timeline["index_on"].max() <= pd.Timestamp("2011-08-15")


def test_the_index_date_is_the_upper_edge_of_the_band_of_the_delay(
    protocol: Protocol, calibration: Calibration
) -> None:
    timeline = beneficiary_timeline(protocol, calibration, 20, np.random.default_rng(3))
    delay = (timeline["support_entry_on"] - timeline["contract_start_on"]).dt.days.clip(lower=0)
    width = index_rule(protocol).delay_band_days.value
    assert (timeline["edge_days"] == np.ceil(delay / width) * width).all()
    lived = timeline["index_on"] - timeline["contract_start_on"]
    assert (lived.dt.days == timeline["edge_days"]).all()
    share = (timeline["edge_days"] == 0).mean()
    assert share == pytest.approx(calibration.timing.support_first_share.value, abs=0.05)
    assert timeline["edge_days"].max() == 120


def test_a_larger_study_has_as_many_times_the_pairs(
    protocol: Protocol, calibration: Calibration
) -> None:
    timeline = beneficiary_timeline(protocol, calibration, 7, np.random.default_rng(0))
    assert n_pairs_at_first_instant(protocol, timeline) == 7 * EXPECTED


def test_a_protocol_without_what_the_study_needs_is_refused(protocol: Protocol) -> None:
    no_index = protocol.model_copy(
        update={"matching": protocol.matching.model_copy(update={"index": None})}
    )
    with pytest.raises(ValueError, match=r"\[matching.index\]"):
        last_index_of_first_instant(no_index)
    no_end = protocol.model_copy(
        update={"study": protocol.study.model_copy(update={"end_on": None})}
    )
    with pytest.raises(ValueError, match=r"study\.end_on"):
        end_of_study(no_end)


def test_a_protocol_without_a_target_is_refused(
    protocol: Protocol, calibration: Calibration
) -> None:
    no_target = protocol.model_copy(update={"enrolment": None})
    with pytest.raises(ValueError, match=r"\[enrolment.target\]"):
        beneficiary_timeline(no_target, calibration, 1, np.random.default_rng(0))


def test_months_later_is_the_same_day_or_the_last_of_the_month() -> None:
    days = np.array(["2010-01-31", "2010-01-15", "2012-02-29"], dtype="M8[D]")
    later = plus_months(days, np.array([1, 6, -12]))
    assert later.astype(str).tolist() == ["2010-02-28", "2010-07-15", "2011-02-28"]


def test_everybody_but_a_few_listed_by_mistake_is_of_the_right_age(world: World) -> None:
    people = world.people
    start, born = people["contract_start_on"], people["born_on"]
    birthday_is_past = start.dt.strftime("%m-%d") >= born.dt.strftime("%m-%d")
    age = start.dt.year - born.dt.year - (~birthday_is_past).astype(int)
    assert age[people["role"] != "control"].between(16, 25).all()
    assert 0 < (age[people["role"] == "control"] > 25).mean() < 0.03


def test_the_two_levels_watched_are_the_majority_of_beneficiaries(
    protocol: Protocol, large_world: World
) -> None:
    people = large_world.people
    levels = people["entry_level"][people["role"] == "beneficiary"]
    assert protocol.enrolment is not None
    assert levels.isin(protocol.enrolment.watched_codes).mean() > 0.55
    assert set(levels) <= set(column_codes(protocol, "beneficiary_register", "entry_level"))


def test_every_beneficiary_has_likely_controls_of_the_same_course(world: World) -> None:
    people = world.people
    columns = ["prepared_level", "contract_nature", "zone", "entry_level"]
    controls = people[people["role"] == "control"]
    for _, one in people[people["role"] == "beneficiary"].iterrows():
        gap = (controls["contract_start_on"] - one["contract_start_on"]).dt.days.abs()
        alike = (controls[columns] == one[columns]).all(axis=1) & (gap <= 45)
        assert alike.sum() >= 2, one["case_number"]


def test_a_few_beneficiaries_were_on_a_list_of_controls_before(world: World) -> None:
    people = world.people
    both = people[(people["role"] == "beneficiary") & (people["provider_ref"] != "")]
    assert 1 <= len(both) <= 5
    assert (both["support_entry_on"] > both["contract_start_on"] + pd.Timedelta(45, "D")).all()
    assert (both["support_entry_on"] > pd.Timestamp("2010-12-15")).all()


def test_nobody_looks_like_somebody_else_even_as_the_register_writes_them(
    large_world: World,
) -> None:
    people = large_world.people
    assert not (people["registered_name"] == people["last_name"]).all()
    born = people["born_on"].dt.date
    met = Likenesses()
    for name in ("last_name", "registered_name"):
        records = list(zip(people[name], people["first_name"], born, strict=True))
        for person, record in enumerate(records):
            assert not met.is_like_another(person, *record)
            met.add(person, *record)


@pytest.mark.parametrize(
    ("last", "first", "born_on", "is_like"),
    [
        ("Guilbert", "Zoé", date(1990, 5, 1), True),  # sounds the same, same birthday
        ("Durand", "Marie", date(1990, 5, 1), True),  # same first name and birthday
        ("Gueguen", "Marianne", date(1990, 5, 9), True),  # both begin alike, same month
        ("Guilbert", "Marie", date(1990, 6, 1), True),  # the very names, same year
        ("Gilbert", "Marie", date(1991, 5, 1), False),
        ("Durand", "Zoé", date(1990, 5, 1), False),
    ],
)
def test_records_are_alike_by_one_name_and_birthday_or_more_names_and_less_of_it(
    last: str, first: str, born_on: date, is_like: bool
) -> None:
    met = Likenesses()
    met.add(1, "Guilbert", "Marie", date(1990, 5, 1))
    assert met.is_like_another(2, last, first, born_on) == is_like
    assert not met.is_like_another(1, last, first, born_on)


def test_a_crowd_of_one_birthday_is_spread_over_the_year_of_that_age() -> None:
    day = pd.Timestamp("1990-05-01")
    born = pd.Series([day] * 2000)
    youngest = born.to_numpy(dtype="M8[D]")
    named = invent_names(1, np.ones(2000, dtype=bool), born, youngest, np.random.default_rng(1))
    assert named["born_on"].between(day - pd.Timedelta(364, "D"), day).all()
    assert (named["born_on"] == day).sum() > 20
    keys = named.assign(last_name=named["last_name"].map(folded))
    assert not keys.duplicated(["last_name", "born_on"]).any()


def test_people_who_cannot_be_told_apart_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    one = np.array(["Martin"], dtype=object)
    monkeypatch.setattr(
        "agir_pipeline.methods.synthetic.names._pools", lambda _seed: (one, one, one)
    )
    born = pd.Series(pd.to_datetime(["1990-05-01"] * 3))
    with pytest.raises(ValueError, match="names"):
        invent_names(
            1,
            np.ones(3, dtype=bool),
            born,
            born.to_numpy(dtype="M8[D]"),
            np.random.default_rng(1),
        )


def test_a_spelling_that_would_meet_somebody_else_gives_way() -> None:
    people = pd.DataFrame(
        {
            "last_name": ["Cole", "Nuit", "Cocon", "Zola"],
            "first_name": ["Anne", "Bruno", "Carla", "Denis"],
            "born_on": pd.to_datetime(["1990-05-01", "1990-05-01", "1991-02-03", "1992-02-03"]),
            "is_misspelt": [False, False, True, False],
            "is_linkable": [False, True, True, True],
        }
    )
    # Half the list further stands Nuit, born the same day: Anne becomes the one after.
    assert list(registered_names(people)) == ["Zola", "Nuit", "Coocon", "Zola"]


def test_the_register_writes_names_so_that_folding_gives_them_back() -> None:
    names = pd.Series(["Le Goff-Père", "D'Haëne", "Noël", "Ménard"] * 4)
    hands = np.repeat(np.arange(4), 4)
    written = as_registered(names, hands)
    assert [folded(text) for text in written] == [folded(text) for text in names]
    assert len({str(text) for text in written}) > 8


def test_a_misspelled_name_no_longer_folds_to_the_same() -> None:
    assert folded(doubled("Durand")) != folded("Durand")


def test_invented_workplace_numbers_have_valid_check_digits_and_differ() -> None:
    numbers = [siret("99", k) for k in range(200)]
    assert all(siret_check.is_valid(number) for number in numbers)
    assert len(set(numbers)) == 200


def test_tokens_are_eight_characters_and_never_repeat() -> None:
    tokens = [token(k) for k in range(20_000)]
    assert len(set(tokens)) == 20_000
    assert {len(t) for t in tokens} == {8}


def test_unlinkable_people_are_few_and_never_beneficiaries(large_world: World) -> None:
    people = large_world.people
    lost = people[~people["is_linkable"]]
    assert set(lost["role"]) == {"control"}
    assert len(lost) / (people["role"] == "control").sum() < 0.01


def test_the_same_seed_gives_the_same_people(
    protocol: Protocol, calibration: Calibration, world: World
) -> None:
    again = invent_people(protocol, calibration, 1, 1, np.random.default_rng(1).spawn(6)[0])
    pd.testing.assert_frame_equal(again, world.people[again.columns])
    other = invent_people(protocol, calibration, 2, 1, np.random.default_rng(2).spawn(6)[0])
    assert not (other["last_name"] == world.people["last_name"]).all()
