"""The received files, rounds and links without somebody: copies that supersede what arrived."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import xlsxwriter

from agir_pipeline.methods.identity.erasing import BETWEEN
from agir_pipeline.methods.reading.grid import Grid, Limits, Refusal
from agir_pipeline.methods.reading.redacted import RedactedCopy, blanked
from agir_pipeline.resources.erasure_plan import Plan
from agir_pipeline.resources.file_names import place_of
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.landing import Landing
from agir_pipeline.resources.parser import Parser
from agir_pipeline.resources.readings import Reading
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.rounds import PERSON_COLUMNS, RecordedRound
from agir_pipeline.resources.study import Study

LOCKED = ("encrypted", "wrong_password", "no_unlocker")
WIDE = Limits(macros=True)
"""What a site refuses to use is opened all the same to look for somebody in it."""
TIE_DIGITS = 64


@dataclass(frozen=True)
class _Found:
    """Rows of the persons, and rows that are another person's, by sheet."""

    theirs: dict[str, set[int]]
    others: dict[str, set[int]]


def rewrite_deliveries(study: Study, plan: Plan, others: frozenset[str]) -> None:
    """Blank the rows of the persons in every file that arrived.

    ``others``: the keys of everybody else's records, as marks.
    """
    objects: dict[str, list[Receipt]] = {}
    for receipt in study.state().deliveries:
        objects.setdefault(receipt.object_hash, []).append(receipt)
    marks, words = frozenset(plan.marks), plan.words
    with Parser() as parser:
        for receipts in objects.values():
            copy = _copy_of(study, parser, receipts[0])
            if copy.refusal is not None and copy.refusal.code in LOCKED:
                plan.locked = sorted({*plan.locked, *(r.receipt_id for r in receipts)})
                continue
            found = _Found({}, {})
            for receipt in receipts:
                _look(study, parser, receipt, copy, marks, others, found)
            for grid in copy.grids:
                mine = found.theirs.setdefault(grid.sheet, set())
                safe = found.others.get(grid.sheet, set())
                mine |= {number for number, _is in words.rows(grid) if number not in safe}
                mine -= set(grid.erased)
            if any(found.theirs.values()) or copy.refusal is not None:
                _supersede(study, plan, receipts, copy, found)


def _supersede(
    study: Study, plan: Plan, receipts: Sequence[Receipt], copy: RedactedCopy, found: _Found
) -> None:
    """The count first: killed after it, the same object is counted once more, not twice."""
    counts: dict[str, int] = {}
    for receipt in receipts:
        layout = study.protocol.source(receipt.source).as_delivered_by(receipt.provider)
        read = copy.chosen(layout.wanted_sheets)
        sheets = {grid.sheet for grid in read} if isinstance(read, list) else set()
        n = sum(len(found.theirs.get(sheet, ())) for sheet in sheets)
        if n:
            counts[receipt.source] = counts.get(receipt.source, 0) + n
    plan.n_rows[receipts[0].object_hash] = counts
    plan.keep(study.vault)
    grids = [blanked(grid, found.theirs.get(grid.sheet, ())) for grid in copy.grids]
    content = replace(copy, grids=grids).to_bytes()
    study.home.landing.supersede(receipts[0].object_hash, content)


def keep_no_more_than_allowed(study: Study, readings: Sequence[Reading]) -> None:
    """Put copies in the place of files read just now of which rows, or all, may not be kept.

    Rows of people who had their data erased, of sources whose time has passed, and files with a
    column of NIR. The receipt shows it from the next night on.
    """
    unfit = study.readings.unfit
    late = [
        reading.receipt
        for reading in readings
        if reading.is_new and any(ends.get("erased") for ends in reading.ends.values())
    ]
    if not late and not unfit:
        return
    gone: set[str] = set()
    landing = study.home.landing
    with Parser() as parser:
        for receipt in (r.receipt for r in readings if r.receipt.receipt_id in unfit):
            copy = RedactedCopy([], refusal=unfit[receipt.receipt_id])
            landing.supersede(receipt.object_hash, copy.to_bytes())
            gone.add(receipt.sha256)
        for receipt in _standing(landing, late):
            copy = _copy_of(study, parser, receipt)
            layout = study.protocol.source(receipt.source).as_delivered_by(receipt.provider)
            read = copy.chosen(layout.wanted_sheets)
            for grid in read if isinstance(read, list) else []:
                rows = study.readings.erased_in(receipt, grid, parser)
                grids = [blanked(g, rows) if g.sheet == grid.sheet else g for g in copy.grids]
                copy = replace(copy, grids=grids)
            landing.supersede(receipt.object_hash, copy.to_bytes())
            gone.add(receipt.sha256)
    purged = [receipt for receipt in late if receipt.source in study.expired]
    rename(landing, {r.receipt_id: r.file_name for r in purged})
    for path in sorted(study.home.inbox.rglob("*")):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() in gone:
            path.unlink()


def _standing(landing: Landing, wanted: Sequence[Receipt]) -> Iterator[Receipt]:
    """Receipts as they stand now: one file may be several sources' and is rewritten for each."""
    for receipt in wanted:
        found = {one.receipt_id: one for one in landing.receipts()}
        yield found[receipt.receipt_id]


def _copy_of(study: Study, parser: Parser, receipt: Receipt) -> RedactedCopy:
    """The whole file as texts; a file nobody can read is nothing but the reason why."""
    landing, intake = study.home.landing, study.home.site.intake
    if receipt.stands_as:
        return RedactedCopy.from_bytes(landing.content(receipt))
    path = landing.object_path(receipt.object_hash)
    encoding = study.protocol.source(receipt.source).as_delivered_by(receipt.provider).encoding
    password = intake.password(receipt.provider)

    def read(sheets: Sequence[str]) -> list[Grid] | Refusal:
        return parser.read_sheets(path, sheets, encoding, limits=WIDE, password=password)

    first = read([])
    if isinstance(first, Refusal):
        return RedactedCopy([], refusal=first)
    if not first[0].sheet:
        return RedactedCopy(first, [""])
    grids, visible = read([first[0].sheet, *first[0].ignored_sheets]), read(["*"])
    if isinstance(grids, Refusal) or isinstance(visible, Refusal):
        return RedactedCopy(first, [first[0].sheet])
    bare = [replace(grid, ignored_sheets=[]) for grid in grids]
    return RedactedCopy(bare, [grid.sheet for grid in visible])


def _look(
    study: Study,
    parser: Parser,
    receipt: Receipt,
    copy: RedactedCopy,
    marks: frozenset[str],
    others: frozenset[str],
    found: _Found,
) -> None:
    """Find the rows of one source in a file by their marks."""
    layout = study.protocol.source(receipt.source).as_delivered_by(receipt.provider)
    grids = copy.chosen(layout.wanted_sheets)
    for grid in grids if isinstance(grids, list) else []:
        structures = study.state().of_kind("structure")
        rows = study.readings.told(receipt, grid, parser, structures)
        for number, own in rows:
            if not marks.isdisjoint(own):
                found.theirs.setdefault(grid.sheet, set()).add(number)
            elif not others.isdisjoint(own):
                found.others.setdefault(grid.sheet, set()).add(number)


def others_of(study: Study, plan: Plan) -> frozenset[str]:
    """The keys of the records of everybody else, as marks."""
    links = study.vault.read("links")
    known = set(zip(links["source"], links["entity_key"], strict=True)) - plan.entities
    personal = {s.name for s in study.protocol.sources if s.feeds != "decision"}
    return frozenset(BETWEEN.join(("key", s, key)) for s, key in known if s in personal)


# ----------------------------------------------------------------------- rounds and links


def rewrite_rounds(landing: Landing, receipts: Iterable[Receipt], plan: Plan) -> None:
    """Put random words in the place of the persons; what the proofs rest on stays."""
    for receipt in receipts:
        made = RecordedRound.from_bytes(landing.content(receipt))
        gone = made.persons() & plan.tokens.keys()
        if gone:
            tables = {name: _without(table, gone) for name, table in made.tables.items()}
            told = replace(made, tables=tables).renamed(plan.tokens)
            landing.supersede(receipt.object_hash, told.to_bytes())


def rounds_with(landing: Landing, receipts: Iterable[Receipt], plan: Plan) -> int:
    """How many rounds hold what stands for the persons now."""
    tokens = set(plan.tokens.values())
    made = (RecordedRound.from_bytes(landing.content(receipt)) for receipt in receipts)
    return sum(not tokens.isdisjoint(one.persons()) for one in made)


def _without(table: pd.DataFrame, gone: set[str]) -> pd.DataFrame:
    """Without the contracts of the persons and the hash that ordered them among equals."""
    for column in PERSON_COLUMNS:
        spell = column.replace("person_id", "spell_id")
        if spell != "spell_id" and {column, spell} <= set(table):
            table = table.assign(**{spell: table[spell].mask(table[column].isin(gone))})
    if "tie_order" in table:
        order = _between_neighbours(
            table["tie_order"].unique(), table["tie_order"][table["person_id"].isin(gone)]
        )
        table = table.assign(tie_order=table["tie_order"].map(lambda one: order.get(one, one)))
    return table


def _between_neighbours(known: Iterable[str], gone: Iterable[str]) -> dict[str, str]:
    """For each hash one that stands in its place in the order and says nothing else."""
    erased, values = set(gone), sorted({int(one, 16) for one in known})
    told: dict[str, str] = {}
    before = 0
    for place, value in enumerate(values):
        after = values[place + 1] if place + 1 < len(values) else 16**TIE_DIGITS - 1
        text = f"{value:0{TIE_DIGITS}x}"
        if text in erased:
            value = (before + after) // 2
            told[text] = f"{value:0{TIE_DIGITS}x}"
        before = value
    return told


def rewrite_links(landing: Landing, receipts: Iterable[Receipt], plan: Plan) -> None:
    """Forget the links of the model about the persons."""
    for receipt in receipts:
        told = json.loads(landing.content(receipt))
        kept = [
            link
            for link in told["links"]
            if not {(link["source_a"], link["key_a"]), (link["source_b"], link["key_b"])}
            & plan.entities
        ]
        if len(kept) < len(told["links"]):
            content = json.dumps({**told, "links": kept}, ensure_ascii=False).encode()
            landing.supersede(receipt.object_hash, content)


# ------------------------------------------------------------------ names, and dropped files


def rename_files(study: Study, plan: Plan) -> None:
    """A file whose name tells of a person gets its receipt's number for a name."""
    words = plan.words
    told = {r.receipt_id: r.file_name for r in study.home.landing.receipts()}
    rename(
        study.home.landing,
        {receipt: name for receipt, name in told.items() if words.holds(Path(name).stem)},
    )


def rename(landing: Landing, names: Mapping[str, str]) -> None:
    """Take their names (receipt → name) from files, wherever they stand; each gets another."""
    other = {receipt: f"erased-{receipt}{Path(name).suffix}" for receipt, name in names.items()}
    landing.ledger.replace_texts({names[receipt]: other[receipt] for receipt in names})
    landing.rename(other)


def drop_files(study: Study, plan: Plan) -> None:
    """Remove the files from which rows were erased from the inbox; rewrite decisions' workbooks.

    A workbook of decisions goes on without the rows of the persons.
    """
    home = study.home
    redacted = {r.sha256: r for r in home.landing.receipts() if r.stands_as}
    for folder in (home.inbox, home.decisions, home.review):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if not path.is_file():
                continue
            receipt = redacted.get(hashlib.sha256(path.read_bytes()).hexdigest())
            if folder == home.review or plan.words.holds(path.stem):
                path.unlink()
            elif receipt is not None and folder == home.decisions:
                copy = RedactedCopy.from_bytes(home.landing.content(receipt))
                write_whole(path, _workbook(copy.grids))
            elif receipt is not None:
                path.unlink()
    sources = [source.name for source in study.protocol.sources]
    lying = {
        place_of(path, source)
        for folder in (home.inbox, home.decisions)
        for path in folder.rglob("*")
        for source in sources
    }
    home.landing.ledger.forget_looks(set(home.landing.ledger.inbox_looks()) - lying)


def _workbook(grids: Sequence[Grid]) -> bytes:
    buffer = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(buffer, plain) as book:
        for grid in grids:
            sheet = book.add_worksheet(grid.sheet)
            for number, cells in grid.rows:
                for place, cell in enumerate(cells):
                    if cell:
                        sheet.write_string(number - 1, place, cell)
    return buffer.getvalue()
