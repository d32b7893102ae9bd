"""What the doctor finds before a night does: nobody to tell, no room left."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from agir_pipeline.doctor import examine
from agir_pipeline.language import use_language
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import init_home

SMALL = Path(__file__).parent / "study" / "small.toml"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    use_language("en")
    folder = tmp_path_factory.mktemp("doctor") / "home"
    init_home(folder, str(SMALL))
    return Home(folder)


def faults(home: Home) -> list[str]:
    use_language("en")
    return [finding.sentence for finding in examine(home) if not finding.is_well]


def settings(home: Home, *lines: str) -> None:
    (home.folder / "study.toml").write_text("\n".join(lines), encoding="utf-8")


def test_addresses_without_a_mail_server_are_a_fault(home: Home) -> None:
    settings(home, 'alert_to = ["steward@example.org"]')
    assert faults(home) == ["study.toml names alert_to but no smtp_host: no mail can leave"]


def test_a_mail_server_that_wants_a_password_nobody_set_is_a_fault(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AGIR_SMTP_PASSWORD", raising=False)
    settings(
        home, 'alert_to = ["a@example.org"]', 'smtp_host = "mail.example.org"', 'smtp_user = "agir"'
    )
    assert faults(home) == ["the environment does not hold AGIR_SMTP_PASSWORD"]
    monkeypatch.setenv("AGIR_SMTP_PASSWORD", "secret")
    assert faults(home) == []


def test_a_disk_without_room_is_a_fault_that_says_what_to_do(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 16_000_000))
    assert faults(home) == [
        "only 16 MB free on the disk of the study, a night may need 1000: free some"
    ]
