"""Can organisations be known again by the columns a protocol names?"""

from collections.abc import Iterator

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import Raw, items, names, table, text, unknown

NUMBERS = ("siret", "number")
COLUMNS = (*NUMBERS, "name", "commune")


def _organisations_can_be_told(raw: Raw) -> Iterator[Mistake]:
    sources = {s["name"]: s for s in items(raw, "source") if isinstance(s.get("name"), str)}
    tellers = items(raw.get("organisations"), "told_by")
    for position, teller in enumerate(tellers, 1):
        where, name = f"organisations › told_by {position}", text(teller, "source")
        said = [(text(t, "role"), text(t, "source")) for t in tellers]
        if said.count((text(teller, "role"), name)) > 1:
            yield Mistake(where, _("the same role of the same source stands twice"))
        if not set(teller) & {*NUMBERS, "name"}:
            yield Mistake(where, _("names no column that tells an organisation"))
        if name is not None and name not in sources:
            yield unknown(where, "source", name, sources)
        elif name is not None:
            yield from _columns_suit(where, teller, items(sources[name], "column"))


def _columns_suit(where: str, teller: Raw, columns: list[Raw]) -> Iterator[Mistake]:
    known = {column["name"]: column for column in columns if isinstance(column.get("name"), str)}
    for key in COLUMNS:
        name = text(teller, key)
        if name is None:
            continue
        if name not in known:
            yield unknown(where, key, name, known)
        elif key in NUMBERS and known[name].get("sensitivity") == "identifying":
            message = _("'{name}' identifies a person: numbers are compared outside the vault")
            yield Mistake(f"{where} › {key}", message.format(name=name))
        elif key == "siret" and known[name].get("checksum") != "siret":
            message = _("'{name}' is read without the checksum of a SIRET")
            yield Mistake(f"{where} › {key}", message.format(name=name))


def _contacted_organisations_are_told(raw: Raw) -> Iterator[Mistake]:
    """The funnel counts organisations, not spellings."""
    origin = text(table(raw, "outreach"), "origin")
    told = [text(teller, "source") for teller in items(raw.get("organisations"), "told_by")]
    if origin in names(items(raw, "source")) and origin not in told:
        message = _("'{name}' is not told by [organisations]: spellings would be counted")
        yield Mistake("outreach › origin", message.format(name=origin))


def _spillover_can_be_told(raw: Raw) -> Iterator[Mistake]:
    """Roles that contracts tell by a number, and a covariate that pairs were matched on."""
    organisations = table(raw, "organisations")
    spillover = table(organisations, "spillover")
    spells = [text(s, "name") for s in items(raw, "source") if s.get("feeds") == "spell"]
    roles = {
        role
        for teller in items(organisations, "told_by")
        if (role := text(teller, "role"))
        and text(teller, "source") in spells
        and set(teller) & set(NUMBERS)
    }
    where = "organisations › spillover"
    known: tuple[tuple[str, set[str]], ...] = (
        ("role", roles),
        ("territory", set(names(items(raw, "covariate")))),
    )
    for key, possible in known:
        name = text(spillover, key)
        if name is not None and name not in possible:
            yield unknown(where, key, name, possible)


ORGANISATION_CHECKS = (
    _organisations_can_be_told,
    _contacted_organisations_are_told,
    _spillover_can_be_told,
)
