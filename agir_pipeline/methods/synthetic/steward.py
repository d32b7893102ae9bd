"""What the steward decides, in one workbook: corrections, who is who, withdrawn consents.

The demo's decisions speak of rows that are there. What each must come to is part of the truth.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.layouts import Layout, Page
from agir_pipeline.methods.synthetic.people import column_codes, end_of_study
from agir_pipeline.methods.synthetic.streams import NOTHING
from agir_pipeline.protocol.model import Protocol

CORRECTIONS, IDENTITIES, CONSENTS = "corrections", "identity_decisions", "consent_withdrawals"
MAPPINGS, HOLDS = "layout_mappings", "layout_holds"
DEPARTURES = "row_departures"
EMPTY_SHEETS = {
    "approvals": ("Objet", "Auteur", "Validé par", "Décidé le", "Retirée le"),
}
"""Sheets of the workbook that wait for a decision: nothing of the demo needs one."""
SAME_PERSON, OTHER_PERSON = "same", "different"
AUTHOR, APPROVER = "gestionnaire", "responsable"
DAY = pd.Timedelta(1, "D")


def corrections(protocol: Protocol, calibration: Calibration, people: pd.DataFrame) -> pd.DataFrame:
    """One row per correction; ``status`` is what its replay must end in."""
    helped = people[people["role"] == "beneficiary"].sort_values("support_entry_on")
    n_right = calibration.steward.corrections.value
    asked = helped.iloc[: n_right + 1]
    codes = column_codes(protocol, "beneficiary_register", "referral_source")
    following = dict(zip(codes, [*codes[1:], codes[0]], strict=True))
    rows = pd.DataFrame(
        {
            "source_name": "beneficiary_register",
            "business_key": asked["case_number"],
            "field_name": "referral_source",
            "old_value": asked["referral_source"],
            "new_value": asked["referral_source"].map(following),
            "effective_on": asked["support_entry_on"],
            "status": "applied",
        }
    ).reset_index(drop=True)
    # The last of them names an old value that the register does not hold.
    last = rows.index[-1]
    rows.loc[last, "status"] = "conflict"
    rows.loc[last, "old_value"] = following[str(rows.loc[last, "new_value"])]
    lost = rows.iloc[[0]].assign(business_key=_unused_case(helped), status="orphan")
    rows = pd.concat([rows, lost], ignore_index=True)
    decided = rows["effective_on"] + 60 * DAY
    return _signed(
        rows.assign(
            correction_reason="vérifié par téléphone",
            approver=APPROVER,
            expires_on=NOTHING,
        ),
        decided,
    )


def identity_decisions(
    calibration: Calibration, people: pd.DataFrame, register: pd.DataFrame
) -> pd.DataFrame:
    """One row per pair of records looked at: a list and a register that tell another name.

    ``person`` is whose they are: who is decided is one person, who is not stays two.
    """
    lost = people[~people["is_linkable"] & (people["provider_ref"] != "")]
    first = register[register["kind"] == "first"].set_index("person")
    asked = lost[lost.index.isin(first.index)]
    contract = first.loc[asked.index]
    n = len(asked)
    # The last question stays open; whoever bears another name is somebody else.
    decision = np.where(np.arange(n) < n - 1, SAME_PERSON, "unknown")
    rows = pd.DataFrame(
        {
            "source_a": "control_pool",
            "key_a": asked["provider_ref"],
            "source_b": "contract_register",
            "key_b": _contract_key(contract),
            "identity_decision": decision,
            "person": asked.index,
            "decided_on": contract["deposited_on"] + calibration.steward.waits_days.value * DAY,
            "fingerprint_a": "",
            "fingerprint_b": "",
        }
    ).reset_index(drop=True)
    return _signed(rows, rows["decided_on"])


def consent_withdrawals(calibration: Calibration, people: pd.DataFrame) -> pd.DataFrame:
    """One row per request: a beneficiary leaves the study, a control the questionnaires."""
    helped = people[people["role"] == "beneficiary"].sort_values("support_entry_on").iloc[[-1]]
    listed = people[(people["role"] == "control") & people["is_twin"]].iloc[[0]]
    asked = pd.concat([helped, listed])
    since = calibration.steward.consents_withdrawn_on.value
    rows = pd.DataFrame(
        {
            "request_number": [f"D-{k:03d}" for k in range(1, len(asked) + 1)],
            "case_number": asked["case_number"],
            "provider_ref": asked["provider_ref"].where(asked["role"] == "control", ""),
            "consent_withdrawn_on": pd.Timestamp(since),
            "withdrawal_scope": ["whole_study", "questionnaires"],
        }
    ).reset_index(drop=True)
    return _signed(rows, rows["consent_withdrawn_on"] + 10 * DAY)


def layout_mappings(protocol: Protocol) -> pd.DataFrame:
    """One row: a heading that the register's provider has announced for the year to come."""
    rows = pd.DataFrame(
        {
            "source_name": ["contract_register"],
            "heading_text": ["N° de dossier"],
            "field_name": ["contract_number"],
            "accepted_from_on": pd.Timestamp(end_of_study(protocol)) + DAY,
            "decision_reason": "annoncé par le partenaire",
        }
    )
    return _signed(rows, rows["accepted_from_on"] - 500 * DAY)


def layout_holds(protocol: Protocol) -> pd.DataFrame:
    """One row: a column that one adviser never fills, and the others need not."""
    rows = pd.DataFrame(
        {
            "source_name": ["support_log"],
            "field_name": ["referred_to"],
            "accepted_from_on": pd.Timestamp(end_of_study(protocol)) - 500 * DAY,
            "decision_reason": "non suivi",
        }
    )
    return _signed(rows, rows["accepted_from_on"])


def row_departures(
    protocol: Protocol, calibration: Calibration, people: pd.DataFrame
) -> pd.DataFrame:
    """Two rows: a case that is still true, and the ones opened twice, which are gone for good."""
    last = pd.Timestamp(end_of_study(protocol))
    twice = [fault for fault in calibration.faults if fault.check == "same_person"]
    helped = people[people["role"] == "beneficiary"].sort_values("support_entry_on").iloc[0]
    rows = pd.DataFrame(
        {
            "source_name": [protocol.feeding("person")[0].name, *(f.source for f in twice)],
            "business_key": [helped["case_number"], *(f.found for f in twice)],
            "row_fate": ["still_true", *("gone" for _fault in twice)],
            "departed_on": [helped["support_entry_on"], *(last - 40 * DAY for _fault in twice)],
            "decision_reason": "vérifié par téléphone",
        }
    )
    return _signed(rows, rows["departed_on"] + 30 * DAY)


def blank_sheets() -> list[tuple[Page, Layout]]:
    """The sheets nobody has written in."""
    return [
        (Page(list(headings), [], [False] * len(headings)), Layout("xlsx", 0, "as_is", sheet=name))
        for name, headings in EMPTY_SHEETS.items()
    ]


def told_decisions(rows: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Decisions as the truth tells them."""
    texts = rows[list(columns)].astype(str)
    return [dict(zip(columns, row, strict=True)) for row in texts.itertuples(index=False)]


def _signed(rows: pd.DataFrame, decided: pd.Series) -> pd.DataFrame:
    return rows.assign(
        author=AUTHOR, withdrawn_decision_on=NOTHING, shown_from=decided, shown_until=NOTHING
    )


def _unused_case(helped: pd.DataFrame) -> str:
    prefix = str(helped["case_number"].iat[0]).rpartition("-")[0]
    numbers = helped["case_number"].str.rpartition("-")[2].astype(int)
    return f"{prefix}-{numbers.max() + 100}"


def _contract_key(contract: pd.DataFrame) -> pd.Series:
    """The parts of the key, as a person writes them side by side."""
    numbers = contract["amendment_number"].astype(str)
    key: pd.Series = contract["opca"] + " / " + contract["contract_number"] + " / " + numbers
    return key
