"""The support given: how much each beneficiary had, and of what it was."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT
from agir_pipeline.methods.reading.typing_rules import CODE_MARK
from agir_pipeline.protocol.mechanism import Support

MINUTES_AN_HOUR = 60
DOSE_COLUMNS = {
    "person_id": TEXT, "pair_id": TEXT, "n_interviews": COUNT, "support_hours": NUMBER,
    "n_months": COUNT, "span_days": COUNT, "first_interview_delay_days": COUNT,
    "n_themes": COUNT, "share_watched_theme": NUMBER, "n_joint_contacts": COUNT,
    "n_interviews_by_landmark": COUNT, "support_hours_by_landmark": NUMBER,
}  # fmt: skip
THEME_COLUMNS = {
    "theme": TEXT, "phase": TEXT, "n_beneficiaries": COUNT, "n_interviews": COUNT,
    "interview_hours": NUMBER,
}  # fmt: skip
NOT_SAID = "not_said"


def phase_column(phase: str) -> str:
    return f"n_{phase}"


def support_dose(
    members: pd.DataFrame,
    sessions: pd.DataFrame,
    support: Support,
    phases: Sequence[str],
    landmark_days: int,
) -> pd.DataFrame:
    """One row per beneficiary of ``members``; without an interview all counts are zero.

    ``sessions`` as the model ``support_sessions`` gives them. Hours are a person's share of the
    minutes. Of the whole period it describes; only what was reached by ``landmark_days`` after
    the index date may enter an effect. A length that is not told adds no hour.
    """
    people = members.loc[members["arm"] == "beneficiary", ["person_id", "pair_id"]]
    rows = sessions[sessions["pair_id"].isin(people["pair_id"])]
    is_early = (rows["index_days"] <= landmark_days).fillna(False).astype(bool)
    hours = rows["shared_minutes"].fillna(0.0) / MINUTES_AN_HOUR
    rows = rows.assign(
        hours=hours,
        early=is_early,
        early_hours=hours.where(is_early, 0.0),
        month=rows["session_on"].dt.to_period("M"),
        is_watched=_names(rows["theme_codes"], [support.watched_theme]),
        is_joint=_names(rows["present"], support.joint_when),
        **{phase_column(phase): rows["phase"] == phase for phase in phases},
    )
    by_person = rows.groupby("person_id")
    found = by_person.agg(
        n_interviews=("hours", "size"),
        support_hours=("hours", "sum"),
        n_months=("month", "nunique"),
        first_on=("session_on", "min"),
        last_on=("session_on", "max"),
        first_interview_delay_days=("entry_days", "min"),
        share_watched_theme=("is_watched", "mean"),
        n_joint_contacts=("is_joint", "sum"),
        n_interviews_by_landmark=("early", "sum"),
        support_hours_by_landmark=("early_hours", "sum"),
        **{phase_column(phase): (phase_column(phase), "sum") for phase in phases},
    )
    found["span_days"] = (found["last_on"] - found["first_on"]).dt.days + 1
    found["n_themes"] = (
        _apart(rows[["person_id", "theme_codes"]], "theme_codes").groupby("person_id").size()
    )
    columns = DOSE_COLUMNS | dict.fromkeys(map(phase_column, phases), COUNT)
    table = people.merge(found, on="person_id", how="left")
    empty_too = ["first_interview_delay_days", "share_watched_theme"]
    counts = [name for name in columns if name not in ("person_id", "pair_id", *empty_too)]
    table[counts] = table[counts].fillna(0)
    return table.astype(columns)[list(columns)].sort_values("pair_id", ignore_index=True)


def support_themes(
    sessions: pd.DataFrame, themes: Sequence[str], phases: Sequence[str]
) -> pd.DataFrame:
    """Theme × phase: beneficiaries touched, interviews, and hours of the interviews.

    An interview of several themes counts under each; its hours are not divided among them. A
    phase that was not logged is ``not_said``.
    """
    rows = sessions.assign(
        phase=sessions["phase"].astype("string").fillna(NOT_SAID),
        hours=sessions["shared_minutes"].fillna(0.0) / MINUTES_AN_HOUR,
    )
    keys, places = ["phase", "theme_codes"], ["theme_codes", "phase"]
    lists = rows.groupby(keys).agg(n_interviews=("hours", "size"), interview_hours=("hours", "sum"))
    amounts = _apart(lists.reset_index(), "theme_codes", keep_all=True).groupby(places).sum()
    people = _apart(rows[["person_id", *keys]], "theme_codes").groupby(places).size()
    shown = [*phases, NOT_SAID] if (rows["phase"] == NOT_SAID).any() else phases
    every = pd.MultiIndex.from_product([themes, shown], names=["theme", "phase"])
    table = amounts.assign(n_beneficiaries=people).reindex(every).fillna(0).reset_index()
    return table.astype(THEME_COLUMNS)[list(THEME_COLUMNS)]


def dose_class(n_interviews: "pd.Series[int]", limits: Sequence[int]) -> "pd.Series[str]":
    """Which class a number of interviews lies in, said by its limits: ``0-1``, ``2-3``, ``4+``."""
    starts = [0, *limits]
    names = [f"{low}-{high - 1}" for low, high in zip(starts, limits, strict=False)]
    names.append(f"{starts[-1]}+")
    place = np.searchsorted(limits, n_interviews.to_numpy(dtype=int), side="right")
    return pd.Series(np.array(names, dtype=object)[place], n_interviews.index, dtype="string")


def _names(lists: "pd.Series[str]", codes: Sequence[str]) -> "pd.Series[float]":
    """Whether a list of codes holds one of some; each different list is read once."""
    read = {
        text: not set(text.split(CODE_MARK)).isdisjoint(codes) for text in lists.dropna().unique()
    }
    return lists.map(read).fillna(False).astype(float)


def _apart(rows: pd.DataFrame, column: str, keep_all: bool = False) -> pd.DataFrame:
    """One row per code of a list instead of one per list, each once unless ``keep_all``."""
    told = rows[rows[column].notna()]
    told = told if keep_all else told.drop_duplicates()
    apart = told.assign(**{column: told[column].str.split(CODE_MARK, regex=False)}).explode(column)
    return apart if keep_all else apart.drop_duplicates()
