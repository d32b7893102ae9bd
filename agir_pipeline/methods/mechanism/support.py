"""The support given: how much each beneficiary had, and of what it was."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.methods.reading.typing_rules import CODE_MARK
from agir_pipeline.protocol.mechanism import Support

Floats = NDArray[np.float64]
MINUTES_AN_HOUR = 60
DOSE_COLUMNS = {
    "person_id": TEXT, "pair_id": TEXT, "n_interviews": COUNT, "support_hours": NUMBER,
    "n_months": COUNT, "span_days": COUNT, "first_interview_delay_days": COUNT,
    "n_themes": COUNT, "share_watched_theme": NUMBER, "n_joint_contacts": COUNT,
    "n_interviews_by_landmark": COUNT, "support_hours_by_landmark": NUMBER,
}  # fmt: skip
_BY_PHASE = {
    "phase": TEXT, "n_beneficiaries": COUNT, "n_interviews": COUNT, "interview_hours": NUMBER,
}  # fmt: skip
THEME_COLUMNS = {"theme": TEXT, **_BY_PHASE}
SUBTHEME_COLUMNS = {"subtheme": TEXT, **_BY_PHASE}
QUANTILES = {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}
QUANTILE_COLUMNS = {
    "measure": TEXT, "phase": TEXT, "n_persons": COUNT, "mean": NUMBER,
    **dict.fromkeys(QUANTILES, NUMBER),
}  # fmt: skip
ALL, NOT_SAID = "all", "not_said"


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
    people = people.sort_values("pair_id", ignore_index=True)
    place = pd.Index(people["pair_id"]).get_indexer(pd.Index(sessions["pair_id"]))
    rows, place = sessions[place >= 0], place[place >= 0]

    def total(values: Floats | None = None) -> Floats:
        return np.bincount(place, values, minlength=len(people)).astype(float)

    def different(codes: Floats) -> Floats:
        return np.bincount(np.unique(np.stack([place, codes]), axis=1)[0].astype(int),
                           minlength=len(people)).astype(float)  # fmt: skip

    hours = _hours(rows)
    day = rows["session_on"].to_numpy(dtype="datetime64[D]")
    is_early = rows["index_days"].to_numpy(dtype=float, na_value=np.nan) <= landmark_days
    n_each = total()
    first, last = _ends(place, day.astype(float), len(people))
    delay, _latest = _ends(place, rows["entry_days"].to_numpy(float, na_value=np.nan), len(people))
    themes = rows["theme_codes"].str.split(CODE_MARK, regex=False).explode()
    of_theme = pd.Series(place, rows.index).loc[themes.index[themes.notna()]].to_numpy()
    pairs_of = pd.DataFrame({"place": of_theme, "theme": themes.dropna().to_numpy()})
    n_themes = np.bincount(pairs_of.drop_duplicates()["place"], minlength=len(people))
    watched = total(_names(rows["theme_codes"], [support.watched_theme]))
    with np.errstate(invalid="ignore"):
        share = watched / n_each
    columns = DOSE_COLUMNS | dict.fromkeys(map(phase_column, phases), COUNT)
    table = people.assign(
        n_interviews=n_each,
        support_hours=total(hours),
        n_months=different(day.astype("datetime64[M]").astype(float)),
        span_days=np.where(n_each > 0, last - first + 1, 0),
        first_interview_delay_days=delay,
        n_themes=n_themes,
        share_watched_theme=share,
        n_joint_contacts=total(_names(rows["present"], support.joint_when)),
        n_interviews_by_landmark=total(is_early.astype(float)),
        support_hours_by_landmark=total(np.where(is_early, hours, 0.0)),
        **{
            phase_column(phase): total((rows["phase"] == phase).fillna(False).to_numpy(float))
            for phase in phases
        },
    )
    return table.astype(columns)[list(columns)]


def dose_quantiles(dose: pd.DataFrame, phases: Sequence[str]) -> pd.DataFrame:
    """Measure × phase: mean and quantiles of the doses of ``support_dose``, and of how many.

    Whoever had no interview counts with its zeros and is in no measure that nobody can tell of it
    (delay, share of a theme). Quantiles lie on the line between neighbours (type 7 of Hyndman and
    Fan 1996, doi:10.1080/00031305.1996.10473566); neither the least nor the largest is given.
    """
    measures = [name for name in DOSE_COLUMNS if name not in ("person_id", "pair_id")]
    places = [(name, name, ALL) for name in measures]
    places += [(phase_column(phase), measures[0], phase) for phase in phases]
    values = dose[[column for column, _measure, _phase in places]].to_numpy(
        np.float64, na_value=np.nan
    )
    rows = []
    for (_column, measure, phase), of_place in zip(places, values.T, strict=True):
        told = of_place[~np.isnan(of_place)]
        row = {"measure": measure, "phase": phase, "n_persons": len(told)}
        if len(told):
            found = np.quantile(told, list(QUANTILES.values())).tolist()
            row |= {"mean": float(told.mean()), **dict(zip(QUANTILES, found, strict=True))}
        rows.append(row)
    return typed(rows, QUANTILE_COLUMNS)


def _hours(rows: pd.DataFrame) -> Floats:
    minutes = rows["shared_minutes"].to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(np.nan_to_num(minutes) / MINUTES_AN_HOUR, dtype=np.float64)


def _ends(place: NDArray[np.intp], values: Floats, n: int) -> tuple[Floats, Floats]:
    """The least and the largest known value of each person; NaN for whoever has none."""
    low, high = np.full(n, np.nan), np.full(n, np.nan)
    np.fmin.at(low, place, values)
    np.fmax.at(high, place, values)
    return low, high


def support_themes(
    sessions: pd.DataFrame, themes: Sequence[str], phases: Sequence[str]
) -> pd.DataFrame:
    """Theme × phase: beneficiaries touched, interviews, and hours of the interviews.

    An interview of several themes counts under each; its hours are not divided among them. A
    phase that was not logged is ``not_said``.
    """
    return _by_phase(sessions, "theme", themes, phases)


def support_subthemes(
    sessions: pd.DataFrame, subthemes: Sequence[str], phases: Sequence[str]
) -> pd.DataFrame:
    """Sub-theme × phase, counted as themes are; a theme without one is in no row."""
    return _by_phase(sessions, "subtheme", subthemes, phases)


def _by_phase(
    sessions: pd.DataFrame, kind: str, themes: Sequence[str], phases: Sequence[str]
) -> pd.DataFrame:
    phase = sessions["phase"].astype(object).where(sessions["phase"].notna(), NOT_SAID)
    people: dict[tuple[str, str], set[str]] = {}
    n_interviews: Counter[tuple[str, str]] = Counter()
    hours: Counter[tuple[str, str]] = Counter()
    for person, now, codes, spent in zip(
        sessions["person_id"], phase, sessions[f"{kind}_codes"], _hours(sessions), strict=True
    ):
        for theme in codes.split(CODE_MARK) if isinstance(codes, str) else ():
            people.setdefault((theme, now), set()).add(person)
            n_interviews[theme, now] += 1
            hours[theme, now] += spent
    shown = [*phases, NOT_SAID] if (phase == NOT_SAID).any() else phases
    rows = [
        {
            kind: theme,
            "phase": now,
            "n_beneficiaries": len(people.get((theme, now), ())),
            "n_interviews": n_interviews[theme, now],
            "interview_hours": hours[theme, now],
        }
        for theme in themes
        for now in shown
    ]
    return typed(rows, {kind: TEXT, **_BY_PHASE})


def touched(sessions: pd.DataFrame, kind: str) -> pd.DataFrame:
    """person_id, theme or subtheme, and phase of every interview, as the tables count them."""
    phase = sessions["phase"].astype(object).where(sessions["phase"].notna(), NOT_SAID)
    themes = sessions[f"{kind}_codes"].astype("string").str.split(CODE_MARK, regex=False)
    rows = pd.DataFrame({"person_id": sessions["person_id"], kind: themes, "phase": phase})
    return rows.explode(kind, ignore_index=True).dropna(subset=kind)


def dose_class(n_interviews: "pd.Series[int]", limits: Sequence[int]) -> "pd.Series[str]":
    """Which class a number of interviews lies in, said by its limits: ``0-1``, ``2-3``, ``4+``."""
    starts = [0, *limits]
    names = [f"{low}-{high - 1}" for low, high in zip(starts, limits, strict=False)]
    names.append(f"{starts[-1]}+")
    place = np.searchsorted(limits, n_interviews.to_numpy(dtype=int), side="right")
    return pd.Series(np.array(names, dtype=object)[place], n_interviews.index, dtype="string")


def _names(lists: "pd.Series[str]", codes: Sequence[str]) -> Floats:
    """Whether a list of codes holds one of some; each different list is read once."""
    read = {
        text: not set(text.split(CODE_MARK)).isdisjoint(codes) for text in lists.dropna().unique()
    }
    return np.array([read.get(text, False) for text in lists], dtype=np.float64)
