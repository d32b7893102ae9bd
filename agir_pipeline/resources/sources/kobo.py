"""KoboToolbox: every submission of one asset. Built from its documentation: no server proved it."""

import json
from typing import Any

from agir_pipeline.methods.reading.questionnaire import Field, Questionnaire
from agir_pipeline.resources.sources.exchange import Exchange, json_of
from agir_pipeline.resources.sources.faults import ServerFault
from agir_pipeline.resources.sources.pulled import (
    Ask,
    Pulled,
    as_cell,
    from_universal,
    next_page,
    page_digest,
    require_once,
    whole,
)

PAGE_ROWS = 1_000
"""The most a page gives since 2026; fewer when the server says so."""
KEY = "_uuid"
SYSTEM = ("_id", "_submission_time", "__version__")
DENIED = (401, 403)


def pull(ask: Ask, exchange: Exchange) -> Pulled:
    """All submissions of an asset; the columns are those of the form, then what is not in it.

    Raises:
        ServerFault: the asset cannot be read, or no whole export came in the time allowed.
    """
    if not ask.form.isalnum():
        raise ServerFault("bad_form")
    exchange.headers["Authorization"] = f"Token {ask.secret}"
    base = f"{ask.server.url}/api/v2/assets/{ask.form}"
    return whole(lambda: _export(ask, exchange, base))


def _export(ask: Ask, exchange: Exchange, base: str) -> Pulled:
    asked = _form(exchange, base)
    rows, n_rows = _pages(exchange, f"{base}/data.json?start=0&limit={PAGE_ROWS}")
    last = _told(exchange, f"{base}/data.json?start=0&limit=1").get("count")
    if {n_rows, last} != {len(rows)} or _form(exchange, base) != asked:
        raise ServerFault("not_whole")
    beside = {name for row in rows for name in row if not name.startswith("_")}
    answers = [*asked, *sorted(beside - set(asked))]
    require_once([as_cell(row.get(KEY)) for row in rows])
    lines = sorted(_line(row, answers, ask.time_zone) for row in rows)
    fields = [Field(name) for name in (KEY, *SYSTEM)] + [
        Field(name, question=name, type=asked.get(name, ""), relevance=("unknown(form)",))
        for name in answers
    ]
    return Pulled(
        [KEY, *SYSTEM, *answers], lines, Questionnaire(ask.form, ("en",), "", tuple(fields))
    )


def _told(exchange: Exchange, url: str) -> dict[str, Any]:
    answer = exchange.get(url)
    if answer.status_code in DENIED:
        raise ServerFault("login")
    if answer.status_code != 200:
        raise ServerFault("forbidden")
    told = json_of(answer)
    if not isinstance(told, dict):
        raise ServerFault("not_whole")
    return told


def _form(exchange: Exchange, base: str) -> dict[str, str]:
    """Path of each question → its type, by the form as deployed."""
    content = _told(exchange, f"{base}.json").get("content")
    rows = content.get("survey") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise ServerFault("not_whole")
    found, groups = {}, []
    for row in rows:
        kind = str(row.get("type"))
        name = str(row.get("name") or row.get("$autoname") or "")
        if kind in ("begin_group", "begin_repeat"):
            groups.append(name)
            if kind == "begin_repeat":
                found["/".join(groups)] = "repeat"
        elif kind in ("end_group", "end_repeat"):
            groups = groups[:-1]
        elif name and kind != "note" and not _in_repeat(groups, found):
            found["/".join([*groups, name])] = kind
    return found


def _in_repeat(groups: list[str], found: dict[str, str]) -> bool:
    return any(found.get("/".join(groups[:n])) == "repeat" for n in range(1, len(groups) + 1))


def _pages(exchange: Exchange, url: str) -> tuple[list[dict[str, Any]], Any]:
    """Always by the ``next`` of the server: a page may hold fewer rows than were asked for."""
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    counts = set()
    while url:
        told = _told(exchange, url)
        found = told.get("results")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ServerFault("not_whole")
        digest = page_digest(found)
        if digest in seen:
            raise ServerFault("not_whole")
        seen.add(digest)
        rows += found
        counts.add(told.get("count"))
        url = next_page(url, str(told.get("next") or ""))
    return rows, counts.pop() if len(counts) == 1 else None


def _line(row: dict[str, Any], answers: list[str], time_zone: str) -> list[str]:
    cells = [as_cell(row.get(name)) for name in (KEY, *SYSTEM)]
    cells[2] = from_universal(f"{cells[2]}+00:00" if cells[2] else "", time_zone)
    for name in answers:
        value = row.get(name)
        is_nested = isinstance(value, list | dict)
        cells.append(json.dumps(value, ensure_ascii=False) if is_nested else as_cell(value))
    return cells
