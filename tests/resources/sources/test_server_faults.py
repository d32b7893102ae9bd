"""Sequences of faults drawn by seed: every answer once, or an error, and always in time."""

import random
import time
from collections import Counter

import pytest

from agir_pipeline.resources.sources.faults import FAULTS as CODES
from agir_pipeline.resources.sources.faults import ServerFault
from tests.survey_payloads import invented_survey
from tests.survey_server import FAULTS, SurveyServer, serving
from tests.surveys import QUICK, pulled_from

ANSWERS = 1_000
MOST_LATE_SECONDS = 5.0
SHORT = {"deadline_seconds": 1.5}


def drawn(seed: int) -> dict[int, str]:
    """Up to four faults on the requests of a pull; half of the sequences spare the login."""
    draw = random.Random(seed)
    first = draw.choice([1, 2])
    places = draw.sample(range(first, 26), draw.randint(0, 4))
    return {place: draw.choice(FAULTS) for place in places}


class Late(AssertionError):
    """A pull went on for long after its deadline."""


def outcome(faults: dict[int, str], seed: int) -> str:
    """What came of one pull; fails when an answer was lost or doubled, or time was overrun."""
    survey = invented_survey(ANSWERS, seed)
    started = time.monotonic()
    with serving(SurveyServer(survey, faults)) as server:
        try:
            found = [row[0] for row in pulled_from(server, **SHORT).rows]
            told = "complete"
        except ServerFault as fault:
            found, told = [], fault.code
        took = time.monotonic() - started
    assert told in CODES or told == "complete"
    assert server.most_under_way <= 1, faults
    assert server.n_logins <= 2, faults
    if told == "complete":
        assert found == server.believed[-1], faults
        assert len(found) == len(set(found))
    if took > SHORT["deadline_seconds"] + MOST_LATE_SECONDS:
        raise Late(faults, took)
    return told


def test_there_are_at_least_thirty_kinds_of_fault() -> None:
    assert len(set(FAULTS)) >= 30


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_in_mid_export_loses_and_doubles_nothing(fault: str) -> None:
    outcome({9: fault}, seed=1)


def test_sixty_sequences_of_faults() -> None:
    told = Counter(outcome(drawn(seed), seed) for seed in range(60))
    assert told["complete"] >= 15
    assert len(told) >= 6


def outcome_in_time(seed: int) -> str:
    """As ``outcome``; where a whole machine may stand still, a pull is late that is so twice."""
    try:
        return outcome(drawn(seed), seed)
    except Late:
        print(f"late, done again: {seed}", flush=True)  # noqa: T201 - counted with the figures
        return outcome(drawn(seed), seed)


@pytest.mark.long
def test_two_thousand_sequences_of_faults() -> None:
    told = Counter(map(outcome_in_time, range(1_000, 3_000)))
    print(dict(told.most_common()))  # noqa: T201 - the figures of the campaign
    assert told["complete"] >= 500


def test_after_a_busy_answer_one_request_at_a_time_goes_on() -> None:
    faults = dict.fromkeys(range(3, 7), "busy_seconds")
    with serving(SurveyServer(invented_survey(50), faults)) as server:
        assert len(pulled_from(server, retries=4).rows) == 50
    assert server.most_under_way == 1
    assert QUICK["retry_after_seconds"] < 1
