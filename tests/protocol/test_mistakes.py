"""Each kind of structural mistake once, with its place and words its writer understands."""

import copy
import random
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from agir_pipeline.errors import ProtocolError
from agir_pipeline.protocol.loading import load_protocol

Edit = Callable[[dict[str, Any]], object]
Mistakes = Callable[[dict[str, Any]], list[str]]

LONG = "a" * 41

CASES: dict[str, tuple[Edit, str]] = {
    "a missing key": (
        lambda p: p["source"][0]["column"][1].pop("type"),
        "source 1 (beneficiary_register) › column 2 (last_name) › type: is missing",
    ),
    "a missing section": (lambda p: p.pop("balance"), "balance: is missing"),
    "an unknown key": (
        lambda p: p["covariate"][2].update(matched=True),
        "covariate 3 (duration_class) › matched: is not a key the protocol knows here; "
        "check its spelling or remove it",
    ),
    "an unknown section": (
        lambda p: p.update(outcomes=[]),
        "outcomes: is not a key the protocol knows here; check its spelling or remove it",
    ),
    "a word that is not offered": (
        lambda p: p["source"][0].update(feeds="people"),
        "source 1 (beneficiary_register) › feeds: is 'people', expected person, spell, session, "
        "answer, measure, activity, cost, decision or reference",
    ),
    "a version of the future": (
        lambda p: p.update(protocol_version=2),
        "protocol_version: is 2, expected 1",
    ),
    "a number in quotes": (
        lambda p: p["matching"]["index"]["waiting_days"].update(value="45"),
        "matching › index › waiting_days › value: is '45', expected a whole number",
    ),
    "half a day": (
        lambda p: p["matching"]["index"]["waiting_days"].update(value=45.5),
        "matching › index › waiting_days › value: is 45.5, expected a whole number",
    ),
    "a text where a number stands": (
        lambda p: p["balance"]["max_absolute_smd"].update(value="low"),
        "balance › max_absolute_smd › value: is 'low', expected a number",
    ),
    "a number without quotes": (
        lambda p: p["study"].update(project_number=140),
        "study › project_number: is 140, expected a text in quotes",
    ),
    "yes instead of true": (
        lambda p: p["covariate"][5].update(in_propensity="yes"),
        "covariate 6 (age_years) › in_propensity: is 'yes', expected true or false",
    ),
    "a date in quotes": (
        lambda p: p["study"]["start_on"].update(value="2010-01-01"),
        "study › start_on › value: is '2010-01-01', expected a date such as 2010-12-31, "
        "without quotes",
    ),
    "a date with a time": (
        lambda p: p["matching"].update(instants=[datetime(2010, 12, 15, 3, 0)]),
        "matching › instants 1: is 2010-12-15 03:00:00, expected a date such as 2010-12-31, "
        "without a time",
    ),
    "a text instead of a list": (
        lambda p: p["source"][0].update(key="case_number"),
        "source 1 (beneficiary_register) › key: is 'case_number', expected a list in brackets",
    ),
    "single brackets": (
        lambda p: p.update(eligibility=p["eligibility"][0]),
        "eligibility: is a table of keys and values, expected several tables: write its name in "
        "double brackets, [[…]]",
    ),
    "a fact without its unit and source": (
        lambda p: p["inference"].update(power=0.8),
        "inference › power: is 0.8, expected { value = …, unit = …, source = … }",
    ),
    "a fact without a source": (
        lambda p: p["inference"]["power"].pop("source"),
        "inference › power › source: is missing",
    ),
    "a fact with an empty source": (
        lambda p: p["inference"]["power"].update(source=""),
        "inference › power › source: is empty; say what it is",
    ),
    "a label in one language": (
        lambda p: p["source"][0].update(labels="Register"),
        "source 1 (beneficiary_register) › labels: is 'Register', expected { en = …, fr = … }",
    ),
    "a text instead of a table": (
        lambda p: p.update(enrolment="support_entry_on"),
        "enrolment: is 'support_entry_on', expected a table of keys and values",
    ),
    "a list instead of a table": (
        lambda p: p["covariate"][0].update(groups=["III"]),
        "covariate 1 (prepared_level) › groups: is a list, expected a table of keys and values",
    ),
    "a long text": (
        lambda p: p["source"][0].update(feeds="person " * 20),
        "source 1 (beneficiary_register) › feeds: is a long text, expected person, spell, "
        "session, answer, measure, activity, cost, decision or reference",
    ),
    "true for a text": (
        lambda p: p["study"].update(project_number=True),
        "study › project_number: is true, expected a text in quotes",
    ),
    "a name with a space": (
        lambda p: p["study"].update(name="Agir 44"),
        "study › name: is 'Agir 44', expected a name of small letters, digits and _, 40 at most",
    ),
    "a name longer than a database takes": (
        lambda p: p["study"].update(name=LONG),
        f"study › name: is '{LONG}', expected a name of small letters, digits and _, 40 at most",
    ),
    "a share of one": (
        lambda p: p["inference"]["power"].update(value=1.0),
        "inference › power › value: is 1.0, expected less than 1.0",
    ),
    "a share of nothing": (
        lambda p: p["inference"]["power"].update(value=0.0),
        "inference › power › value: is 0.0, expected more than 0.0",
    ),
    "a count below zero": (
        lambda p: p["inference"].update(seed=-1),
        "inference › seed: is -1, expected 0 or more",
    ),
    "an outcome without a kind": (
        lambda p: p["outcome"][0].pop("kind"),
        "outcome 1 (rupture) › kind: is missing",
    ),
    "an outcome of another kind": (
        lambda p: p["outcome"][0].update(kind="survival"),
        "outcome 1 (rupture) › kind: is 'survival', expected event, status or measure",
    ),
    "a pull of another kind": (
        lambda p: p["source"][3]["pull"].update(adapter="ftp"),
        "source 4 (youth_survey_t0) › pull › adapter: is 'ftp', expected causaldata, limesurvey, "
        "odk, kobo or redcap",
    ),
    "an outcome that is a word": (
        lambda p: p["outcome"].append("rupture"),
        "outcome 3: is 'rupture', expected a table of keys and values",
    ),
    "an arm that is not one": (
        lambda p: p["source"][0].update(arm="treated"),
        "source 1 (beneficiary_register) › arm: is 'treated', expected beneficiary, control, "
        "reference or a table of keys and values",
    ),
    "an arm by a column that is not named": (
        lambda p: p["source"][0].update(arm={"codes": {}}),
        "source 1 (beneficiary_register) › arm › column: is missing",
    ),
    "a limit that is neither a number nor a date": (
        lambda p: p["source"][0]["column"][3].update(minimum="1960"),
        "source 1 (beneficiary_register) › column 4 (born_on) › minimum: is '1960', expected "
        "a number or a date such as 2010-12-31, without quotes",
    ),
    "a price in words": (
        lambda p: p["matching"].update(leave_out_price="none"),
        "matching › leave_out_price: is 'none', expected a number or infinite",
    ),
    "an alias without its heading": (
        lambda p: p["source"][0]["column"][1].update(aliases=[{"since": date(2010, 1, 1)}]),
        "source 1 (beneficiary_register) › column 2 (last_name) › aliases 1 › heading: is missing",
    ),
    "a status rule with a word for its codes": (
        lambda p: p["outcome"][1]["definition"][0]["true_when"][0]["codes"].update(
            activity_status="employed"
        ),
        "outcome 2 (durable_employment) › definition 1 (durable) › true_when 1 › codes › "
        "activity_status: is 'employed', expected a list in brackets",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_at_its_place(
    case: str, agir: dict[str, Any], mistakes: Mistakes
) -> None:
    edit, expected = CASES[case]
    edit(agir)
    assert expected in mistakes(agir)


def test_one_mistake_is_told_once(agir: dict[str, Any], mistakes: Mistakes) -> None:
    agir["source"][0]["arm"] = "treated"
    assert len(mistakes(agir)) == 1


def paths(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in steps:
        yield (*here, step)
        if isinstance(part, dict | list):
            yield from paths(part, (*here, step))


WRONG = ["x", "", 7, -3, 1.5, True, date(2011, 1, 1), datetime(2011, 1, 1, 4), time(4), [], {},
         [1], ["y"], {"a": 1}, [[1]], [{"name": 1}], float("nan")]  # fmt: skip
FOREIGN = re.compile(
    r"pydantic|Input should"
    r"|[a-z]+_(type|error|parsing|inexact)\b(?<!contract_type)(?<!qualification_type)"
    r"|instance|NoneType|<class|\bstr\b|something else"
)


def test_whatever_stands_anywhere_gives_sentences_and_never_a_crash(
    agir: dict[str, Any],
    nsw: dict[str, Any],
    tmp_path: Path,
    written: Callable[[dict[str, Any]], Path],
    as_text: Callable[[dict[str, Any]], str],
) -> None:
    """Sixty protocols with one thing replaced; those that hold must hold."""
    written(agir)
    draw = random.Random(1)
    bases = [agir, nsw]
    places = [list(paths(base)) for base in bases]
    n_refused = 0
    for _attempt in range(60):
        which = draw.randrange(2)
        raw = copy.deepcopy(bases[which])
        *above, last = draw.choice(places[which])
        parent: Any = raw
        for step in above:
            parent = parent[step]
        if draw.random() < 0.2:
            del parent[last]
        else:
            parent[last] = draw.choice(WRONG)
        (tmp_path / "p.toml").write_text(as_text(raw), encoding="utf-8")
        try:
            load_protocol(tmp_path / "p.toml")
        except ProtocolError as fault:
            n_refused += 1
            for mistake in fault.mistakes:
                assert mistake.place
                assert not FOREIGN.search(mistake.message), mistake
    assert n_refused > 30
