"""LimeSurvey's RemoteControl 2: every response of one survey, short and in codes.

Spoken through citric on our own requests. One login, one more when the session expires, never a
second after a refused password. The export has no date filter and edits keep their number, so
everything is pulled every night and believed only when the server's own counts agree before and
after.
"""

import base64
import binascii
import csv
import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import requests
from citric import Client
from citric.exceptions import (
    InvalidJSONResponseError,
    LimeSurveyApiError,
    LimeSurveyStatusError,
    ResponseMismatchError,
    RPCInterfaceNotEnabledError,
)

from agir_pipeline.methods.reading.field_maps import asks_for_properties, from_field_maps
from agir_pipeline.methods.reading.questionnaire import Questionnaire
from agir_pipeline.resources.sources.exchange import Exchange
from agir_pipeline.resources.sources.faults import ServerFault
from agir_pipeline.resources.sources.pulled import (
    Ask,
    Pulled,
    in_study_time,
    require_once,
    whole,
)

logging.getLogger("citric").setLevel(logging.WARNING)

OUTCOMES = (
    ("invalid session key", "expired"),
    ("invalid user name or password", "login"),
    ("you have exceeded the number of maximum login attempts", "locked"),
    ("no permission", "forbidden"),
    ("error: invalid survey id", "forbidden"),
    ("invalid surveyid", "forbidden"),
    ("language code not found", "language"),
    ("no data, survey table does not exist", "not_active"),
    ("no data, could not get max id", "nothing"),
    ("error: no survey participants table", "no_participants"),
    ("no survey participants found", "nothing"),
)
"""How the server's status begins, in small letters, and what it means."""

INSTANTS = ("submitdate", "startdate", "datestamp")
PARTICIPANTS_AT_ONCE = 1_000
MOST_SLICES = 100_000
SURVEY_FACTS = ["anonymized", "active", "language", "additional_languages", "format"]
PARTS = ["answeroptions", "subquestions"]


def pull(ask: Ask, exchange: Exchange) -> Pulled:
    """All responses of a survey, its questionnaire, and the declared participants' columns.

    Raises:
        ServerFault: the survey cannot be read, or no whole export came in the time allowed.
    """
    remote = _Remote(ask, exchange)
    try:
        return whole(lambda: _Export(ask, remote).whole())
    finally:
        remote.release()


class _Remote:
    """The calls of one night: logged in once, and once more when the session expires."""

    def __init__(self, ask: Ask, exchange: Exchange) -> None:
        self.ask, self.exchange = ask, exchange
        self.n_logins = 0
        self.client = self._login()

    def _login(self) -> Client:
        self.n_logins += 1
        self.exchange.may_repeat = False  # a login that failed is never sent again
        client: Client = self._spoken(
            lambda: Client(
                self.ask.server.url,
                self.ask.server.user,
                self.ask.secret,
                requests_session=self.exchange,
            )
        )
        self.exchange.may_repeat = True
        return client

    def call(self, method: str, *given: Any) -> Any:
        """The result of one reading call; None where the server says that there is nothing."""
        try:
            return self._spoken(lambda: self._invoked(method, *given))
        except ServerFault as fault:
            if fault.code != "expired" or self.n_logins > 1:
                raise
        self.client = self._login()
        return self.call(method, *given)

    def _invoked(self, method: str, *given: Any) -> Any:
        return getattr(self.client.session, method)(*given)

    def _spoken(self, say: Callable[[], Any]) -> Any:
        """What the server answered; its failures as ours, without its words."""
        try:
            return say()
        except LimeSurveyStatusError as fault:
            code = _outcome(str(fault))
        except RPCInterfaceNotEnabledError:
            code = "api_off"
        except (LimeSurveyApiError, ResponseMismatchError, requests.HTTPError):
            code = "unknown"
        except (InvalidJSONResponseError, KeyError, TypeError, UnicodeError, RecursionError):
            code = "not_whole"
        if code == "nothing":
            return None
        raise ServerFault(code)

    def release(self) -> None:
        """Give the key back; a server that no longer answers keeps it for two hours at most."""
        self.exchange.may_repeat = False
        try:
            self._spoken(self.client.close)
        except ServerFault:
            return


def _outcome(status: str) -> str:
    bare = status.strip().casefold()
    return next((code for start, code in OUTCOMES if bare.startswith(start)), "unknown")


class _Export:
    """One attempt at a whole export: everything it holds is staged here until it is believed."""

    def __init__(self, ask: Ask, remote: _Remote) -> None:
        self.ask, self.remote, self.sid = ask, remote, int(ask.form)

    def whole(self) -> Pulled:
        languages, pages = self._survey()
        before, n_before = self._questionnaire(languages, pages), self._count()
        header, rows = self._responses(languages[0], before, n_before)
        after, n_after = self._field_map(languages[0]), self._count()
        if len(rows) != n_before or n_before != n_after or after != self.base_map:
            raise ServerFault("not_whole")
        before = _headed(before, header)
        rows.sort(key=lambda row: int(row[0]))
        self._tell_time(header, rows)
        if self.ask.pull.participant_columns:
            self._join_participants(header, rows)
        return Pulled(header, rows, before)

    def _survey(self) -> tuple[list[str], str]:
        """The languages, base first, and the paging; refuses what could never be linked."""
        facts = self._table(self.remote.call("get_survey_properties", self.sid, SURVEY_FACTS))
        if facts.get("anonymized") == "Y":
            raise ServerFault("anonymous")
        if facts.get("active") == "N":
            raise ServerFault("not_active")
        others = str(facts.get("additional_languages") or "").split()
        return [str(facts.get("language") or "en"), *others], str(facts.get("format") or "")

    def _field_map(self, language: str) -> dict[str, Any]:
        told = self._table(self.remote.call("get_fieldmap", self.sid, language))
        if not all(isinstance(column, dict) for column in told.values()) or "id" not in told:
            raise ServerFault("not_whole")
        return told

    def _questionnaire(self, languages: list[str], pages: str) -> Questionnaire:
        maps = {language: self._field_map(language) for language in languages}
        self.base_map = maps[languages[0]]
        if "token" not in self.base_map:
            raise ServerFault("no_token")
        questions = {
            str(column["qid"]): str(column["type"])
            for column in self.base_map.values()
            if column.get("qid") and asks_for_properties(str(column.get("type")))
        }
        properties = {
            qid: {language: self._parts(qid, language) for language in languages}
            for qid in questions
        }
        return from_field_maps(str(self.sid), maps, properties, pages)

    def _parts(self, qid: str, language: str) -> dict[str, Any]:
        told = self.remote.call("get_question_properties", int(qid), PARTS, language)
        return self._table(told)

    def _count(self) -> int:
        """How many responses the server says it has; a survey without a table says a list."""
        told = self.remote.call("get_summary", self.sid)
        if told == []:
            raise ServerFault("not_active")
        summary = self._table(told)
        try:
            return sum(int(summary[f"{kind}_responses"]) for kind in ("completed", "incomplete"))
        except (KeyError, TypeError, ValueError):
            code = "not_whole"
        raise ServerFault(code)

    def _responses(
        self, language: str, asked: Questionnaire, n_expected: int
    ) -> tuple[list[str], list[list[str]]]:
        """Slice by slice, then everything beyond the last one, which must be empty."""
        self.header = [one.name for one in asked.fields]
        rows: list[list[str]] = []
        start, step = 1, self.ask.server.slice_rows
        while len(rows) < n_expected:
            found = self._slice(language, start, start + step - 1)
            rows += found
            start += step
            if not found:  # a gap in the numbers: the rest in one piece
                break
        rows += self._slice(language, start, None)
        require_once([row[0] for row in rows])
        return list(self.header), rows

    def _slice(self, language: str, start: int, end: int | None) -> list[list[str]]:
        """The responses from one number to another, in the order of the field map."""
        told = self.remote.call(
            "export_responses",
            *(self.sid, "csv", language, "all", "code", "short", start),
            *([] if end is None else [end]),
        )
        lines = [] if told is None else _lines(told)
        if not lines:
            return []
        self.header = _agreed(lines[0], self.header)
        place = [lines[0].index(name) for name in self.header]
        if any(len(line) != len(place) for line in lines):
            raise ServerFault("not_whole")
        rows = [[line[position] for position in place] for line in lines[1:]]
        if not all(_is_between(row[0], start, end) for row in rows):
            raise ServerFault("not_whole")
        return rows

    def _tell_time(self, header: list[str], rows: list[list[str]]) -> None:
        zones = self.ask.server.zone, self.ask.time_zone
        for position in (header.index(name) for name in INSTANTS if name in header):
            for row in rows:
                row[position] = in_study_time(row[position], *zones)

    def _join_participants(self, header: list[str], rows: list[list[str]]) -> None:
        """The declared columns of the participants' table beside the responses, by token."""
        names = list(self.ask.pull.participant_columns)
        known = {token: values for token, values in self._participants(names)}
        place = header.index("token")
        nobody = [""] * len(names)
        for row in rows:
            row += known.get(row[place], nobody) if row[place] else nobody
        header += names

    def _participants(self, names: list[str]) -> Iterator[tuple[str, list[str]]]:
        start = 0
        seen: set[str] = set()
        while True:
            page = self.remote.call(
                "list_participants", self.sid, start, PARTICIPANTS_AT_ONCE, False, names
            )
            if not page:
                return
            if not isinstance(page, list) or not all(isinstance(one, dict) for one in page):
                raise ServerFault("not_whole")
            for one in page:
                key = str(one.get("tid"))
                if key in seen:
                    raise ServerFault("not_whole")
                seen.add(key)
                yield str(one.get("token") or ""), _values(one, names)
            start += len(page)

    @staticmethod
    def _table(told: Any) -> dict[str, Any]:
        if not isinstance(told, dict):
            raise ServerFault("not_whole")
        return told


def _values(one: dict[str, Any], names: list[str]) -> list[str]:
    """What the table says of a participant; names and mail stand one level below."""
    below = one.get("participant_info")
    told = {**(below if isinstance(below, dict) else {}), **one}
    if missing := set(names) - set(told):
        raise ServerFault("no_column", columns=", ".join(sorted(missing)))
    return [str(told[name] or "") for name in names]


def _agreed(found: list[str], header: list[str]) -> list[str]:
    """The columns of an export as the field map has them; none may be held back.

    Newer servers may write the part in brackets in another way: then theirs counts.
    """
    if len(set(found)) == len(found) and set(found) == set(header):
        return header
    titles = [[name.partition("[")[0] for name in names] for names in (found, header)]
    if len(set(found)) == len(found) and titles[0] == titles[1]:
        return found
    raise ServerFault("not_whole" if len(found) >= len(header) else "missing_fields")


def _headed(asked: Questionnaire, header: list[str]) -> Questionnaire:
    pairs = zip(asked.fields, header, strict=False)
    return replace(asked, fields=tuple(replace(one, name=name) for one, name in pairs))


def _is_between(number: str, start: int, end: int | None) -> bool:
    return number.isdecimal() and start <= int(number) <= (end or int(number))


def _lines(told: Any) -> list[list[str]]:
    """The lines of an export: base64, a byte order mark, semicolons, an empty line at the end."""
    try:
        text = base64.b64decode(told, validate=True).decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    except (binascii.Error, ValueError, TypeError, csv.Error):
        text = ""
    if not text.endswith("\r\n"):
        raise ServerFault("not_whole")
    return [line for line in lines if line]
