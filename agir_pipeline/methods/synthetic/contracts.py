"""What the register of contracts comes to hold: contracts, amendments, ruptures once notified.

One row per contract or amendment. ``deposited_on`` is the day the partner registers the row,
``rupture_notified_on`` the day from which it also shows a rupture.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.people import DAY, as_days
from agir_pipeline.methods.synthetic.timeline import Days, index_rule, plus_months, uniform
from agir_pipeline.protocol.model import Protocol

NEVER = np.datetime64("NaT")
SHORTENED_DAYS = 45
NEXT_GAP_DAYS = 40


def register_rows(
    protocol: Protocol,
    calibration: Calibration,
    people: pd.DataFrame,
    path: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """All rows of the register at the end of time, with their numbers; ``person`` is the link."""
    first = people.assign(
        person=people.index, rupture_on=path["rupture_on"], kind="first", amendment_number=0
    )
    rows = pd.concat(
        [
            first,
            _second_contracts(calibration, first, path, rng),
            _next_contracts(calibration, first, rng),
        ],
        ignore_index=True,
    )
    rows = _with_ruptures(protocol, calibration, rows, rng)
    rows = _numbered(rows)
    rows = pd.concat([rows, _amendments(calibration, rows, rng)], ignore_index=True)
    form = np.where(rows["amendment_number"] > 0, "amendment", "initial")
    rows = rows.assign(contract_form=form, scheme="contrat_pro")
    return rows.sort_values(["deposited_on", "contract_number", "amendment_number"])


def _second_contracts(
    calibration: Calibration, first: pd.DataFrame, path: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """The contract that follows a rupture, by the path the person lived."""
    second = first[path["second_start_on"].notna()]
    lived = path.loc[second.index]
    start = as_days(lived["second_start_on"])
    return second.assign(
        kind="second",
        contract_start_on=start,
        planned_end_on=lived["second_end_on"],
        rupture_on=lived["second_rupture_on"],
        duration_months=calibration.rupture.renewed_duration_months.value,
        signed_on=start - DAY,
        deposited_on=start + uniform(rng, calibration.timing.deposit_days, len(second)),
    )


def _next_contracts(
    calibration: Calibration, first: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Another contract after a completed one; nobody breaks it, it changes no outcome."""
    completes = first["rupture_on"].isna() & (first["role"] != "stranger")
    share = calibration.rupture.next_contract_share.value
    follows = completes.to_numpy() & (rng.random(len(first)) < share)
    after = first[follows]
    gap = rng.integers(1, NEXT_GAP_DAYS, len(after)).astype("m8[D]")
    start = as_days(after["planned_end_on"]) + gap
    months = np.full(len(after), calibration.rupture.renewed_duration_months.value)
    return after.assign(
        kind="next",
        contract_start_on=start,
        planned_end_on=plus_months(start, months) - DAY,
        duration_months=calibration.rupture.renewed_duration_months.value,
        signed_on=start - DAY,
        deposited_on=start + uniform(rng, calibration.timing.deposit_days, len(after)),
    )


def _with_ruptures(
    protocol: Protocol, calibration: Calibration, rows: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Adds the reason, and the day of the notice.

    Notices come late, some very late. Early ruptures before the first matching instant are
    notified within the legal delay: the first round is made of what was true.
    """
    rule = calibration.rupture
    n = len(rows)
    lag = np.ceil(
        rng.gamma(rule.notice_shape.value, rule.notice_mean_days.value / rule.notice_shape.value, n)
    )
    lag = np.clip(lag, 1, rule.notice_longest_days.value)
    rupture = as_days(rows["rupture_on"])
    lasted = (rupture - as_days(rows["contract_start_on"])).astype(float)
    lasted[np.isnat(rupture)] = np.inf
    longest_wait = len(calibration.timing.delay_band_weights.value)
    longest_wait *= index_rule(protocol).delay_band_days.value
    first_instant = np.datetime64(protocol.matching.instants[0], "D")
    is_prompt = (rupture <= first_instant) & (lasted <= longest_wait)
    lag = np.where(is_prompt, np.minimum(lag, rule.legal_notice_days.value), lag)
    shares = np.array(rule.reason_shares.value)
    reasons = np.array(rule.reasons.value, dtype=object)
    reason = reasons[rng.choice(len(reasons), n, p=shares / shares.sum())]
    reason = np.where(lasted <= rule.trial_days.value, "trial_period", reason)
    return rows.assign(
        rupture_notified_on=rupture + lag.astype("m8[D]"),
        rupture_reason=np.where(np.isnat(rupture), "", reason),
    )


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Contract numbers: the year of the contract and a running number of the register."""
    ordered = rows.sort_values(["deposited_on", "person"], kind="stable")
    year = ordered["contract_start_on"].dt.year.map(str)
    running = pd.Series(np.arange(1, len(rows) + 1), ordered.index).map("{:06d}".format)
    return rows.assign(contract_number=year + "-" + running)


def _amendments(
    calibration: Calibration, rows: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Later planned ends of contracts that were not broken; one of them comes too soon."""
    has_more = rows["person"].isin(rows.loc[rows["kind"] != "first", "person"])
    quiet = rows["rupture_on"].isna() & (rows["kind"] == "first") & ~has_more
    share = calibration.rupture.extension_share.value
    is_extended = quiet.to_numpy() & (rng.random(len(rows)) < share)
    extended = rows[is_extended]
    n = len(extended)
    months = rng.integers(1, 4, n)
    old_end = as_days(extended["planned_end_on"])
    extension = _amended(
        extended,
        effective_on=old_end - rng.integers(15, 60, n).astype("m8[D]"),
        end_on=plus_months(old_end, months),
        more_months=months,
    )
    short = rows[quiet & ~is_extended & (rows["role"] == "control")].iloc[:1]
    new_end = as_days(short["planned_end_on"]) - np.timedelta64(SHORTENED_DAYS, "D")
    minus = np.full(len(short), -1)
    shortening = _amended(short, new_end - np.timedelta64(3, "D"), new_end, minus)
    return pd.concat([extension, shortening], ignore_index=True)


def _amended(
    rows: pd.DataFrame, effective_on: Days, end_on: Days, more_months: npt.NDArray[np.int64]
) -> pd.DataFrame:
    return rows.assign(
        kind="amendment",
        amendment_number=1,
        amendment_effective_on=effective_on,
        planned_end_on=end_on,
        duration_months=rows["duration_months"].astype(int) + more_months,
        signed_on=effective_on - DAY,
        deposited_on=effective_on + np.timedelta64(10, "D"),
    )
