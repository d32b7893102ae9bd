"""ODK Central: every submission of one form through its OData service, page by page."""

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

import requests

from agir_pipeline.methods.reading.questionnaire import WHOLE, Field, Questionnaire
from agir_pipeline.methods.reading.xforms import UNKNOWN, NoForm, conditions_of
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

PAGE_ROWS = 250
KEY = "__id"
SYSTEM = ("submissionDate", "updatedAt", "reviewState", "edits", "formVersion", "deviceId")
"""What the server says of a submission; the name of who sent it is not asked for."""
INSTANTS = ("submissionDate", "updatedAt")
CONTAINERS = ("structure", "repeat")
DENIED = (401, 403)
GONE = 404


def pull(ask: Ask, exchange: Exchange) -> Pulled:
    """All submissions of a form that are not deleted; repeats as JSON in one cell.

    Raises:
        ServerFault: the form cannot be read, or no whole export came in the time allowed.
    """
    project, _slash, form = ask.form.partition("/")
    if not project.isdecimal() or not form:
        raise ServerFault("bad_form")
    base = f"{ask.server.url}/v1/projects/{project}/forms/{quote(form, safe='')}"
    _log_in(ask, exchange)
    return whole(lambda: _export(ask, exchange, base))


def _log_in(ask: Ask, exchange: Exchange) -> None:
    answer = exchange.post(
        f"{ask.server.url}/v1/sessions", json={"email": ask.server.user, "password": ask.secret}
    )
    if answer.status_code in DENIED:
        raise ServerFault("login")
    token = _told(answer).get("token")
    exchange.headers["Authorization"] = f"Bearer {token}"


def _told(answer: requests.Response) -> dict[str, Any]:
    if answer.status_code in (*DENIED, GONE):
        raise ServerFault("forbidden")
    told = json_of(answer)
    if not isinstance(told, dict):
        raise ServerFault("not_whole")
    return told


def _export(ask: Ask, exchange: Exchange, base: str) -> Pulled:
    told = _fields(exchange, base)
    paths = {str(one.get("path")): str(one.get("type")) for one in told}
    first = f"{base}.svc/Submissions?%24top={PAGE_ROWS}&%24count=true&%24expand=*"
    rows, counts = _pages(exchange, first)
    last = _told(exchange.get(f"{base}.svc/Submissions?%24top=1&%24count=true"))
    if {*counts, last.get("@odata.count")} != {len(rows)} or _fields(exchange, base) != told:
        raise ServerFault("not_whole")
    columns = [path for path, kind in paths.items() if kind != "structure"]
    columns = [p for p in columns if not _is_inside_repeat(p, paths)]
    header = [KEY, *SYSTEM, *(path.strip("/").replace("/", "-") for path in columns)]
    require_once([as_cell(row.get(KEY)) for row in rows])
    lines = sorted(_line(row, columns, ask.time_zone) for row in rows)
    names = {path: f"f{place}" for place, path in enumerate(columns)}
    several = {str(one.get("path")) for one in told if one.get("selectMultiple")}
    conditions = _conditions(exchange, base, names, several)
    asked = [Field(name) for name in (KEY, *SYSTEM)]
    for path in columns:
        name = path.strip("/").replace("/", "-")
        relevance = conditions.get(path, UNKNOWN)
        asked.append(Field(name, name, paths[path], 0, relevance, raw_name=names[path]))
    return Pulled(header, lines, Questionnaire(ask.form, ("en",), WHOLE, tuple(asked)))


def _conditions(
    exchange: Exchange, base: str, names: Mapping[str, str], several: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Path of a question → when it is shown; none where the server keeps the form to itself."""
    answer = exchange.get(f"{base}.xml")
    if answer.status_code in (*DENIED, GONE):
        return {}
    try:
        return conditions_of(answer.content, names, several)
    except NoForm:
        raise ServerFault("not_whole") from None


def _fields(exchange: Exchange, base: str) -> list[dict[str, Any]]:
    """The questions of the form."""
    told = json_of(exchange.get(f"{base}/fields?odata=false"))
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise ServerFault("not_whole")
    return told


def _is_inside_repeat(path: str, paths: Mapping[str, str]) -> bool:
    stems = [path[:at] for at in range(1, len(path)) if path[at] == "/"]
    return any(paths.get(stem) == "repeat" for stem in stems)


def _pages(exchange: Exchange, url: str) -> tuple[list[dict[str, Any]], list[Any]]:
    """The rows of all pages and the count each page gives; no page twice."""
    rows: list[dict[str, Any]] = []
    counts, seen = [], set()
    while url:
        told = _told(exchange.get(url))
        found = told.get("value")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise ServerFault("not_whole")
        digest = page_digest(found)
        if found and digest in seen:
            raise ServerFault("not_whole")
        seen.add(digest)
        rows += found
        counts.append(told.get("@odata.count"))
        link = str(told.get("@odata.nextLink") or "")
        if link and not found:
            raise ServerFault("not_whole")
        url = next_page(url, link)
    return rows, counts


def _line(row: Mapping[str, Any], columns: list[str], time_zone: str) -> list[str]:
    system = row.get("__system")
    told = system if isinstance(system, dict) else {}
    cells = [as_cell(row.get(KEY))]
    for name in SYSTEM:
        cell = as_cell(told.get(name))
        cells.append(from_universal(cell, time_zone) if name in INSTANTS else cell)
    return [*cells, *(_cell(_at(row, path)) for path in columns)]


def _at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.strip("/").split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _cell(value: Any) -> str:
    """A repeat stays in one cell, as JSON with its keys in order."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""
    return as_cell(value)
