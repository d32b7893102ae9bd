"""A night takes in what lies ready in the folders of partners."""

from pathlib import Path
from threading import Event, Thread

import pytest

from agir_pipeline.assets.raw import take_in
from agir_pipeline.errors import UsageError
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.study import open_study

SETTINGS = """
[files.experiment]
max_rows = 10
macros = true

[[location]]
source = "{source}"
provider = "{provider}"
url = "file://{folder}"
look_seconds = 0.0
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home"
    init_home(folder, "agir")
    return Home(folder)


def test_a_file_at_a_partners_is_taken_in_once(home: Home, tmp_path: Path) -> None:
    there = tmp_path / "partner"
    there.mkdir()
    (there / "pool 2010-11-05.csv").write_bytes(b"nom\nDUPONT\n")
    settings = SETTINGS.format(source="control_pool", provider="gref_formation", folder=there)
    (home.folder / "study.toml").write_text(settings)
    study = open_study(home.folder)
    assert take_in(study) == []
    assert take_in(study) == []
    (receipt,) = study.state().deliveries
    assert (receipt.source, receipt.provider, receipt.how) == (
        *("control_pool", "gref_formation"),
        "fetched",
    )
    assert receipt.file_name == "pool 2010-11-05.csv"
    assert home.landing.content(receipt) == b"nom\nDUPONT\n"
    assert list(there.iterdir()) == [there / "pool 2010-11-05.csv"]
    assert study.readings.intake.limits("experiment").rows == 10
    assert study.readings.intake.limits("experiment").macros
    assert not study.readings.intake.limits("control_pool").macros


def test_a_folder_that_is_gone_is_a_note_of_the_night(home: Home, tmp_path: Path) -> None:
    settings = SETTINGS.format(
        source="control_pool", provider="gref_formation", folder=tmp_path / "gone"
    )
    (home.folder / "study.toml").write_text(settings)
    (note,) = take_in(open_study(home.folder))
    assert "the folder does not exist" in note


def test_a_setting_that_is_none_is_named(home: Home) -> None:
    (home.folder / "study.toml").write_text("[files.experiment]\nmax_lines = 3\n")
    with pytest.raises(UsageError, match="files"):
        _unread = home.site


def test_a_file_that_grows_between_two_looks_is_left_for_the_next_night(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home.inbox / "control_pool" / "gref_formation" / "pool.csv"
    path.write_bytes(b"nom\n")
    monkeypatch.setenv("AGIR_SITE_INBOX_LOOK_SECONDS", "0.5")
    study = open_study(home.folder)
    is_copied = Event()

    def copy() -> None:
        with path.open("ab", buffering=0) as file:
            while not is_copied.wait(0.02):
                file.write(b"DUPONT\n")

    partner = Thread(target=copy)
    partner.start()
    notes = take_in(study)
    is_copied.set()
    partner.join()
    assert notes == [
        "inbox: control_pool/pool.csv is still changing; it is left for the next night"
    ]
    assert not study.state().deliveries
    assert take_in(study) == []
    (receipt,) = study.state().deliveries
    assert home.landing.content(receipt) == path.read_bytes()


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_night(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home.inbox / "control_pool" / "gref_formation" / "pool.csv"
    path.write_bytes(b"nom\n")
    (path.parent / "gone.csv").write_bytes(b"nom\n")
    whole = Path.read_bytes

    def growing(self: Path) -> bytes:
        content = whole(self)
        if self == path:
            path.write_bytes(content + b"DUPONT\n")
        if self.name == "gone.csv":
            raise FileNotFoundError
        return content

    study = open_study(home.folder)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", growing)
        assert take_in(study) == [
            "inbox: control_pool/pool.csv is still changing; it is left for the next night"
        ]
    (path.parent / "gone.csv").unlink()
    assert not study.state().deliveries
    assert take_in(study) == []
    (receipt,) = study.state().deliveries
    assert home.landing.content(receipt) == b"nom\nDUPONT\n"
