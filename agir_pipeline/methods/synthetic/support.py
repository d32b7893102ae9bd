"""What advisers write down: an interview per row, with what was spoken of and decided.

Beneficiaries are seen from their entry into support until some time after their contract; a
few people who never entered it are seen once.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from agir_pipeline.methods.reading.typing_rules import CODE_MARK
from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.people import as_days, column_codes, end_of_study
from agir_pipeline.methods.synthetic.streams import NOTHING, support_ends_on
from agir_pipeline.methods.synthetic.timeline import Days, uniform
from agir_pipeline.protocol.model import Protocol

Texts = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]

SOURCE = "support_log"
GLOBAL = "T07"
"""The theme that has sub-themes."""
WRITTEN_DAYS = 8
"""Within how many days an interview stands in the log."""
ACTION_SHARE = 0.4
RISK_SHARE = 0.3
DONE_SHARE = 0.7
ACTIONS = ("Contacter le tuteur", "Dossier de logement", "Point avec le référent", "Appel")
PLACES = ("Bureau", "Entreprise", "Organisme de formation", "Mission locale")
COMMENTS = ("RAS", "Jeune motivé(e)", "À revoir rapidement", "Situation tendue avec le tuteur", "")


def interviews(
    protocol: Protocol,
    calibration: Calibration,
    people: pd.DataFrame,
    lived: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row per interview up to the end of the study; ``shown_from`` is when it is logged."""
    rows = pd.concat(
        [
            _of_beneficiaries(calibration, people, lived, rng),
            _of_prospects(calibration, people, rng),
        ],
        ignore_index=True,
    )
    n = len(rows)
    rows = rows.assign(
        start_time=[f"{hour:02d}h{quarter * 15:02d}" for hour, quarter in _times(n, rng)],
        duration_minutes=rng.choice(calibration.support.minutes.value, n),
        shown_from=as_days(rows["interview_on"]) + rng.integers(0, WRITTEN_DAYS, n).astype("m8[D]"),
        shown_until=NOTHING,
    )
    rows = _with_content(protocol, calibration, rows, rng)
    rows = rows[as_days(rows["shown_from"]) <= end_of_study(protocol)]
    rows = rows.drop_duplicates(["adviser_id", "case_number", "interview_on", "start_time"])
    return rows.sort_values(["interview_on", "case_number", "start_time"], ignore_index=True)


def _of_beneficiaries(
    calibration: Calibration, people: pd.DataFrame, lived: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    helped = people[people["role"] == "beneficiary"]
    low, high = calibration.support.interviews.value
    n_each = rng.integers(low, high + 1, len(helped))
    rows = helped.loc[helped.index.repeat(n_each)]
    path = lived.loc[rows.index]
    entry, end = as_days(rows["support_entry_on"]), as_days(support_ends_on(rows, path))
    # The first interview is the entry; the others fall anywhere until support ends.
    is_first = np.concatenate([[True], rows.index[1:] != rows.index[:-1]])
    length = (end - entry).astype("int64")
    days = (rng.random(len(rows)) * (length + 1)).astype("int64")
    held: Days = entry + np.where(is_first, 0, days).astype("m8[D]")
    start = as_days(rows["contract_start_on"])
    stop = as_days(path["rupture_on"].fillna(rows["planned_end_on"]))
    phase = np.where(held < start, "before", np.where(held <= stop, "during", "after"))
    return pd.DataFrame(
        {
            "person": rows.index.to_numpy(),
            "case_number": rows["case_number"].to_numpy(),
            "adviser": rows["adviser"].to_numpy(),
            "interview_on": held,
            "support_phase": np.char.add(phase.astype(str), "_contract").astype(object),
        }
    )


def _of_prospects(
    calibration: Calibration, people: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """People who came once and never entered support: they have a reference, no case."""
    n = calibration.support.prospects.value
    entry = people["support_entry_on"].dropna()
    day = as_days(entry)[rng.integers(0, len(entry), n)]
    return pd.DataFrame(
        {
            "person": -1,
            "case_number": [f"PROSPECT-{k:03d}" for k in range(1, n + 1)],
            "adviser": rng.integers(1, calibration.pool.n_advisers.value + 1, n),
            "interview_on": day + uniform(rng, calibration.timing.deposit_days, n),
            "support_phase": "before_contract",
        }
    )


def _times(n: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    return list(zip(rng.integers(8, 19, n), rng.integers(0, 4, n), strict=True))


def _with_content(
    protocol: Protocol, calibration: Calibration, rows: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    n = len(rows)
    weights = np.array(calibration.support.theme_weights.value)

    def codes(column: str) -> list[str]:
        return column_codes(protocol, SOURCE, column)

    themes = several(codes("themes"), rng.integers(1, 4, n), rng, weights)
    is_global = np.array([GLOBAL in found for found in themes])
    subthemes = several(codes("subthemes"), rng.integers(1, 3, n), rng)
    risks = several(codes("risks"), rng.integers(1, 3, n), rng)
    # Last of the channels is the workshop: it has no theme of its own and many young people.
    *single, workshop = codes("contact_channel")
    is_workshop = rng.random(n) < calibration.support.workshop_share.value
    has_action = rng.random(n) < ACTION_SHARE
    waits = rng.integers(7, 45, n).astype("m8[D]")
    due = as_days(rows["interview_on"]) + waits
    return rows.assign(
        adviser_id=rows["adviser"].map("C{}".format),
        contact_channel=np.where(is_workshop, workshop, rng.choice(np.array(single, object), n)),
        meeting_place=rng.choice(np.array(PLACES, object), n),
        themes=themes,
        subthemes=np.where(is_global, subthemes, ""),
        people_present=_present(codes("people_present"), rng, n),
        action_decided=np.where(has_action, rng.choice(np.array(ACTIONS, object), n), ""),
        action_due_on=np.where(has_action, due, np.datetime64("NaT")),
        is_action_done=pd.array(
            [
                bool(done) if has else None
                for done, has in zip(rng.random(n) < 0.7, has_action, strict=True)
            ],
            dtype="boolean",
        ),
        risks=np.where(rng.random(n) < RISK_SHARE, risks, ""),
        referred_to=np.where(has_action, rng.choice(np.array(PLACES, object), n), ""),
        n_youths=np.where(is_workshop, rng.integers(4, 13, n), 1),
        comment=rng.choice(np.array(COMMENTS, object), n),
    )


def _present(codes: list[str], rng: np.random.Generator, n: int) -> list[str]:
    """The young person, and at times one or two of the others."""
    youth, *others = codes
    beside = several(others, rng.choice([0, 1, 2], n, p=[0.6, 0.3, 0.1]), rng)
    return [CODE_MARK.join(filter(None, (youth, found))) for found in beside]


def several(
    codes: list[str],
    n_each: Ints,
    rng: np.random.Generator,
    weights: npt.NDArray[np.float64] | None = None,
) -> Texts:
    """For each row so many different codes, in the order of the list, joined by the mark."""
    draws = rng.random((len(n_each), len(codes)))
    if weights is not None:
        draws = draws ** (1 / weights)
    chosen = np.argsort(-draws, axis=1)
    found = [
        CODE_MARK.join(codes[k] for k in sorted(row[:n]))
        for row, n in zip(chosen, n_each, strict=True)
    ]
    return np.array(found, dtype=object)
