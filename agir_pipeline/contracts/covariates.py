"""The columns that the protocol's covariates become once folded for matching."""

from collections.abc import Iterator, Mapping

from agir_pipeline.contracts.model import Column, Text
from agir_pipeline.language import mark
from agir_pipeline.protocol.model import Column as SourceColumn
from agir_pipeline.protocol.model import Covariate, Derived, Protocol, Source

MISSING_LEVEL: Mapping[str, Text] = {"missing": mark("Not known")}


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
            terms = (source.spell.planned_end, source.spell.amendment_effective)
            names = {name for name in terms if name}
        for column in source.warehouse_columns:
            if column.name in names:
                yield source, column


def _levels(covariate: Covariate, columns: list[SourceColumn | Derived]) -> dict[str, Text]:
    """Code → label, for codes that no group folds away."""
    if covariate.scale == "number":
        return {}
    known: dict[str, Text] = {code.code: code.labels for column in columns for code in column.codes}
    return {c: label for c, label in known.items() if c not in covariate.groups} | dict(
        MISSING_LEVEL
    )


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
