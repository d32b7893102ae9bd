"""What ``agir status`` says: read from receipts and the ledger alone, never from the warehouse."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from agir_pipeline.language import _
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.ledger import ENDS
from agir_pipeline.resources.readings import contracts_in_force
from agir_pipeline.resources.receipts import Receipt, State
from agir_pipeline.resources.study import Study, included, telling_columns
from agir_pipeline.resources.surprises import SILENT, surprise_sentences


def status(home: Home, protocol: Protocol) -> dict[str, Any]:
    """The study at a glance; every value is a count, a name, a day or a hash."""
    landing = home.landing
    state, ledger, contracts = landing.state(), landing.ledger, contracts_in_force(protocol)
    ends = _ends_by_source(state, ledger.row_ends(), contracts)
    read = ledger.readings()
    unread = Counter(
        receipt.source
        for receipt in state.deliveries
        if (receipt.receipt_id, contracts.get(receipt.source)) not in read
    )
    told = ledger.checks()
    checks = Counter(check["status"] for check in told)
    received = _last_received(state, ledger.landings())
    as_of = included(Study(home, protocol)).as_of
    return {
        "as_of": str(as_of) if as_of else None,
        "protocol": {
            "name": protocol.study.name,
            "design_digest": protocol.design_digest,
            "protocol_digest": protocol.protocol_digest,
        },
        "sources": [
            {
                "name": source.name,
                "receipts": sum(r.source == source.name for r in state.deliveries),
                "unread": unread[source.name],
                "rows": ends.get(source.name, Counter()).total(),
                **{end: ends.get(source.name, Counter())[end] for end in ENDS},
                "last_received_at": received.get(source.name),
            }
            for source in protocol.sources
        ],
        "rounds": [str(receipt.known_on) for receipt in state.of_kind("round")],
        "refused": [row["sentence"] for row in newest_refusals(home, state, protocol)],
        "decisions_needed": len(home.vault().read("undecided")),
        "checks": {name: checks[name] for name in ("passed", "warned", "failed")},
        "failed_checks": [
            f"{check['step']}/{check['name']}: {check['sentence']}"
            for check in told
            if check["status"] == "failed"
        ],
        "release": _release(home),
    }


def newest_refusals(
    home: Home, state: State, protocol: Protocol | None = None
) -> list[dict[str, Any]]:
    """The refusals that stand: files of a provider's newest day that nothing readable replaced.

    Several files may come on one day; whichever cannot be read is told, until one that can be
    read is handed in after it. Unreadable under the contract in force: a file refused earlier may
    be read now. A file each row of which was rejected, or that lost the column which tells what
    happened, is told like one that was refused. Without a protocol the one in the home is meant.
    """
    protocol = protocol or load_protocol(home.protocol_path)
    contracts = contracts_in_force(protocol)
    ledger = home.landing.ledger
    refusals = {(row["receipt_id"], row["reading"]): row for row in ledger.refusals()}
    names = {receipt.receipt_id: receipt.shown_name for receipt in state.deliveries}
    mute = _mute(home, protocol)
    for (receipt_id, reading), n in ledger.spoilt().items():
        sentence = _spoilt_sentence(names.get(receipt_id, ""), n)
        refusals[receipt_id, reading] = {"code": "every_row_rejected", "sentence": sentence}
    for receipt in state.deliveries:
        contract = contracts.get(receipt.source)
        if sentences := mute.get(receipt.receipt_id):
            told_of_it = {"code": "mute", "sentence": "\n".join(sentences)}
            refusals.setdefault((receipt.receipt_id, str(contract)), told_of_it)
    arrived_at = {row["receipt_id"]: row["received_at"] for row in ledger.landings()}
    standing: list[dict[str, Any]] = []
    for receipts in newest_deliveries(state).values():
        told = {
            r.receipt_id: refusals.get((r.receipt_id, contracts.get(r.source))) for r in receipts
        }
        readable = [arrived_at.get(name, "") for name, row in told.items() if row is None]
        last_readable = max(readable, default="")
        standing += [
            {**row, "source": receipts[0].source}
            for name, row in told.items()
            if row is not None and arrived_at.get(name, "") >= last_readable
        ]
    return standing


def _mute(home: Home, protocol: Protocol) -> dict[str, list[str]]:
    """Receipt → what is told of a file without the column that says what happened."""
    told = home.vault().read("surprises")
    told = told[told["code"].isin(SILENT)]
    found: dict[str, list[str]] = {}
    for source in protocol.sources:
        telling = telling_columns(protocol, source.name)
        own = told[(told["source"] == source.name) & told["column_name"].isin(telling)]
        for receipt, line in own.groupby("receipt_id"):
            found[str(receipt)] = surprise_sentences(source, line)
    return found


def _spoilt_sentence(file: str, n: int) -> str:
    return _(
        "{file}: each of its {n} rows breaks a rule; nothing of it is taken, see the quarantine "
        "for rows and columns"
    ).format(file=file, n=n)


def newest_deliveries(state: State) -> dict[tuple[str, str], list[Receipt]]:
    """(source, provider) → all that became known on the newest day of that provider."""
    newest: dict[tuple[str, str], list[Receipt]] = {}
    for receipt in state.deliveries:
        mine = newest.setdefault((receipt.source, receipt.provider), [])
        if mine and mine[-1].known_on != receipt.known_on:
            mine.clear()
        mine.append(receipt)
    return newest


def _ends_by_source(
    state: State, rows: list[dict[str, Any]], contracts: Mapping[str, str]
) -> Mapping[str, Counter[str]]:
    """Of each delivery its account under the contract in force."""
    source_of = {receipt.receipt_id: receipt.source for receipt in state.deliveries}
    ends: dict[str, Counter[str]] = {}
    for row in rows:
        source = source_of.get(row["receipt_id"])
        if source is not None and contracts.get(source) == row["reading"]:
            ends.setdefault(source, Counter()).update({end: row[end] for end in ENDS})
    return ends


def _last_received(state: State, landings: list[dict[str, Any]]) -> dict[str, str]:
    source_of = {receipt.receipt_id: receipt.source for receipt in state.deliveries}
    return {
        source_of[row["receipt_id"]]: row["received_at"]
        for row in landings
        if row["receipt_id"] in source_of
    }


def _release(home: Home) -> dict[str, str] | None:
    current = home.releases / "current"
    if not current.is_dir():
        return None
    folder = current.resolve()
    return {"id": folder.name, "path": str(folder)}
