"""What the steward is told of sources that contradict each other: a count for each two of them."""

from typing import Any

import dagster as dg
import sqlalchemy as sa

from agir_pipeline.assets.markdown import markdown_table
from agir_pipeline.assets.step import Check, StepResult
from agir_pipeline.language import _, current_language
from agir_pipeline.resources.study import Study

TABLE = "contradictions"


def with_contradictions(study: Study, connection: sa.Connection, result: StepResult) -> StepResult:
    """The linked step with the check and the figures of its table of contradictions."""
    found = study.warehouse.read(connection, "linked", TABLE)
    names = {s.name: s.labels.in_language(current_language()) for s in study.protocol.sources}
    facts = {f.name: f.labels.in_language(current_language()) for f in study.protocol.shared_facts}
    places = ["fact", "source_a", "source_b"]
    counts = [
        (facts[fact], names[one], names[other], n)
        for fact, one, other, n in found.groupby(places)["person_id"]
        .nunique()
        .reset_index()
        .to_numpy()
        .tolist()
    ]
    n_told = result.n_rows["shared_facts"]
    sentence = _("{fact}: {one} and {other} contradict each other about {n} persons")
    check = Check(
        "sources_agree",
        n_told > 0 and found.empty,
        "\n".join(sentence.format(fact=f, one=a, other=b, n=n) for f, a, b, n in counts),
    )
    headings = [_("Fact"), _("Source"), _("Other source"), _("Persons")]
    figures: dict[str, Any] = {"by_fact": dg.MetadataValue.md(markdown_table(headings, counts))}
    return StepResult(
        result.n_rows,
        {**result.figures, TABLE: {**result.figures[TABLE], **figures}},
        {**result.checks, TABLE: [*result.checks[TABLE], check]},
    )
