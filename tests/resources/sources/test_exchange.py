"""The one way to meet a server: where it leads, what it may weigh, how long it may take."""

import socket
import time
from typing import Any

import pytest
from pydantic import ValidationError

from agir_pipeline.resources.sources.exchange import exchange_with, json_of
from agir_pipeline.resources.sources.faults import FAULTS, ServerFault
from agir_pipeline.resources.sources.settings import Server, secret_name, secret_of
from tests.survey_payloads import invented_survey
from tests.survey_server import SurveyServer, serving
from tests.surveys import QUICK


def met(server: SurveyServer, path: str = "/thing", **more: Any) -> Any:
    settings = Server(url=server.url, **{**QUICK, **more})
    with exchange_with(settings) as exchange:
        return json_of(exchange.get(server.url + path))


def fault_of(faults: dict[int, str], **more: Any) -> tuple[str, SurveyServer]:
    server = SurveyServer(invented_survey(1), faults)
    server.forms = {"/thing": lambda _path, _query: {"is": "whole"}}
    with serving(server), pytest.raises(ServerFault) as fault:
        met(server, **more)
    return fault.value.code, server


def test_a_reading_request_is_sent_again_until_it_comes_whole() -> None:
    faults = {1: "busy_bare", 2: "cut_length", 3: "reset", 4: "cut_gzip"}
    server = SurveyServer(invented_survey(1), faults)
    server.forms = {"/thing": lambda _path, _query: {"is": "whole"}}
    with serving(server):
        assert met(server) == {"is": "whole"}
    assert server.n_requests == 5


def test_it_gives_up_after_as_many_retries_as_allowed() -> None:
    code, server = fault_of(dict.fromkeys(range(1, 9), "http_503"), retries=2)
    assert (code, server.n_requests) == ("busy", 3)


def test_a_long_wait_is_cut_to_what_is_allowed() -> None:
    started = time.monotonic()
    code, server = fault_of({1: "busy_huge", 2: "busy_huge"}, retries=1)
    assert (code, server.n_requests) == ("busy", 2)
    assert time.monotonic() - started < 1


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    started = time.monotonic()
    code, _server = fault_of({1: "busy_huge"}, retry_after_seconds=60.0)
    assert code == "busy"
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("fault", ["drip", "stall"])
def test_the_deadline_ends_a_read_that_waits(fault: str) -> None:
    server = SurveyServer(invented_survey(1), dict.fromkeys(range(1, 9), fault))
    server.forms = {"/thing": lambda _path, _query: {"is": "x" * 1_000}}
    started = time.monotonic()
    with serving(server), pytest.raises(ServerFault) as found:
        met(server, deadline_seconds=0.6, read_seconds=5.0)
    assert found.value.code == "deadline"
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("limit", ["received_bytes", "inflated_bytes"])
def test_nothing_larger_than_allowed_is_taken(limit: str) -> None:
    code, _server = fault_of({1: "bomb"}, **{limit: 10_000})
    assert code == "too_large"


@pytest.mark.parametrize(
    ("faults", "code"),
    [("redirect", "redirect"), ("redirect_away", "redirect"), ("html", "html"),
     ("html_as_json", "html"), ("brotli", "unknown"), ("malformed", "not_whole")],
)  # fmt: skip
def test_what_leads_elsewhere_or_is_something_else_is_named(faults: str, code: str) -> None:
    found, server = fault_of(dict.fromkeys(range(1, 9), faults))
    assert found == code
    assert server.n_requests == 1


def test_a_status_of_refusal_is_told_by_its_number_alone() -> None:
    server = SurveyServer(invented_survey(1))
    server.forms = {"/thing": lambda _path, _query: {"message": "Marie Durand may not"}}
    server.statuses = {"/thing": 404}
    with serving(server), pytest.raises(ServerFault) as fault:
        met(server)
    assert str(fault.value) == "the server refused (404)"


@pytest.mark.parametrize(
    "url",
    ["https://elsewhere.example.org/thing", "http://127.0.0.1:1/thing", "ftp://127.0.0.1/x",
     "http://127.0.0.1:bad/x"],
)  # fmt: skip
def test_a_link_to_another_server_is_never_followed(url: str) -> None:
    with exchange_with(Server(url="http://127.0.0.1:9", **QUICK)) as exchange:
        exchange.headers["X-Api-Key"] = "secret"
        with pytest.raises(ServerFault) as fault:
            exchange.get(url)
    assert fault.value.code == "other_host"


def test_without_permission_there_is_no_http_and_no_private_address() -> None:
    assert fault_of({}, allow_http=False)[0] == "no_tls"
    code, server = fault_of({}, allow_private=False)
    assert (code, server.n_requests) == ("private", 0)


def test_a_server_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with exchange_with(Server(url=url, **QUICK)) as exchange, pytest.raises(ServerFault) as fault:
        exchange.get(url)
    assert fault.value.code == "no_connection"


def test_a_server_that_speaks_no_tls_is_named() -> None:
    server = SurveyServer(invented_survey(1))
    with serving(server):
        url = server.url.replace("http:", "https:")
        settings = Server(url=url, **QUICK)
        with exchange_with(settings) as exchange, pytest.raises(ServerFault) as fault:
            exchange.get(url)
    assert fault.value.code == "tls"


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example.org", "https://user:pass@a.example.org", "https://a.example.org/?key=1",
     "a.example.org", "https://"],
)  # fmt: skip
def test_an_address_with_a_secret_in_it_is_no_setting(url: str) -> None:
    with pytest.raises(ValidationError):
        Server(url=url)


def test_a_zone_that_does_not_exist_is_no_setting() -> None:
    with pytest.raises(ValidationError):
        Server(url="https://a.example.org", zone="Europe/Nantes")


def test_the_secret_stands_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret_name("my-surveys") == "AGIR_SERVER_MY_SURVEYS_SECRET"
    assert secret_of("my-surveys") == ""
    monkeypatch.setenv("AGIR_SERVER_MY_SURVEYS_SECRET", "s")
    assert secret_of("my-surveys") == "s"


def test_every_fault_has_a_sentence_that_can_be_told() -> None:
    context = {"status": 403, "columns": "a", "server": "b", "variable": "D"}
    for code in FAULTS:
        assert str(ServerFault(code, **context))
