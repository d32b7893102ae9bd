"""A trail that was touched is found, wherever and however."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources.audit_trail import AuditTrail

KEY = bytes(range(32))
N_LINES, N_TAMPERED = 12, 1000


def trail(folder: Path, key: bytes = KEY) -> AuditTrail:
    folder.mkdir(exist_ok=True)
    return AuditTrail(folder, key, lambda: datetime(2010, 12, 31, 4, tzinfo=UTC))


@pytest.fixture
def kept(tmp_path: Path) -> AuditTrail:
    made = trail(tmp_path / "audit")
    for number in range(N_LINES):
        made.note(f"actor{number % 3}", "published", f"2010-12-{number + 10}", n=number)
    return made


def test_lines_tell_who_did_what_and_when_in_utc(kept: AuditTrail) -> None:
    first = json.loads(kept.path.read_text().splitlines()[0])
    assert first | {"seal": ""} == {
        "at": "2010-12-31T04:00:00+00:00",
        "actor": "actor0",
        "did": "published",
        "what": "2010-12-10",
        "n": 0,
        "seal": "",
    }
    assert kept.faults() == []
    assert kept.head() == json.loads(kept.path.read_text().splitlines()[-2])["seal"]
    assert kept.path.stat().st_mode & 0o077 == 0


def test_an_empty_trail_is_sound(tmp_path: Path) -> None:
    assert trail(tmp_path).faults() == []


def tampered(lines: list[str], chance: random.Random) -> list[str]:
    """One line changed, left out, doubled, moved, or the end cut off."""
    kind, at = chance.randrange(5), chance.randrange(len(lines))
    if kind == 0:
        place, new = chance.randrange(len(lines[at])), chance.choice("0a{} ")
        changed = lines[at][:place] + new + lines[at][place + 1 :]
        return [*lines[:at], changed if changed != lines[at] else "", *lines[at + 1 :]]
    if kind == 1:
        return lines[:at] + lines[at + 1 :]
    if kind == 2:
        return [*lines[: at + 1], *lines[at:]]
    if kind == 3:
        other = (at + 1 + chance.randrange(len(lines) - 1)) % len(lines)
        moved = list(lines)
        moved[at], moved[other] = moved[other], moved[at]
        return moved
    return lines[:at]


def test_a_thousand_tampered_trails_are_all_detected(kept: AuditTrail) -> None:
    lines, chance = kept.path.read_text().splitlines(), random.Random(1)
    missed = 0
    for _number in range(N_TAMPERED):
        content = "".join(f"{line}\n" for line in tampered(lines, chance))
        kept.path.write_text(content)
        missed += not kept.faults()
    assert missed == 0


def test_who_has_not_the_key_cannot_write_the_chain_anew(kept: AuditTrail, tmp_path: Path) -> None:
    forged = trail(tmp_path / "forged", key=bytes(32))
    forged.note("actor0", "published", "2010-12-31")
    kept.path.write_bytes(forged.path.read_bytes())
    assert kept.faults() == ["line 1 of the audit trail is not as it was written"]


def test_an_older_copy_in_its_place_is_found_by_what_was_noted_elsewhere(kept: AuditTrail) -> None:
    older, head = kept.path.read_bytes(), kept.head()
    kept.note("actor0", "published", "2011-01-31")
    assert kept.faults([head, kept.head()]) == []
    noted = kept.head()
    kept.path.write_bytes(older)
    assert kept.faults([head]) == []
    assert kept.faults([head, noted]) == ["the end of the audit trail is not where it was"]
    kept.path.unlink()
    assert kept.faults([head]) == ["the end of the audit trail is not where it was"]


def test_nothing_is_added_to_a_trail_that_was_touched(kept: AuditTrail) -> None:
    kept.path.write_text(kept.path.read_text()[:-40])
    with pytest.raises(InfrastructureError, match="restore it from a backup"):
        kept.note("actor0", "accepted", "2010-12-31")
    kept.path.write_text("[1]\n")
    assert len(kept.faults()) == 1


def test_a_trail_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    made = trail(tmp_path)
    made.path.mkdir()
    with pytest.raises(InfrastructureError):
        made.head()
