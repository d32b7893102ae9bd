"""Step 1: what arrived tonight is kept as received, with a receipt."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from agir_pipeline.assets.step import (
    Check,
    StepResult,
    StudyRun,
    asset_spec,
    check_specs,
    logger,
    report,
    told_plainly,
)
from agir_pipeline.errors import InfrastructureError
from agir_pipeline.language import _, current_language, mark
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.landing import extraction_day
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.sources import causaldata
from agir_pipeline.resources.sources.inbox import dropped_files
from agir_pipeline.resources.study import Study, record_protocol, record_step, state_digest

CHECKS = {"has_arrived": mark("At least one delivery of this source is known")}


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
                kinds=frozenset({"file"}),
            )
            for source in protocol.sources
        ],
        check_specs=check_specs(
            "raw", {f"{n}/{check}": _(text) for n in names for check, text in CHECKS.items()}
        ),
    )
    def raw(study_run: StudyRun) -> Iterator[Any]:
        with told_plainly():
            study = study_run.study()
            notes = [] if study.is_draft else take_in(study)
            for note in notes:  # a file that nobody took in must not wait there unseen
                logger.warning(note)
            result = _result(study, notes)
            with study.warehouse.transaction() as connection:
                record_step(study, connection, "raw", state_digest(study, "raw"))
            yield from report(study, "raw", result)

    return raw


def take_in(study: Study) -> list[str]:
    """Land what waits in the inbox and what can be pulled; a sentence for each thing that failed.

    Raises:
        InfrastructureError: every source of the night is out of reach and none was ever known, or
            something that had arrived is gone.
    """
    landing = study.home.landing
    landing.require_whole()
    record_protocol(study.home, study.today)
    dropped, notes = dropped_files(study.home.inbox, study.protocol)
    seen = landing.ledger.inbox_looks()
    new = [file for file in dropped if seen.get(file.place) != file.look]
    looks = {file.place: file.look for file in new}
    landing.receive_many(
        (
            file.path.read_bytes(),
            _receipt(study, file.source, file.provider, file.path.name, "inbox"),
        )
        for file in new
    )
    landing.ledger.record_looks(looks)
    return notes + _pull(study)


def _pull(study: Study) -> list[str]:
    """Fetch every source that says where; one that cannot be reached stops nobody."""
    failures: list[str] = []
    pulled = [source for source in study.protocol.sources if source.pull]
    for source in pulled:
        if source.pull is None:
            continue
        try:
            name, content = causaldata.pull(source.pull.dataset)
        except InfrastructureError as fault:
            failures.append(f"{source.name}: {fault}")
            continue
        receipt = _receipt(study, source.name, source.providers[0].name, name, "pull")
        study.home.landing.receive(content, receipt)
    if failures and len(failures) == len(study.protocol.sources) and not study.state().deliveries:
        raise InfrastructureError("\n".join(failures))
    return failures


def _receipt(study: Study, source: str, provider: str, file_name: str, how: str) -> Receipt:
    return Receipt(
        kind="delivery",
        sha256="",
        known_on=study.today,
        source=source,
        provider=provider,
        file_name=file_name,
        extracted_on=extraction_day(file_name) or study.today,
        how=how,
    )


def _result(study: Study, notes: list[str]) -> StepResult:
    deliveries = study.state().deliveries
    counts = Counter(receipt.source for receipt in deliveries)
    names = [source.name for source in study.protocol.sources]
    last = {r.source: r.known_on.isoformat() for r in deliveries}
    return StepResult(
        n_rows={name: counts[name] for name in names},
        figures={
            name: {"last_known_on": last.get(name, "-"), "notes": "\n".join(notes) or "-"}
            for name in names
        },
        checks={
            name: [
                Check(
                    "has_arrived",
                    counts[name] > 0,
                    _("{n} deliveries of {source} are known").format(n=counts[name], source=name),
                )
            ]
            for name in names
        },
    )
