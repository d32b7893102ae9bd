"""How a table stands in the catalogue: described, owned, tagged, with its columns."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import dagster as dg

from agir_pipeline.contracts.answers import ANSWERS
from agir_pipeline.contracts.lineage import heading_of
from agir_pipeline.contracts.matched import FRONTIER, frontier_contract, matched_contracts
from agir_pipeline.contracts.model import Column, TableContract, in_language
from agir_pipeline.contracts.outcomes import outcome_contracts
from agir_pipeline.contracts.sql_words import PERSON_LINKS, protocol_column, sql_column
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.contracts.validated import validated_contracts
from agir_pipeline.language import _, current_language
from agir_pipeline.protocol.model import Column as SourceColumn
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.protocol.registry import models_folder
from agir_pipeline.resources.sql_models import SqlModels
from agir_pipeline.resources.study import STEPS, code_version

STEWARD = "team:steward"
FRESH = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(days=1, hours=2), fail_window=timedelta(days=1, hours=12)
)
"""One night missed is seen before the second."""
OF_FEED = {"person": "arm is_always_listed", "spell": "spell_id", "answer": "codebook"}
"""Columns that a validated source has besides those of every one."""


def group(step: str) -> str:
    return f"{STEPS.index(step) + 1}_{step}"


def asset_key(step: str, table: str) -> dg.AssetKey:
    return dg.AssetKey([step, table])


def asset_spec(
    protocol: Protocol,
    step: str,
    table: str,
    description: str,
    deps: Sequence[tuple[str, str]],
    kinds: Collection[str] = ("duckdb",),
) -> dg.AssetSpec:
    """One table in the catalogue: described, grouped, owned, tagged, with its columns."""
    columns = table_columns(protocol, step, table)
    source = next((s for s in protocol.sources if s.name == table), None)
    fed = source if step in ("raw", "validated") else None
    return dg.AssetSpec(
        asset_key(step, table),
        deps=[asset_key(*dep) for dep in deps],
        description=description,
        group_name=group(step),
        owners=[f"team:{p.name}" for p in fed.providers] if fed else [STEWARD],
        kinds=set(kinds),
        tags={"layer": step, "sensitivity": sensitivity(step, columns)},
        code_version=f"{code_version()}/{protocol.protocol_digest[:12]}",
        metadata={
            "dagster/table_name": f"{step}.{table}",
            "dagster/column_schema": dg.TableSchema(columns),
        },
        freshness_policy=FRESH if fed and step == "raw" and is_fed_nightly(fed) else None,
    )


def is_fed_nightly(source: Source) -> bool:
    """Whether a night without this source is late: the wave of a questionnaire is due once."""
    return source.wave is None and source.feeds != "answer"


def sensitivity(step: str, columns: Iterable[dg.TableColumn]) -> str:
    """What a table tells of persons: who they are, something under a pseudonym, or sums only."""
    if step == "raw":
        return "identifying"
    has_pseudonym = any("pii" in column.tags for column in columns)
    return "pseudonymised" if has_pseudonym or step in ("validated", "linked") else "sums"


def check_specs(
    step: str, checks: Mapping[str, str], blocking: Collection[str] = ()
) -> list[dg.AssetCheckSpec]:
    """``checks``: "table/check" → what it says; those named in ``blocking`` stop the step."""
    specs = []
    for place, text in checks.items():
        table, name = place.split("/")
        is_blocking = name in blocking
        specs.append(
            dg.AssetCheckSpec(
                name, asset=asset_key(step, table), description=_(text), blocking=is_blocking
            )
        )
    return specs


# ------------------------------------------------------------------------------- columns


def table_columns(protocol: Protocol, step: str, table: str) -> list[dg.TableColumn]:
    """The columns of a table as declared: by its contract, the protocol, or the SQL folder."""
    if step == "raw":
        return [_heading(column) for column in protocol.source(table).columns]
    contract = contract_of(protocol, step, table)
    if contract is not None:
        return [shown(column) for column in contract.columns]
    if step == "validated":
        return [shown(column) for column in _validated_columns(protocol, protocol.source(table))]
    return [shown(sql_column(name, protocol, step)) for name in _declared_in_sql(table)]


def contract_of(protocol: Protocol, step: str, table: str) -> TableContract | None:
    """The contract of a table made by a method; one made by SQL has none."""
    match step:
        case "validated" if table == ANSWERS.name:
            return ANSWERS
        case "validated":
            return validated_contracts(protocol).get(table)
        case "matched" if table == FRONTIER:
            return frontier_contract(protocol)
        case "matched":
            return matched_contracts(protocol).get(table)
        case "outcomes":
            return outcome_contracts(protocol).get(table)
        case "published":
            return table_contracts(protocol)[table].as_released()
        case _:
            return None


def shown(column: Column) -> dg.TableColumn:
    """A column in the reader's language; what is personal or sensitive in it is tagged."""
    language = current_language()
    texts = (in_language(text, language) for text in (column.label, column.description))
    tags = {"pii": "pseudonym"} if column.sensitivity == "pseudonym" else {}
    return dg.TableColumn(
        column.name,
        column.type,
        description=". ".join(text for text in texts if text),
        constraints=dg.TableColumnConstraints(nullable=column.is_nullable),
        tags=tags | ({"sensitivity": "sensitive"} if column.sensitivity == "sensitive" else {}),
    )


def as_built(protocol: Protocol, step: str, columns: Iterable[str]) -> dg.TableSchema:
    """The columns a table that SQL made really has, those of the study included."""
    found = (replace(sql_column(name, protocol, step), is_nullable=True) for name in columns)
    return dg.TableSchema([shown(column) for column in found])


def _heading(column: SourceColumn) -> dg.TableColumn:
    label = column.labels.in_language(current_language())
    return dg.TableColumn(
        heading_of(column),
        "text",
        description=f"{column.name}: {label}",
        tags={"pii": "identifying"} if column.is_identifying else {},
    )


def _validated_columns(protocol: Protocol, source: Source) -> Iterator[Column]:
    """Where the row stands, what it says, since when it is known, and whom it is about."""
    extra = OF_FEED.get(source.feeds, "")
    for name in ["record_id", "receipt_id", "provider", "sheet", "row_number"]:
        yield sql_column(name, protocol, "validated")
    for column in source.warehouse_columns:
        yield protocol_column(column.name, column)
    for name in f"known_on superseded_on extracted_on first_listed_on entity_id {extra}".split():
        yield replace(sql_column(name, protocol, "validated"), is_nullable=True)


@cache
def _declared_in_sql(table: str) -> tuple[str, ...]:
    """The columns that schema.yml lists for a model; study columns come with the run."""
    if table == "person_links":
        return PERSON_LINKS
    return tuple(column.name for column in models().project.declared[table].columns)


@cache
def models() -> SqlModels:
    """The SQL folder, read once."""
    return SqlModels(models_folder())
