"""What ``agir status`` says: read from receipts and the ledger alone, never from the warehouse."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.ledger import ENDS
from agir_pipeline.resources.receipts import State


def status(home: Home, protocol: Protocol) -> dict[str, Any]:
    """The study at a glance; every value is a count, a name, a day or a hash."""
    landing = home.landing
    state, ledger = landing.state(), landing.ledger
    ends = _ends_by_source(state, ledger.row_ends())
    checks = Counter(check["status"] for check in ledger.checks())
    received = _last_received(state, ledger.landings())
    return {
        "as_of": str(state.as_of) if state.as_of else None,
        "protocol": {
            "name": protocol.study.name,
            "design_digest": protocol.design_digest,
            "protocol_digest": protocol.protocol_digest,
        },
        "sources": [
            {
                "name": source.name,
                "receipts": sum(r.source == source.name for r in state.deliveries),
                "rows": sum(ends.get(source.name, {}).values()),
                **{end: ends.get(source.name, {}).get(end, 0) for end in ENDS},
                "last_received_at": received.get(source.name),
            }
            for source in protocol.sources
        ],
        "rounds": [str(receipt.known_on) for receipt in state.of_kind("round")],
        "refused": [row["sentence"] for row in newest_refusals(home, state)],
        "decisions_needed": len(home.vault().read("undecided")),
        "checks": {name: checks[name] for name in ("passed", "warned", "failed")},
        "release": _release(home),
    }


def newest_refusals(home: Home, state: State) -> list[dict[str, Any]]:
    """The refusals of newest files: one per source and provider whose last file is unreadable."""
    refused = {row["receipt_id"]: row for row in home.landing.ledger.refusals()}
    newest = {(r.source, r.provider): r.receipt_id for r in state.deliveries}
    return [refused[receipt_id] for receipt_id in newest.values() if receipt_id in refused]


def _ends_by_source(state: State, rows: list[dict[str, Any]]) -> Mapping[str, Counter[str]]:
    """Of each delivery the account of its newest reading."""
    source_of = {receipt.receipt_id: receipt.source for receipt in state.deliveries}
    latest = {(row["receipt_id"], row["sheet"]): row for row in rows}
    ends: dict[str, Counter[str]] = {}
    for (receipt_id, _sheet), row in latest.items():
        if receipt_id in source_of:
            counter = ends.setdefault(source_of[receipt_id], Counter())
            counter.update({end: row[end] for end in ENDS})
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
