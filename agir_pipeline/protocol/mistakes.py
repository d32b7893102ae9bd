"""Structural mistakes of a protocol in the words of the person who wrote it."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _, mark

NAMED_IN_CHOICES = re.compile(r"'([^']*)'")


def structural_mistakes(fault: ValidationError, raw: Mapping[str, Any]) -> list[Mistake]:
    """One mistake per place; where several things are allowed, all are named together."""
    by_place: dict[str, list[Any]] = {}
    for error in fault.errors(include_url=False):
        by_place.setdefault(_place(error, raw), []).append(error)
    return [
        Mistake(place, _sentence(errors))
        for place, errors in by_place.items()
        # Of a choice, the member whose inside is wrong is the one that was meant.
        if not any(other.startswith(f"{place} › ") for other in by_place)
    ]


def _place(error: Mapping[str, Any], raw: Any) -> str:
    """("source", 2, "column", 4, "type") → "source 3 (contracts) › column 5 (ended_on) › type".

    Steps that are not in the file are the names of pydantic's choices, unless what is wrong is
    that the last one is missing.
    """
    parts: list[str] = []
    here, location, kind = raw, error["loc"], error["type"]
    for number, step in enumerate(location, 1):
        if isinstance(step, int):
            here = here[step]
            name = here.get("name") if isinstance(here, dict) else None
            parts[-1] += f" {step + 1}" + (f" ({name})" if isinstance(name, str) else "")
        elif isinstance(here, dict) and step in here:
            parts.append(step)
            here = here[step]
        elif kind == "missing" and number == len(location):
            parts.append(step)
    if kind.startswith("union_tag"):
        parts.append(error["ctx"]["discriminator"].strip("'"))
    return " › ".join(parts)


def _sentence(errors: list[Any]) -> str:
    """What is wrong at one place."""
    first = errors[0]
    sentence = SENTENCES.get(first["type"])
    if sentence is not None:
        return _(sentence)
    found = in_words(first.get("ctx", {}).get("tag", first["input"]))
    expected = _either(choice for error in errors for choice in _expected(error))
    return _("is {found}, expected {expected}").format(found=found, expected=expected)


SENTENCES = {
    "missing": mark("is missing"),
    "extra_forbidden": mark(
        "is not a key the protocol knows here; check its spelling or remove it"
    ),
    "string_too_short": mark("is empty; say what it is"),
    "too_short": mark("is empty; say what it is"),
    "union_tag_not_found": mark("is missing"),
}


def in_words(value: Any) -> str:
    """A value as its writer would name it; long ones by their type alone."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 60 else _("a long text")
    if isinstance(value, dict):
        return _("a table of keys and values")
    return _("a list") if isinstance(value, list | tuple) else str(value)


def _expected(error: Any) -> list[str]:
    """What may stand there instead."""
    kind, context, found = error["type"], error.get("ctx", {}), error["input"]
    match kind:
        case "literal_error":
            return NAMED_IN_CHOICES.findall(context["expected"]) or [context["expected"]]
        case "union_tag_invalid":
            return NAMED_IN_CHOICES.findall(context["expected_tags"])
        case "greater_than":
            return [_("more than {limit}").format(limit=context["gt"])]
        case "greater_than_equal":
            return [_("{limit} or more").format(limit=context["ge"])]
        case "less_than_equal":
            return [_("{limit} or less").format(limit=context["le"])]
        case "less_than":
            return [_("less than {limit}").format(limit=context["lt"])]
        case "model_type":
            return [_model(str(context["class_name"]))]
        case "tuple_type" if isinstance(found, dict):
            return [_("several tables: write its name in double brackets, [[…]]")]
        case "date_type" if isinstance(found, date):
            return [_("a date such as 2010-12-31, without a time")]
        case _:
            return [_(EXPECTED.get(kind, SOMETHING_ELSE))]


EXPECTED = {
    "string_type": mark("a text in quotes"),
    "string_pattern_mismatch": mark("a name of small letters, digits and _, 40 at most"),
    "int_type": mark("a whole number"),
    "float_type": mark("a number"),
    "finite_number": mark("a number"),
    "bool_type": mark("true or false"),
    "date_type": mark("a date such as 2010-12-31, without quotes"),
    "tuple_type": mark("a list in brackets"),
    "dict_type": mark("a table of keys and values"),
    "model_attributes_type": mark("a table of keys and values"),
}
SOMETHING_ELSE = mark("something else")


def _model(name: str) -> str:
    if name.startswith("Fact"):
        return "{ value = …, unit = …, source = … }"
    return "{ en = …, fr = … }" if name == "Labels" else _("a table of keys and values")


def _either(choices: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(choices))
    *others, last = distinct
    return _("{others} or {last}").format(others=", ".join(others), last=last) if others else last
