"""The pairs a steward must decide: who they are, a workbook to answer in, and the answers taken in.

The workbook names people: it is readable by its owner alone. It shows no probability, so that the
one who answers is led by the records only.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from agir_pipeline.errors import DecisionNeeded, UsageError
from agir_pipeline.language import _, current_language
from agir_pipeline.methods.identity.linking import OPEN_COLUMNS, PAIR, Links
from agir_pipeline.methods.identity.normalise import normalised_text
from agir_pipeline.methods.identity.rulings import (
    BETWEEN_PARTS,
    Record,
    answered,
    asked_again,
)
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.files import make_folder, write_whole
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.link_evidence import Evidence
from agir_pipeline.resources.study import Study, open_study

SHEET = "links_to_review"
TECHNICAL = ("source_a", "key_a", "fingerprint_a", "source_b", "key_b", "fingerprint_b")
PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
"""What a partner wrote is text, whatever it looks like."""
ANSWER, REVIEWER, NOTE = "answer", "reviewer", "note"
DECISION_NOTE = "decision_note"
"""The column of decisions that keeps what the reviewer noted; a study need not have it."""


# ------------------------------------------------------------------------- which pairs


def pairs_to_review(evidence: Evidence, found: Links) -> pd.DataFrame:
    """One row per pair that is open, or whose answer was given of other values.

    ``is_answered`` marks those of which the steward said that it cannot be told.
    """
    said, decisions = evidence.fingerprint_of(), evidence.decisions
    done = answered(decisions, said)
    again = [
        (*decision.one, *decision.other, "decided", decision.known_on)
        for decision in asked_again(decisions, said)
    ]
    asked = [*again, *found.open_pairs[OPEN_COLUMNS].itertuples(index=False, name=None)]
    helped = persons_helped(evidence.study.protocol, found.links)
    rows: dict[frozenset[Record], tuple[Any, ...]] = {}
    for source_a, key_a, source_b, key_b, rule, known_on in asked:
        one, other = (source_a, key_a), (source_b, key_b)
        pair = frozenset((one, other))
        rows.setdefault(
            pair,
            (
                *(source_a, key_a, source_b, key_b, said.get(one), said.get(other), rule),
                *(int(bool(pair & helped)), int(pair in done), known_on),
            ),
        )
    columns = [*OPEN_COLUMNS[:4], "fingerprint_a", "fingerprint_b", "rule"]
    columns += ["touches_beneficiary", "is_answered", "known_on"]
    return pd.DataFrame(sorted(rows.values(), key=str), columns=pd.Index(columns))


def persons_helped(protocol: Protocol, links: pd.DataFrame) -> set[Record]:
    """Every record, under the links in force, of a person in a list of beneficiaries."""
    registers = [s.name for s in protocol.feeding("person") if s.arm == "beneficiary"]
    now = links[links["superseded_on"].isna()]
    anchors = set(now.loc[now["source"].isin(registers), "anchor"])
    own = now[now["anchor"].isin(anchors)]
    return set(zip(own["source"], own["entity_key"], strict=True))


def decisions_told(evidence: Evidence, found: Links) -> pd.DataFrame:
    """How many decisions are known, speak of a record nobody has, and contradict each other."""
    lost = evidence.n_decisions_lost
    counts = {
        "known": len(evidence.decisions) + lost,
        "lost": lost,
        "contradicted": found.n_disobeyed,
    }
    return pd.DataFrame({"what": list(counts), "n": list(counts.values())})


def n_decisions_needed(study: Study) -> int:
    """Pairs that touch a beneficiary and that nobody has answered."""
    rows = study.vault.read("review")
    return int(((rows["touches_beneficiary"] == 1) & (rows["is_answered"] == 0)).sum())


# -------------------------------------------------------------------------- the command


def review_links(home: Home, answers: Path | None) -> tuple[int, list[str]]:
    """What ``agir review`` does about links: exit code and lines; 4 while a pair waits.

    Without ``answers`` the open pairs are written into a workbook beside the steward's others.

    Raises:
        UsageError: the answers cannot be taken in.
    """
    study = open_study(home.folder)
    if answers is not None:
        with home.locked("agir review"):
            n = take_answers(study, answers, study.today)
            home.note("decided", "links", n)
        return 0, [_("{n} answers were taken in; the next run follows them").format(n=n)]
    if study.protocol.identity is None or study.protocol.identity.decisions is None:
        return 0, []  # links wait for nobody where nobody may decide them
    path = home.folder / "review" / f"{SHEET}.xlsx"
    with home.locked("agir review"):
        n = write_review(study, path)
        home.note("reviewed", "links", n)
    if not n:
        return 0, [_("no link waits for a decision")]
    return DecisionNeeded.exit_code, [
        _("{n} pairs of records wait for a decision: {path}").format(n=n, path=path),
        _("of them {n} touch a beneficiary and hold the next release").format(
            n=n_decisions_needed(study)
        ),
    ]


# --------------------------------------------------------------------------- the workbook


def write_review(study: Study, path: Path) -> int:
    """Write the open pairs into a workbook at ``path``; gives how many there are.

    Raises:
        InfrastructureError: the disk refused.
    """
    rows = open_pairs(study)
    fields = shown_fields(study.protocol)
    details = details_of(study, rows)
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, PLAIN) as book:
        _fill(book, study.protocol, rows, details, fields)
    make_folder(path.parent, mode=0o700)
    write_whole(path, buffer.getvalue(), mode=0o600)
    return len(rows)


def open_pairs(study: Study) -> pd.DataFrame:
    """The pairs nobody has answered, those that hold the release first."""
    rows = study.vault.read("review")
    return rows[rows["is_answered"] == 0].sort_values(
        "touches_beneficiary", ascending=False, kind="stable"
    )


def shown_fields(protocol: Protocol) -> dict[str, str]:
    """The columns shown of each record, with their labels: those that links are made on."""
    identity = protocol.identity
    if identity is None:
        return {}
    told = [name for rule in identity.same_when for name in rule]
    if identity.linkage:
        columns = identity.linkage.columns.model_dump().values()
        told = [*(name for names in columns for name in names), *told]
    labels: dict[str, str] = {}
    for source in protocol.sources:
        for column in source.columns:
            labels.setdefault(column.name, column.labels.in_language(current_language()))
    return {name: labels[name] for name in dict.fromkeys(told) if name in labels}


def details_of(study: Study, rows: pd.DataFrame) -> dict[Record, dict[str, Any]]:
    """What the newest version of each record of the open pairs says."""
    wanted = {
        (row[f"source_{e}"], row[f"key_{e}"]) for row in rows.to_dict("records") for e in "ab"
    }
    kept = study.vault.read("identities").sort_values("known_on", kind="stable")
    named = zip(kept["source"], kept["entity_key"], kept["identity"], strict=True)
    return {(s, k): json.loads(text) for s, k, text in named if (s, k) in wanted}


def _fill(
    book: Any,
    protocol: Protocol,
    rows: pd.DataFrame,
    details: Mapping[Record, Mapping[str, Any]],
    fields: Mapping[str, str],
) -> None:
    sheet = book.add_worksheet(SHEET)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    other = book.add_format({"bg_color": "#FFE699", "bold": True})
    answers = answers_of(protocol)
    headings = [_("Answer"), _("Reviewer"), _("Note"), _("Record A"), _("Record B")]
    headings += [f"{label} {end}" for label in fields.values() for end in "AB"]
    for place, heading in enumerate([*headings, *TECHNICAL]):
        sheet.write_string(0, place, heading, bold)
    labels = {s.name: s.labels.in_language(current_language()) for s in protocol.sources}
    for number, row in enumerate(rows.to_dict("records"), 1):
        told = [details.get((row[f"source_{e}"], row[f"key_{e}"]), {}) for e in "ab"]
        for place, end in enumerate("ab", 3):
            sheet.write_string(number, place, labels[row[f"source_{end}"]])
        for at, name in enumerate(fields):
            values = [str(one.get(name) or "") for one in told]
            is_other = all(values) and len({normalised_text(value) for value in values}) > 1
            for place, value in enumerate(values, 5 + 2 * at):
                sheet.write_string(number, place, value, other if is_other else None)
        for place, name in enumerate(TECHNICAL, len(headings)):
            sheet.write_string(number, place, written_key(row[name]))
    sheet.freeze_panes(1, 5)
    sheet.set_column(0, len(headings) - 1, 16)
    sheet.set_column(len(headings), len(headings) + len(TECHNICAL) - 1, 6)
    last = max(len(rows), 1)
    sheet.data_validation(1, 0, last, 0, {"validate": "list", "source": list(answers)})


def written_key(value: Any) -> str:
    """A key as people write it: its parts side by side."""
    return "" if pd.isna(value) else str(value).replace(PAIR, BETWEEN_PARTS)


def answers_of(protocol: Protocol) -> dict[str, str]:
    """The answers in the reader's language → their codes."""
    codes = _column(_decisions(protocol), "identity_decision").codes
    return {code.labels.in_language(current_language()): code.code for code in codes}


def _decisions(protocol: Protocol) -> Source:
    name = protocol.identity.decisions if protocol.identity else None
    if name is None:
        raise UsageError(_("this study has no sheet for decisions on who is who"))
    return protocol.source(name)


def _column(source: Source, name: str) -> Any:
    return next(column for column in source.columns if column.name == name)


# ---------------------------------------------------------------------------- the answers


def take_answers(study: Study, path: Path, today: date) -> int:
    """Bring the answers of a filled workbook into ``decisions/``; gives how many there are.

    The next run takes them in; a row without an answer waits. The same answers again change
    nothing.

    Raises:
        UsageError: the workbook cannot be read, or an answer is unknown or has no reviewer.
    """
    rows = _read_answers(path)
    answers, given, wrong = answers_of(study.protocol), [], []
    for number, row in enumerate(rows, 2):
        if not row[ANSWER]:
            continue
        if row[ANSWER] not in answers:
            wrong.append(_("row {row}: the answer is none of the list").format(row=number))
        elif not row[REVIEWER]:
            wrong.append(_("row {row}: who answered is not said").format(row=number))
        else:
            given.append(row | {"code": answers[row[ANSWER]]})
    if wrong:
        raise UsageError("\n".join(f"{path.name}, {SHEET}, {text}" for text in wrong))
    keep_answers(study, given, today, path.stem)
    return len(given)


def keep_answers(
    study: Study, given: Sequence[Mapping[str, str]], today: date, origin: str
) -> None:
    """Lay answers into ``decisions/`` as a workbook; the next run takes them in.

    Each has the code of its answer, reviewer, note and the technical columns. ``origin`` tells
    workbooks of one day apart.
    """
    if given:
        target = study.home.decisions / f"links_{today.isoformat()}_{origin}.xlsx"
        write_whole(target, _decision_book(study.protocol, given, today), mode=0o600)


def _read_answers(path: Path) -> list[dict[str, str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_name(SHEET).to_python()
    except (OSError, CalamineError) as fault:
        raise UsageError(
            _("{file} cannot be read: {cause}").format(file=path, cause=type(fault).__name__)
        ) from None
    named = [ANSWER, REVIEWER, NOTE]
    n_shown = len(sheet[0]) - len(TECHNICAL) if sheet else 0
    return [
        dict(zip([*named, *TECHNICAL], map(_text, [*row[:3], *row[n_shown:]]), strict=True))
        for row in sheet[1:]
    ]


def _text(value: Any) -> str:
    return str(value).strip()


def _decision_book(protocol: Protocol, rows: Sequence[Mapping[str, str]], today: date) -> bytes:
    """A workbook of decisions: the answers on their sheet, the other sheets with headings alone."""
    own, buffer = _decisions(protocol), BytesIO()
    with xlsxwriter.Workbook(buffer, PLAIN) as book:
        for source in protocol.feeding("decision"):
            sheet = book.add_worksheet(source.sheet or source.name)
            names = [column.name for column in source.columns]
            for place, column in enumerate(source.columns):
                sheet.write_string(0, place, column.labels.in_language(current_language()))
            if source.name != own.name:
                continue
            for number, row in enumerate(rows, 1):
                for name, value in _told(own, row, today):
                    sheet.write_string(number, names.index(name), value)
    return buffer.getvalue()


def _told(source: Source, row: Mapping[str, str], today: date) -> Iterable[tuple[str, str]]:
    decision = _column(source, "identity_decision")
    label = next(c.labels for c in decision.codes if c.code == row["code"])
    yield "identity_decision", label.in_language(current_language())
    yield "author", row[REVIEWER]
    yield "decided_on", today.strftime("%d/%m/%Y")
    if row[NOTE] and any(column.name == DECISION_NOTE for column in source.columns):
        yield DECISION_NOTE, row[NOTE]
    for name in TECHNICAL:
        yield name, row[name]
