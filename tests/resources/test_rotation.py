"""A new key of persons: another pseudonym for everybody, and the old ones still known."""

import stat
from pathlib import Path

import pytest

from agir_pipeline.errors import UsageError
from agir_pipeline.resources.keys import Keys, keys_in_environment

OTHER = "f0e1d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path / "keys")
    made.create()
    return made


def test_everybody_is_renamed_and_nothing_else_changes(keys: Keys) -> None:
    before = keys.person_id("pool\x1fP1")
    same = (keys.tie_order("a"), keys.entity_id("s", "k"), keys.record_key, keys.tombstone("m"))
    fingerprint = keys.fingerprint()
    assert keys.rotate() == 2
    assert keys.person_id("pool\x1fP1").startswith("k2.")
    assert keys.person_ids("pool\x1fP1") == [before, keys.person_id("pool\x1fP1")]
    now = (keys.tie_order("a"), keys.entity_id("s", "k"), keys.record_key, keys.tombstone("m"))
    assert now == same
    assert keys.fingerprint() != fingerprint
    again = Keys(keys.folder)
    assert again.person_id("pool\x1fP1") == keys.person_id("pool\x1fP1")
    assert stat.S_IMODE((keys.folder / "person_2.key").stat().st_mode) == 0o400
    assert again.rotate() == 3


def test_a_rotation_killed_before_the_switch_uses_the_key_it_made(keys: Keys) -> None:
    keys.rotate()
    two = keys.person_id("a")
    (keys.folder / "epoch").unlink()
    assert Keys(keys.folder).epoch == 1
    again = Keys(keys.folder)
    again.rotate()
    assert again.person_id("a") == two


def test_a_weak_next_key_is_refused_and_the_old_one_stays(keys: Keys) -> None:
    before = keys.person_id("a")
    with pytest.raises(UsageError, match="not random"):
        keys.rotate(lambda n: b"x" * n)
    assert Keys(keys.folder).person_id("a") == before


def test_keys_of_the_environment_rotate_to_the_next_one_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Keys(tmp_path / "keys")
    made.create()
    monkeypatch.setenv("AGIR_KEY_PERSON", OTHER)
    keys = Keys(tmp_path / "keys", keys_in_environment())
    assert keys.person_id("a") != made.person_id("a")
    with pytest.raises(UsageError, match="AGIR_KEY_PERSON_2"):
        keys.rotate()
    monkeypatch.setenv("AGIR_KEY_PERSON_2", OTHER[::-1])
    later = Keys(tmp_path / "keys", keys_in_environment())
    assert later.rotate() == 2
    assert later.person_id("a").startswith("k2.")


def test_a_spoilt_note_of_the_key_in_use_is_told(keys: Keys) -> None:
    (keys.folder / "epoch").write_text("two")
    with pytest.raises(UsageError, match="does not say which key is in use"):
        keys.person_id("a")
