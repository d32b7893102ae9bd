"""Contracts as a register tells them, to the first event of each member: SQL against plain Python.

The histories are drawn to hurt: amendments late, undated, contradicted; contracts that overlap,
follow at the edge of a window, broke on the day of the index, of an amendment, of the planned end.
"""

from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest

KNOWN_ON = date(2012, 3, 31)
WINDOWS = (0, 30, 180)
METHODS = {"gross": 0, "apart": 0, "path_30": 30, "path_180": 180, "first_180": 180}
SPELL = {
    "starts": "began_on", "planned_end": "term_on", "ended_early": "broke_on",
    "amendment_number": "amendment", "amendment_effective": "from_on", "open_ended": None,
}  # fmt: skip
METHOD_OF = {"path_30": "path_net", "path_180": "path_net", "first_180": "first_net"}
STUDY = {
    "known_on": str(KNOWN_ON),
    "spell_sources": [
        {"name": "register", "columns": [*SPELL.values(), "why", "on_trial"], "spell": SPELL}
    ],
    "spell_columns": [
        {"name": "why", "type": "varchar"},
        {"name": "on_trial", "type": "boolean"},
    ],
    "windows_days": WINDOWS,
    "event_definitions": [
        {
            "outcome": "rupture", "origin": "register", "name": name, "window_days": window,
            "method": METHOD_OF.get(name, "gross"), "cut_on": str(KNOWN_ON - timedelta(window)),
        }
        for name, window in METHODS.items()
    ],
    "spells_apart": [
        {"outcome": "rupture", "origin": "register", "name": "apart", "reason": "why",
         "codes": ["left"], "flag": "on_trial"}
    ],
}  # fmt: skip
CHAIN = (
    "spell_versions", "spells", "spell_terms", "pair_members", "spell_ends", "event_candidates",
    "event_times",
)  # fmt: skip


def told(draw, spell_id, person, start, length, broke_on):
    """The rows that tell of one contract, some of them unknown yet or no longer."""
    rows = []
    n_amendments = draw.choice([0, 0, 1, 2])
    for number in range(n_amendments + 1):
        shift = draw.choice([-60, -1, 0, 1, 90]) if number else 0
        day = draw.choice([0, length // 2, length - 1])
        says = broke_on and (draw.random() < 0.5 or number == n_amendments)
        rows.append(
            {
                "entity_id": person, "spell_id": spell_id, "receipt_id": "f", "began_on": start,
                "term_on": None if draw.random() < 0.1
                else start + timedelta(max(length - 1 + shift, 0)),
                "broke_on": broke_on if says else None,
                "amendment": number,
                "from_on": None if not number or draw.random() < 0.3
                else draw.choice([start + timedelta(day), broke_on or start]),
                "why": draw.choice([None, "left", "mutual"]) if says else None,
                "on_trial": draw.choice([None, None, True, False]) if says else None,
                "known_on": draw.choice([start, KNOWN_ON, KNOWN_ON, KNOWN_ON + timedelta(1)]),
                "superseded_on": draw.choice([None] * 9 + [KNOWN_ON, KNOWN_ON + timedelta(1)]),
            }
        )  # fmt: skip
    return rows


def drawn(seed, n_pairs):
    """Rows of the register, and the pairs with their contracts and index dates."""
    draw, rows, pairs = Random(seed), [], []
    for pair in range(n_pairs):
        members = []
        for arm in ("beneficiary", "control"):
            person, start, spells = f"{arm[0]}{pair}", date(2010, 1, 1), []
            start += timedelta(draw.choice([0, 58, 59, draw.randrange(500)]))
            for number in range(draw.choice([1, 2, 3])):
                length = draw.choice([1, 30, 181, 365])
                lasted = draw.choice([0, 1, 15, length - 1, length, length + 1, length // 2])
                broke_on = start + timedelta(lasted) if draw.random() < 0.6 else None
                spell_id = f"{person}.{number}"
                rows += told(draw, spell_id, person, start, length, broke_on)
                spells.append((spell_id, start, broke_on or start + timedelta(length)))
                gap = draw.choice([-40, 0, 1, 29, 30, 31, 179, 180, 181])
                start = spells[-1][2] + timedelta(gap)
            spell_id, begun, out = draw.choice(spells)
            index_on = draw.choice([begun, begun + timedelta(15), out, out - timedelta(1)])
            members += [person, spell_id, index_on]
        pairs.append((f"p{pair}", "active", *members, 365))
    for number, row in enumerate(rows):
        row["record_id"] = f"r{number:05d}"
    return rows, pairs


def contract(rows):
    """Start, first day out (None: none known), whether early, reason and mark, of one contract."""
    rows = sorted(rows, key=lambda row: (row["amendment"], row["record_id"]))
    start, broke = (
        rows[0]["began_on"],
        max((r["broke_on"] for r in rows if r["broke_on"]), default=None),
    )
    terms, before = [], None
    for row in rows:
        if row["term_on"]:
            undated = min(filter(None, (row["term_on"], before)))
            since = (row["from_on"] or undated) if row["amendment"] else row["began_on"]
            terms.append((since, row["term_on"]))
            before = row["term_on"]
    end = terms[-1][1] if terms else None
    if broke:
        held = [
            term for place, (since, term) in enumerate(terms)
            if since <= broke and all(later > since for later, _end in terms[place + 1 :])
        ]  # fmt: skip
        end = held[-1] if held else end
    out = min(filter(None, (broke, end and end + timedelta(1))), default=None)
    reports = [row for row in reversed(rows) if row["broke_on"]]
    why, mark = (
        next((row[name] for row in reports if row[name] is not None), None)
        for name in ("why", "on_trial")
    )
    return start, out, bool(broke and (end is None or broke < end)), why == "left" or bool(mark)


def expected(rows, pairs):
    """(time, cause, follow-up) of each definition, pair and arm, straight from the definitions."""
    known = {}
    for row in rows:
        until = row["superseded_on"]
        if row["known_on"] <= KNOWN_ON and (until is None or until > KNOWN_ON):
            known.setdefault(row["entity_id"], {}).setdefault(row["spell_id"], []).append(row)
    found = {}
    for pair_id, _status, *members, _days in pairs:
        for arm, at in (("beneficiary", 0), ("control", 3)):
            person, own, index_on = members[at : at + 3]
            spells = {s: contract(r) for s, r in known.get(person, {}).items()}
            spells = {s: c for s, c in spells.items() if c[1] is None or c[0] < c[1]}
            for name, window in METHODS.items():
                found[name, pair_id, arm] = first_event(spells, own, index_on, name, window)
    return found


def first_event(spells, own, index_on, name, window):
    if own not in spells:
        return None, None, None
    ends = []
    for spell_id, (_start, out, is_early, is_apart) in spells.items():
        if out is None or out <= index_on or (spell_id != own and not name.startswith("path")):
            continue
        days = [out + timedelta(day) for day in range(window + 1)]
        others = [spells[other] for other in spells if other != spell_id]
        goes_on = any(o[0] <= day and (o[1] is None or day < o[1]) for o in others for day in days)
        if window and goes_on:
            continue
        is_event = is_early and not (name == "apart" and is_apart)
        ends.append(((out - index_on).days, 1 if is_event else 2))
    follow_up = max((KNOWN_ON - timedelta(window) - index_on).days, 0)
    return *(min(ends) if ends else (None, 0)), follow_up


def framed(rows, columns=None):
    frame = pd.DataFrame(rows, columns=columns)
    for name in frame:
        kind = {"amendment": "Int64", "on_trial": "boolean", "common_planned_days": "Int64"}
        if name.endswith("_on") and name != "on_trial":
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
        frame[name] = frame[name].astype(kind.get(name, frame[name].dtype))
    return frame


@pytest.mark.parametrize("seed", [1, 2])
def test_the_first_events_are_those_of_plain_python(database, sql_models, seed):
    rows, pairs = drawn(seed, 250)
    links = pd.DataFrame({"entity_id": sorted({row["entity_id"] for row in rows})})
    links = links.assign(person_id=links["entity_id"], known_on=pd.Timestamp("2010-01-01"))
    columns = [
        "pair_id", "status",
        *(f"{arm}_{what}" for arm in ("beneficiary", "control")
          for what in ("person_id", "spell_id", "index_on")),
        "common_planned_days",
    ]  # fmt: skip
    with database.transaction() as connection:
        database.replace(connection, "validated", "register", framed(rows))
        links["superseded_on"] = pd.Series(pd.NaT, links.index, dtype="datetime64[us]")
        database.replace(connection, "linked", "person_links", links)
        database.replace(connection, "matched", "matched_pairs", framed(pairs, columns))
        for name in CHAIN:
            sql_models.create(connection, name, STUDY)
        events = database.read(connection, "outcomes", "event_times")
    found = {
        (row.definition, row.pair_id, row.arm): tuple(
            None if pd.isna(value) else int(value)
            for value in (row.time_days, row.cause, row.follow_up_days)
        )
        for row in events.itertuples()
    }
    wanted = expected(rows, pairs)
    assert {
        key: (wanted[key], found.get(key)) for key in wanted if wanted[key] != found.get(key)
    } == {}
    assert len(found) == len(wanted)
    assert {cause for _time, cause, _days in wanted.values()} == {None, 0, 1, 2}
