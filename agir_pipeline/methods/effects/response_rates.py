"""The released table of response rates: who was to answer, who did, and why the others did not."""

from collections import Counter
from collections.abc import Mapping
from math import nan, sqrt
from typing import Any

import pandas as pd
from scipy import stats

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, in_points, typed
from agir_pipeline.protocol.model import Inference, Wave

RESPONSE_COLUMNS = {
    "wave": TEXT, "instrument": TEXT, "arm": TEXT, "n_expected": COUNT, "n_not_due": COUNT,
    "n_due": COUNT, "n_answered": COUNT, "n_in_part": COUNT, "n_out_of_window": COUNT,
    "n_no_contact": COUNT, "n_silent": COUNT, "n_unreachable": COUNT, "response_rate": NUMBER,
    "ci_low": NUMBER, "ci_high": NUMBER, "difference_points": NUMBER, "ci_low_points": NUMBER,
    "ci_high_points": NUMBER,
}  # fmt: skip

ARMS = ("beneficiary", "control")
STATES = ("answered", "in_part", "out_of_window", "no_contact", "silent")
NOT_DUE = "not_due"


def newcombe_unpaired(
    events: tuple[int, int], persons: tuple[int, int], level: float
) -> tuple[float, float, float]:
    """Difference of two independent shares, first minus second, with its interval.

    Hybrid of the two Wilson intervals (Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8
    <873::AID-SIM779>3.0.CO;2-I, method 10). NaN where an arm has nobody.
    """
    if min(persons) == 0:
        return nan, nan, nan
    (p1, low1, high1), (p2, low2, high2) = (
        _wilson(n, of, level) for n, of in zip(events, persons, strict=True)
    )
    below = sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    above = sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return p1 - p2, p1 - p2 - below, p1 - p2 + above


def response_rates(
    responses: pd.DataFrame, waves: tuple[Wave, ...], inference: Inference
) -> pd.DataFrame:
    """Wave × arm: members of pairs expected, due, and what became of each one due.

    ``responses`` has wave, arm, is_due, state and is_lost (missing where no list of the arm tells
    it). ``n_unreachable`` are the silent who are lost, a part of them and no state of its own:
    where one arm alone is watched for it, it may enter no rate and no comparison. The rate is that
    of whole answers inside the window among the members due (as AAPOR's RR2, partial answers not
    counted), with Wilson's interval; the difference of the arms, beneficiaries minus controls,
    stands in both rows.
    """
    level = inference.confidence_level.value
    state = responses["state"].where(responses["is_due"]).astype("string").fillna(NOT_DUE)
    seen = Counter(zip(responses["wave"], responses["arm"], state, strict=True))
    told = responses[responses["is_lost"].notna()]
    is_lost = (told["state"] == "silent") & told["is_lost"].astype("boolean") & told["is_due"]
    lost = Counter(zip(told["wave"], told["arm"], is_lost.fillna(False), strict=True))
    rows = []
    for wave in waves:
        counts = {arm: _counts(seen, wave.name, arm) for arm in ARMS}
        answered, due = (
            (int(counts[ARMS[0]][name]), int(counts[ARMS[1]][name]))
            for name in ("n_answered", "n_due")
        )
        difference = dict(
            zip(
                ("difference_points", "ci_low_points", "ci_high_points"),
                map(in_points, newcombe_unpaired(answered, due, level)),
                strict=True,
            )
        )
        place = {"wave": wave.name, "instrument": wave.origin}
        rows += [
            {**place, "arm": arm, **counts[arm], **_lost(lost, wave.name, arm),
             **_rate(counts[arm], level), **difference}
            for arm in ARMS
        ]  # fmt: skip
    return typed(rows, RESPONSE_COLUMNS)


def _counts(seen: Mapping[tuple[str, str, str], int], wave: str, arm: str) -> dict[str, int]:
    of_state = {f"n_{state}": seen[wave, arm, state] for state in STATES}
    n_due, n_not_due = sum(of_state.values()), seen[wave, arm, NOT_DUE]
    return {
        "n_expected": n_due + n_not_due,
        "n_due": n_due,
        "n_not_due": n_not_due,
        **of_state,
    }


def _lost(lost: Mapping[tuple[str, str, bool], int], wave: str, arm: str) -> dict[str, int]:
    """Nothing where nobody of the arm is watched."""
    is_told = lost[wave, arm, True] + lost[wave, arm, False] > 0
    return {"n_unreachable": lost[wave, arm, True]} if is_told else {}


def _rate(counts: Mapping[str, int], level: float) -> dict[str, Any]:
    if counts["n_due"] == 0:
        return {}
    rate, low, high = _wilson(counts["n_answered"], counts["n_due"], level)
    return {"response_rate": rate, "ci_low": low, "ci_high": high}


def _wilson(events: int, persons: int, level: float) -> tuple[float, float, float]:
    limits = stats.binomtest(events, persons).proportion_ci(level, method="wilson")
    return events / persons, float(limits.low), float(limits.high)
