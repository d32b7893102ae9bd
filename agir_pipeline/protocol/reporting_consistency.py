"""What a protocol wants told beside its effects must name what its sources and covariates hold."""

from collections.abc import Iterator

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

WINDOW = 2


def _causes_use_the_origin(raw: Raw) -> Iterator[Mistake]:
    for position, outcome in enumerate(items(raw, "outcome"), 1):
        causes, where = table(outcome, "causes"), f"{place('outcome', position, outcome)} › causes"
        own = _own_columns(raw, text(outcome, "origin"))
        if not causes or not own:
            continue
        for key in ("reason_column", "initiative_column"):
            name = text(causes, key)
            if name is not None and name not in own:
                yield unknown(where, key, name, own)
        known = codes(own.get(text(causes, "reason_column") or "", {})) or set()
        groups = items(causes, "class")
        used = [code for group in groups for code in texts(group, "codes")]
        for code in dict.fromkeys(used):
            if code not in known:
                yield unknown(where, "class › codes", code, known)
            if used.count(code) > 1:
                message = _("'{name}' is declared more than once").format(name=code)
                yield Mistake(f"{where} › class › codes", message)


def _waves_use_sources(raw: Raw) -> Iterator[Mistake]:
    answering = names([s for s in items(raw, "source") if s.get("feeds") == "answer"])
    persons = columns(raw, "person", warehouse_only=True)
    for position, wave in enumerate(items(raw, "wave"), 1):
        where, origin = place("wave", position, wave), text(wave, "origin")
        if origin is not None and origin not in answering:
            yield unknown(where, "origin", origin, answering)
            continue
        own = _own_columns(raw, origin)
        for key in ("complete_when", "only_when"):
            for name in table(wave, key):
                if name not in own:
                    yield unknown(where, key, name, own)
        contact = text(wave, "contact_column")
        if contact is not None and contact not in persons:
            yield unknown(where, "contact_column", contact, persons)
        yield from _loss_is_told(f"{where} › lost", table(wave, "lost"), persons)
        window = numbers(table(wave, "window_days").get("value"))
        if window is not None and (len(window) != WINDOW or min(window) < 0):
            message = _("names two numbers: days before, days after")
            yield Mistake(f"{where} › window_days", message)


def _loss_is_told(where: str, lost: Raw, persons: dict[str, Raw]) -> Iterator[Mistake]:
    for key in ("column", "day_column"):
        name = text(lost, key)
        if name is not None and name not in persons:
            yield unknown(where, key, name, persons)
    known = codes(persons.get(text(lost, "column") or "", {})) or set()
    yield from (unknown(where, "codes", c, known) for c in texts(lost, "codes") if c not in known)


def _subgroups_are_covariates(raw: Raw) -> Iterator[Mistake]:
    """Those with levels, or the name of the rules of funding: whether somebody is eligible."""
    levelled = [
        covariate
        for covariate in items(raw, "covariate")
        if covariate.get("scale") == "category" or covariate.get("cut_points")
    ]
    categories = names(levelled)
    categories += names([table(raw, "funding")])
    for name in texts(raw.get("inference"), "subgroups"):
        if name not in categories:
            yield unknown("inference", "subgroups", name, categories)


def _help_is_answered(raw: Raw) -> Iterator[Mistake]:
    asked = columns(raw, "answer", warehouse_only=True)
    allowed = [name for name, column in asked.items() if column.get("type") == "boolean"]
    name = text(table(raw, "inference"), "helped_column")
    if name and name not in allowed:
        yield unknown("inference", "helped_column", name, allowed)


def _territory_uses_a_rule(raw: Raw) -> Iterator[Mistake]:
    """The rule names codes, which its ground is told by; the zone is a code of persons."""
    territory = table(raw, "territory")
    name, zone = text(territory, "eligibility"), text(territory, "zone_column")
    rules = names([rule for rule in items(raw, "eligibility") if texts(rule, "one_of")])
    if name is not None and name not in rules:
        yield unknown("territory", "eligibility", name, rules)
    coded = [n for n, c in columns(raw, "person", warehouse_only=True).items() if codes(c)]
    if zone is not None and zone not in coded:
        yield unknown("territory", "zone_column", zone, coded)


def _reach_uses_columns(raw: Raw) -> Iterator[Mistake]:
    outreach = table(raw, "outreach")
    own = _own_columns(raw, text(outreach, "origin"))
    persons = columns(raw, "person", warehouse_only=True)
    for key, known in (("obstacle_column", own), ("referral_column", persons)):
        name = text(outreach, key)
        coded = [one for one, column in known.items() if codes(column)]
        if name is not None and name not in coded:
            yield unknown("outreach", key, name, coded)
    sent, kinds = (
        codes(known.get(text(outreach, key) or "", {}))
        for known, key in ((persons, "referral_column"), (own, "type_column"))
    )
    for code, kind in table(outreach, "referred_by").items():
        if sent is not None and code not in sent:
            yield unknown("outreach › referred_by", "code", code, sent)
        if kinds is not None and isinstance(kind, str) and kind not in kinds:
            yield unknown("outreach › referred_by", "type", kind, kinds)


def _committees_use_the_log(raw: Raw) -> Iterator[Mistake]:
    """Who is present is a code of the log; whose case is reviewed, a key of a list of persons."""
    governance = table(raw, "governance")
    own = _own_columns(raw, text(governance, "origin"))
    reviews, membership = table(governance, "reviews"), table(governance, "membership")
    committees = [c["code"] for c in items(governance, "committee") if text(c, "code")]
    listing = names([s for s in items(raw, "source") if s.get("feeds") == "person"])
    persons = _own_columns(raw, text(reviews, "persons_origin"))
    days = [name for name, column in persons.items() if column.get("type") == "date"]
    for section, part, key, known in (
        ("membership", membership, "present_column", [n for n, c in own.items() if codes(c)]),
        ("reviews", reviews, "committee", committees),
        ("reviews", reviews, "listed_column", list(own)),
        ("reviews", reviews, "persons_origin", listing),
        ("reviews", reviews, "key_column", list(persons)),
        ("reviews", reviews, "entered_column", days),
        ("reviews", reviews, "left_column", days),
    ):
        name = text(part, key)
        if name is not None and name not in known:
            yield unknown(f"governance › {section}", key, name, known)


def _own_columns(raw: Raw, origin: str | None) -> dict[str, Raw]:
    sources = [source for source in items(raw, "source") if source.get("name") == origin]
    return {
        column["name"]: column
        for source in sources
        for column in items(source, "column") + items(source, "derived")
        if isinstance(column.get("name"), str)
    }


REPORTING_CHECKS = (
    _causes_use_the_origin,
    _waves_use_sources,
    _subgroups_are_covariates,
    _help_is_answered,
    _territory_uses_a_rule,
    _reach_uses_columns,
    _committees_use_the_log,
)
