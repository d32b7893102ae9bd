"""``agir demo``: an invented study with known truth, run and compared with that truth."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _, current_language, written_number
from agir_pipeline.methods.identity.linking import PAIR
from agir_pipeline.methods.synthetic.steward import AUTHOR, OTHER_PERSON, SAME_PERSON
from agir_pipeline.methods.synthetic.truth import (
    corrections_meant,
    person_of_record,
    true_effect,
    undecidable_pairs,
)
from agir_pipeline.protocol.model import EventOutcome, StatusOutcome
from agir_pipeline.resources.link_review import (
    NOTE,
    REVIEWER,
    TECHNICAL,
    keep_answers,
    open_pairs,
    written_key,
)
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.status import status
from agir_pipeline.resources.stock_taking import HELD
from agir_pipeline.resources.study import Study, open_study
from agir_pipeline.running import run_study, summary

Say = Callable[[str], None]
SIGNED = "+0.0;-0.0"
"""How a difference in points is written."""


HABITS = (
    "no_token", "several_responses", "ignored_sheet", "absent_column", "set_aside", "no_rows",
    "term_shortened_before_end",
)  # fmt: skip
EXPLANATIONS = ("date_order_contradiction", "ambiguous_dates")
"""What partners do in every file is no fault; what explains a cell in quarantine is none more."""


class Found(NamedTuple):
    """One fault, as planted or as found; ``row`` 0 and no column: the file as a whole."""

    file: str
    row: int
    column: str
    check: str


def run_demo(folder: Path, truth: dict[str, Any], say: Say) -> int:
    """Run the study made in ``folder``, say what came out; 0 iff findings equal the truth."""
    outcome = run_study(folder)
    if outcome.exit_code == InfrastructureError.exit_code:
        raise InfrastructureError("\n".join(outcome.faults))
    study = open_study(folder)
    n_answered = answer_by_truth(study, truth)
    if n_answered:
        say(
            _(
                "{n} pairs of invented people look like one person by chance: "
                "answered as their inventor knows them, and run again"
            ).format(n=n_answered)
        )
        outcome = run_study(folder)
    for line in (*_arrivals(study), *_effects(study, truth), *outcome.faults, *summary(outcome)):
        say(line)
    missed, unexpected = compare(planted(truth), found(study))
    corrections = wrong_corrections(study, truth)
    for line in (*_differences(missed, unexpected), *corrections):
        say(line)
    unlike = undecidable_pairs(truth) ^ pairs_found(study)
    if unlike:
        say(_("{n} pairs to review are not those that were planted").format(n=len(unlike)))
    n_mistaken = mistaken_organisations(study, truth)
    if n_mistaken:
        say(_("{n} organisations were taken for one, or one for two").format(n=n_mistaken))
    if outcome.exit_code:
        return outcome.exit_code
    return 1 if missed or unexpected or corrections or unlike or n_mistaken else 0


def answer_by_truth(study: Study, truth: dict[str, Any]) -> int:
    """Answer the pairs to review that nobody planted, as a steward who knows these people would.

    Among tens of thousands of invented people some are alike, as in life. Gives how many.
    """
    whose, planted_pairs = person_of_record(truth), undecidable_pairs(truth)
    given = []
    for row in open_pairs(study).to_dict("records"):
        one, other = (row["source_a"], row["key_a"]), (row["source_b"], row["key_b"])
        if frozenset((one, other)) not in planted_pairs:
            is_one = one in whose and whose[one] == whose.get(other)
            code = SAME_PERSON if is_one else OTHER_PERSON
            told = {name: written_key(row[name]) for name in TECHNICAL}
            given.append({**told, "code": code, REVIEWER: AUTHOR, NOTE: ""})
    with study.home.locked("agir demo"):
        keep_answers(study, given, study.today, "demo")
    return len(given)


# ------------------------------------------------------------------- findings against truth


def planted(truth: dict[str, Any]) -> set[Found]:
    """The faults the generator wrote into the files."""
    return {
        Found(fault["file"], fault["row"] or 0, fault["column"] or "", fault["check"])
        for fault in truth["faults"]
    }


def found(study: Study) -> set[Found]:
    """Everything the pipeline refused or set aside."""
    names = {r.receipt_id: r.file_name for r in study.state().deliveries}
    rows = study.vault.read("quarantine")
    broken = {
        Found(file, int(row), column or "", rule)
        for file, row, column, rule in zip(
            rows["file_name"], rows["row_number"], rows["column_name"], rows["rule"], strict=True
        )
    }
    told = study.vault.read("surprises")
    surprising = {
        Found(file, 0 if pd.isna(row) else int(row), column, code)
        for file, row, column, code in zip(
            told["file_name"], told["row_number"], told["column_name"], told["code"], strict=True
        )
    }
    ledger = study.home.landing.ledger
    refused = {
        Found(names[row["receipt_id"]], 0, "", row["code"])
        for row in ledger.refusals()
        if row["receipt_id"] in names and row["code"] != HELD  # what holds it is told apart
    }
    pointed_out = {
        _pointed_out(names[row["receipt_id"]], row["code"], row["place"])
        for row in ledger.findings()
        if row["code"] not in HABITS + EXPLANATIONS and row["receipt_id"] in names
    }
    return broken | refused | pointed_out | surprising | contradicted(study, names)


def contradicted(study: Study, names: Mapping[str, str]) -> set[Found]:
    """Of each contradiction the row that came last, and so made it one."""
    if not study.protocol.shared_facts:
        return set()
    with study.warehouse.transaction() as connection:
        told = study.warehouse.read(connection, "linked", "contradictions")
        made = set()
        for row in told.to_dict("records"):
            side = "a" if row["known_on_a"] >= row["known_on_b"] else "b"
            source, column, record = (row[f"{n}_{side}"] for n in ("source", "column", "record_id"))
            [place] = study.warehouse.read(
                connection, "validated", source, "record_id = :record", {"record": record}
            ).to_dict("records")
            file = names[row[f"receipt_id_{side}"]]
            made.add(Found(file, int(place["row_number"]), column, "contradiction"))
    return made


def pairs_found(study: Study) -> set[frozenset[tuple[str, str]]]:
    """The pairs of records that the study knows as undecided."""
    rows = study.vault.read("review")
    ends = ("source_a", "key_a", "source_b", "key_b")
    return {frozenset(((a, b), (c, d))) for a, b, c, d in rows[list(ends)].to_numpy()}


def mistaken_organisations(study: Study, truth: dict[str, Any]) -> int:
    """How many organisations are not one each, of the rows whose SIRET came as it was written."""
    told = {
        (study.keys.entity_id(row["source"], PAIR.join(map(str, row["key"]))), row["role"]): row
        for row in truth["organisations"]
    }
    read = study.warehouse.read
    with study.warehouse.transaction() as connection:
        links = read(connection, "linked", "organisation_links")
        rows = [
            read(connection, "validated", name, wanted=["record_id", "entity_id"])
            for name in {row["source"] for row in told.values()}
        ]
    named = links.merge(pd.concat(rows), on="record_id")
    pairs = {
        (told[entity, role]["is"], found)
        for entity, role, found, rule in named[
            ["entity_id", "role", "organisation_id", "rule"]
        ].to_numpy()
        if (entity, role) in told and told[entity, role]["has_siret"] == (rule == "siret")
    }
    return sum(len(pairs) - len({pair[side] for pair in pairs}) for side in (0, 1))


def _pointed_out(file: str, code: str, place: str) -> Found:
    """``place`` is a column, a row, or both parted by a colon."""
    column, _colon, row = place.rpartition(":")
    if not row.isdigit():
        column, row = place, "0"
    return Found(file, int(row), column, "duplicate" if code == "duplicate_rows" else code)


def compare(expected: set[Found], actual: set[Found]) -> tuple[list[Found], list[Found]]:
    """What was planted and not found, and what was found and not planted."""
    return sorted(expected - actual), sorted(actual - expected)


def _differences(missed: list[Found], unexpected: list[Found]) -> Iterator[str]:
    if not missed and not unexpected:
        yield _("every planted fault was found by its check, and nothing else")
    for fault in missed:
        yield _("planted but not found: {file}, row {row}, {column}: {check}").format(
            **fault._asdict()
        )
    for fault in unexpected:
        yield _("found but not planted: {file}, row {row}, {column}: {check}").format(
            **fault._asdict()
        )


def wrong_corrections(study: Study, truth: dict[str, Any]) -> list[str]:
    """A sentence for each correction that did not end as the steward of the demo meant it."""
    with study.warehouse.transaction() as connection:
        told = study.warehouse.read(connection, "validated", "correction_outcomes")
    ends = dict(zip(told["entity_id"], told["status"], strict=True))
    wrong = []
    for source, key, meant in corrections_meant(truth):
        status = ends.get(study.keys.entity_id(source, key), "-")
        if status != meant:
            text = _("a correction of {source} should end as {status} and ended as {found}")
            wrong.append(text.format(source=source, status=meant, found=status))
    return wrong


# ----------------------------------------------------------------------------- what is said


def _arrivals(study: Study) -> Iterator[str]:
    at_a_glance = status(study.home, study.protocol)
    for source in at_a_glance["sources"]:
        yield _("{name}: {receipts} files, {rows} rows, {rejected} rejected").format(**source)
    refused = study.home.landing.ledger.refusals()
    yield _("{n} files were refused whole; later ones replaced them").format(n=len(refused))


def _effects(study: Study, truth: dict[str, Any]) -> Iterator[str]:
    """The pairs, then each primary outcome with its interval and what could be detected."""
    releases = Releases(study.home.releases)
    if releases.current() is None:
        return
    pairs = releases.read("matched_pairs")
    counts = pairs.groupby("round_number").size()
    rounds = ", ".join(f"{number}: {n}" for number, n in counts.items())
    yield _("{n} pairs (by round: {rounds})").format(n=len(pairs), rounds=rounds)
    cases = _case_numbers(study, pairs)
    for outcome in study.protocol.outcomes:
        if not isinstance(outcome, EventOutcome | StatusOutcome):
            continue
        is_event = isinstance(outcome, EventOutcome)
        table = releases.read(f"{outcome.name}_paired_effect" if is_event else outcome.name)
        rows = table[table["definition"] == outcome.primary_definition]
        horizon = outcome.primary_horizon_days if isinstance(outcome, EventOutcome) else None
        if horizon is not None:
            rows = rows[rows["horizon_days"] == horizon]
        effect = true_effect(truth, cases, str(outcome.primary_definition), horizon)
        yield _effect_line(study, outcome, rows.iloc[0], 100 * effect)


def _effect_line(
    study: Study, outcome: EventOutcome | StatusOutcome, row: "pd.Series[Any]", truth: float
) -> str:
    label = outcome.labels.in_language(current_language())
    if not row["is_evaluable"]:
        return _("{label}: not evaluable").format(label=label)
    event = isinstance(outcome, EventOutcome)
    return _(
        "{label} ({definition}): {estimate} points [{low}; {high}], "
        "smallest detectable {mde}; truth of the demo {truth}"
    ).format(
        label=label,
        definition=row["definition"],
        estimate=written_number(
            row["risk_difference_points" if event else "difference_points"], SIGNED
        ),
        low=written_number(row["ci_low_points"], "0.0"),
        high=written_number(row["ci_high_points"], "0.0"),
        mde=written_number(row["minimum_detectable_points"], "0.0"),
        truth=written_number(truth, SIGNED),
    )


def _case_numbers(study: Study, pairs: pd.DataFrame) -> list[str]:
    """The register keys of the matched beneficiaries; the vault knows them."""
    links = study.vault.read("links")
    registers = [s.name for s in study.protocol.feeding("person") if s.arm == "beneficiary"]
    own = links[links["source"].isin(registers) & links["superseded_on"].isna()]
    key_of = dict(zip(own["person_id"], own["entity_key"], strict=True))
    return [key_of[person] for person in pairs["beneficiary_person_id"]]
