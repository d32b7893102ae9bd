"""Organisations in the linked step: labels of their names, and what the steward has to look at."""

from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.markdown import markdown_table
from agir_pipeline.assets.step import Check, StepResult
from agir_pipeline.contracts.model import in_language
from agir_pipeline.contracts.sql_words import LINKED
from agir_pipeline.language import _, current_language
from agir_pipeline.resources.organisation_names import organisation_labels
from agir_pipeline.resources.study import Study

TABLE = "organisation_conflicts"
ONLY_SHOWN = ("commune_missing",)
"""What nobody can settle while a source tells no commune: the table holds it, no check warns."""


def name_organisations(study: Study, connection: sa.Connection, identities: pd.DataFrame) -> None:
    """Put the labels of the names of organisations beside the rows; without any, nothing."""
    rules = study.protocol.organisations
    if rules is not None:
        labels = organisation_labels(study, connection, rules, identities)
        study.warehouse.replace(connection, "linked", "organisation_names", labels.names)
        study.warehouse.replace(connection, "linked", "organisation_words", labels.words)


def with_organisations(study: Study, connection: sa.Connection, result: StepResult) -> StepResult:
    """The linked step with the check and the figures of its table of conflicts."""
    found = study.warehouse.read(connection, "linked", TABLE, wanted=["conflict"])
    kinds = LINKED["conflict"].codes
    counts = [
        (in_language(kinds[str(code)], current_language()), n)
        for code, n in found["conflict"].value_counts().sort_index().items()
    ]
    n_named = result.n_rows["organisation_links"]
    check = Check(
        "organisations_agree",
        n_named > 0 and bool(found["conflict"].isin(ONLY_SHOWN).all()),
        "\n".join(_("{what}: {n}").format(what=what, n=n) for what, n in counts),
    )
    table = markdown_table([_("What does not fit"), _("Times")], counts)
    figures: dict[str, Any] = {"by_conflict": dg.MetadataValue.md(table)}
    return StepResult(
        result.n_rows,
        {**result.figures, TABLE: {**result.figures[TABLE], **figures}},
        {**result.checks, TABLE: [*result.checks[TABLE], check]},
    )
