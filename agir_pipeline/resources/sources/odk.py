"""ODK Central: every submission of one form through its OData service, page by page."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import requests

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
    paths = _fields(exchange, base)
    first = f"{base}.svc/Submissions?%24top={PAGE_ROWS}&%24count=true&%24expand=*"
    rows, counts = _pages(exchange, first)
    last = _told(exchange.get(f"{base}.svc/Submissions?%24top=1&%24count=true"))
    if {*counts, last.get("@odata.count")} != {len(rows)} or _fields(exchange, base) != paths:
        raise ServerFault("not_whole")
    columns = [path for path, kind in paths.items() if kind != "structure"]
    columns = [p for p in columns if not _is_inside_repeat(p, paths)]
    header = [KEY, *SYSTEM, *(path.strip("/").replace("/", "-") for path in columns)]
    require_once([as_cell(row.get(KEY)) for row in rows])
    lines = sorted(_line(row, columns, ask.time_zone) for row in rows)
    return Pulled(header, lines, _questionnaire(ask.form, paths, header))


def _fields(exchange: Exchange, base: str) -> dict[str, str]:
    """Path of a question → its type."""
    told = json_of(exchange.get(f"{base}/fields?odata=false"))
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise ServerFault("not_whole")
    return {str(one.get("path")): str(one.get("type")) for one in told}


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


def _questionnaire(form: str, paths: Mapping[str, str], header: list[str]) -> Questionnaire:
    fields = list(_questions(paths, header))
    return Questionnaire(form, ("en",), "", tuple(fields))


def _questions(paths: Mapping[str, str], header: list[str]) -> Iterator[Field]:
    kinds = {path.strip("/").replace("/", "-"): kind for path, kind in paths.items()}
    for name in header:
        if name in (KEY, *SYSTEM):
            yield Field(name)
        else:
            yield Field(name, question=name, type=kinds[name], relevance=("unknown(form)",))
