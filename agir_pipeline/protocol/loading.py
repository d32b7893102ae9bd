"""TOML file → ``Protocol``: every mistake at once, each with its place and what was expected."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agir_pipeline.errors import Mistake, ProtocolError
from agir_pipeline.language import _
from agir_pipeline.protocol.consistency import inconsistencies
from agir_pipeline.protocol.model import Protocol

PACKAGED = Path(__file__).parent
LABELLING = {"labels", "aliases", "title", "party", "language", "pull", "benchmark"}
"""Keys that say how things are called or fetched, not what the study compares."""


def packaged_protocols() -> dict[str, Path]:
    """The studies that ship with the package: name → file."""
    return {path.parent.name: path for path in sorted(PACKAGED.glob("*/*.toml"))}


def load_protocol(path: Path) -> Protocol:
    """The protocol in ``path``, whole and consistent.

    Raises:
        ProtocolError: with all mistakes of the file.
    """
    raw = _parse(path)
    mistakes = [Mistake("", text) for text in _missing_tables(raw, path.parent)]
    protocol = None
    try:
        protocol = Protocol.model_validate(
            {
                **raw,
                "design_digest": _digest(_design(raw), _tables(raw, path.parent)),
                "protocol_digest": _digest(raw, _tables(raw, path.parent)),
                "folder": path.parent,
            }
        )
    except ValidationError as fault:
        mistakes += [_as_mistake(error, raw) for error in fault.errors(include_url=False)]
    mistakes += inconsistencies(raw)
    if protocol is None or mistakes:
        raise ProtocolError(str(path), mistakes)
    return protocol


def table_names(raw: Mapping[str, Any]) -> list[str]:
    """The lookup tables a protocol names, relative to its file."""
    return sorted(
        {
            derived["table"]
            for source in _items(raw, "source")
            for derived in _items(source, "derived")
            if isinstance(derived.get("table"), str)
        }
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise ProtocolError(
            str(path),
            [Mistake("", _("the file cannot be read: {cause}").format(cause=fault.strerror))],
        ) from None
    except UnicodeDecodeError:
        raise ProtocolError(str(path), [Mistake("", _("the file is not UTF-8 text"))]) from None
    except tomllib.TOMLDecodeError as fault:
        raise ProtocolError(
            str(path), [Mistake("", _("not valid TOML: {cause}").format(cause=fault))]
        ) from None


def _items(parent: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    values = parent.get(key)
    for value in values if isinstance(values, list) else []:
        if isinstance(value, dict):
            yield value


def _missing_tables(raw: Mapping[str, Any], folder: Path) -> Iterator[str]:
    for name in table_names(raw):
        if not (folder / name).is_file():
            yield _("the lookup table {name} is not beside the protocol").format(name=name)


def _tables(raw: Mapping[str, Any], folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in table_names(raw)
        if (folder / name).is_file()
    }


def _design(value: Any) -> Any:
    """The protocol without the words that label it: a new heading alias changes no design."""
    if isinstance(value, Mapping):
        return {k: _design(v) for k, v in value.items() if k not in LABELLING}
    if isinstance(value, list):
        return [_design(v) for v in value]
    return value


def _digest(content: Any, tables: Mapping[str, str]) -> str:
    canonical = json.dumps([content, tables], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


# ------------------------------------------------------------------ mistakes in people's words


def _as_mistake(error: Any, raw: Mapping[str, Any]) -> Mistake:
    return Mistake(_place(error["loc"], raw), _sentence(error))


def _place(location: tuple[int | str, ...], raw: Any) -> str:
    """("source", 2, "column", 4, "type") → "source 3 (contracts) › column 5 (ended_on) › type"."""
    parts: list[str] = []
    here = raw
    for step in location:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
            name = here.get("name") if isinstance(here, dict) else None
            parts[-1] += f" {step + 1}" + (f" ({name})" if isinstance(name, str) else "")
        elif isinstance(here, dict) and (step in here or not _is_choice(step, here)):
            parts.append(step)
            here = here.get(step)
    return " › ".join(parts)


def _is_choice(step: str, here: Mapping[str, Any]) -> bool:
    """Whether pydantic put the name of a union's member in the path; people did not write it."""
    return step == here.get("kind") or not step.islower() or "[" in step


def _sentence(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    found = _in_words(error["input"])
    match kind:
        case "missing":
            return _("is missing")
        case "extra_forbidden":
            return _("is not a key the protocol knows here; check its spelling or remove it")
        case "literal_error" | "enum":
            return _("is {found}, expected {expected}").format(
                found=found, expected=context["expected"]
            )
        case "union_tag_invalid":
            return _("kind is {found}, expected {expected}").format(
                found=repr(context["tag"]), expected=context["expected_tags"]
            )
        case "union_tag_not_found":
            return _("kind is missing; say event, status or measure")
        case "string_pattern_mismatch":
            return _("is {found}, expected a name of small letters, digits and _").format(
                found=found
            )
        case "string_too_short":
            return _("is empty; say what it is")
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return _("is {found}, out of range ({limit})").format(
                found=found, limit=", ".join(f"{k} {v}" for k, v in context.items())
            )
        case _:
            return _("is {found}, expected {expected}").format(
                found=found, expected=_expected(kind)
            )


def _in_words(value: Any) -> str:
    """A value as its writer would name it; long ones by their type alone."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return repr(value) if len(value) <= 60 else _("a long text")
    if isinstance(value, dict):
        return _("a table of keys and values")
    return _("a list") if isinstance(value, list | tuple) else str(value)


def _expected(kind: str) -> str:
    words = {
        "string_type": _("a text in quotes"),
        "int_type": _("a whole number"),
        "int_from_float": _("a whole number"),
        "float_type": _("a number"),
        "bool_type": _("true or false"),
        "date_type": _("a date such as 2010-12-31, without quotes"),
        "tuple_type": _("a list in brackets"),
        "dict_type": _("a table of keys and values"),
        "model_type": _("a table of keys and values"),
        "model_attributes_type": _("a table of keys and values"),
    }
    return words.get(kind, kind.replace("_", " "))
