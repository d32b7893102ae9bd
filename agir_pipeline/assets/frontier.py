"""What each price of leaving somebody out would buy: on demand, for the committee, no night waits.

Reads what the rounds read and nothing else: no outcome and no date of exit.
"""

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import pandas as pd

from agir_pipeline.assets.catalogue import asset_key, asset_spec, check_specs
from agir_pipeline.assets.checks import CONTRACT, TEXTS, contract_checks
from agir_pipeline.assets.lineage import KEY, declared_lineage
from agir_pipeline.assets.markdown import markdown_table, picture
from agir_pipeline.assets.matched import known_then
from agir_pipeline.assets.step import BlockedStep, Check, StepResult, StudyRun, told_plainly
from agir_pipeline.contracts.matched import FRONTIER, frontier_contract
from agir_pipeline.language import _, mark
from agir_pipeline.methods.matching.frontier import AskedRound, frontier_plot, rounds_frontier
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.study import (
    Study,
    built_digests,
    contracts_known_to,
    due_instants,
    require_step,
)

TEXT = mark("On demand: what each price of leaving out buys")


def frontier_assets(protocol: Protocol) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=FRONTIER,
        specs=[asset_spec(protocol, "matched", FRONTIER, _(TEXT), [("linked", "participants")])],
        check_specs=check_specs("matched", {f"{FRONTIER}/{CONTRACT}": TEXTS[CONTRACT]}, {CONTRACT}),
    )
    def frontier(study_run: StudyRun) -> Iterator[Any]:
        with told_plainly():
            study = study_run.study()
            require_step(study, "linked")
            with study.warehouse.held():
                table, check = _made(study)
        lineage = declared_lineage(protocol, "matched")[FRONTIER]
        key = asset_key("matched", FRONTIER)
        yield dg.MaterializeResult(asset_key=key, metadata={KEY: lineage, **_shown(table)})
        yield dg.AssetCheckResult(
            asset_key=key,
            passed=check.has_passed,
            check_name=check.name,
            severity=check.severity,
            description=check.sentence,
        )

    return frontier


def _made(study: Study) -> tuple[pd.DataFrame, Check]:
    """The frontier over the rounds due by now, all of them formed anew at every price."""
    matching = study.protocol.matching
    spec = MatchingSpec.of(study.protocol)
    prices = [math.inf if p == "infinite" else p for p in matching.frontier_prices]
    table = rounds_frontier([_asked(study, day) for day in due_instants(study)], spec, prices)
    with study.warehouse.transaction() as connection:
        is_before = "outcomes" not in built_digests(study, connection)
        table = table.assign(is_declared=table["leave_out_price"] == spec.leave_out_price)
        table = table.assign(is_before_outcomes=is_before)
        study.warehouse.replace(connection, "matched", FRONTIER, table)
        made = {FRONTIER: table}
        _typed, checks = contract_checks(made, {FRONTIER: frontier_contract(study.protocol)})
        result = StepResult({FRONTIER: len(table)}, {}, checks)
        if result.blocked:
            raise BlockedStep(result)
    return table, checks[FRONTIER][0]


def _asked(study: Study, instant: date) -> AskedRound:
    known = known_then(study, instant)
    to = contracts_known_to(study, instant)
    return AskedRound(known.persons, known.covariates_at, known.at_risk, instant, to)


def _shown(table: pd.DataFrame) -> dict[str, dg.MetadataValue]:
    head = [_("Price"), _("Pairs"), _("Left out"), _("Total distance"), _("Largest difference")]
    names = ["leave_out_price", "n_pairs", "n_left_out", "total_distance", "max_absolute_smd"]
    if "n_surplus" in table:
        head, names = [*head, _("Surplus")], [*names, "n_surplus"]
    rows = [[_rounded(value) for value in row] for row in table[names].itertuples(index=False)]
    when = _("No outcome was built yet: the price may still be chosen.")
    if len(table) and not table["is_before_outcomes"].all():
        when = _("Outcomes were built before: another price now is a new design.")
    plot = picture(frontier_plot(table), _("What the price of leaving out buys"))
    return {
        "dagster/row_count": dg.MetadataValue.int(len(table)),
        "frontier": dg.MetadataValue.md(markdown_table(head, rows)),
        "frontier_plot": dg.MetadataValue.md(plot),
        "when": dg.MetadataValue.text(when),
    }


def _rounded(value: float) -> str:
    return f"{value:.4g}"
