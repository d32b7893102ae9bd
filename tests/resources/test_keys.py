"""Keyed hashes: stable, apart by purpose, and silent about their keys."""

import base64
import hmac
import re
import stat
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agir_pipeline.errors import UsageError
from agir_pipeline.resources.keys import PURPOSES, Keys

HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
KNOWN = Keys(Path("/nowhere"), dict.fromkeys(PURPOSES, HEX))


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path / "keys")
    made.create()
    return made


def test_new_keys_are_random_apart_and_for_their_owner_alone(keys: Keys, tmp_path: Path) -> None:
    contents = [(keys.folder / f"{purpose}.key").read_bytes() for purpose in PURPOSES]
    assert len(set(contents)) == 3
    assert {len(content) for content in contents} == {32}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in keys.folder.iterdir()}
    assert modes == {0o400}
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    other = Keys(tmp_path / "other")
    other.create()
    assert other.fingerprint() != keys.fingerprint()


def test_keys_that_exist_are_never_touched(keys: Keys) -> None:
    before = keys.fingerprint(), keys.person_id("register\x1fA1")
    keys.create()
    assert (keys.fingerprint(), keys.person_id("register\x1fA1")) == before


def test_a_pseudonym_is_what_it_always_was() -> None:
    """HMAC-SHA-256 of a known key: a change here renames everybody in every study."""
    digest = hmac.digest(bytes.fromhex(HEX), b"agir/v1/person\x00pool\x1fA1", "sha256")[:16]
    expected = "k1." + base64.b32encode(digest).decode().rstrip("=").lower()
    assert KNOWN.person_id("pool\x1fA1") == expected
    assert re.fullmatch(r"k1\.[a-z2-7]{26}", expected)


def test_the_same_text_under_each_purpose_is_another_hash() -> None:
    found = {
        KNOWN.tie_order("pool\x1fA1")[:32],
        KNOWN.entity_id("pool", "A1"),
        KNOWN.entity_id("pool\x00A1", ""),
        KNOWN.record_key.hex()[:32],
        KNOWN.fingerprint(),
    }
    assert len(found) == 5


@given(st.text(min_size=1))
def test_the_form_of_accents_and_outer_spaces_do_not_matter(text: str) -> None:
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, text)
        assert KNOWN.person_id(f" {written} ") == KNOWN.person_id(text)
        assert KNOWN.entity_id("pool", written) == KNOWN.entity_id("pool", text)


def test_keys_that_differ_in_case_are_two_keys() -> None:
    assert KNOWN.person_id("ab-1") != KNOWN.person_id("AB-1")
    assert KNOWN.entity_id("pool", "ab-1") != KNOWN.entity_id("pool", "AB-1")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=4), min_size=2, max_size=2))
def test_different_persons_have_different_pseudonyms(texts: list[str]) -> None:
    one, other = (unicodedata.normalize("NFC", text).strip() for text in texts)
    assert (KNOWN.person_id(one) == KNOWN.person_id(other)) == (one == other)


def refused(keys: Keys) -> str:
    with pytest.raises(UsageError) as caught:
        keys.person_id("A1")
    assert caught.value.exit_code == 2
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    assert "the person key" in refused(Keys(tmp_path))
    assert "restore it from its backup" in refused(Keys(tmp_path))


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420, 0o644])
def test_a_key_that_others_can_read_is_refused(mode: int, keys: Keys) -> None:
    (keys.folder / "person.key").chmod(mode)
    assert "can be read by others; run: chmod 400" in refused(keys)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"SECRET-SECRET-SECRET", "has 20 bytes, 32 are needed"),
        (b"", "has 0 bytes, 32 are needed"),
        (b"SECRET" * 8, "is not random; make one with: openssl rand -hex 32"),
        (bytes(32), "is not random"),
    ],
)
def test_a_weak_key_is_refused_without_being_shown(
    content: bytes, sentence: str, keys: Keys
) -> None:
    path = keys.folder / "person.key"
    path.unlink()
    path.write_bytes(content)
    path.chmod(0o400)
    text = refused(keys)
    assert sentence in text
    assert "SECRET" not in text
    assert content.hex() not in text or not content


def test_a_key_of_the_environment_is_used_before_the_file(keys: Keys) -> None:
    given_keys = Keys(keys.folder, {"person": HEX})
    assert given_keys.person_id("A1") == KNOWN.person_id("A1")
    assert given_keys.tie_order("A1") == keys.tie_order("A1")


@pytest.mark.parametrize("text", ["SECRETSECRET", HEX[:-1] + "g", HEX[:20]])
def test_a_wrong_key_of_the_environment_is_refused_without_being_shown(text: str) -> None:
    said = refused(Keys(Path("/nowhere"), {"person": text}))
    assert text not in said
    assert "person key" in said
