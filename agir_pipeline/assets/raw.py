"""Step 1: what arrived tonight is kept as received, with a receipt."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from agir_pipeline.assets.catalogue import asset_spec, check_specs
from agir_pipeline.assets.step import (
    Check,
    StepResult,
    StudyRun,
    carry_out,
    logger,
    settle,
)
from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _, current_language, mark
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.protocol.sources import DatasetPull, FormPull
from agir_pipeline.resources.erasure import settle_rights
from agir_pipeline.resources.file_names import drawn_on, is_private, shown_before_receipt
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.sources import causaldata
from agir_pipeline.resources.sources.forms import Night, land
from agir_pipeline.resources.sources.inbox import Dropped, at_rest, decision_files, dropped_files
from agir_pipeline.resources.sources.locations import Fetching
from agir_pipeline.resources.study import Study, record_protocol

CHECKS = {
    "files_are_kept": mark("Every file is kept as it was received"),
    "has_arrived": mark("At least one delivery of this source is known"),
}
BLOCKING = frozenset({"files_are_kept"})


def raw_assets(protocol: Protocol) -> dg.AssetsDefinition:
    """One asset per source: its deliveries as received."""
    names = [source.name for source in protocol.sources]

    @dg.multi_asset(
        name="raw",
        specs=[
            asset_spec(
                protocol,
                "raw",
                source.name,
                source.labels.in_language(current_language()),
                deps=[],
                kinds=sorted({"file", *(["python"] if source.pull else [])}),
            )
            for source in protocol.sources
        ],
        check_specs=check_specs(
            "raw", {f"{n}/{check}": text for n in names for check, text in CHECKS.items()}, BLOCKING
        ),
    )
    def raw(study_run: StudyRun) -> Iterator[Any]:
        yield from carry_out(study_run, "raw", _store)

    return raw


def take_in(study: Study) -> list[str]:
    """Land what waits in the inbox and what can be pulled; a sentence for each thing that failed.

    Raises:
        InfrastructureError: every source of the night is out of reach and none was ever known, or
            something that had arrived is gone.
    """
    study.home.landing.require_whole()
    settle_rights(study)
    landing = study.home.landing
    record_protocol(study.home, study.today)
    dropped, notes = dropped_files(study.home.inbox, study.protocol)
    seen = landing.ledger.inbox_looks()
    dropped += decision_files(study.home.decisions, study.protocol)
    looks: dict[str, str] = {}
    taken: list[Dropped] = []
    arrivals = landing.receive_many(_stable(study, dropped, seen, looks, notes, taken))
    for file, arrival in zip(taken, arrivals, strict=True):
        if arrival.receipt.stands_as:  # rows of it were erased: it may not come back by itself
            file.path.unlink(missing_ok=True)
    landing.ledger.record_looks(looks)
    return notes + _fetch(study, seen) + _pull(study)


def _stable(
    study: Study,
    dropped: Iterable[Dropped],
    seen: Mapping[str, str],
    looks: dict[str, str],
    notes: list[str],
    taken: list[Dropped],
) -> Iterator[tuple[bytes, Receipt]]:
    """New files of the inbox that looked the same twice, and still did once they were read.

    ``looks``, ``notes`` and ``taken`` are filled with what was seen.
    """
    for file, look in at_rest(dropped, seen, study.home.site.inbox_look_seconds):
        try:
            content = file.path.read_bytes() if file.look == look else b""
            is_same = file.look == look
        except FileNotFoundError:  # taken away while we looked
            continue
        if not is_same:
            text = _("inbox: {name} is still changing; it is left for the next night")
            shown = shown_before_receipt(study.protocol, file.path.name)
            notes.append(text.format(name=f"{file.source}/{shown}"))
            continue
        looks[file.place] = look
        taken.append(file)
        yield content, _receipt(study, file.source, file.provider, file.path.name, "inbox")


def _fetch(study: Study, seen: Mapping[str, str]) -> list[str]:
    """Land what lies ready in the folders of partners; a sentence for each thing that failed."""
    site = study.home.site
    fetching = Fetching(site.location, study.protocol, seen, site.intake)
    study.home.landing.receive_many(
        (file.content, _receipt(study, file.source, file.provider, file.name, "fetched"))
        for file in fetching.files()
    )
    study.home.landing.ledger.record_looks(fetching.looks)
    return fetching.notes


def _pull(study: Study) -> list[str]:
    """Fetch every source that says where; one that cannot be reached stops nobody.

    A sentence for each failure, and for each change that somebody should know of.
    """
    notes: list[str] = []
    n_failures = 0
    site = study.home.site
    night = Night(site.servers, site.forms, study.protocol.study.time_zone)
    for source in study.protocol.sources:
        try:
            notes += _pull_source(study, source, night)
        except InfrastructureError as fault:
            notes.append(f"{source.name}: {fault}")
            n_failures += 1
    if n_failures and n_failures == len(study.protocol.sources) and not study.state().deliveries:
        raise InfrastructureError("\n".join(notes))
    return notes


def _pull_source(study: Study, source: Source, night: Night) -> list[str]:
    pull, provider = source.pull, source.providers[0].name
    if isinstance(pull, DatasetPull):
        name, content = causaldata.pull(pull.dataset)
        receipt = _receipt(study, source.name, provider, name, "pull")
        study.home.landing.receive(content, receipt)
    elif isinstance(pull, FormPull) and pull.form in night.forms:  # else its files are dropped
        receipt = _receipt(study, source.name, provider, pull.form, "pull")
        pulled = night.pull(pull)
        return land(study.home.landing, receipt, pulled, night.largest_loss(pull))
    return []


def _receipt(study: Study, source: str, provider: str, file_name: str, how: str) -> Receipt:
    return Receipt(
        kind="delivery",
        sha256="",
        known_on=study.today,
        source=source,
        provider=provider,
        file_name=file_name,
        has_private_name=how != "pull" and is_private(study.protocol, file_name, study.today),
        extracted_on=drawn_on(study.protocol, file_name, study.today) or study.today,
        how=how,
    )


def _store(study: Study) -> StepResult:
    notes = [] if study.is_draft else take_in(study)
    for note in notes:  # a file that nobody took in must not wait there unseen
        logger.warning(note)
    with study.warehouse.transaction() as connection:
        return settle(study, connection, "raw", _result(study, notes))


def _result(study: Study, notes: list[str]) -> StepResult:
    arrived: dict[str, list[Receipt]] = {source.name: [] for source in study.protocol.sources}
    for receipt in study.state().deliveries:
        arrived.setdefault(receipt.source, []).append(receipt)
    names = [source.name for source in study.protocol.sources]
    ends = study.home.landing.ledger.row_ends()
    return StepResult(
        n_rows={name: len(arrived[name]) for name in names},
        figures={name: _figures(study, arrived[name], ends, notes) for name in names},
        checks={name: _checks(study, name, arrived[name]) for name in names},
    )


def _checks(study: Study, name: str, receipts: list[Receipt]) -> list[Check]:
    damaged = [r for r in receipts if not study.home.landing.is_intact(r)]
    return [
        Check.blocking(
            "files_are_kept",
            len(receipts),
            len(damaged),
            _("{n} of {total} files are gone or no longer as received").format(
                n=len(damaged), total=len(receipts)
            ),
        ),
        Check(
            "has_arrived",
            len(receipts) > 0,
            _("{n} deliveries of {source} are known").format(n=len(receipts), source=name),
        ),
    ]


def _figures(
    study: Study, receipts: list[Receipt], ends: list[dict[str, Any]], notes: list[str]
) -> dict[str, Any]:
    """The newest file, its hash, the rows of all files by the end they came to, and the notes."""
    figures: dict[str, Any] = {"notes": "\n".join(notes) or "-"}
    if not receipts:
        return figures
    newest = receipts[-1]
    mine = {receipt.receipt_id for receipt in receipts}
    own = [row for row in ends if row["receipt_id"] in mine]
    path = study.home.landing.object_path(newest.object_hash).resolve()
    return figures | {
        "dagster/uri": path.as_uri(),
        "source_file": newest.shown_name,
        "sha256": newest.sha256,
        "last_known_on": newest.known_on.isoformat(),
        "rows_read": sum(row["n_rows"] for row in own),
        "rows_rejected": sum(row["rejected"] for row in own),
    }
