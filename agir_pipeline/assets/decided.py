"""The validated tables that are no source: what corrections came to, what changed in each file."""

from collections.abc import Mapping, Sequence

import dagster as dg
import pandas as pd

from agir_pipeline.assets.audits import audits_of, audits_told, docs_shown, not_audited
from agir_pipeline.assets.checks import CONTRACT, TEXTS, contract_checks
from agir_pipeline.assets.lineage import KEY, declared_lineage
from agir_pipeline.assets.markdown import markdown_table
from agir_pipeline.assets.step import Check, StepResult
from agir_pipeline.contracts.validated import validated_contracts
from agir_pipeline.language import _, mark
from agir_pipeline.methods.decisions.corrections import Outcome
from agir_pipeline.methods.decisions.departures import Absence, Departure, settled_by
from agir_pipeline.methods.reading.changes import Change
from agir_pipeline.methods.reading.law import breaches
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.decisions import Unheard
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.study import Study

DESCRIPTIONS = {
    "delivery_changes": mark("What is new, changed or gone in each full file"),
    "correction_outcomes": mark("What became of each correction"),
    "legal_findings": mark("Rows that the law of their day did not allow"),
    "delivery_audits": mark("Each night's deliveries beside the ones before them"),
}
CHECKS = {
    "delivery_changes/no_row_is_missing": mark("No row left a file that should repeat it"),
    "correction_outcomes/corrections_are_applied": mark("Every correction in force is applied"),
    "legal_findings/law_is_kept": mark("No row lies outside the law of its day"),
    "delivery_audits/deliveries_are_as_before": mark("The newest files look like those before"),
}
SETTLED = ("applied", "withdrawn", "expired", "waiting")


def decided_tables(protocol: Protocol) -> dict[str, str]:
    """Table → what it says, of those this study has."""
    return {name: _(DESCRIPTIONS[name]) for name in validated_contracts(protocol)}


def decided_checks(protocol: Protocol) -> dict[str, str]:
    tables = decided_tables(protocol)
    own = {place: text for place, text in CHECKS.items() if place.split("/")[0] in tables}
    return own | {f"{name}/{CONTRACT}": TEXTS[CONTRACT] for name in tables}


class Decided:
    """Gathers, source by source, what stands in these tables."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.outcomes: list[Outcome] = []
        self.changes: list[tuple[object, ...]] = []
        self.breaches: list[pd.DataFrame] = []
        self.asked: list[tuple[str, str, str, str]] = []
        self.unheard: list[Unheard] = []

    def take(
        self,
        source: Source,
        changes: Sequence[Change],
        asked: Sequence[Absence],
        outcomes: Sequence[Outcome],
    ) -> None:
        """``asked``: the rows that left and wait; ``outcomes``: of the source's corrections."""
        self.outcomes += outcomes
        missing = {(one.provider, one.entity_key) for one in asked}
        self.asked += [
            (source.name, one.provider, one.entity_key, one.missing_since.isoformat())
            for one in asked
        ]
        entity_id = {c.entity_key: "" for c in changes}
        entity_id = {k: self.study.keys.entity_id(source.name, k) for k in entity_id}
        self.changes += [
            (
                source.name, c.provider, c.receipt_id, c.previous_receipt_id, c.known_on,
                entity_id[c.entity_key], c.change, c.column, c.is_deletion,
                c.change == "removed" and (c.provider, c.entity_key) in missing,
            )
            for c in changes
        ]  # fmt: skip

    def take_departures(
        self, decided: Sequence[tuple[str, Departure]], absent: Mapping[str, Sequence[Absence]]
    ) -> None:
        """Those that say gone of a row that has not left its files."""
        for sheet, one in decided:
            if one.is_gone and not settled_by(one, absent.get(one.source, ())):
                self.unheard.append(Unheard(sheet, *one.place, "row_not_missing"))

    def waiting(self) -> dict[str, pd.DataFrame]:
        """What the vault keeps of it: the rows to ask about, the decisions nobody can follow."""
        columns = ["source", "provider", "entity_key", "missing_since"]
        return {
            "rows_to_settle": pd.DataFrame(self.asked, columns=pd.Index(columns)),
            "unheard_decisions": pd.DataFrame(self.unheard, columns=pd.Index(Unheard._fields)),
        }

    def take_table(self, source: Source, table: pd.DataFrame) -> None:
        """``table``: the versions of the source as the warehouse keeps them."""
        current = table[table["superseded_on"].isna()] if source.law else table
        for rule, rows in breaches(source.law, current):
            found = rows[["entity_id", "record_id", "receipt_id", "row_number", "known_on"]]
            self.breaches.append(
                found.assign(
                    source=source.name,
                    rule=rule.name,
                    article=rule.article,
                    severity=rule.severity,
                    column_name=rule.column,
                )
            )

    def take_lost(self, outcomes: Sequence[Outcome]) -> None:
        """Corrections of sources that do not exist."""
        self.outcomes += outcomes

    def tables(self, readings: Sequence[Reading]) -> dict[str, pd.DataFrame]:
        contracts = validated_contracts(self.study.protocol)
        rows = {"delivery_changes": self.changes, "correction_outcomes": self._outcome_rows()}
        made = {
            name: pd.DataFrame(rows[name], columns=pd.Index(contract.names))
            for name, contract in contracts.items()
            if name in rows
        }
        if "delivery_audits" in contracts:
            made["delivery_audits"] = audits_of(self.study, readings)
        if "legal_findings" in contracts:
            made["legal_findings"] = pd.concat(self.breaches, ignore_index=True)
        return made

    def _outcome_rows(self) -> list[tuple[object, ...]]:
        keys = self.study.keys
        deciding = next((s.name for s in self.study.protocol.sources if s.corrects), "")
        return [
            (
                keys.entity_id(deciding, c.decision), c.source, c.column,
                keys.entity_id(c.source, c.entity_key), pd.Timestamp(c.known_on),
                pd.Timestamp(c.effective_on), c.expires_on and pd.Timestamp(c.expires_on),
                outcome.status, outcome.reason or None, outcome.n_changed,
            )
            for outcome in self.outcomes
            for c in [outcome.correction]
        ]  # fmt: skip


def checked_tables(
    study: Study, made: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], StepResult]:
    """The tables as their contracts promise them, with their figures and checks."""
    tables, checks = contract_checks(made, validated_contracts(study.protocol))
    lineage = declared_lineage(study.protocol, "validated")
    tell = {
        "delivery_changes": _changes_told,
        "correction_outcomes": _outcomes_told,
        "legal_findings": _breaches_told,
        "delivery_audits": audits_told,
    }
    figures = {}
    for name, table in tables.items():
        check, figure = tell[name](table)
        if name == "delivery_audits":
            check = not_audited(study) or check
        checks[name] = [*checks[name], check]
        origins = {KEY: lineage[name]} if name in lineage else {}
        figures[name] = {**origins, "by_kind": dg.MetadataValue.md(figure)}
        if name == "delivery_audits":
            figures[name] |= docs_shown(study)
    return tables, StepResult({n: len(t) for n, t in tables.items()}, figures, checks)


def _changes_told(table: pd.DataFrame) -> tuple[Check, str]:
    missing = table[table["is_missing"]]
    check = Check(
        "no_row_is_missing",
        len(table) > 0 and missing.empty,
        "\n".join(
            _("{source}: {n} rows left and have not come back").format(source=source, n=n)
            for source, n in missing.groupby("source")["entity_id"].nunique().items()
        ),
    )
    kinds = ["source", "change", "column_name"]
    counts = table.groupby(kinds, observed=True).size().reset_index()
    headings = [_("Source"), _("Change"), _("Column"), _("Rows")]
    return check, markdown_table(headings, counts.to_numpy().tolist())


def _outcomes_told(table: pd.DataFrame) -> tuple[Check, str]:
    """Loud: a correction that cannot be carried out fails its check until somebody acts."""
    open_ones = table[~table["status"].isin(SETTLED)]
    kinds = ["source", "column_name", "status", "reason"]
    sentence = _("{source}, {column}: {n} corrections end as {status} ({reason})")
    check = Check(
        "corrections_are_applied",
        open_ones.empty,
        "\n".join(
            sentence.format(source=source, column=column, n=n, status=status, reason=reason)
            for source, column, status, reason, n in open_ones.groupby(kinds)
            .size()
            .reset_index()
            .to_numpy()
            .tolist()
        ),
        dg.AssetCheckSeverity.ERROR if len(table) else dg.AssetCheckSeverity.WARN,
    )
    counts = table.groupby(["source", "status"])["n_changed"].agg(["size", "sum"])
    headings = [_("Source"), _("Status"), _("Corrections"), _("Versions changed")]
    return check, markdown_table(headings, counts.reset_index().to_numpy().tolist())


def _breaches_told(table: pd.DataFrame) -> tuple[Check, str]:
    kinds = ["source", "rule", "article", "severity"]
    counts = table.groupby(kinds).size().reset_index().to_numpy().tolist()
    sentence = _("{source}, {rule} ({article}): {n} rows")
    check = Check(
        "law_is_kept",
        table.empty,
        "\n".join(sentence.format(source=s, rule=r, article=a, n=n) for s, r, a, _how, n in counts),
        dg.AssetCheckSeverity.ERROR
        if (table["severity"] == "error").any()
        else dg.AssetCheckSeverity.WARN,
    )
    headings = [_("Source"), _("Rule of law"), _("Article"), _("Severity"), _("Rows")]
    return check, markdown_table(headings, counts)
