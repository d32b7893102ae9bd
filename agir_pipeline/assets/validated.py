"""Step 2: every row of every delivery comes to one end; identities part from the rest."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

from agir_pipeline.assets.accounts import Account, accounts_of, deliveries_table
from agir_pipeline.assets.catalogue import asset_spec, check_specs
from agir_pipeline.assets.checks import CONTRACT
from agir_pipeline.assets.decided import (
    Decided,
    checked_tables,
    decided_checks,
    decided_tables,
)
from agir_pipeline.assets.lineage import KEY, declared_lineage
from agir_pipeline.assets.step import Check, StepResult, StudyRun, carry_out, settle, together
from agir_pipeline.contracts.answers import ANSWERS
from agir_pipeline.contracts.checking import checked
from agir_pipeline.language import _, current_language, mark
from agir_pipeline.methods.decisions.departures import still_asked
from agir_pipeline.methods.identity.linking import PAIR
from agir_pipeline.methods.reading.answer_states import AnswerState
from agir_pipeline.methods.reading.answered import CODEBOOK, answers_in_long_form, no_answers
from agir_pipeline.methods.versions import versions
from agir_pipeline.protocol.model import ArmColumn, Protocol, Source
from agir_pipeline.resources.erasure_landing import keep_no_more_than_allowed
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.reviewing import to_review
from agir_pipeline.resources.stock_taking import take_stock
from agir_pipeline.resources.study import Study

CHECKS = {
    "rows_are_accounted_for": mark("Every row of every file came to exactly one end"),
    "last_delivery_was_read": mark("The newest file of each provider could be read"),
    "no_row_was_rejected": mark("No row of the newest files was rejected"),
    "follows_the_file_before": mark("The newest files hold what the ones before led to expect"),
}
BLOCKING = frozenset({"rows_are_accounted_for", "answers_have_a_state"})
FOLLOWED = {"decisions_are_followed": mark("Every decision in force could be followed")}
"""Of sources of decisions but for corrections, of which each one's end is told."""
UNHEARD = {
    "author_not_listed": mark("{file}, sheet {sheet}, row {row}: its author may not decide"),
    "row_not_missing": mark("{file}, sheet {sheet}, row {row}: no such row has left its file"),
}
ANSWERS_CHECKS = {
    "answers_have_a_state": mark("Every answer has exactly one state"),
    "states_are_known": mark("Why an answer is missing is known"),
    "one_questionnaire": mark("The answers of a source are to one questionnaire"),
}


def validated_assets(protocol: Protocol) -> dg.AssetsDefinition:
    """One asset per source: its rows, typed, without identifying columns; one for all answers."""
    names = [source.name for source in protocol.sources]
    answering = [("raw", source.name) for source in protocol.feeding("answer")]
    answers = {f"answers/{check}": text for check, text in ANSWERS_CHECKS.items()}

    @dg.multi_asset(
        name="validated",
        specs=[
            asset_spec(
                protocol,
                "validated",
                source.name,
                source.labels.in_language(current_language()),
                deps=[("raw", source.name)],
            )
            for source in protocol.sources
        ]
        + [
            asset_spec(protocol, "validated", table, text, deps=[("raw", n) for n in names])
            for table, text in decided_tables(protocol).items()
        ]
        + [
            asset_spec(
                protocol, "validated", "answers", _("Every answer and its state"), deps=answering
            )
            for _once in answering[:1]
        ],
        check_specs=check_specs(
            "validated",
            {f"{n}/{check}": text for n in names for check, text in CHECKS.items()}
            | {f"{s.name}/{c}": t for s in _followed(protocol) for c, t in FOLLOWED.items()}
            | (answers if answering else {})
            | decided_checks(protocol),
            BLOCKING | {CONTRACT},
        ),
    )
    def validated(study_run: StudyRun) -> Iterator[Any]:
        yield from carry_out(study_run, "validated", _store, _examine, after="raw")

    return validated


def _store(study: Study) -> StepResult:
    """Vault first: a kill after it leaves the step to be done again."""
    stock, decided = take_stock(study), Decided(study)
    if not study.is_draft:
        keep_no_more_than_allowed(study, stock.readings)
    made, identities, answers, absent = {}, [], [], {}
    for source in study.protocol.sources:
        changes, absent[source.name] = stock.absent(source)
        delivered, outcomes = stock.delivered(source, absent[source.name])
        asked = still_asked(stock.departures(source), absent[source.name])
        decided.take(source, changes, asked, outcomes)
        table = versions(delivered)
        identities.append(_identities(study.protocol, source, table))
        made[source.name] = _without_identities(study, source, table)
        decided.take_table(source, made[source.name])
        if source.feeds == "answer" and len(table):
            ids = dict(zip(table["entity_key"], made[source.name]["entity_id"], strict=True))
            answers.append(answers_in_long_form(source, table, ids))
    decided.take_lost(stock.lost())
    decided.unheard += stock.decisions.unheard
    decided.take_departures(stock.decisions.departures, absent)
    if study.protocol.feeding("answer"):
        made["answers"] = checked(pd.concat([no_answers(), *answers], ignore_index=True), ANSWERS)
    others = decided.tables(stock.readings)
    with study.vault.transaction() as connection:
        study.vault.replace(connection, "identities", pd.concat(identities, ignore_index=True))
        study.vault.replace(connection, "quarantine", _quarantine(stock.readings))
        study.vault.replace(connection, "surprises", stock.surprises)
        for name, rows in {**to_review(study, stock), **decided.waiting()}.items():
            study.vault.replace(connection, name, rows)
    with study.warehouse.transaction() as connection:
        own, told = checked_tables(study, others)
        for name, table in {**made, **own}.items():
            study.warehouse.replace(connection, "validated", name, table)
        read_now = Counter(reading.receipt.source for reading in stock.readings if reading.is_new)
        return settle(
            study, connection, "validated", together(_result(study, made, read_now), told)
        )


def _examine(study: Study, connection: sa.Connection) -> StepResult:
    def read(name: str) -> pd.DataFrame:
        return study.warehouse.read(connection, "validated", name)

    _own, told = checked_tables(
        study, {name: read(name) for name in decided_tables(study.protocol)}
    )
    names = [source.name for source in study.protocol.sources]
    names += ["answers"] * bool(study.protocol.feeding("answer"))
    return together(_result(study, {name: read(name) for name in names}), told)


def _identities(protocol: Protocol, source: Source, table: pd.DataFrame) -> pd.DataFrame:
    """What the vault keeps of each row version: the columns that say who it is."""
    rules = protocol.identity.same_when if protocol.identity else ()
    wanted = {name for rule in rules for name in rule} & {c.name for c in source.columns}
    names = sorted({c.name for c in source.identifying_columns} | wanted)
    plain = {n: _as_texts(table[n]) if n in table else [] for n in names}
    rows = zip(*plain.values(), strict=True) if names else ([] for _row in range(len(table)))
    return pd.DataFrame(
        {
            "source": source.name,
            "entity_key": table.get("entity_key", pd.Series(dtype="string")),
            "record_id": table.get("record_id", pd.Series(dtype="string")),
            "provider": table.get("provider", pd.Series(dtype="string")),
            "known_on": _as_texts(table["known_on"]) if len(table) else [],
            "identity": [
                json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows
            ],
        }
    )


def _as_texts(values: pd.Series) -> list[str | None]:
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.strftime("%Y-%m-%d")
    return [None if pd.isna(value) else str(value) for value in values]


def _without_identities(study: Study, source: Source, table: pd.DataFrame) -> pd.DataFrame:
    """What the warehouse keeps: no identifying column, keys only under a keyed hash."""
    columns = [column.name for column in source.warehouse_columns]
    if table.empty:
        return _empty(source)
    keys, name = study.keys, source.name
    kept = table[["record_id", "receipt_id", "provider", "sheet", "row_number", *columns]].copy()
    for day in ("known_on", "superseded_on", "extracted_on", "first_listed_on"):
        kept[day] = table[day]
    entity_id = {k: keys.entity_id(name, k) for k in table["entity_key"].unique()}
    kept["entity_id"] = table["entity_key"].map(entity_id).astype("string")
    if source.feeds == "person":
        kept["arm"] = _arms(source, table)
        lists = {p.name: p.frame != "present_on_date" for p in source.providers}
        kept["is_always_listed"] = table["provider"].map(lists).astype("boolean")
    if source.feeds == "answer":
        kept[CODEBOOK] = table.get(CODEBOOK, pd.Series(index=table.index)).astype("string")
    if source.feeds == "spell":
        stems = table["entity_key"].map(lambda key: _spell_key(source, key))
        spell_id = {k: keys.entity_id(f"{name}/spell", k) for k in stems.unique()}
        kept["spell_id"] = stems.map(spell_id).astype("string")
    return kept


def _arms(source: Source, table: pd.DataFrame) -> pd.Series:
    if isinstance(source.arm, ArmColumn):
        return table[source.arm.column].map(source.arm.codes).astype("string")
    return pd.Series(source.arm, table.index, dtype="string")


def _spell_key(source: Source, entity_key: str) -> str:
    """The business key without the number of the amendment: amendments are of one contract."""
    number = source.spell.amendment_number if source.spell else None
    parts = zip(source.key, entity_key.split(PAIR), strict=True)
    return PAIR.join(part for name, part in parts if name != number)


def _empty(source: Source) -> pd.DataFrame:
    """The table of a source nobody has delivered yet: its columns, no rows."""
    kinds = {
        "date": "datetime64[us]",
        "instant": "datetime64[us]",
        "integer": "Int64",
        "number": "Float64",
        "minutes": "Int64",
        "boolean": "boolean",
    }
    columns = {c.name: kinds.get(c.type, "string") for c in source.warehouse_columns}
    texts = ["record_id", "receipt_id", "provider", "sheet", "entity_id"]
    days = ["known_on", "superseded_on", "extracted_on", "first_listed_on"]
    columns |= dict.fromkeys(texts, "string") | dict.fromkeys(days, "datetime64[us]")
    columns |= {"row_number": "Int64"}
    if source.feeds == "person":
        columns |= {"arm": "string", "is_always_listed": "boolean"}
    if source.feeds == "answer":
        columns |= {CODEBOOK: "string"}
    if source.feeds == "spell":
        columns |= {"spell_id": "string"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def _quarantine(readings: Sequence[Reading]) -> pd.DataFrame:
    lines = [
        (
            *(reading.receipt.receipt_id, reading.receipt.source, reading.receipt.file_name),
            *(one.sheet, one.row_number, one.column, one.rule, one.found),
        )
        for reading in readings
        for one in reading.quarantine
    ]
    columns = ["receipt_id", "source", "file_name", "sheet", "row_number", "column_name"]
    return pd.DataFrame(lines, columns=[*columns, "rule", "found"])


def _result(
    study: Study, made: dict[str, pd.DataFrame], read_now: Mapping[str, int] | None = None
) -> StepResult:
    accounts = accounts_of(study)
    lineage = declared_lineage(study.protocol, "validated")
    answers = {"answers": made["answers"]} if "answers" in made else {}
    heard = {source.name: _heard(study, source.name) for source in _followed(study.protocol)}
    return StepResult(
        {name: len(table) for name, table in made.items()},
        {
            name: {
                "files": one.n_files,
                "files_read_now": (read_now or {}).get(name, 0),
                **one.ends,
                "deliveries": dg.MetadataValue.md(deliveries_table(one.newest)),
                **(
                    {"noticed": dg.MetadataValue.md(one.noticed_newest)}
                    if one.noticed_newest
                    else {}
                ),
                KEY: lineage[name],
            }
            for name, one in accounts.items()
        }
        | {name: _answers_figures(table) | {KEY: lineage[name]} for name, table in answers.items()},
        {name: _checks(one, made[name]) for name, one in accounts.items()}
        | {name: [*_checks(accounts[name], made[name]), check] for name, check in heard.items()}
        | {name: _answers_checks(table) for name, table in answers.items()},
    )


def _answers_figures(table: pd.DataFrame) -> dict[str, Any]:
    """How many answers are in each state now."""
    now = table[table["superseded_on"].isna()]
    return {f"answers_{state}": int((now["state"] == state).sum()) for state in AnswerState}


def _answers_checks(table: pd.DataFrame) -> list[Check]:
    now = table[table["superseded_on"].isna()]
    n_unknown = int((now["state"] == AnswerState.UNKNOWN).sum())
    versions_of = now.dropna(subset=["codebook"]).groupby("source")["codebook"].unique()
    several = {s: sorted(found) for s, found in versions_of.items() if len(found) > 1}
    is_odd = table["code"].notna() & (table["state"] != AnswerState.ANSWERED)
    n_broken = int((is_odd | table["state"].isna()).sum())
    return [
        Check.blocking(
            "answers_have_a_state",
            len(table),
            n_broken,
            _("{n} of {total} answers have no state, or a value that it excludes").format(
                n=n_broken, total=len(table)
            ),
        ),
        Check(
            "states_are_known",
            len(now) > 0 and n_unknown == 0,
            _("{n} of {total} answers: it is not known why they are missing").format(
                n=n_unknown, total=len(now)
            ),
        ),
        Check(
            "one_questionnaire",
            len(now) > 0 and not several,
            "\n".join(
                _("{source}: answers to {n} versions of the questionnaire ({versions})").format(
                    source=source, n=len(found), versions=", ".join(found)
                )
                for source, found in several.items()
            ),
        ),
    ]


def _followed(protocol: Protocol) -> list[Source]:
    return [source for source in protocol.sources if source.maps or source.settles]


def _heard(study: Study, source: str) -> Check:
    """A decision that counts for nothing must not go unseen."""
    told = study.vault.read("unheard_decisions")
    own = told[told["source"] == source]
    names = {receipt.receipt_id: receipt.shown_name for receipt in study.state().deliveries}
    lines = [
        _(UNHEARD[reason]).format(file=names[receipt], sheet=sheet, row=row)
        for _source, receipt, sheet, row, reason in own.to_numpy().tolist()
    ]
    return Check("decisions_are_followed", own.empty, "\n".join(lines))


def _checks(account: Account, table: pd.DataFrame) -> list[Check]:
    n_rows, has_files = sum(account.ends.values()), account.n_files > 0
    strangers = int((~table["receipt_id"].isin(account.receipt_ids)).sum())
    n_broken = len(account.unread) + strangers + int(table["record_id"].isna().sum())
    return [
        Check.blocking(
            "rows_are_accounted_for",
            account.n_files,
            n_broken,
            _("{n} rows of {files} files, each with one end; {broken} without account").format(
                n=n_rows, files=account.n_files, broken=n_broken
            ),
        ),
        Check(
            "last_delivery_was_read",
            has_files and not account.refusals_newest,
            "\n".join(account.refusals_newest),
            # nothing to read yet is no pass, and no failure: the run that ends with it gives 0
            dg.AssetCheckSeverity.ERROR if has_files else dg.AssetCheckSeverity.WARN,
        ),
        Check(
            "no_row_was_rejected",
            has_files and account.n_rejected_newest == 0,
            "\n".join([_rejected(account.n_rejected_newest), *account.rejects_newest]),
        ),
        Check(
            "follows_the_file_before",
            has_files and not account.surprises_newest,
            "\n".join(account.surprises_newest),
        ),
    ]


def _rejected(n: int) -> str:
    return _("{n} rows of the newest files are in quarantine").format(n=n)
