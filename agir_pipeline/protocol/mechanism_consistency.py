"""What a protocol wants told of employment and mechanism must stand in its sources and waves."""

from collections.abc import Iterable, Iterator

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import (
    Raw,
    codes,
    columns,
    items,
    names,
    numbers,
    place,
    table,
    text,
    texts,
    unknown,
)

ANSWERED = ("now_column", "job_start_column", "qualification_column")
LOGGED = ("day_column", "time_column", "minutes_column", "themes_column", "phase_column",
          "present_column", "shared_by_column", "subthemes_column")  # fmt: skip


def _employment_is_told(raw: Raw) -> Iterator[Mistake]:
    where, written = "employment", table(raw, "employment")
    if not written:
        return
    answers = columns(raw, "answer", warehouse_only=True)
    waves = names(items(raw, "wave"))
    kinds = _of_kind(raw, "status")
    register = [s for s in items(raw, "source") if s.get("name") == written.get("register_origin")]
    yield from _named(where, written, ("outcome",), kinds)
    yield from _named(where, written, ("wave",), waves)
    yield from _named(where, written, ("register_origin",), _feeding(raw, "spell"))
    yield from _named(where, written, ANSWERED, answers)
    for key in ("now_waves", "qualification_waves"):
        yield from _all_known(where, key, texts(written, key), waves)
    yield from _all_known(where, "month_columns", texts(written, "month_columns"), answers)
    own = {c["name"]: c for s in register for c in items(s, "column") if text(c, "name")}
    if own:
        yield from _named(where, written, ("lasting_column",), own)
        contracts = columns(raw, "spell", warehouse_only=True)
        yield from _traits_are_told(f"{where} › profile", table(written, "profile"), contracts)
    lasting = codes(own.get(text(written, "lasting_column") or "", {}))
    if lasting:
        yield from _all_known(where, "lasting_codes", texts(written, "lasting_codes"), lasting)
    for number, situation in enumerate(items(written, "situation"), 1):
        at = f"{where} › {place('situation', number, situation)}"
        for rule in items(situation, "true_when"):
            yield from _rule_uses(at, rule, answers)
    yield from _each_once(f"{where} › situation", names(items(written, "situation")))


def _traits_are_told(where: str, profile: Raw, own: dict[str, Raw]) -> Iterator[Mistake]:
    """A trait has codes, or numbers and the points that cut them into classes."""
    numbered = [name for name, c in own.items() if c.get("type") in ("integer", "number")]
    coded = [name for name, column in own.items() if codes(column)]
    yield from _named(where, profile, ("months_column",), numbered)
    for number, trait in enumerate(items(profile, "trait"), 1):
        at, points = f"{where} › trait {number}", numbers(trait.get("cut_points"))
        yield from _named(at, trait, ("column",), numbered if points else coded)
        if points and points != sorted(set(points)):
            yield Mistake(f"{at} › cut_points", _("must increase"))


def _mechanism_is_told(raw: Raw) -> Iterator[Mistake]:
    where, written = "mechanism", table(raw, "mechanism")
    if not written:
        return
    answers = columns(raw, "answer", warehouse_only=True)
    known = {key: names(items(written, key)) for key in ("moment", "party", "scale")}
    yield from _named(where, written, ("outcome",), _of_kind(raw, "event"))
    yield from _named(where, written, ("start_moment", "end_moment"), known["moment"])
    yield from _named(where, written, ("respondent_column",), answers)
    for number, asked in enumerate(items(written, "asked"), 1):
        at = f"{where} › {place('asked', number, asked)}"
        yield from _named(at, asked, ("wave",), names(items(raw, "wave")))
        for key in ("moment", "party"):
            yield from _named(at, asked, (key,), known[key])
    for number, risk in enumerate(items(written, "risk"), 1):
        at = f"{where} › {place('risk', number, risk)}"
        yield from _rule_uses(at, table(risk, "rule"), answers)
    for key in ("moment", "party", "scale", "risk"):
        yield from _each_once(f"{where} › {key}", names(items(written, key)))
    yield from _scales_can_be_scored(where, written, answers)
    yield from _link_is_told(f"{where} › link", table(written, "link"), written)
    yield from _support_is_logged(raw, f"{where} › support", table(written, "support"))


def _scales_can_be_scored(where: str, written: Raw, answers: dict[str, Raw]) -> Iterator[Mistake]:
    for number, scale in enumerate(items(written, "scale"), 1):
        for place_of, dimension in enumerate(items(scale, "dimension"), 1):
            at = f"{where} › {place('scale', number, scale)}"
            at = f"{at} › {place('dimension', place_of, dimension)}"
            used = [*texts(dimension, "columns"), *texts(dimension, "version_columns")]
            if not used:
                yield Mistake(at, _("is empty; say what it is"))
            for name in used:
                if name not in answers:
                    yield unknown(at, "columns", name, answers)
                elif not {"minimum", "maximum"} <= set(answers[name]):
                    message = _("'{name}' has no limits: minimum and maximum make the score")
                    yield Mistake(at, message.format(name=name))


def _link_is_told(where: str, link: Raw, written: Raw) -> Iterator[Mistake]:
    asked = [text(one, "wave") for one in items(written, "asked")]
    yield from _named(where, link, ("scale",), names(items(written, "scale")))
    yield from _named(where, link, ("wave",), [wave for wave in asked if wave])
    limits = [one.get("from_score") for one in items(link, "class")]
    told = [limit for limit in limits if isinstance(limit, int | float)]
    if told != sorted(set(told)):
        yield Mistake(f"{where} › class › from_score", _("must increase"))


def _support_is_logged(raw: Raw, where: str, support: Raw) -> Iterator[Mistake]:
    yield from _named(where, support, ("origin",), _feeding(raw, "session"))
    found = [s for s in items(raw, "source") if s.get("name") == support.get("origin")]
    own = {c["name"]: c for s in found for c in items(s, "column") if text(c, "name")}
    if not own:
        return
    yield from _named(where, support, LOGGED, own)
    for key, column in (("joint_when", "present_column"), ("watched_theme", "themes_column")):
        declared = codes(own.get(text(support, column) or "", {})) or set()
        said = texts(support, key) or [text(support, key) or ""]
        yield from _all_known(where, key, said, declared)


def _of_kind(raw: Raw, kind: str) -> list[str]:
    return names([outcome for outcome in items(raw, "outcome") if outcome.get("kind") == kind])


def _feeding(raw: Raw, feeds: str) -> list[str]:
    return names([source for source in items(raw, "source") if source.get("feeds") == feeds])


def _named(
    where: str, written: Raw, keys: Iterable[str], known: Iterable[str]
) -> Iterator[Mistake]:
    for key in keys:
        name = text(written, key)
        if name is not None and name not in known:
            yield unknown(where, key, name, known)


def _all_known(
    where: str, key: str, said: Iterable[str], known: Iterable[str]
) -> Iterator[Mistake]:
    yield from (unknown(where, key, name, known) for name in said if name not in known)


def _rule_uses(where: str, rule: Raw, known: dict[str, Raw]) -> Iterator[Mistake]:
    for name in (*table(rule, "codes"), *table(rule, "minimum"), *table(rule, "above")):
        if name not in known:
            yield unknown(where, "column", name, known)
    for name, used in table(rule, "codes").items():
        declared = codes(known.get(name, {}))
        if declared is not None:
            yield from _all_known(where, f"codes › {name}", texts({"c": used}, "c"), declared)


def _each_once(where: str, said: list[str]) -> Iterator[Mistake]:
    for name in sorted(set(said)):
        if said.count(name) > 1:
            yield Mistake(where, _("'{name}' is declared more than once").format(name=name))


def _actual_ends_are_known(raw: Raw) -> Iterator[Mistake]:
    """How a contract ended is read from the contracts of an event outcome."""
    for position, outcome in enumerate(items(raw, "outcome"), 1):
        for number, definition in enumerate(items(outcome, "definition"), 1):
            if text(definition, "counted_from") == "actual_end" and not _of_kind(raw, "event"):
                at = f"{place('outcome', position, outcome)} › "
                at += f"{place('definition', number, definition)} › counted_from"
                yield Mistake(
                    at, _("'{name}' needs an outcome of kind 'event'").format(name="actual_end")
                )


def _waves_are_there(raw: Raw) -> Iterator[Mistake]:
    """Both read the answers of waves, and contracts that an event outcome follows."""
    for section in ("employment", "mechanism"):
        if table(raw, section) and not (items(raw, "wave") and _of_kind(raw, "event")):
            yield Mistake(section, _("needs waves of answers and an outcome of kind 'event'"))


MECHANISM_CHECKS = (
    _waves_are_there,
    _actual_ends_are_known,
    _employment_is_told,
    _mechanism_is_told,
)
