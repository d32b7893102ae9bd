"""Do the columns that rules rely on stand in every list, with one type, known by the index date?"""

from collections.abc import Iterator, Mapping

from agir_pipeline.errors import Mistake
from agir_pipeline.language import _
from agir_pipeline.protocol.written import (
    Raw,
    codes,
    is_number,
    items,
    place,
    table,
    text,
    texts,
)

MATCHED_ARMS = ("beneficiary", "control")


def _columns_of(source: Raw) -> dict[str, Raw]:
    """Name → column of one source, without those that only the vault may see."""
    return {
        column["name"]: column
        for column in items(source, "column") + items(source, "derived")
        if isinstance(column.get("name"), str) and column.get("sensitivity") != "identifying"
    }


def _feeding(raw: Raw, feeds: str) -> list[tuple[str, Raw]]:
    """Place and source of every source that feeds an entity."""
    return [
        (place("source", position, source), source)
        for position, source in enumerate(items(raw, "source"), 1)
        if source.get("feeds") == feeds
    ]


def _versions(raw: Raw, feeds: str, name: str | None) -> list[Raw]:
    """The columns of one name in all the sources that feed an entity."""
    found = [_columns_of(source).get(name or "") for _where, source in _feeding(raw, feeds)]
    return [column for column in found if column is not None]


def _arms(source: Raw) -> set[str | None]:
    """The arms of its people; None for what is no text, of which is said elsewhere."""
    arm = source.get("arm")
    if isinstance(arm, Mapping):
        meant = table(arm, "codes")
        return {text(meant, code) for code in meant}
    return {text(source, "arm")}


def _kind(column: Raw) -> object:
    """The type of the values; a derived column has the one of its method."""
    if "method" in column:
        return "code" if column["method"] == "lookup" else "integer"
    return column.get("type")


# ------------------------------------------------------------------------------- the lists


def both_arms_are_fed(raw: Raw) -> Iterator[Mistake]:
    people = _feeding(raw, "person")
    found = {arm for _where, source in people for arm in _arms(source)}
    if not found <= {*MATCHED_ARMS, "reference"}:
        return  # said elsewhere
    for arm in MATCHED_ARMS:
        if arm not in found:
            yield Mistake("source", _("no source gives anybody the arm '{arm}'").format(arm=arm))
    for where, source in people:
        name = text(table(source, "arm"), "column")
        for column in items(source, "column"):
            if name is not None and column.get("name") == name and codes(column) is None:
                message = _("'{name}' is not a code with its codes").format(name=name)
                yield Mistake(f"{where} › arm › column", message)


def columns_have_one_type(raw: Raw) -> Iterator[Mistake]:
    """Sources that feed the same entity are put one under the other."""
    for feeds in ("person", "spell", "answer"):
        first: dict[str, Raw] = {}
        for where, source in _feeding(raw, feeds):
            for name, column in _columns_of(source).items():
                other = first.setdefault(name, column)
                if _kind(column) != _kind(other):
                    message = _("is {one} here and {other} in another source").format(
                        one=_kind(column), other=_kind(other)
                    )
                    yield Mistake(f"{where} › column ({name}) › type", message)


def matched_columns_stand_in_every_list(raw: Raw) -> Iterator[Mistake]:
    """What is compared between arms must be asked of both."""
    wanted = [
        (place("covariate", position, covariate), text(covariate, "column"))
        for position, covariate in enumerate(items(raw, "covariate"), 1)
        if covariate.get("origin") == "person"
    ] + [
        (place("outcome", position, outcome), text(outcome, "column"))
        for position, outcome in enumerate(items(raw, "outcome"), 1)
        if outcome.get("kind") == "measure"
    ]
    lists = [(w, s) for w, s in _feeding(raw, "person") if _arms(s) & set(MATCHED_ARMS)]
    for at, name in wanted:
        if not _versions(raw, "person", name):
            continue  # said elsewhere
        for where, source in lists:
            if name not in _columns_of(source):
                message = _("{source} has no column '{name}'").format(source=where, name=name)
                yield Mistake(f"{at} › column", message)


def everybody_can_be_linked(raw: Raw) -> Iterator[Mistake]:
    """Contracts, and answers that make an outcome, find their person by a rule of both sides."""
    rules = table(raw, "identity").get("same_when")
    wanted = [set(texts({"rule": r}, "rule")) for r in (rules if isinstance(rules, list) else [])]
    origins = [text(outcome, "origin") for outcome in items(raw, "outcome")]
    people = [_all_names(source) for _where, source in _feeding(raw, "person")]
    for feeds in ("spell", "answer"):
        for where, source in _feeding(raw, feeds):
            if feeds == "answer" and source.get("name") not in origins:
                continue
            own = _all_names(source)
            if not any(
                rule and rule <= own and rule <= names for rule in wanted for names in people
            ):
                yield Mistake(where, _("no rule of [identity] links its rows to a person source"))


def _all_names(source: Raw) -> set[str]:
    return {c["name"] for c in items(source, "column") if isinstance(c.get("name"), str)}


# ------------------------------------------------------------------------------- the roles


def roles_are_known_before_index(raw: Raw) -> Iterator[Mistake]:
    """Who is in the study, and since when, may not depend on what came after."""
    for where, feeds, name in _roles(raw):
        if any(c.get("known_before_index") is False for c in _versions(raw, feeds, name)):
            message = _("'{name}' is not known before the index date; it can only be an outcome")
            yield Mistake(where, message.format(name=name))


def _roles(raw: Raw) -> Iterator[tuple[str, str, str | None]]:
    """Place, entity and column of everything that decides who is compared with whom."""
    for position, rule in enumerate(items(raw, "eligibility"), 1):
        at = f"{place('eligibility', position, rule)} › column"
        yield at, text(rule, "origin") or "", text(rule, "column")
        other = table(rule, "or_else")
        at = f"{place('eligibility', position, rule)} › or_else › column"
        yield at, text(other, "origin") or "", text(other, "column")
    yield from ((where, "person", name) for where, name in _dated_roles(raw))
    watched = text(table(raw, "enrolment"), "watched_column")
    yield "enrolment › watched_column", "person", watched
    for where, source in _feeding(raw, "person"):
        yield f"{where} › arm › column", "person", text(table(source, "arm"), "column")
    for where, source in _feeding(raw, "spell"):
        for role in ("starts", "planned_end"):
            yield f"{where} › {role}", "spell", text(table(source, "spell"), role)


def _dated_roles(raw: Raw) -> Iterator[tuple[str, str | None]]:
    index = table(table(raw, "matching"), "index")
    for key in ("entry_column", "supported_since_column", "consent_column"):
        yield f"matching › index › {key}", text(index, key)
    yield "enrolment › entry_column", text(table(raw, "enrolment"), "entry_column")


def roles_have_their_type(raw: Raw) -> Iterator[Mistake]:
    for where, name in _dated_roles(raw):
        if any(_kind(c) not in ("date", "instant") for c in _versions(raw, "person", name)):
            yield Mistake(where, _("'{name}' is not a date").format(name=name))
    for position, rule in enumerate(items(raw, "eligibility"), 1):
        where, name = place("eligibility", position, rule), text(rule, "column")
        yield from _limits_suit(where, rule, _versions(raw, text(rule, "origin") or "", name))


def _limits_suit(where: str, rule: Raw, found: list[Raw]) -> Iterator[Mistake]:
    name = text(rule, "column")
    if {"minimum", "maximum"} & set(rule) and not all(is_number(column) for column in found):
        yield Mistake(f"{where} › column", _("'{name}' is not a number").format(name=name))
    if "one_of" in rule and not all(_kind(c) in ("code", "text", "identifier") for c in found):
        yield Mistake(f"{where} › one_of", _("'{name}' has no codes").format(name=name))
    if rule.get("one_of") == []:
        yield Mistake(f"{where} › one_of", _("is empty; say what it is"))
    low, high = rule.get("minimum"), rule.get("maximum")
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        message = _("{low} comes after {high}").format(low=low, high=high)
        yield Mistake(f"{where} › minimum", message)


def index_has_its_sources(raw: Raw) -> Iterator[Mistake]:
    """Time zero is counted from the start of a contract."""
    has_index = "index" in table(raw, "matching")
    if has_index and not _feeding(raw, "spell"):
        yield Mistake("matching › index", _("counts from contracts: no source feeds spells"))
    for position, covariate in enumerate(items(raw, "covariate"), 1):
        if covariate.get("origin") == "index" and not has_index:
            yield Mistake(
                place("covariate", position, covariate),
                _("is counted from the index date: [matching.index] is missing"),
            )


def enrolment_watch_is_whole(raw: Raw) -> Iterator[Mistake]:
    enrolment = table(raw, "enrolment")
    if "watched_column" in enrolment and not texts(enrolment, "watched_codes"):
        yield Mistake("enrolment › watched_codes", _("is empty; say what it is"))
    for column in _versions(raw, "person", text(enrolment, "watched_column")):
        if codes(column) is None:
            message = _("'{name}' is not a code with its codes").format(name=column["name"])
            yield Mistake("enrolment › watched_column", message)
            return


ROLE_CHECKS = (
    both_arms_are_fed,
    columns_have_one_type,
    matched_columns_stand_in_every_list,
    everybody_can_be_linked,
    roles_are_known_before_index,
    roles_have_their_type,
    index_has_its_sources,
    enrolment_watch_is_whole,
)
