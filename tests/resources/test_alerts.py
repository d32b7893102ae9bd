"""Messages: once per distinct failure, by every channel, kept until they are delivered."""

from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources.alerts import LONGEST, Alert, Alerts
from agir_pipeline.resources.home import Site
from tests.servers import Hook, Mails, serving

FAILED = Alert(
    "check", "a", "[study] a check has failed", "file.csv: cannot be read", "http://ui/x"
)


def site(mails: Mails | None = None, hook: Hook | None = None) -> Site:
    settings: dict[str, object] = {}
    if mails:
        settings |= {"smtp_host": "127.0.0.1", "smtp_port": mails.port}
        settings |= {"alert_to": ("steward@example.org", "other@example.org")}
    if hook:
        settings |= {"alert_webhook": hook.address}
    return Site.model_validate(settings)


def test_a_failure_is_told_once_by_every_channel(tmp_path: Path) -> None:
    with serving(Mails()) as mails, serving(Hook()) as hook:
        alerts = Alerts(tmp_path / "alerts.sqlite", site(mails, hook))
        assert alerts.tell([FAILED]) == 1
        assert alerts.deliver() == []
        assert alerts.tell([FAILED]) == 0
        assert Alerts(alerts.path, site(mails, hook)).tell([FAILED]) == 0  # another night
        assert alerts.deliver() == []
    (mail,), (post,) = mails.received, hook.received
    assert mail["Subject"] == FAILED.subject
    assert mail["To"] == "steward@example.org, other@example.org"
    assert mail.get_content().split() == [*FAILED.sentence.split(), FAILED.link]
    assert (post["subject"], post["sentence"], post["link"]) == (
        FAILED.subject, FAILED.sentence, FAILED.link,
    )  # fmt: skip
    assert FAILED.link in post["text"]


def test_a_failure_that_is_over_and_comes_back_is_told_again(tmp_path: Path) -> None:
    with serving(Hook()) as hook:
        alerts = Alerts(tmp_path / "alerts.sqlite", site(hook=hook))
        alerts.tell([FAILED])
        alerts.keep_only("run", [])
        assert alerts.tell([FAILED]) == 0  # of another kind
        alerts.keep_only("check", [FAILED.key])
        assert alerts.tell([FAILED]) == 0
        alerts.keep_only("check", [])
        assert alerts.tell([FAILED]) == 1
        alerts.deliver()
    assert len(hook.received) == 1  # what still waited was not doubled


def test_a_message_waits_for_a_server_that_is_down(tmp_path: Path) -> None:
    with serving(Hook(status=500)) as hook, serving(Mails()) as mails:
        alerts = Alerts(tmp_path / "alerts.sqlite", site(mails, hook))
        alerts.tell([FAILED])
        assert alerts.deliver() == ["webhook: a message could not be sent (HTTPError)"]
        assert len(mails.received) == 1
        hook.status = 200
        assert alerts.deliver() == []
        assert (len(mails.received), len(hook.received)) == (1, 1)


def test_a_mail_server_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    with serving(Mails()) as mails:
        nobody = site(mails)
    alerts = Alerts(tmp_path / "alerts.sqlite", nobody)
    alerts.tell([FAILED])
    assert alerts.deliver() == ["e-mail: a message could not be sent (ConnectionRefusedError)"]


def test_without_a_reader_nothing_is_on_record(tmp_path: Path) -> None:
    alerts = Alerts(tmp_path / "alerts.sqlite", site())
    assert not alerts.has_readers
    assert alerts.tell([FAILED]) == 0
    with serving(Hook()) as hook:
        assert Alerts(alerts.path, site(hook=hook)).tell([FAILED]) == 1


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Hook()) as hook:
        alerts = Alerts(tmp_path / "alerts.sqlite", site(hook=hook))
        monkeypatch.setenv("AGIR_WEBHOOK_TOKEN", "hush")
        alerts.tell([FAILED])
        alerts.deliver()
    assert hook.tokens == ["Bearer hush"]
    assert b"hush" not in alerts.path.read_bytes()


def test_a_long_sentence_is_cut_and_a_subject_is_one_line(tmp_path: Path) -> None:
    with serving(Mails()) as mails:
        alerts = Alerts(tmp_path / "alerts.sqlite", site(mails))
        alerts.tell([Alert("check", "b", "two\nlines", "x" * 2 * LONGEST)])
        alerts.deliver()
    assert mails.received[0]["Subject"] == "two lines"
    assert len(mails.received[0].get_content().strip()) == LONGEST


def test_a_record_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "alerts.sqlite").write_text("this is no database, only words " * 40)
    with serving(Hook()) as hook, pytest.raises(InfrastructureError, match="record of alerts"):
        Alerts(tmp_path / "alerts.sqlite", site(hook=hook)).tell([FAILED])


def test_an_address_that_cannot_be_written_stops_no_other_channel(tmp_path: Path) -> None:
    with serving(Hook()) as hook:
        broken = site(hook=hook).model_copy(
            update={"smtp_host": "mail..example.org", "alert_to": ("steward@example.org",)}
        )
        alerts = Alerts(tmp_path / "alerts.sqlite", broken)
        alerts.tell([FAILED])
        [fault] = alerts.deliver()
        assert fault.startswith("e-mail: a message could not be sent")
        assert len(hook.received) == 1
