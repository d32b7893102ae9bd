"""Whether the programme keeps what it promised: warnings that stop nothing."""

from collections.abc import Mapping

import pandas as pd

from agir_pipeline.assets.checks import Checks
from agir_pipeline.assets.step import Check
from agir_pipeline.contracts.model import in_language
from agir_pipeline.contracts.words import ARMS
from agir_pipeline.language import _, current_language, mark, written_number
from agir_pipeline.protocol.model import Governance, Protocol

SHARE, REACH, COMMITTEES = (
    "enrolment_progress/watched_share_is_kept",
    "mobilisation_funnel/enough_are_contacted",
    "governance/committees_keep_their_word",
)
PROMISES = {
    SHARE: mark("The share that is watched is as large as promised"),
    REACH: mark("As many organisations as promised were contacted"),
    COMMITTEES: mark("Committees meet and go through cases as promised"),
}


def promises(protocol: Protocol) -> dict[str, str]:
    """The checks of this study: what it has not promised is not checked."""
    enrolment = protocol.enrolment
    is_made = {
        SHARE: enrolment is not None and enrolment.watched_at_least is not None,
        REACH: protocol.outreach is not None,
        COMMITTEES: protocol.governance is not None,
    }
    return {place: text for place, text in PROMISES.items() if is_made[place]}


def promised_checks(tables: Mapping[str, pd.DataFrame], protocol: Protocol) -> Checks:
    """Table → its check, from the released tables; of nothing yet no promise is kept."""
    found: Checks = {}
    if (enrolment := protocol.enrolment) and enrolment.watched_at_least:
        least = enrolment.watched_at_least.value
        found["enrolment_progress"] = [share_is_kept(tables["enrolment_progress"], least)]
    if protocol.outreach:
        found["mobilisation_funnel"] = [enough_are_contacted(tables["mobilisation_funnel"])]
    if protocol.governance:
        told = committees_keep_their_word(tables["governance"], protocol.governance)
        found["governance"] = [told]
    return found


def share_is_kept(progress: pd.DataFrame, least: float) -> Check:
    """By the entries so far of each arm; an arm without one waits."""
    last = progress.sort_values("month_on").groupby("arm").tail(1).dropna(subset="share_watched")
    lines = [
        _("{arm}: {share} of those who entered, {least} were promised").format(
            arm=in_language(ARMS[str(row["arm"])], current_language()),
            share=_percent(float(row["share_watched"])),
            least=_percent(least),
        )
        for row in last.to_dict("records")
    ]
    is_kept = len(last) > 0 and bool((last["share_watched"] >= least).all())
    return Check(SHARE.partition("/")[2], is_kept, "\n".join(lines))


def _percent(share: float) -> str:
    sign = "\N{NO-BREAK SPACE}%" if current_language() == "fr" else "%"
    return written_number(100 * share, "0.#") + sign


def enough_are_contacted(funnel: pd.DataFrame) -> Check:
    """Of the kind of organisation of which a number was promised."""
    own = funnel[funnel["n_expected"].notna()]
    lines = [
        _("{n} contacted, {least} were promised").format(
            n=int(row["n_contacted"]), least=int(row["n_expected"])
        )
        for row in own.to_dict("records")
    ]
    is_kept = len(own) > 0 and bool(own["is_reached"].fillna(False).all())
    return Check(REACH.partition("/")[2], is_kept, "\n".join(lines))


def committees_keep_their_word(table: pd.DataFrame, governance: Governance) -> Check:
    """By the last month of each committee; one that never met keeps no word."""
    last = table.sort_values("month_on").groupby("committee").tail(1)
    labels = {c.code: c.labels.in_language(current_language()) for c in governance.committees}
    lines = [
        _("{committee}: it has not met yet").format(committee=label)
        for code, label in labels.items()
        if code not in set(last["committee"])
    ]
    for row in last.to_dict("records"):
        committee = labels[str(row["committee"])]
        if not row["is_compliant"]:
            sentence = _("{committee}: {n} days without a meeting, at most {limit} were promised")
            days = {"n": int(row["gap_days"]), "limit": int(row["limit_days"])}
            lines.append(sentence.format(committee=committee, **days))
        if pd.notna(is_covered := row.get("is_covered")) and not is_covered:
            sentence = _("{committee}: {n} of {total} cases not reviewed in {limit} meetings")
            cases = {"n": int(row["n_not_reviewed"]), "total": int(row["n_due"])}
            limit = int(row["within_meetings"])
            lines.append(sentence.format(committee=committee, limit=limit, **cases))
    return Check(COMMITTEES.partition("/")[2], not lines, "\n".join(lines))
