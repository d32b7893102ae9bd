"""A small study whose one questionnaire is survey 140140, and what a test needs to pull it."""

import json
from pathlib import Path
from typing import Any

from agir_pipeline.protocol.sources import FormPull
from agir_pipeline.resources.sources.exchange import exchange_with
from agir_pipeline.resources.sources.limesurvey import pull
from agir_pipeline.resources.sources.pulled import Ask, Pulled
from agir_pipeline.resources.sources.settings import Server
from tests.survey_payloads import SURVEY
from tests.survey_server import PASSWORD, USER, SurveyServer

QUICK: dict[str, Any] = {
    "user": USER, "allow_http": True, "allow_private": True, "deadline_seconds": 2.0,
    "read_seconds": 0.4, "connect_seconds": 1.0, "backoff_seconds": 0.01,
    "retry_after_seconds": 0.05, "received_bytes": 20_000_000, "inflated_bytes": 20_000_000,
    "slice_rows": 250,
}  # fmt: skip
"""Allowances for a server on this machine."""


def ask_of(url: str, kind: str = "limesurvey", form: str = str(SURVEY), **more: Any) -> Ask:
    names = more.pop("participant_columns", ())
    asked = FormPull(adapter=kind, form="entry", participant_columns=names)  # type: ignore[arg-type]
    zone = more.pop("time_zone", "Europe/Paris")
    secret = more.pop("secret", PASSWORD)
    return Ask("surveys", Server(url=url, **{**QUICK, **more}), form, secret, asked, zone)


def pulled_from(server: SurveyServer, **more: Any) -> Pulled:
    ask = ask_of(server.remote_control, **more)
    with exchange_with(ask.server) as exchange:
        return pull(ask, exchange)


def server_settings(server: SurveyServer) -> str:
    """What ``study.toml`` says when the form is on this server."""
    settings = {"url": server.remote_control, **QUICK, "deadline_seconds": 10.0}
    lines = [f"{key} = {_toml(value)}" for key, value in settings.items()]
    form = ["[forms.entry]", 'server = "surveys"', f'form = "{SURVEY}"']
    return "\n".join(["[servers.surveys]", *lines, *form])


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def survey_protocol(folder: Path, pull_line: str = "") -> Path:
    """The protocol of CONTRIBUTING.md with the questionnaire beside it."""
    small = (Path(__file__).parent / "study" / "small.toml").read_text(encoding="utf-8")
    path = folder / "protocol.toml"
    path.write_text(small + QUESTIONNAIRE.replace("PULL", pull_line), encoding="utf-8")
    return path


def _column(name: str, kind: str, alias: str, more: str = "") -> str:
    is_identity = name in ("response_id", "token_code")
    return (
        f'\n[[source.column]]\nname = "{name}"\ntype = "{kind}"\naliases = ["{alias}"]\n'
        f'labels = {{ en = "{name} asked", fr = "{name} demandé" }}\n'
        f'sensitivity = "{"identifying" if is_identity else "none"}"\n'
        f"known_before_index = false\n{more}\n"
    )


_CIVILITY = """codes = [
  { code = "woman", labels = { en = "A woman", fr = "Une femme" }, aliases = ["F"] },
  { code = "man", labels = { en = "A man", fr = "Un homme" }, aliases = ["H"] },
]
refused = ["NSP"]"""
_REASON = """codes = [
  { code = "transport", labels = { en = "Transport", fr = "Transports" }, aliases = ["A1"] },
  { code = "conflict", labels = { en = "Conflict", fr = "Conflit" }, aliases = ["A2"] },
  { code = "else", labels = { en = "Else", fr = "Autre raison" }, aliases = ["-oth-"] },
]"""

QUESTIONNAIRE = (
    """
[[source]]
name = "entry_survey"
labels = { en = "Entry survey", fr = "Enquête d'entrée" }
feeds = "answer"
key = ["response_id"]
answered_at = "sent_at"
source = "test"
PULL

[[source.provider]]
name = "server"
labels = { en = "Server", fr = "Serveur" }
"""
    + _column("response_id", "identifier", "id")
    + _column("sent_at", "instant", "submitdate")
    + _column("page_reached", "integer", "lastpage")
    + _column("token_code", "identifier", "token")
    + _column("civility", "code", "CIV", _CIVILITY)
    + _column("resources_eur", "number", "RESS")
    + _column("has_transport_trouble", "boolean", "FREINS[TRANS]")
    + _column("had_break", "boolean", "RUPT")
    + _column("break_reason", "code", "MOTIF", _REASON)
    + _column("remark", "text", "LIBRE")
)


ODK_FORM = b"""<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>
<model><bind nodeset="/data/ressources" relevant="/data/age &gt;= 25"/></model></h:head>
<h:body><input ref="/data/code"/><input ref="/data/age"/><input ref="/data/ressources"/>
<select ref="/data/freins"/></h:body></h:html>"""
"""By hand: what the real form's definition could look like."""


def serve_odk(server: SurveyServer, folder: Path) -> None:
    """The real pages of ODK Central, at this server's address."""
    pages = [
        json.loads((folder / f"odata_page{n}.json").read_text(encoding="utf-8")) for n in (1, 2, 3)
    ]
    whole = json.loads((folder / "submissions_odata_expand.json").read_text(encoding="utf-8"))
    inlined = {row["__id"]: row for row in whole["value"]}
    fields = json.loads((folder / "fields.json").read_text(encoding="utf-8"))
    server.forms = {
        "/v1/sessions": lambda _path, _query: {"token": "odk-token", "csrf": "x"},
        "/v1/projects/1/forms/agir_t0.xml": lambda _path, _query: ODK_FORM,
        "/v1/projects/1/forms/agir_t0/fields": lambda _path, _query: fields,
        "/v1/projects/1/forms/agir_t0.svc/Submissions": lambda _path, query: _page(
            server, pages, inlined, query
        ),
    }


def _page(
    server: SurveyServer,
    pages: list[dict[str, Any]],
    inlined: dict[str, Any],
    query: dict[str, str],
) -> Any:
    number = int(query.get("$skiptoken", "1"))
    told = dict(pages[number - 1])
    if "$expand" in query or "$skiptoken" in query:
        told["value"] = [inlined[row["__id"]] for row in told["value"]]
    told.pop("@odata.nextLink", None)
    if number < len(pages):
        stem = f"{server.url}/v1/projects/1/forms/agir_t0.svc/Submissions"
        told["@odata.nextLink"] = f"{stem}?%24top=10&%24count=true&%24skiptoken={number + 1}"
    return told
