"""Great Expectations audits what arrived this night beside what arrived before it.

One suite per source and provider, one row of measures per delivery: counts and shares, never a
value. Its Data Docs stand in the home, for the steward alone. A past brought in by
``agir init --history`` is history and no night's delivery: nothing of it is audited, and a night
without news does not load the library.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.language import _, current_language
from agir_pipeline.methods.reading.profiles import Bounds, Measure, Profile, compared, profile
from agir_pipeline.protocol.model import Protocol, Source
from agir_pipeline.resources.audit_pages import keep_pages
from agir_pipeline.resources.files import make_folder, write_whole
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.readings import Reading

COLUMNS = [
    "receipt_id", "source", "provider", "known_on", "measure", "column_name", "code", "found",
    "low", "high", "is_met",
]  # fmt: skip
FAULT = "fault"
BOOLEAN_ONLY = "BOOLEAN_ONLY"
"""The one format that keeps every figure and value out of what is stored and shown."""


class Audited(NamedTuple):
    """A delivery with what its history leads to expect of it."""

    source: Source
    reading: Reading
    told: list[tuple[Measure, float, Bounds]]


def to_audit(
    protocol: Protocol, readings: Sequence[Reading], known: frozenset[str]
) -> Iterator[Audited]:
    """The deliveries that arrived by night, have history enough, and are not among ``known``."""
    rules = protocol.audit
    if rules is None:
        return
    for source in protocol.sources:
        for provider in source.providers:
            own = [
                one
                for one in readings
                if (one.receipt.source, one.receipt.provider) == (source.name, provider.name)
                and one.refusal is None
            ]
            profiles: dict[str, Profile] = {}
            for place, reading in enumerate(own):
                receipt = reading.receipt
                before = own[max(0, place - rules.least_deliveries.value) : place]
                is_news = not receipt.is_backfilled and receipt.receipt_id not in known
                if not is_news or len(before) < rules.least_deliveries.value:
                    continue
                for one in [*before, reading]:
                    profiles.setdefault(one.receipt.receipt_id, _profile(source, one))
                history = [profiles[one.receipt.receipt_id] for one in before]
                newest = profiles[receipt.receipt_id]
                yield Audited(source, reading, list(compared(newest, history, rules)))


def audited(home: Home, found: Sequence[Audited]) -> pd.DataFrame:
    """One row per measure of each delivery, with what Great Expectations says of it."""
    if not found:
        return pd.DataFrame(columns=pd.Index(COLUMNS))
    verdicts = _validated(home, found)
    lines = [
        (
            one.reading.receipt.receipt_id, one.source.name, one.reading.receipt.provider,
            pd.Timestamp(one.reading.receipt.known_on), measure.kind, measure.column or None,
            measure.code or None, value, bounds.low, bounds.high, is_met,
        )
        for one, met in zip(found, verdicts, strict=True)
        for (measure, value, bounds), is_met in zip(one.told, met, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=pd.Index(COLUMNS))


@contextmanager
def fault_noted(home: Home) -> Iterator[None]:
    """Goes on after a fault inside, which ``noted_fault`` then tells until all goes well.

    The library's own files are removed, as they may be what is broken: it makes them again.
    """
    note = home.audit / FAULT
    try:
        yield
    except Exception as fault:  # the library, and what it calls, may raise anything
        shutil.rmtree(home.audit / "gx", ignore_errors=True)
        write_whole(note, type(fault).__name__.encode())
    else:
        note.unlink(missing_ok=True)


def noted_fault(home: Home) -> str:
    """The kind of the last fault; never its message, which may quote something. Empty: none."""
    note = home.audit / FAULT
    return note.read_text("utf-8") if note.is_file() else ""


def _profile(source: Source, reading: Reading) -> Profile:
    n_rejected = sum(ends.get("rejected", 0) for ends in reading.ends.values())
    return profile(source, reading.rows, n_rejected)


def measure_label(source: Source, measure: Measure) -> str:
    """A measure in the reader's language."""
    language = current_language()
    column = next((c for c in source.columns if c.name == measure.column), None)
    if column is None:
        return _("rows") if measure.kind == "rows" else _("share of rejected rows")
    label = column.labels.in_language(language)
    if measure.kind == "missing":
        return _("{column}: share of empty cells").format(column=label)
    code = next(c for c in column.codes if c.code == measure.code)
    return _("{column}: share of {code}").format(
        column=label, code=code.labels.in_language(language)
    )


def _validated(home: Home, found: Sequence[Audited]) -> list[list[bool]]:
    """Runs the suites and writes the Data Docs; whether each measure is as expected."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # its thread would outlive the night, and DuckDB complain of it
    make_folder(home.audit, mode=0o700)
    # what was said of earlier nights stands in pages and in a table: only this one is rendered
    shutil.rmtree(home.audit / "gx" / "uncommitted" / "validations", ignore_errors=True)
    context = gx.get_context(mode="file", project_root_dir=str(home.audit))
    os.chmod(home.audit / "gx", 0o700)
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    data_source = context.data_sources.add_or_update_pandas("deliveries")
    met = [_run(gx, context, data_source, one) for one in found]
    context.build_data_docs()
    keep_pages(home)
    return met


def _run(gx: Any, context: Any, data_source: Any, one: Audited) -> list[bool]:
    receipt = one.reading.receipt
    stream = f"{receipt.source}.{receipt.provider}"
    labels = [measure_label(one.source, measure) for measure, _value, _bounds in one.told]
    names = [f"{label} ({n})" if label in labels[:n] else label for n, label in enumerate(labels)]
    suite = gx.ExpectationSuite(
        name=stream,
        expectations=[
            gx.expectations.ExpectColumnValuesToBeBetween(
                column=name, min_value=bounds.low, max_value=bounds.high
            )
            for name, (_measure, _value, bounds) in zip(names, one.told, strict=True)
        ],
    )
    context.suites.add_or_update(suite)
    try:
        asset = data_source.get_asset(stream)
    except LookupError:
        asset = data_source.add_dataframe_asset(stream)
    try:
        batch = asset.get_batch_definition("delivery")
    except LookupError:
        batch = asset.add_batch_definition_whole_dataframe("delivery")
    definition = gx.ValidationDefinition(name=stream, data=batch, suite=suite)
    definition = context.validation_definitions.add_or_update(definition)
    frame = pd.DataFrame([[value for _m, value, _b in one.told]], columns=pd.Index(names))
    result = definition.run(
        batch_parameters={"dataframe": frame},
        result_format=BOOLEAN_ONLY,
        run_id=gx.RunIdentifier(run_name=f"{receipt.known_on} {receipt.receipt_id}"),
    )
    said = {r.expectation_config.kwargs["column"]: bool(r.success) for r in result.results}
    return [said[name] for name in names]
