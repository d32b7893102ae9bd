"""What a release was made from: its id, its inputs, and the facts of its manifest."""

import hashlib
from datetime import date
from typing import Any

import pandas as pd

from agir_pipeline.errors import CheckError
from agir_pipeline.language import _, current_language
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.methods.matching.verification import Terms
from agir_pipeline.resources.ledger import ENDS
from agir_pipeline.resources.readings import contract_digest
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.study import (
    Study,
    code_version,
    data_cut_on,
    included,
    library_versions,
)


def as_of_day(study: Study) -> date:
    """The day whose end the tables describe: that of the newest thing in them.

    A file refused whole moves nothing: it is not in them.

    Raises:
        CheckError: nothing has arrived yet.
    """
    found = included(study).as_of
    if found is None:
        raise CheckError(_("nothing has arrived yet: there is nothing to publish"))
    return found


def told_until(study: Study, source: str) -> date:
    """The last day a source can tell of: a log drawn in June says nothing of July.

    The extraction day of its newest delivery, at the latest the day of the tables; before any
    delivery that day.
    """
    day = as_of_day(study)
    return min(day, data_cut_on(study, source) or day)


def known_digest(study: Study) -> str:
    """A hash of what is included and under which keys; neither protocol nor code is in it."""
    parts = [
        included(study).digest("structure", "delivery", "round"),
        study.home.keys.fingerprint(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def release_id(study: Study) -> str:
    """``<as_of>-<12 hex of (state, protocol, code version, language)>``."""
    parts = [
        known_digest(study),
        study.protocol.protocol_digest,
        code_version(),
        current_language(),
    ]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{as_of_day(study)}-{digest[:12]}"


def release_facts(study: Study) -> dict[str, Any]:
    """What the manifest says beside files and tables; no clock, no folder, no machine."""
    protocol = study.protocol
    return {
        "as_of": as_of_day(study).isoformat(),
        "state_digest": known_digest(study),
        "protocol_digest": protocol.protocol_digest,
        "design_digest": protocol.design_digest,
        "keys_fingerprint": study.home.keys.fingerprint(),
        "code_version": code_version(),
        "language": current_language(),
        "versions": library_versions(),
        "matching": Terms.of(MatchingSpec.of(protocol)).as_facts(),
        "seeds": {"inference": protocol.inference.seed},
        "inputs": [
            {"receipt_id": r.receipt_id, "kind": r.kind, "sha256": r.sha256}
            for r in included(study).receipts
        ],
    }


def release_manifest(study: Study) -> pd.DataFrame:
    """One row per receipt included; for a delivery also the end its rows came to, as read now.

    Counts are missing for what has no rows.
    """
    ends = _row_ends(study)
    rows = [_input(receipt, ends) for receipt in included(study).receipts]
    return pd.DataFrame(rows)


def _input(receipt: Receipt, ends: dict[str, dict[str, int]]) -> dict[str, Any]:
    counts = ends.get(receipt.receipt_id, {})
    return {
        "receipt_id": receipt.receipt_id,
        "kind": receipt.kind,
        "source": receipt.source or None,
        "provider": receipt.provider or None,
        "known_on": receipt.known_on,
        "extracted_on": receipt.extracted_on,
        "sha256": receipt.sha256,
        "n_rows": counts.get("n_rows"),
        **{f"n_{end}": counts.get(end) for end in ENDS},
    }


def _row_ends(study: Study) -> dict[str, dict[str, int]]:
    """Receipt → n_rows and each end, over its sheets, under the contract in force."""
    tables = study.readings.tables
    contracts = {s.name: contract_digest(s, tables) for s in study.protocol.sources}
    reading_of = {r.receipt_id: contracts.get(r.source) for r in study.state().deliveries}
    found: dict[str, dict[str, int]] = {}
    for row in study.home.landing.ledger.row_ends():
        if reading_of.get(row["receipt_id"]) == row["reading"]:
            counts = found.setdefault(row["receipt_id"], dict.fromkeys(("n_rows", *ENDS), 0))
            for name in counts:
                counts[name] += row[name]
    return found
