"""The erasure of people: nothing of them stays but what proves that they were erased.

Each stage can be done twice and ends as done once: the plan stays in the vault until the last one,
so that the next run or the next call completes what was killed. Source of the right: GDPR art. 17.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _
from agir_pipeline.resources.erasure_landing import (
    drop_files,
    others_of,
    rename,
    rename_files,
    rewrite_deliveries,
    rewrite_links,
    rewrite_rounds,
    rounds_with,
)
from agir_pipeline.resources.erasure_plan import Entity, Plan, begin, forget, pending
from agir_pipeline.resources.event_log import purge
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.releases import Releases
from agir_pipeline.resources.study import Study, open_study

REBUILT = (
    "identities", "links", "undecided", "review", "decisions_told", "unlisted_keys", "quarantine",
    "surprises", "cells_to_review", "headings_to_review",
)  # fmt: skip
"""What the next run makes again from the landing."""


SOURCE = "source "
"""Begins what is noted of a source whose rows were purged."""


def erase_people(study: Study, asked: Sequence[Entity]) -> Path:
    """Erase the persons of these records; gives the receipt for the file.

    ``asked``: source and business key. What was begun earlier is done before (``complete``). The
    caller holds the lock of the study.

    Raises:
        UsageError: no record of that key is known.
        InfrastructureError: the disk refused; the next call goes on.
    """
    begin(study, asked)
    return complete(open_study(study.home.folder))[-1]


def complete(study: Study, *, in_run: bool = False) -> list[Path]:
    """Do what is left of the erasures that were begun; gives their receipts.

    ``in_run``: a run of Dagster asks; its history and the file of the warehouse are in use.
    """
    return [_carry_out(study, plan, in_run) for plan in pending(study.vault)]


def _carry_out(study: Study, plan: Plan, in_run: bool) -> Path:
    home = study.home
    landing, releases = home.landing, Releases(home.releases)
    if not plan.is_rewritten:
        rewrite_deliveries(study, plan, others_of(study, plan))
        rewrite_rounds(landing, landing.state().of_kind("round"), plan)
        rewrite_links(landing, landing.state().of_kind("link"), plan)
        rename_files(study, plan)
        plan.is_rewritten = True
        plan.keep(study.vault)
    drop_files(study, plan)
    for release_id in releases.list():
        if releases.names_any(release_id, plan.persons):
            releases.withdraw(release_id, plan.number, plan.asked_on)
    empty_stores(study, plan.fingerprints, in_run=in_run)
    if not in_run:
        purge(home.dagster)
    n_rounds = rounds_with(landing, landing.state().of_kind("round"), plan)
    path = home.audit / "erasures" / f"{plan.number}.md"
    told = _told(plan, n_rounds, releases.withdrawn_for(plan.number))
    write_whole(path, "\n".join(told).encode())
    home.note("erased", plan.number, plan.n_people)
    forget(study.vault, plan)
    study.vault.compact()
    return path


def settle_rights(study: Study) -> None:
    """At the start of a night: end what was begun, and purge what may be kept no longer.

    The date of a source stands in the protocol; its rows are blanked when they are read next. The
    history of runs is in use and stays: it holds no row, but names of files.

    Raises:
        InfrastructureError: the vault lost its tombstones; later files would bring people back.
    """
    require_tombstones(study.home)
    receipts = complete(study, in_run=True)
    due = sorted(study.expired - {told.removeprefix(SOURCE) for told in _purged(study.home)})
    if due:
        landing = study.home.landing
        receipts_due = [r for r in landing.receipts() if r.source in due]
        rename(landing, {r.receipt_id: r.file_name for r in receipts_due})
        for name in due:
            _remove(p for p in sorted((study.home.inbox / name).rglob("*")) if p.is_file())
        empty_stores(study, (), in_run=True)
        with study.vault.transaction() as connection:
            connection.executemany(
                "insert into tombstones values (?, '', ?)",
                [(SOURCE + name, study.today.isoformat()) for name in due],
            )
        for name in due:
            study.home.note("erased", SOURCE + name)
    if receipts or due:
        study.forget()


def require_tombstones(home: Home) -> None:
    """Refuse a vault that no longer knows an erasure of which the receipt stands.

    Raises:
        InfrastructureError: it has to be restored.
    """
    vault = home.vault()
    done = {path.stem for path in (home.audit / "erasures").glob("*.md")}
    lost = sorted(done - set(vault.read("tombstones")["erasure"]))
    if lost:
        raise InfrastructureError(
            _(
                "the vault {path} no longer knows the erasure {number}: restore it from a backup, "
                "or the next file brings the person back"
            ).format(path=vault.path, number=lost[0])
        )


def _purged(home: Home) -> set[str]:
    stones = home.vault().read("tombstones")["mark"]
    return {mark for mark in stones if mark.startswith(SOURCE)}


def empty_stores(study: Study, fingerprints: Sequence[str], *, in_run: bool = False) -> None:
    """Vault, cache, warehouse and ledger without what they may hold of the persons.

    A run holds the file of the warehouse: its tables are dropped, the file stays.
    """
    home, vault = study.home, study.vault
    with vault.transaction() as connection:
        for table in REBUILT:
            connection.execute(f"delete from {table}")  # noqa: S608
        prints = [(one,) for one in fingerprints]
        connection.executemany("delete from scored where fingerprint = ?", prints)
        for end in "ab":
            connection.executemany(
                f"delete from scores where fingerprint_{end} = ?",  # noqa: S608
                prints,
            )
    vault.compact()
    _remove(home.vault().folder.glob("as_of-*"))
    _remove(home.parsed.glob("*"))
    study.warehouse.clear()
    if not in_run:
        _remove((home.folder / "warehouse").glob("*"))
    home.landing.ledger.compact()


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _told(plan: Plan, n_rounds: int, withdrawn: Sequence[str]) -> Iterable[str]:
    """The receipt for the file of whoever asked: what was done, and nothing of whom."""
    by_source: dict[str, int] = {}
    for counts in plan.n_rows.values():
        for source, n in counts.items():
            by_source[source] = by_source.get(source, 0) + n
    yield "# " + _("Receipt of an erasure")
    yield ""
    yield _("Number {number}, of {day}; persons: {n}.").format(
        number=plan.number, day=plan.asked_on, n=plan.n_people
    )
    yield ""
    yield _("Rows erased from the files received:")
    yield ""
    for source, n in sorted(by_source.items()):
        yield f"- {source}: {n}"
    yield ""
    yield _(
        "Files rewritten: {files}; matching rounds: {rounds}; releases withdrawn: {releases}."
    ).format(files=len(plan.n_rows), rounds=n_rounds, releases=len(withdrawn))
    for release_id in withdrawn:
        yield f"- {release_id}"
    yield ""
    yield _(
        "Vault, warehouse, the store of readings and the run history were rewritten. A keyed "
        "tombstone keeps later files from bringing the person back; it tells nobody who it is."
    )
    yield _(
        "Not reached: backups, until they expire; copies that others hold; a later row whose key "
        "and name are both misspelt."
    )
    if plan.locked:
        yield _(
            "{n} locked files could not be opened; they may hold the person: {receipts}"
        ).format(n=len(plan.locked), receipts=", ".join(plan.locked))
    yield ""
