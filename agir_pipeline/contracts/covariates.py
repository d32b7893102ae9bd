"""The columns that the protocol's covariates become once folded for matching."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from math import inf

from agir_pipeline.contracts.model import Column, Text, in_language
from agir_pipeline.contracts.words import UNITS
from agir_pipeline.language import current_language, mark
from agir_pipeline.protocol.design import class_names
from agir_pipeline.protocol.model import Column as SourceColumn
from agir_pipeline.protocol.model import Covariate, Derived, Labels, Protocol, Source

MISSING_LEVEL: Mapping[str, Text] = {"missing": mark("Not known")}


BELOW, BETWEEN, ABOVE = (
    mark("under {high} {unit}"),
    mark("{low} to under {high} {unit}"),
    mark("{low} {unit} and more"),
)
SQUARED = mark("{covariate}, squared")
UNKNOWN = mark("{covariate}, not known")
OF_NUMBERS: Mapping[str, str] = {
    "value": "{covariate}", "value_squared": SQUARED, "missing": UNKNOWN,
}  # fmt: skip
"""What is compared of a number, as ``covariate_balance`` names it."""


def level_namer(protocol: Protocol) -> Callable[[str, str], str]:
    """What a level of a covariate is called in the language in force; a code of none as it is."""
    language = current_language()
    columns = {column.name: column for column in covariate_columns(protocol)}

    def name(covariate: str, level: str) -> str:
        column = columns.get(covariate)
        if column is None:
            return f"{covariate} · {level}"
        label = in_language(column.label, language)
        if column.type == "number" and level in OF_NUMBERS:
            return in_language(OF_NUMBERS[level], language).format(covariate=label)
        told = column.codes.get(level)
        return f"{label} · {level if told is None else in_language(told, language)}"

    return name


def covariate_columns(protocol: Protocol) -> tuple[Column, ...]:
    """One column per covariate as matched on: a number, or the name of a class or group."""
    return tuple(_column(covariate, protocol) for covariate in protocol.covariates)


def _column(covariate: Covariate, protocol: Protocol) -> Column:
    found = list(_origins(covariate, protocol))
    is_number = covariate.scale == "number" and not covariate.cut_points
    return Column(
        covariate.name,
        "number" if is_number else "text",
        covariate.labels,
        _description(covariate, protocol),
        unit=covariate.unit,
        codes={} if is_number else _levels(covariate, [column for _source, column in found]),
        is_closed=False,  # a class of a number or a group names itself
        is_nullable=is_number,
        is_measured_before_index=all(column.known_before_index for _source, column in found),
        sensitivity=(
            "sensitive" if any(c.sensitivity == "sensitive" for _source, c in found) else "none"
        ),
        source_columns=tuple(f"{source.name}.{column.name}" for source, column in found),
    )


def _origins(
    covariate: Covariate, protocol: Protocol
) -> Iterator[tuple[Source, SourceColumn | Derived]]:
    """The source columns a covariate is read from; for ``index`` those of the planned end."""
    feeds = "person" if covariate.origin == "person" else "spell"
    for source in protocol.feeding(feeds):
        names = {covariate.column}
        if covariate.origin == "index" and source.spell:
            lasting = source.spell.open_ended
            open_ended = (lasting.column, lasting.ends) if lasting else ()
            terms = (source.spell.planned_end, source.spell.amendment_effective, *open_ended)
            names = {name for name in terms if name}
        for column in source.warehouse_columns:
            if column.name in names:
                yield source, column


def _levels(covariate: Covariate, columns: list[SourceColumn | Derived]) -> dict[str, Text]:
    """Code → label, for codes that no group folds away."""
    if covariate.scale == "number":
        return {**_classes(covariate), **MISSING_LEVEL}
    known: dict[str, Text] = {code.code: code.labels for column in columns for code in column.codes}
    kept = {c: label for c, label in known.items() if c not in covariate.groups}
    return {**kept, **covariate.group_labels, **MISSING_LEVEL}


def _classes(covariate: Covariate) -> dict[str, Text]:
    """The classes of a number in words: a reader of French writes half-open ones otherwise."""
    points = (-inf, *covariate.cut_points, inf)
    told = zip(class_names(covariate.cut_points), pairwise(points), strict=True)
    return {
        name: Labels(**{code: _class(low, high, covariate.unit, code) for code in ("en", "fr")})
        for name, (low, high) in told
    }


def _class(low: float, high: float, unit: str, language: str) -> str:
    sentence = BELOW if low == -inf else ABOVE if high == inf else BETWEEN
    mark_of = "," if language == "fr" else "."
    numbers = {k: f"{v:g}".replace(".", mark_of) for k, v in (("low", low), ("high", high))}
    told = in_language(UNITS.get(unit, unit), language)
    return " ".join(in_language(sentence, language).format(**numbers, unit=told).split())


def _description(covariate: Covariate, protocol: Protocol) -> str:
    near_fine = protocol.matching.near_fine
    if near_fine and near_fine.covariate == covariate.name:
        return mark("As matched on; its shares among beneficiaries and controls are balanced")
    match covariate.role:
        case "exact":
            return mark("As matched on; equal within every pair")
        case "near_exact":
            return mark("As matched on; equal within a pair unless given up, on record")
        case "distance":
            return mark("As matched on; part of the distance")
        case _:
            return mark("Not matched on; watched")
