"""What the bearer does for the programme: organisations contacted, committees held."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration, OrganisationKind
from agir_pipeline.methods.synthetic.identifiers import siret
from agir_pipeline.methods.synthetic.people import as_days, column_codes, end_of_study
from agir_pipeline.methods.synthetic.spelling import without_accents
from agir_pipeline.methods.synthetic.streams import NOTHING
from agir_pipeline.methods.synthetic.support import several
from agir_pipeline.methods.synthetic.timeline import Days
from agir_pipeline.protocol.model import Protocol

OUTREACH, COMMITTEES = "outreach_log", "committee_log"
FIRST_WORKPLACE = 500
"""Workplace numbers of organisations lie above those of employers."""
WITH_LEGAL_FORM, WITH_SLIP, WITHOUT_SIRET, UNCHANGED = range(4)
"""How a row names an organisation, in the order of ``variant_shares``."""
WRITTEN_DAYS = 6
REFUSALS = ("declined",)
DAY = np.timedelta64(1, "D")


def contacts(
    protocol: Protocol, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per contact: the first one of each organisation, then what came of it."""
    rows = pd.concat(
        [
            _of_kind(protocol, calibration, kind, place, rng)
            for place, kind in enumerate(calibration.outreach.kinds)
        ],
        ignore_index=True,
    )
    n = len(rows)
    is_refusal = rows["contact_result"].isin(REFUSALS)
    obstacles = column_codes(protocol, OUTREACH, "obstacle")
    rows = rows.assign(
        obstacle=np.where(is_refusal, rng.choice(np.array(obstacles, object), n), ""),
        comment=np.where(rng.random(n) < 0.2, "à recontacter", ""),
        shown_from=as_days(rows["contacted_on"]) + rng.integers(0, WRITTEN_DAYS, n) * DAY,
        shown_until=NOTHING,
    )
    rows = rows.drop_duplicates(["contacted_on", "organisation_name", "outreach_channel"])
    rows = rows[as_days(rows["shown_from"]) <= end_of_study(protocol)]
    rows = rows.sort_values(["contacted_on", "organisation_name"], ignore_index=True)
    # Chances of its own: how names are spelled changes nothing else.
    return _in_other_words(rows, calibration, rng.spawn(1)[0])


def _of_kind(
    protocol: Protocol,
    calibration: Calibration,
    kind: OrganisationKind,
    place: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    rule = calibration.outreach
    towns = list(dict.fromkeys(spot.commune for spot in calibration.places))
    named = [(f"{word} {town}", town) for word, town in product(kind.words, towns)][: kind.number]
    low, high = rule.contacts_each.value
    n_each = rng.integers(low, high + 1, len(named))
    who = np.repeat(np.arange(len(named)), n_each)
    is_first = np.concatenate([[True], who[1:] != who[:-1]])
    start = np.datetime64(rule.from_on.value, "D")
    first = start + rng.integers(0, rule.first_contact_days.value, len(named)) * DAY
    later = rng.integers(10, rule.follow_up_days.value, len(who)) * DAY
    channels = column_codes(protocol, OUTREACH, "outreach_channel")
    results = np.array(rule.results.value, object)
    outcome = results[rng.choice(len(results), len(who), p=rule.result_shares.value)]
    numbers = FIRST_WORKPLACE + 100 * place + who
    prefix = calibration.pool.siren_prefix.value
    return pd.DataFrame(
        {
            "contacted_on": first[who] + np.where(is_first, 0 * DAY, later),
            "organisation_name": _spelled([named[k][0] for k in who], rng),
            "organisation_siret": [siret(prefix, int(number)) for number in numbers],
            "organisation_commune": [named[k][1] for k in who],
            "organisation_type": kind.code,
            "organisation": [f"{kind.code} {k}" for k in who],
            "outreach_channel": rng.choice(np.array(channels, object), len(who)),
            "contact_result": np.where(is_first, "contacted", outcome),
        }
    )


def _spelled(names: list[str], rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """The same organisation in the hands of several people."""
    hands = (str, str.upper, without_accents, lambda text: text.replace("-", " "))
    hand = rng.integers(0, len(hands), len(names))
    spelled = [hands[k](name) for name, k in zip(names, hand, strict=True)]
    return np.array(spelled, dtype=object)


def _in_other_words(
    rows: pd.DataFrame, calibration: Calibration, rng: np.random.Generator
) -> pd.DataFrame:
    """A legal form here, a slip of the pen or a missing SIRET there, each the only one of a row.

    A name with a slip keeps its SIRET, and a row without SIRET its name, which another row has with
    the SIRET: more nobody could know again.
    """
    rule = calibration.outreach
    chance, hand = rng.random(len(rows)), rng.integers(0, len(rule.legal_forms.value), len(rows))
    reaches = np.cumsum(rule.variant_shares.value)
    variant = np.searchsorted(reaches, chance, side="right")
    is_whole = pd.Series(~np.isin(variant, (WITH_SLIP, WITHOUT_SIRET)), rows.index)
    is_known = is_whole.groupby(rows["organisation"]).transform("any").to_numpy()
    variant = np.where((variant == WITHOUT_SIRET) & ~is_known, UNCHANGED, variant)
    names, sirets = [], []
    for name, siret_, how, form in zip(
        rows["organisation_name"], rows["organisation_siret"], variant, hand, strict=True
    ):
        is_longer = how == WITH_LEGAL_FORM
        written = rule.legal_forms.value[form].format(name=name) if is_longer else name
        names.append(written[:2] + written[3:] if how == WITH_SLIP else written)
        sirets.append("" if how == WITHOUT_SIRET else siret_)
    return rows.assign(organisation_name=names, organisation_siret=sirets)


def true_organisations(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Of each row of the log its key, the organisation it truly names, and whether by its SIRET."""
    return [
        {
            "source": OUTREACH,
            "key": [day, name, channel],
            "role": "contacted",
            "is": which,
            "has_siret": number != "",
        }
        for day, name, channel, which, number in zip(
            rows["contacted_on"].dt.strftime("%Y-%m-%d"),
            rows["organisation_name"],
            rows["outreach_channel"],
            rows["organisation"],
            rows["organisation_siret"],
            strict=True,
        )
    ]


# -------------------------------------------------------------------------------- committees


def committees(
    protocol: Protocol, calibration: Calibration, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per meeting of each committee, at its pace, with the cases it went through."""
    parts = []
    for rule in calibration.committees:
        held = _meetings(calibration, rule.every_days.value, end_of_study(protocol), rng)
        n = len(held)
        members = several(list(rule.members), np.full(n, len(rule.members) - 1), rng)
        following = np.append(held[1:], np.datetime64("NaT"))
        parts.append(
            pd.DataFrame(
                {
                    "committee_type": rule.name,
                    "held_on": held,
                    "organisations_present": members,
                    "next_on": following,
                    "cases": _cases(people, held, rule.cases_each.value),
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    n_cases = rows["cases"].map(len)
    return rows.assign(
        cases_reviewed=rows["cases"].map(", ".join),
        n_cases_reviewed=n_cases,
        committee_decisions=np.where(n_cases > 0, "Poursuite des accompagnements", ""),
        shown_from=as_days(rows["held_on"]) + 2 * DAY,
        shown_until=NOTHING,
    ).sort_values(["held_on", "committee_type"], ignore_index=True)


def _meetings(
    calibration: Calibration, every: int, end: np.datetime64, rng: np.random.Generator
) -> Days:
    """A meeting every so many days, one day sooner at times, from the start of the history on."""
    first = np.datetime64(calibration.outreach.from_on.value, "D")
    n = int((end - first).astype(int) // every)
    return first + (np.arange(n) * every - rng.integers(0, 2, n)) * DAY + every * DAY


def _cases(people: pd.DataFrame, held: Days, n_each: int) -> list[list[str]]:
    """Cases in turn among those supported on the day."""
    helped = people[people["role"] == "beneficiary"].sort_values("support_entry_on")
    entry, case = as_days(helped["support_entry_on"]), helped["case_number"].tolist()
    found, turn = [], 0
    for day in held:
        n_known = int((entry <= day).sum())
        n_taken = min(n_each, n_known)
        found.append([case[(turn + k) % n_known] for k in range(n_taken)])
        turn += n_taken
    return found
