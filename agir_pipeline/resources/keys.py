"""Secret keys: one for pseudonyms, one for records, one that orders ties. Each is kept apart."""

import hashlib
import hmac
import os
import secrets
import stat
import unicodedata
from base64 import b32encode
from collections.abc import Callable
from pathlib import Path

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.files import write_whole

FIRST = 1
PURPOSES = ("person", "record", "tie")
LENGTH = 32
LEAST_DIFFERENT = 12
"""32 random bytes hold some 30 different ones; fewer than these were typed, not drawn."""


class Keys:
    """Keyed hashes for one study; the keys never leave this object.

    A key is 32 random bytes in a file readable by its owner alone, or as hex in the environment
    variable given for its purpose.
    """

    def __init__(self, folder: Path, from_environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.from_environment = from_environment or {}
        self._known: dict[str, bytes] = {}
        self._epoch: int | None = None

    def create(self, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """Make the keys that do not exist yet; existing ones are never touched.

        Invented people need no secret: the demo draws its keys from its seed, so that equal
        matches are told apart alike each time.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for purpose in PURPOSES:
            if not self._path(purpose).exists():
                write_whole(self._path(purpose), draw(LENGTH), mode=0o400)

    def person_id(self, anchor: str) -> str:
        """The pseudonym of a person: HMAC-SHA-256 of the anchor, 128 bits, with the key's id."""
        return self._person_id(anchor, self.epoch)

    def person_ids(self, anchor: str) -> list[str]:
        """The pseudonyms of a person under every key there ever was, the present one last."""
        return [self._person_id(anchor, epoch) for epoch in range(FIRST, self.epoch + 1)]

    def _person_id(self, anchor: str, epoch: int) -> str:
        digest = self._digest(_named("person", epoch), "person", anchor)
        return f"k{epoch}.{b32encode(digest[:16]).decode().rstrip('=').lower()}"

    @property
    def epoch(self) -> int:
        """Which key of persons is in use: 1 until the first rotation."""
        if self._epoch is None:
            try:
                self._epoch = int((self.folder / "epoch").read_text(encoding="ascii"))
            except FileNotFoundError:
                self._epoch = FIRST
            except (OSError, ValueError):
                raise UsageError(
                    _("{path} does not say which key is in use; restore it from its backup").format(
                        path=self.folder / "epoch"
                    )
                ) from None
        return self._epoch

    def rotate(self, draw: Callable[[int], bytes] = secrets.token_bytes) -> int:
        """Put a new key of persons in use, at one stroke; gives its number.

        Keys of the past stay: by them an erasure finds somebody in releases of their time.

        Raises:
            UsageError: the keys come from the environment and the next one is not there.
        """
        epoch = self.epoch + 1
        name = _named("person", epoch)
        is_outside = bool(self.from_environment.get(_named("person", self.epoch)))
        if is_outside and not self.from_environment.get(name):
            raise UsageError(
                _("the keys come from the environment; put the next one into {name}").format(
                    name=variable_of(name)
                )
            )
        if not is_outside and not self._path(name).exists():
            write_whole(self._path(name), draw(LENGTH), mode=0o400)
        self._key(name)  # a weak one is refused before it is in use
        write_whole(self.folder / "epoch", str(epoch).encode(), mode=0o600)
        self._epoch = epoch
        return epoch

    def tie_order(self, anchor: str) -> str:
        """Where a person stands among equals; its key never rotates."""
        return self._digest("tie", "tie", anchor).hex()

    def entity_id(self, source: str, entity_key: str) -> str:
        """A business key that the warehouse may hold: the key itself stays in the vault."""
        return self._digest("record", "entity", source, entity_key).hex()[:32]

    def organisation_label(self, name: str) -> str:
        """The name of an organisation that the warehouse may hold: it may be somebody's name."""
        return self._digest("record", "organisation", name).hex()[:32]

    def tombstone(self, mark: str) -> str:
        """A mark of somebody who had the data erased, by which later rows are known."""
        return self._digest("record", "tombstone", mark).hex()[:32]

    @property
    def record_key(self) -> bytes:
        """The key under which rows of received files are named."""
        return hashlib.sha256(b"agir/v1/record\x00" + self._key("record")).digest()

    @property
    def audit_key(self) -> bytes:
        """The key of the chain of the audit trail."""
        return hashlib.sha256(b"agir/v1/audit\x00" + self._key("record")).digest()

    def actor_id(self, account: str) -> str:
        """Somebody who works on the study, without a name."""
        return self._digest("record", "actor", account).hex()[:16]

    def fingerprint(self) -> str:
        """Which keys are in use, without saying what they are."""
        used = [_named("person", self.epoch), *PURPOSES[1:]]
        joined = b"".join(self._key(purpose) for purpose in used)
        return hashlib.sha256(b"agir/v1/fingerprint\x00" + joined).hexdigest()[:12]

    def _digest(self, purpose: str, use: str, *texts: str) -> bytes:
        """The keyed hash of texts in one form, whatever the form of their accents.

        Case stays: two keys that differ in case are two keys, and must not share a pseudonym.
        """
        plain = [unicodedata.normalize("NFC", text).strip() for text in texts]
        message = "\x00".join([f"agir/v1/{use}", *plain]).encode()
        return hmac.digest(self._key(purpose), message, "sha256")

    def _path(self, purpose: str) -> Path:
        return self.folder / f"{purpose}.key"

    def _key(self, purpose: str) -> bytes:
        if purpose not in self._known:
            self._known[purpose] = self._sound_key(purpose)
        return self._known[purpose]

    def _sound_key(self, purpose: str) -> bytes:
        given = self.from_environment.get(purpose)
        key = _from_hex(purpose, given) if given else self._from_file(purpose)
        if len(key) >= LENGTH and len(set(key)) < LEAST_DIFFERENT:
            raise UsageError(
                _("the {purpose} key is not random; make one with: openssl rand -hex 32").format(
                    purpose=purpose
                )
            )
        if len(key) < LENGTH:
            raise UsageError(
                _("the {purpose} key has {n} bytes, {expected} are needed").format(
                    purpose=purpose, n=len(key), expected=LENGTH
                )
            )
        return key

    def _from_file(self, purpose: str) -> bytes:
        path = self._path(purpose)
        try:
            mode = path.stat().st_mode
            content = path.read_bytes()
        except OSError:
            raise UsageError(
                _("the {purpose} key {path} cannot be read; restore it from its backup").format(
                    purpose=purpose, path=path
                )
            ) from None
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(
                _("the {purpose} key {path} can be read by others; run: chmod 400 {path}").format(
                    purpose=purpose, path=path
                )
            )
        return content


def _named(purpose: str, epoch: int) -> str:
    return purpose if epoch == FIRST else f"{purpose}_{epoch}"


def variable_of(name: str) -> str:
    """The variable of the environment that may hold a key, in hexadecimal."""
    return f"AGIR_KEY_{name.upper()}"


def keys_in_environment() -> dict[str, str]:
    """Purpose → key, for those that the environment holds."""
    head = variable_of("")
    return {
        name.removeprefix(head).lower(): value
        for name, value in os.environ.items()
        if name.startswith(head)
    }


def _from_hex(purpose: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError(
            _("the {purpose} key in the environment is not written in hexadecimal").format(
                purpose=purpose
            )
        ) from None
