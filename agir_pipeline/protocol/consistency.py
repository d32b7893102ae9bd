"""What a protocol says in one place must agree with what it says in another.

Works on the file as written, so that these mistakes come together with the structural ones.
Here the sources and who is who; the design of the comparison stands in ``design_consistency``.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.design_consistency import DESIGN_CHECKS
from agir_pipeline.protocol.facts_consistency import shared_facts_can_be_compared
from agir_pipeline.protocol.identity_consistency import IDENTITY_CHECKS
from agir_pipeline.protocol.judging_consistency import JUDGING_CHECKS
from agir_pipeline.protocol.mechanism_consistency import MECHANISM_CHECKS
from agir_pipeline.protocol.organisation_consistency import ORGANISATION_CHECKS
from agir_pipeline.protocol.reporting_consistency import REPORTING_CHECKS
from agir_pipeline.protocol.reserved_names import (
    outcome_tables_are_distinct,
    reserved_names_are_left_alone,
)
from agir_pipeline.protocol.rights_consistency import RIGHTS_CHECKS
from agir_pipeline.protocol.roles_consistency import ROLE_CHECKS
from agir_pipeline.protocol.written import (
    Raw,
    codes,
    items,
    names,
    place,
    table,
    text,
    texts,
    unknown,
)

FATES = ("gone", "still_true")
"""What can have become of a row that left its file."""


def inconsistencies(raw: Raw) -> list[Mistake]:
    """All disagreements inside one protocol, in the order of its sections."""
    checks: tuple[Callable[[Raw], Iterator[Mistake]], ...] = (
        _time_zone_exists,
        _study_starts_before_it_ends,
        _names_are_unique,
        _sources_hold_together,
        *IDENTITY_CHECKS,
        *DESIGN_CHECKS,
        *ROLE_CHECKS,
        shared_facts_can_be_compared,
        *ORGANISATION_CHECKS,
        *REPORTING_CHECKS,
        *MECHANISM_CHECKS,
        *JUDGING_CHECKS,
        *RIGHTS_CHECKS,
        reserved_names_are_left_alone,
        outcome_tables_are_distinct,
    )
    return [mistake for check in checks for mistake in check(raw)]


def _time_zone_exists(raw: Raw) -> Iterator[Mistake]:
    name = text(table(raw, "study"), "time_zone")
    try:
        ZoneInfo(name or "UTC")
    except (LookupError, ValueError, OSError):
        yield Mistake(
            "study › time_zone",
            _("'{name}' is not a time zone; write one such as Europe/Paris").format(name=name),
        )


def _study_starts_before_it_ends(raw: Raw) -> Iterator[Mistake]:
    days = (table(table(raw, "study"), key).get("value") for key in ("start_on", "end_on"))
    yield from _ordered("study › start_on", *days)


def _names_are_unique(raw: Raw) -> Iterator[Mistake]:
    sections = ("source", "covariate", "eligibility", "outcome", "shared_fact", "wave")
    groups = [(section, items(raw, section)) for section in sections]
    for position, source in enumerate(items(raw, "source"), 1):
        where = place("source", position, source)
        groups.append((f"{where} › column", items(source, "column") + items(source, "derived")))
        groups.append((f"{where} › provider", items(source, "provider")))
    for position, outcome in enumerate(items(raw, "outcome"), 1):
        where = place("outcome", position, outcome)
        groups.append((f"{where} › definition", items(outcome, "definition")))
    for where, group in groups:
        yield from _each_once(where, names(group))


def _each_once(where: str, said: list[str]) -> Iterator[Mistake]:
    for name in sorted(name for name, n in Counter(said).items() if n > 1):
        yield Mistake(where, _("'{name}' is declared more than once").format(name=name))


# ------------------------------------------------------------------------------ sources


def _sources_hold_together(raw: Raw) -> Iterator[Mistake]:
    for position, source in enumerate(items(raw, "source"), 1):
        where = place("source", position, source)
        own = {c["name"]: c for c in items(source, "column") if isinstance(c.get("name"), str)}
        yield from _each_once(f"{where} › key", texts(source, "key"))
        for name in texts(source, "key"):
            if name not in own:
                yield unknown(where, "key", name, own)
        yield from _files_are_told(where, source)
        yield from _arm_is_declared(where, source, own)
        yield from _role_is_declared(where, source, own)
        if not items(source, "provider"):
            yield Mistake(where, _("has no provider; say who delivers it"))
        yield from _headings_are_distinct(where, source)
        for number, column in enumerate(items(source, "column"), 1):
            yield from _column_is_usable(f"{where} › {place('column', number, column)}", column)
        for number, derived in enumerate(items(source, "derived"), 1):
            at = f"{where} › {place('derived', number, derived)}"
            yield from _derived_is_usable(at, derived, own)
        yield from _deliveries_can_be_compared(where, source, own)
        yield from _decisions_are_declared(where, source, own)
        yield from _law_uses_columns(where, source, own)
        yield from _pull_can_be_linked(where, source)


def _pull_can_be_linked(where: str, source: Raw) -> Iterator[Mistake]:
    """An anonymous survey is of no use: its answers could be linked to nobody."""
    pull = table(source, "pull")
    if pull.get("adapter") != "limesurvey":
        return
    if source.get("feeds") != "answer":
        yield Mistake(f"{where} › pull", _("a survey is pulled for a source that feeds answers"))
    headings = {
        heading
        for column in items(source, "column")
        if column.get("sensitivity") == "identifying"
        for heading in (text(column, "name"), *texts(column, "aliases"))
    }
    if "token" not in headings:
        yield Mistake(
            f"{where} › pull",
            _("no identifying column is headed token: anonymous answers could be linked to nobody"),
        )


def _deliveries_can_be_compared(where: str, source: Raw, own: dict[str, Raw]) -> Iterator[Mistake]:
    for name in texts(source, "same_person"):
        if name not in own:
            yield unknown(where, "same_person", name, own)
    for number, agreement in enumerate(items(source, "agreements"), 1):
        at = f"{where} › {place('agreements', number, agreement)} › columns"
        said = texts(agreement, "columns")
        for name in said:
            if name not in own:
                yield unknown(where, "agreements › columns", name, own)
        if len(said) != AGREEING:
            yield Mistake(at, _("names two columns: the one that decides, then the other"))
    days = [("back_dated", text(table(source, "back_dated"), "column"))]
    for pair in items(source, "in_order"):
        days += [("in_order", text(pair, "first")), ("in_order", text(pair, "then"))]
    for key, day in days:
        if day is not None and day not in own:
            yield unknown(where, key, day, own)
        elif day is not None and own[day].get("type") not in ("date", "instant"):
            yield Mistake(f"{where} › {key}", _("'{name}' is not a date").format(name=day))


def _law_uses_columns(where: str, source: Raw, own: dict[str, Raw]) -> Iterator[Mistake]:
    for number, rule in enumerate(items(source, "law"), 1):
        at = f"{where} › {place('law', number, rule)}"
        column, day = text(rule, "column"), text(rule, "day")
        for name in (column, day, *table(rule, "where")):
            if name is not None and name not in own:
                yield unknown(at, "column", name, own)
        if column in own and own[column].get("type") not in NUMERIC:
            yield Mistake(at, _("'{name}' is not a number").format(name=column))
        if day in own and own[day].get("type") not in ("date", "instant"):
            yield Mistake(at, _("'{name}' is not a date").format(name=day))
        yield from _ordered(f"{at} › valid_from", rule.get("valid_from"), rule.get("valid_to"))


def _decisions_are_declared(where: str, source: Raw, own: dict[str, Raw]) -> Iterator[Mistake]:
    for key in ("corrects", "maps", "settles"):
        said = table(source, key)
        if said and source.get("feeds") != "decision":
            yield Mistake(f"{where} › {key}", _("only sources of decisions decide something"))
        for role, name in said.items():
            if isinstance(name, str) and name not in own:
                yield unknown(where, f"{key} › {role}", name, own)
    fate = own.get(text(table(source, "settles"), "fate") or "")
    if fate is not None and codes(fate) != set(FATES):
        message = _("'{name}' must have the codes {codes} and no other")
        yield Mistake(
            f"{where} › settles › fate",
            message.format(name=fate["name"], codes=", ".join(FATES)),
        )


def _arm_is_declared(where: str, source: Raw, own: dict[str, Raw]) -> Iterator[Mistake]:
    arm = source.get("arm")
    if source.get("feeds") == "person" and arm is None:
        yield Mistake(where, _("feeds persons: say their arm"))
    if source.get("feeds") != "person" and arm is not None:
        yield Mistake(where, _("only sources that feed persons have an arm"))
    name = text(table(source, "arm"), "column")
    if name is not None and name not in own:
        yield unknown(where, "arm › column", name, own)
    declared = codes(own.get(name or "", {}))
    for code in table(table(source, "arm"), "codes"):
        if declared is not None and code not in declared:
            yield unknown(where, "arm › codes", code, declared)


def _role_is_declared(where: str, source: Raw, own: dict[str, Raw]) -> Iterator[Mistake]:
    """Spell and answer sources say which of their columns carry the dates."""
    spell, answered = table(source, "spell"), source.get("answered_at")
    if source.get("feeds") == "spell" and "spell" not in source:
        yield Mistake(where, _("feeds spells: a [source.spell] table must name its columns"))
    if source.get("feeds") == "answer" and answered is None:
        yield Mistake(where, _("feeds answers: answered_at must name the day of submission"))
    for key, name in {**spell, "answered_at": answered}.items():
        if not isinstance(name, str):
            continue
        if name not in own:
            yield unknown(where, key, name, own)
        elif key != "amendment_number" and own[name].get("type") not in ("date", "instant"):
            yield Mistake(f"{where} › {key}", _("'{name}' is not a date").format(name=name))
    number = text(spell, "amendment_number")
    if number is not None and number not in texts(source, "key"):
        yield Mistake(
            f"{where} › amendment_number",
            _("'{name}' must be part of the key: an amendment is a row of its own").format(
                name=number
            ),
        )


def _files_are_told(where: str, source: Raw) -> Iterator[Mistake]:
    providers = enumerate(items(source, "provider"), 1)
    places = [(where, source), *((f"{where} › {place('provider', n, p)}", p) for n, p in providers)]
    for at, written in places:
        if text(written, "sheet") and texts(written, "sheets"):
            yield Mistake(f"{at} › sheets", _("either sheet or sheets; one is enough"))
        name = text(written, "encoding")
        try:
            "".encode(name or "utf-8")
        except LookupError:
            yield Mistake(
                f"{at} › encoding",
                _("'{name}' is not an encoding of text; write one such as cp1252").format(
                    name=name
                ),
            )


def _headings_are_distinct(where: str, source: Raw) -> Iterator[Mistake]:
    """Two columns of one source may share a heading only on different days."""
    claimed: dict[str, str] = {}
    for column in items(source, "column"):
        name = text(column, "name") or "?"
        for heading in (name, *_labels(column), *texts(column, "aliases")):
            other = claimed.setdefault(heading.casefold().strip(), name)
            if other != name:
                yield Mistake(
                    f"{where} › column",
                    _("the heading '{heading}' stands for both {one} and {other}").format(
                        heading=heading, one=other, other=name
                    ),
                )


AGREEING = 2
NUMERIC = ("integer", "number", "minutes")


def _labels(written: Raw) -> list[str]:
    labels = table(written, "labels")
    return [label for label in (text(labels, "en"), text(labels, "fr")) if label is not None]


def _spellings_are_distinct(where: str, column: Raw) -> Iterator[Mistake]:
    """A cell may mean one code only."""
    claimed: dict[str, str] = {}
    for code in items(column, "codes"):
        name = text(code, "code") or "?"
        for spelling in dict.fromkeys((name, *_labels(code), *texts(code, "aliases"))):
            other = claimed.setdefault(spelling, name)
            if other != name:
                yield Mistake(
                    f"{where} › codes",
                    _("'{spelling}' stands for both {one} and {other}").format(
                        spelling=spelling, one=other, other=name
                    ),
                )


def _column_is_usable(where: str, column: Raw) -> Iterator[Mistake]:
    if column.get("type") in ("code", "codes") and not items(column, "codes"):
        yield Mistake(where, _("is a code without codes; list them with their labels"))
    pattern = text(column, "pattern")
    try:
        re.compile(pattern or "")
    except re.error as fault:
        yield Mistake(f"{where} › pattern", _("is not a pattern: {cause}").format(cause=fault))
    said = [text(code, "code") for code in items(column, "codes")]
    yield from _each_once(f"{where} › codes", [code for code in said if code is not None])
    yield from _spellings_are_distinct(where, column)
    yield from _ordered(f"{where} › minimum", column.get("minimum"), column.get("maximum"))
    for key in ("minimum", "maximum"):
        if key in column and not _is_limit(column[key], text(column, "type")):
            yield Mistake(
                f"{where} › {key}",
                _("the limits of a date are dates, those of a number are numbers"),
            )
    if "not_after" in column and column.get("type") not in ("date", "instant"):
        yield Mistake(f"{where} › not_after", _("only a date or an instant comes after another"))
    if pattern is not None and column.get("type") != "identifier":
        yield Mistake(f"{where} › pattern", _("only an identifier has a pattern"))
    if items(column, "codes") and column.get("type") not in (None, "code", "codes"):
        yield Mistake(f"{where} › codes", _("only a code has codes"))
    for number, alias in enumerate(items(column, "aliases"), 1):
        at = f"{where} › {place('aliases', number, alias)} › since"
        yield from _ordered(at, alias.get("since"), alias.get("until"))


def _is_limit(value: Any, kind: str | None) -> bool:
    """Whether a column of this type can have such a limit; texts and codes have none."""
    if kind in ("date", "instant"):
        return isinstance(value, date)
    if kind in NUMERIC:
        return isinstance(value, int | float)
    return kind not in ("text", "identifier", "code", "codes", "boolean")


def _ordered(where: str, low: Any, high: Any) -> Iterator[Mistake]:
    try:
        is_wrong = low is not None and high is not None and low > high
    except TypeError:  # two different kinds: said elsewhere
        is_wrong = False
    if is_wrong:
        yield Mistake(where, _("{low} comes after {high}").format(low=low, high=high))


DERIVED_FROM_TWO_DAYS = ("completed_years", "days_between")


def _derived_is_usable(where: str, derived: Raw, own: dict[str, Raw]) -> Iterator[Mistake]:
    inputs, method = texts(derived, "inputs"), derived.get("method")
    for name in inputs:
        if name not in own:
            yield unknown(where, "inputs", name, own)
        elif method in DERIVED_FROM_TWO_DAYS and own[name].get("type") not in ("date", "instant"):
            yield Mistake(f"{where} › inputs", _("'{name}' is not a date").format(name=name))
    if method in DERIVED_FROM_TWO_DAYS and len(inputs) != 2:
        yield Mistake(f"{where} › inputs", _("names two dates: from, then to"))
    if method == "lookup":
        yield from _lookup_is_usable(where, derived)
        day = text(derived, "day")
        if day is not None and own.get(day, {}).get("type") not in ("date", "instant"):
            yield Mistake(f"{where} › day", _("'{name}' is not a date").format(name=day))


def _lookup_is_usable(where: str, derived: Raw) -> Iterator[Mistake]:
    if "table" not in derived:
        yield Mistake(where, _("a lookup needs a table"))
    declared, otherwise = codes(derived), text(derived, "otherwise")
    if declared is None:
        yield Mistake(where, _("is a code without codes; list them with their labels"))
    elif otherwise is not None and otherwise not in declared:
        yield unknown(where, "otherwise", otherwise, declared)
