"""One way to meet a server: nothing waits for ever, nothing inflates without end, nobody is led
astray, and no error quotes what was sent or received.

Every request of a pull goes through one ``Exchange``, one after the other, so that after a
"too many requests" never more than one is under way.
"""

import ipaddress
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry

from agir_pipeline.resources.sources.faults import ServerFault
from agir_pipeline.resources.sources.settings import Server

BUSY = (429, 500, 502, 503, 504)
"""Answers that may be others a moment later."""
PIECE_BYTES = 1 << 16
GZIP = 47
"""zlib's word for "gzip or zlib, as the head says"."""


class Exchange(requests.Session):
    """The requests of one pull, under the allowances of one server.

    ``may_repeat`` says whether a post may be sent again: only what reads, never a login.
    """

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.may_repeat = False
        self.trust_env = False  # no .netrc, no proxy that nobody declared
        self.verify = server.ca_bundle or True
        self.headers["Accept-Encoding"] = "gzip"
        self.ends_at = time.monotonic() + server.deadline_seconds
        self._open: list[socket.socket] = []
        self._alarm = threading.Timer(server.deadline_seconds, self._cut)
        self._alarm.daemon = True
        self._alarm.start()
        self.mount("http://", _Adapter(self))
        self.mount("https://", _Adapter(self))

    def close(self) -> None:
        """Ends the pull; citric closes between logins, so the deadline goes on until ``end``."""
        super().close()
        self._forget()

    def end(self) -> None:
        self._alarm.cancel()
        self.close()

    @property
    def remaining(self) -> float:
        return self.ends_at - time.monotonic()

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]
        """The whole answer to one request, retried where that is safe.

        Raises:
            ServerFault: no answer within the allowances, or one that leads elsewhere.
        """
        verb, address = str(method).upper(), str(url)
        self._require_own(address)
        retry = Retry(
            total=self.server.retries,
            backoff_factor=self.server.backoff_seconds,
            retry_after_max=int(self.server.retry_after_seconds),
            allowed_methods=None,
        )
        while True:
            answer, fault = self._once(verb, address, options)
            if answer is not None and answer.status_code not in BUSY:
                return self._accepted(answer, is_xml=address.endswith(".xml"))
            code = fault or "busy"
            if code not in ("busy", "no_connection", "cut", "too_slow") or not self._repeats(verb):
                raise ServerFault(code)
            retry = _counted(retry, verb, code)
            self._wait(self._pause(retry, answer), code)

    def _repeats(self, verb: str) -> bool:
        return verb == "GET" or self.may_repeat

    def _pause(self, retry: Retry, answer: requests.Response | None) -> float:
        """What the server asks for, never longer than allowed; else longer each time."""
        asked = None if answer is None else answer.headers.get("Retry-After")
        try:
            wanted = None if asked is None else float(retry.parse_retry_after(asked))
        except HTTPError:
            wanted = None
        if wanted is None:
            return float(retry.get_backoff_time())
        return min(wanted, self.server.retry_after_seconds)

    def _wait(self, seconds: float, code: str) -> None:
        if seconds >= self.remaining:
            raise ServerFault("deadline" if self.remaining <= 0 else code)
        time.sleep(seconds)

    def _once(
        self, verb: str, url: str, options: dict[str, Any]
    ) -> tuple[requests.Response | None, str]:
        """The answer with its whole body, or the code of what went wrong."""
        if self.remaining <= 0:
            return None, "deadline"
        limits = {
            "timeout": (
                min(self.server.connect_seconds, self.remaining),
                min(self.server.read_seconds, self.remaining),
            ),
            "allow_redirects": False,
            "stream": True,
        }
        answer, code = None, ""
        try:
            answer = super().request(verb, url, **{**options, **limits})
            with answer:
                _read_whole(answer, self.server)
        except ServerFault as own:
            code = own.code
        except requests.exceptions.SSLError:
            code = "tls"
        except (requests.Timeout, TimeoutError):
            code = "too_slow"
        except (HTTPError, requests.exceptions.ChunkedEncodingError, zlib.error):
            code = "cut"
        except (requests.RequestException, OSError):
            code = "no_connection"
        if self.remaining <= 0:
            code = "deadline"
        return (None, code) if code else (answer, "")

    def _accepted(self, answer: requests.Response, *, is_xml: bool) -> requests.Response:
        status = answer.status_code
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise ServerFault("redirect")
        kind = answer.headers.get("Content-Type", "")
        is_marked = answer.content[:200].lstrip()[:1] == b"<" and not is_xml
        if "html" in kind.lower() or is_marked:
            raise ServerFault("html")
        return answer

    def _require_own(self, url: str) -> None:
        """Only the server of the settings is asked, whatever a link of a page says."""
        if _origin(self.server.url) != _origin(url):
            raise ServerFault("other_host")
        if urlsplit(url).scheme != "https" and not self.server.allow_http:
            raise ServerFault("no_tls")

    def admit(self, connected: socket.socket) -> None:
        """Look at the address that was really reached, then watch the connection."""
        address = ipaddress.ip_address(connected.getpeername()[0].partition("%")[0])
        if not address.is_global and not self.server.allow_private:
            connected.close()
            raise ServerFault("private")
        self._forget()  # one request after the other: an earlier connection is no longer used
        self._open.append(connected.dup())

    def _cut(self) -> None:
        """At the deadline: a read that waits on a dripping server ends at once."""
        for watched in list(self._open):
            try:
                watched.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed meanwhile
                continue

    def _forget(self) -> None:
        while self._open:
            self._open.pop().close()


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80}.get(parts.scheme, 443)
    except ValueError:
        port = 0
    return parts.scheme, parts.hostname or "", port


def _counted(retry: Retry, verb: str, code: str) -> Retry:
    try:
        return retry.increment(verb, "")
    except MaxRetryError:
        exhausted = code
    raise ServerFault(exhausted)


def _read_whole(answer: requests.Response, server: Server) -> None:
    """The body, piece by piece, under both caps; as requests keeps it."""
    encoding = answer.headers.get("Content-Encoding", "").lower()
    inflate = zlib.decompressobj(GZIP) if encoding == "gzip" else None
    body, n_received = bytearray(), 0
    if encoding not in ("", "gzip", "identity"):
        _refuse("unknown")
    while piece := answer.raw.read1(PIECE_BYTES, decode_content=False):
        n_received += len(piece)
        if inflate is not None:
            piece = inflate.decompress(piece, server.inflated_bytes + 1 - len(body))
        body += piece
        if n_received > server.received_bytes or len(body) > server.inflated_bytes:
            _refuse("too_large")
    if inflate is not None and not inflate.eof and n_received:
        _refuse("cut")
    answer._content, answer._content_consumed = bytes(body), True  # type: ignore[attr-defined]


def _refuse(code: str) -> NoReturn:
    raise ServerFault(code)


class _Adapter(HTTPAdapter):
    """Connections that ask their exchange before anything is sent."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        exchange = self._exchange

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                connected = super()._new_conn()
                exchange.admit(connected)
                return connected

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                connected = super()._new_conn()
                exchange.admit(connected)
                return connected

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def json_of(answer: requests.Response) -> Any:
    """The JSON of an answer that is a success.

    Raises:
        ServerFault: it is none; what stands in it is not quoted.
    """
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        raise ServerFault("status", status=answer.status_code)
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        code = "not_whole"
    raise ServerFault(code)


@contextmanager
def exchange_with(server: Server) -> Iterator[Exchange]:
    """The requests of one pull; its deadline begins now."""
    exchange = Exchange(server)
    try:
        yield exchange
    finally:
        exchange.end()
