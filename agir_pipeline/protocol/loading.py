"""TOML file → ``Protocol``: every mistake at once, each with its place and what was expected."""

import errno
import hashlib
import json
import tomllib
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agir_pipeline.errors import Mistake, ProtocolError
from agir_pipeline.language import _
from agir_pipeline.protocol.consistency import inconsistencies
from agir_pipeline.protocol.lookup_tables import table_digests, table_mistakes
from agir_pipeline.protocol.mistakes import structural_mistakes
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.protocol.written import items, place

PACKAGED = Path(__file__).parent
LABELLING = {
    "labels", "group_labels", "aliases", "title", "party", "language", "pull", "benchmark",
    "shared_fact", "audit", "keep_until", "processing", "organisations", "warnings", "file_words",
}  # fmt: skip
"""Keys that say how things are called, fetched or checked, not what the study compares."""
FREE = {"groups", "codes", "minimum", "above", "now_means"}
"""Tables whose keys the author chooses: names of codes and columns, never labelling."""

_KEPT: deque[tuple[dict[Path, bytes], Protocol]] = deque(maxlen=4)
"""The protocols loaded last, each with what its files said."""


def packaged_protocols() -> dict[str, Path]:
    """The studies that ship with the package: name → file."""
    return {path.parent.name: path for path in sorted(PACKAGED.glob("*/*.toml"))}


def load_protocol(path: Path) -> Protocol:
    """The protocol in ``path``, whole and consistent.

    The same object again while the file and its tables say the same: what follows from a protocol
    is then worked out once as well.

    Raises:
        ProtocolError: with all mistakes of the file.
    """
    for said, protocol in tuple(_KEPT):
        if path in said and all(_says(*one) for one in said.items()):
            return protocol
    protocol = _loaded(path)
    files = [path, *(path.parent / name for name in protocol.tables)]
    _KEPT.append(({file: file.read_bytes() for file in files}, protocol))
    return protocol


def _says(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _loaded(path: Path) -> Protocol:
    raw = _parse(path)
    design, whole = digests(raw, table_digests(raw, path.parent))
    ours = {"design_digest": design, "protocol_digest": whole, "folder": path.parent}
    mistakes = [Mistake(where, _("is computed, never written")) for where in _computed(raw, ours)]
    protocol = None
    try:
        protocol = Protocol.model_validate({**raw, **ours})
    except ValidationError as fault:
        mistakes += structural_mistakes(fault, raw)
    mistakes += [*inconsistencies(raw), *table_mistakes(raw, path.parent)]
    if protocol is None or mistakes:
        raise ProtocolError(str(path), mistakes)
    zone = {"study_time_zone": protocol.study.time_zone}
    sources = tuple(source.model_copy(update=zone) for source in protocol.sources)
    return protocol.model_copy(update={"sources": sources})


def digests(raw: Mapping[str, Any], tables: Mapping[str, str]) -> tuple[str, str]:
    """The digest of the design, and that of the whole protocol with its tables.

    How the file is laid out matters to neither; a word that only names something, to the second.
    """
    return _digest(_design(raw), tables), _digest(raw, tables)


def read_protocol_text(path: Path) -> str:
    """The file as text, line ends as \\n; a byte order mark is no part of it.

    Raises:
        ProtocolError: there is no such file, or it is not UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, _("it is not a file"))  # a pipe would be waited for
        return path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        text = _("the file cannot be read: {cause}").format(cause=fault.strerror)
        raise ProtocolError(str(path), [Mistake("", text)]) from None
    except UnicodeDecodeError:
        raise ProtocolError(str(path), [Mistake("", _("the file is not UTF-8 text"))]) from None


def _computed(raw: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    yield from (key for key in ours if key in raw)
    for position, source in enumerate(items(raw, "source"), 1):
        if "study_time_zone" in source:
            yield f"{place('source', position, source)} › study_time_zone"


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_protocol_text(path))
    except tomllib.TOMLDecodeError as fault:
        text = _("not valid TOML: {cause}").format(cause=fault)
        raise ProtocolError(str(path), [Mistake("", text)]) from None
    except ValueError:  # the only other one tomllib lets through
        text = _("not valid TOML: {cause}").format(cause=_("a number has too many digits"))
        raise ProtocolError(str(path), [Mistake("", text)]) from None
    except RecursionError:
        text = _("not valid TOML: {cause}").format(cause=_("nested too deeply"))
        raise ProtocolError(str(path), [Mistake("", text)]) from None


def _design(value: Any) -> Any:
    """The protocol without the words that label it: a new heading alias changes no design."""
    if isinstance(value, Mapping):
        return {
            key: part if key in FREE and isinstance(part, Mapping) else _design(part)
            for key, part in value.items()
            if key not in LABELLING
        }
    return [_design(part) for part in value] if isinstance(value, list) else value


def _digest(content: Any, tables: Mapping[str, str]) -> str:
    canonical = json.dumps([content, tables], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
