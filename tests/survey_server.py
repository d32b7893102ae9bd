"""A survey server on this machine that speaks LimeSurvey and ODK, and can fail in forty ways.

It counts requests and how many are under way at once. A fault is planned for the n-th request.
"""

import base64
import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.survey_payloads import Survey, as_export

USER, PASSWORD = "agir", "Corr3ct-Horse"
LOGIN_PAGE = b"<!DOCTYPE html><html><body><form>Please log in, Marie Durand</form></body></html>"
SQL_FAULT = "CDbCommand failed to execute the SQL statement: SQLSTATE[42S22] tokens_140140"

TRANSPORT_FAULTS = (
    "busy_seconds", "busy_date", "busy_huge", "busy_bare", "http_500", "http_502", "http_503",
    "http_503_later", "http_504", "reset", "closed", "cut_length", "cut_chunked", "cut_silent",
    "cut_gzip", "html", "html_as_json", "empty", "malformed", "drip", "stall", "bomb",
    "redirect", "redirect_away", "plain_text", "other_id", "sql_error", "brotli",
)  # fmt: skip
CONTENT_FAULTS = (
    "expired", "expired_again", "forbidden", "inactive", "page_repeated", "page_missing",
    "page_reordered", "page_of_others", "row_missing", "row_doubled", "row_short", "column_gone",
    "codes_changed", "bad_base64", "open_quotes", "no_last_line", "added", "deleted",
)  # fmt: skip
FAULTS = (*TRANSPORT_FAULTS, *CONTENT_FAULTS)


@cache
def bomb() -> bytes:
    """Thirty kilobytes that inflate to thirty megabytes."""
    return gzip.compress(b"0" * 30_000_000, compresslevel=6)


class SurveyServer(ThreadingHTTPServer):
    """Answers RemoteControl and OData; ``faults``: number of a request (from 1) → its fault."""

    daemon_threads = True
    request_queue_size = 20

    def __init__(self, survey: Survey, faults: Mapping[int, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        bomb()  # made before anybody waits for it
        self.survey = survey
        self.faults = dict(faults or {})
        self.forms: dict[str, Callable[[str, dict[str, str]], Any]] = {}
        """Beginning of a path → what a get or post of it answers, as JSON."""
        self.statuses: dict[str, int] = {}
        self.n_requests = self.n_under_way = self.most_under_way = self.n_logins = 0
        self.keys: set[str] = set()
        self.refuses_logins = self.always_expired = False
        self.seen: list[str] = []
        self.believed: list[list[str]] = []
        self.last_export: Any = None
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def remote_control(self) -> str:
        return f"{self.url}/index.php/admin/remotecontrol"

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A connection that was broken on purpose is no news."""

    # ----------------------------------------------------------------------- RemoteControl

    def call(self, method: str, given: list[Any], fault: str) -> Any:
        self.seen.append(method)
        if fault == "codes_changed":
            for told in self.survey.field_maps.values():
                told[list(told)[-1]]["question"] = "Another question"
        if method == "get_session_key":
            return self._login(*given[:2])
        key, *rest = given
        if fault == "expired" or self.always_expired:
            self.keys.clear()
        if fault == "expired_again":
            self.always_expired = True
            self.keys.clear()
        if key not in self.keys:
            return {"status": "Invalid session key"}
        if fault == "forbidden":
            return {"status": "No permission"}
        return getattr(self, f"_{method}")(fault, *rest)

    def _login(self, user: str, password: str) -> Any:
        self.n_logins += 1
        if self.refuses_logins or (user, password) != (USER, PASSWORD):
            return {"status": "Invalid user name or password"}
        key = f"~key-{self.n_logins:_>26}"
        self.keys.add(key)
        return key

    def _release_session_key(self, _fault: str) -> str:
        return "OK"

    def _get_survey_properties(self, _fault: str, _sid: int, names: list[str]) -> Any:
        return {name: self.survey.facts[name] for name in names}

    def _get_fieldmap(self, _fault: str, _sid: int, language: str) -> Any:
        return self.survey.field_maps[language]

    def _get_question_properties(
        self, _fault: str, qid: int, names: list[str], language: str
    ) -> Any:
        told = self.survey.properties.get(str(qid), {}).get(language, {})
        return {name: told.get(name) or "No available answers" for name in names}

    def _get_summary(self, fault: str, _sid: int) -> Any:
        if fault == "inactive":
            return []
        self._change(fault)
        self.believed.append([row[0] for row in self.survey.rows])
        place = self.survey.header.index("submitdate")
        n_done = sum(bool(row[place]) for row in self.survey.rows)
        return {
            "completed_responses": str(n_done),
            "incomplete_responses": str(len(self.survey.rows) - n_done),
        }

    def _change(self, fault: str) -> None:
        rows = self.survey.rows
        if fault == "added":
            number = str(max((int(row[0]) for row in rows), default=0) + 1)
            rows.append([number, *([""] * (len(self.survey.header) - 1))])
        if fault == "deleted" and rows:
            del rows[len(rows) // 2]

    def _export_responses(  # the protocol's own order of parameters
        self, fault: str, _sid: int, kind: str, _language: str, completion: str, heading: str,
        answers: str, start: int, end: int | None = None,
    ) -> Any:  # fmt: skip
        assert (kind, completion, heading, answers) == ("csv", "all", "code", "short")
        if fault == "inactive":
            return {"status": "No Data, survey table does not exist."}
        self._change(fault)
        if not self.survey.rows:
            return {"status": "No Data, could not get max id."}
        content = self._spoilt_export(fault, start, end)
        coded = base64.b64encode(content).decode()
        if fault == "bad_base64":
            coded = coded[:-7] + "*"
        repeated, self.last_export = self.last_export, coded
        return repeated if fault == "page_repeated" and repeated is not None else coded

    def _spoilt_export(self, fault: str, start: int, end: int | None) -> bytes:
        survey = self.survey
        header = list(survey.header)
        rows = [r for r in survey.rows if start <= int(r[0]) and (end is None or int(r[0]) <= end)]
        match fault:
            case "page_missing":
                rows = []
            case "page_reordered":
                rows = rows[::-1]
            case "page_of_others":
                rows = [[str(int(row[0]) + 10_000_000), *row[1:]] for row in rows]
            case "row_missing":
                rows = rows[:-1]
            case "row_doubled":
                rows = [*rows, *rows[:1]]
            case "row_short" if rows:
                rows = [*rows[:-1], rows[-1][:-1]]
            case "column_gone":
                header, rows = header[:-1], [row[:-1] for row in rows]
        content = as_export(header, rows)
        if fault == "open_quotes":
            return content.replace(b'";', b";", 1)
        return content.removesuffix(b"\r\n\r\n") if fault == "no_last_line" else content

    def _list_participants(
        self, _fault: str, _sid: int, start: int, limit: int, _unused: bool, names: Any
    ) -> Any:
        assert isinstance(names, list)
        page = self.survey.participants[start : start + limit]
        return page or {"status": "No survey participants found."}


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: SurveyServer

    def do_POST(self) -> None:
        self._counted()

    def do_GET(self) -> None:
        self._counted()

    def log_message(self, *_arguments: Any) -> None:
        """Nothing on the terminal."""

    def _counted(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with server.lock:
            server.n_requests += 1
            server.n_under_way += 1
            server.most_under_way = max(server.most_under_way, server.n_under_way)
            fault = server.faults.get(server.n_requests, "")
            self.is_under_way = True
        try:
            self._answer(body, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self._done()

    def _done(self) -> None:
        """The answer begins: the client may ask again before this thread has ended."""
        with self.server.lock:
            self.server.n_under_way -= self.is_under_way
            self.is_under_way = False

    def _answer(self, body: bytes, fault: str) -> None:
        before = getattr(self, f"_do_{fault}", None)
        if before is not None:
            before()
            return
        status = self.server.statuses.get(urlsplit(self.path).path, 200)
        self._send(self._said(body, fault), fault, status)

    def _said(self, body: bytes, fault: str) -> bytes:
        parts = urlsplit(self.path)
        for stem, answer in self.server.forms.items():
            if parts.path.startswith(stem):
                told = parts.query or body.decode()
                query = {k: v[0] for k, v in parse_qs(told).items()}
                found = answer(parts.path, query)
                return found if isinstance(found, bytes) else json.dumps(found).encode()
        asked = json.loads(body)
        with self.server.lock:
            result = self.server.call(asked["method"], asked["params"], fault)
        number = asked["id"] + (fault == "other_id")
        told = {"id": number, "result": result, "error": None}
        if fault == "sql_error":
            told |= {"result": None, "error": SQL_FAULT}
        return json.dumps(told).encode()

    def _send(self, body: bytes, fault: str, status: int = 200, **headers: str) -> None:
        kind = "text/plain" if fault == "plain_text" else "application/json"
        match fault:
            case "html" | "html_as_json":
                body, kind = LOGIN_PAGE, "text/html" if fault == "html" else kind
            case "empty":
                body = b""
            case "malformed":
                body = body[: len(body) // 2]
            case "drip":
                self._drip(body)
                return
            case "cut_chunked":
                self._cut_chunked(body)
                return
            case "bomb":
                body = bomb()
                headers["Content-Encoding"] = "gzip"
            case "cut_gzip":
                body = gzip.compress(body)[:-9]
                headers["Content-Encoding"] = "gzip"
            case "brotli":
                headers["Content-Encoding"] = "br"
        self._done()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if fault == "cut_silent":
            self.send_header("Connection", "close")
            body = body[: len(body) // 2]
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cut_length":
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def _drip(self, body: bytes) -> None:
        self._done()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.05)

    def _cut_chunked(self, body: bytes) -> None:
        self._done()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        half = body[: len(body) // 2]
        self.wfile.write(f"{len(body):x}\r\n".encode() + half)
        self.close_connection = True

    def _status(self, status: int, **headers: str) -> None:
        self._send(b'{"message": "later"}', "", status, **headers)

    def _do_busy_seconds(self) -> None:
        self._status(429, Retry_After="1")

    def _do_busy_date(self) -> None:
        self._status(429, Retry_After=formatdate(time.time() + 1, usegmt=True))

    def _do_busy_huge(self) -> None:
        self._status(429, Retry_After="86400")

    def _do_busy_bare(self) -> None:
        self._status(429)

    def _do_http_500(self) -> None:
        self._status(500)

    def _do_http_502(self) -> None:
        self._status(502)

    def _do_http_503(self) -> None:
        self._status(503)

    def _do_http_503_later(self) -> None:
        self._status(503, Retry_After="soon")

    def _do_http_504(self) -> None:
        self._status(504)

    def _do_redirect(self) -> None:
        self._status(302, Location=f"{self.server.url}/login")

    def _do_redirect_away(self) -> None:
        self._status(307, Location="https://elsewhere.example.org/")

    def _do_reset(self) -> None:
        self._done()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True

    def _do_closed(self) -> None:
        self._done()
        self.close_connection = True

    def _do_stall(self) -> None:
        """The client gives up long before: for it nothing is under way any more."""
        self._done()
        time.sleep(1.0)
        self.close_connection = True


@contextmanager
def serving(server: SurveyServer) -> Iterator[SurveyServer]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
