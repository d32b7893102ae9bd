"""One study opened for one run: its home, its protocol, what is known, and its databases."""

import hashlib
import json
import os
import platform
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.errors import CheckError, UsageError
from agir_pipeline.language import _
from agir_pipeline.protocol.loading import load_protocol, read_protocol_text
from agir_pipeline.protocol.lookup_tables import table_names
from agir_pipeline.protocol.model import Protocol, StatusOutcome
from agir_pipeline.protocol.registry import models_folder
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.keys import Keys
from agir_pipeline.resources.readings import Readings
from agir_pipeline.resources.receipts import Receipt, State
from agir_pipeline.resources.sql_models import SqlModels
from agir_pipeline.resources.surprises import SILENT
from agir_pipeline.resources.vault import Vault
from agir_pipeline.resources.warehouse import Warehouse

PACKAGE = Path(__file__).parents[1]


LIBRARIES = ("duckdb", "numpy", "pandas", "pyarrow", "scipy", "splink", "statsmodels")
"""Those whose next version may give another figure."""


def library_versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


@cache
def code_version() -> str:
    """The package's version and a hash of its code, its texts and the libraries that compute.

    A checkout between versions has its own.
    """
    digest = hashlib.sha256(json.dumps(library_versions()).encode())
    folders = [PACKAGE, *([] if models_folder().is_relative_to(PACKAGE) else [models_folder()])]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".sql", ".yml", ".po", ".txt"):
                digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return f"{version('agir-pipeline')}+{digest.hexdigest()[:12]}"


@dataclass(frozen=True)
class Study:
    """``as_of`` None is the working study; a day is a rebuild of what was known at its end."""

    home: Home
    protocol: Protocol
    as_of: date | None = None
    today: date = field(default_factory=date.today)

    @property
    def _day(self) -> str | None:
        return self.as_of.isoformat() if self.as_of else None

    @cached_property
    def warehouse(self) -> Warehouse:
        return self.home.warehouse(self._day)

    @property
    def vault(self) -> Vault:
        return self.home.vault(self._day)

    @cached_property
    def keys(self) -> Keys:
        """Read once: a night names thousands of rows."""
        return self.home.keys

    @cached_property
    def models(self) -> SqlModels:
        return SqlModels(models_folder())

    @cached_property
    def readings(self) -> Readings:
        landing, keys = self.home.landing, self.keys
        intake = self.home.site.intake
        told = self.home.vault().read("tombstones")
        stones, is_erased = frozenset(told.loc[told["erasure"] != "", "mark"]), None
        if stones:
            is_erased = cache(lambda mark: keys.tombstone(mark) in stones)
        return Readings(
            self.home.parsed,
            landing,
            self.protocol,
            keys.record_key,
            intake,
            is_erased,
            self.expired,
        )

    @cached_property
    def _states(self) -> dict[int, State]:
        return {}

    def state(self) -> State:
        """What is known; read anew only when a receipt was added, since none is ever removed."""
        n_receipts = len(os.listdir(self.home.landing.folder / "receipts"))
        if n_receipts not in self._states:
            self._states[n_receipts] = self.home.landing.state(self.as_of)
        return self._states[n_receipts]

    @property
    def expired(self) -> frozenset[str]:
        """The sources whose rows may be kept no longer."""
        return frozenset(
            s.name
            for s in self.protocol.sources
            if s.keep_until and s.keep_until.value < self.today
        )

    def forget(self) -> None:
        """Read anew what is known: something of the past was changed."""
        self._states.clear()

    @property
    def horizon(self) -> date:
        """The last day whose rounds are due: a day's round is matched once the day has ended."""
        yesterday = self.today - timedelta(days=1)
        return min(self.as_of, self.today) if self.as_of else yesterday

    @property
    def is_draft(self) -> bool:
        return self.as_of is not None


def open_study(folder: Path, as_of: date | None = None, protocol: Path | None = None) -> Study:
    """The study in ``folder`` with the protocol in force (or known then, or overridden).

    Raises:
        UsageError: no study there, or the day lies before anything was known.
        ProtocolError: the protocol does not hold.
    """
    home = Home(folder).require()
    chosen = protocol or (home.protocol_path if as_of is None else _protocol_known(home, as_of))
    loaded = load_protocol(chosen)
    today = datetime.now(ZoneInfo(loaded.study.time_zone)).date()
    if as_of is not None and as_of > today:
        raise UsageError(_("{day} is still to come; --as-of takes a past day").format(day=as_of))
    study = Study(home, loaded, as_of, today)
    if as_of is not None and not study.state().deliveries:
        raise UsageError(_("nothing was known on {day}").format(day=as_of))
    return study


# -------------------------------------------------------------- protocol versions as receipts


def record_protocol(home: Home, known_on: date, how: str = "run") -> None:
    """Keep the protocol in force as a receipt, if it is not the one last recorded.

    Its provider is the number of the version: an earlier text put in force again is a new one.
    """
    content = _bundle(home.protocol_path)
    recorded = home.landing.state().of_kind("protocol")
    if recorded and home.landing.content(recorded[-1]) == content:
        return
    receipt = Receipt(
        kind="protocol",
        sha256="",
        known_on=max([known_on, *(r.known_on for r in recorded)]),
        provider=f"version_{len(recorded) + 1:04d}",
        file_name="protocol.toml",
        how=how,
    )
    home.landing.receive(content, receipt)


def _bundle(path: Path) -> bytes:
    """The protocol and its tables in one object."""
    text = read_protocol_text(path)
    names = table_names(tomllib.loads(text))
    tables = {name: (path.parent / name).read_text(encoding="utf-8-sig") for name in names}
    return json.dumps({"protocol.toml": text, **tables}, sort_keys=True).encode()


def _protocol_known(home: Home, as_of: date) -> Path:
    """The protocol of that day, unpacked; before the first one recorded, the first one."""
    recorded = home.landing.state().of_kind("protocol")
    if not recorded:
        return home.protocol_path
    receipt = [r for r in recorded if r.known_on <= as_of][-1:] or [recorded[0]]
    folder = home.folder / "warehouse" / "as_of" / f"protocol-{receipt[0].receipt_id}"
    for name, text in json.loads(home.landing.content(receipt[0])).items():
        write_whole(folder / name, text.encode())
    return folder / "protocol.toml"


# ------------------------------------------------------------------------------ step order

STEPS = ("raw", "validated", "linked", "matched", "outcomes", "published")


def state_digest(study: Study, step: str) -> str:
    """What the tables of ``step`` must have been built from to be up to date.

    Deliveries, protocol, keys and code for every step; from ``linked`` on also the links on
    record, from ``matched`` on the rounds that are due and those on record.
    """
    state = study.state()
    parts = [
        state.digest("structure", "delivery"),
        study.protocol.protocol_digest,
        study.keys.fingerprint(),
        json.dumps(sorted(study.home.site.deciders)),
        code_version(),
    ]
    if STEPS.index(step) >= STEPS.index("linked"):
        parts.append(state.digest("link"))
    if STEPS.index(step) >= STEPS.index("matched"):
        due = [day.isoformat() for day in due_instants(study)]
        parts += [state.digest("round"), *due]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def due_instants(study: Study) -> list[date]:
    """The matching days that have passed; without declared ones, the first complete night."""
    declared = study.protocol.matching.instants
    if declared:
        return [day for day in declared if day <= study.horizon]
    first: dict[str, date] = {}
    for receipt in included(study).deliveries:
        first.setdefault(receipt.source, receipt.known_on)
    needed = [first.get(source.name) for source in study.protocol.feeding("person")]
    known = [day for day in needed if day is not None]
    return [max(known)] if len(known) == len(needed) else []


def built_digests(study: Study, connection: sa.Connection) -> dict[str, str]:
    """Step → digest of what its tables were built from."""
    if ("books", "steps") not in study.warehouse.tables(connection):
        return {}
    books = study.warehouse.read(connection, "books", "steps")
    return dict(zip(books["step"], books["digest"], strict=True))


def included(study: Study) -> State:
    """What tables are made from: all that is known but for files of which nothing was taken.

    Refused whole, or row by row, under the contract in force; a file nobody has read yet counts
    as included.
    """
    contracts, ledger = study.readings.contracts, study.home.landing.ledger
    refused = {(r["receipt_id"], r["reading"]) for r in ledger.refusals()} | ledger.spoilt().keys()
    return State(
        tuple(
            receipt
            for receipt in study.state().receipts
            if (receipt.receipt_id, contracts.get(receipt.source)) not in refused
        )
    )


def data_cut_on(study: Study, source: str, known_on: date = date.max) -> date | None:
    """The extraction day of the newest delivery of a source that could be read.

    ``known_on`` leaves out what arrived after that day. A file that lost most rows of the one
    before, or the column that tells the outcome, says nothing of how things stood: it reaches no
    further.
    """
    told = study.vault.read("surprises")
    is_silent = told["code"].isin(SILENT) & told["column_name"].isin(
        telling_columns(study.protocol, source)
    )
    useless = set(told.loc[is_silent | (told["code"] == "partial_file"), "receipt_id"])
    days = [
        receipt.extracted_on or receipt.known_on
        for receipt in included(study).deliveries
        if receipt.source == source
        and receipt.known_on <= known_on
        and receipt.receipt_id not in useless
    ]
    return max(days, default=None)


def telling_columns(protocol: Protocol, source: str) -> set[str]:
    """The columns of a source without which nothing is known of what happened."""
    found = protocol.source(source)
    names = {found.spell.ended_early if found.spell else None, found.answered_at}
    for outcome in protocol.outcomes:
        if isinstance(outcome, StatusOutcome):
            told = (d for d in outcome.definitions if outcome.asked(d).origin == source)
            names |= {definition.known_when for definition in told}
    return {name for name in names if name}


def contracts_known_to(study: Study, known_on: date) -> date:
    """The last day that the contracts known at the end of ``known_on`` tell of.

    Of several registers the one drawn first decides: who left a contract of it later is not known.
    """
    cuts = [data_cut_on(study, s.name, known_on) for s in study.protocol.feeding("spell")]
    return min((cut for cut in cuts if cut is not None), default=date.max)


def record_step(study: Study, connection: sa.Connection, step: str, digest: str) -> None:
    """Note, in the step's own transaction, what its tables were built from."""
    if ("books", "steps") not in study.warehouse.tables(connection):
        empty = pd.DataFrame({"step": [], "digest": []}, dtype="string")
        study.warehouse.replace(connection, "books", "steps", empty)
    row = {"step": step, "digest": digest}
    connection.execute(sa.text("delete from books.steps where step = :step"), row)
    connection.execute(sa.text("insert into books.steps values (:step, :digest)"), row)


def is_up_to_date(study: Study, step: str) -> bool:
    with study.warehouse.transaction() as connection:
        return built_digests(study, connection).get(step) == state_digest(study, step)


def require_step(study: Study, step: str) -> None:
    """Refuse to build on tables of another state.

    Raises:
        CheckError: ``step`` was last built from something else.
    """
    if not is_up_to_date(study, step):
        raise CheckError(
            _(
                "step {step} is not up to date with what has arrived; run the whole nightly job"
            ).format(step=step)
        )
