"""Whether the qualification was obtained, as each questionnaire says and as all say together."""

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from agir_pipeline.methods.effects.layout import COUNT, NUMBER, TEXT, typed
from agir_pipeline.protocol.model import Employment

QUALIFICATION_COLUMNS = {
    "arm": TEXT, "told_by": TEXT, "result": TEXT, "n_persons": COUNT, "n_told": COUNT,
    "share": NUMBER,
}  # fmt: skip
TOGETHER, NOT_TOLD, CONTRADICTORY = "together", "not_told", "contradictory"


def qualification_table(
    members: pd.DataFrame, told: pd.DataFrame, employment: Employment
) -> pd.DataFrame:
    """Arm × who told it × result; every member stands once under each teller.

    ``together``: what all who told it agree on, and how many are told two different things; no
    teller is preferred. ``share`` is of the members of the arm of whom the teller says something.
    """
    counts: Counter[tuple[str, str, str]] = Counter(
        (arm, teller, result)
        for _pair, arm, teller, result in told_results(members, told, employment)
    )
    n_told: Counter[tuple[str, str]] = Counter()
    for (arm, teller, result), n in counts.items():
        n_told[arm, teller] += n if result != NOT_TOLD else 0
    rows = [
        {
            "arm": arm,
            "told_by": teller,
            "result": result,
            "n_persons": n,
            "n_told": n_told[arm, teller],
            "share": n / n_told[arm, teller] if result != NOT_TOLD else None,
        }
        for (arm, teller, result), n in sorted(counts.items())
    ]
    return typed(rows, QUALIFICATION_COLUMNS)


def told_results(
    members: pd.DataFrame, told: pd.DataFrame, employment: Employment
) -> Iterator[tuple[str, str, str, str]]:
    """pair_id, arm, who told it, result: each member once under each teller and together."""
    column, waves = employment.qualification_column, employment.qualification_waves
    said = told[told["wave"].isin(waves) & told[column].notna()]
    results = {
        (wave, pair_id, arm): result
        for wave, pair_id, arm, result in zip(
            *(said[name].to_numpy(dtype=object) for name in ("wave", "pair_id", "arm", column)),
            strict=True,
        )
    }
    for pair_id, arm in zip(members["pair_id"], members["arm"], strict=True):
        of_member = [results.get((wave, pair_id, arm), NOT_TOLD) for wave in waves]
        yield from ((pair_id, arm, *one) for one in zip(waves, of_member, strict=True))
        different = set(of_member) - {NOT_TOLD} or {NOT_TOLD}
        yield pair_id, arm, TOGETHER, CONTRADICTORY if len(different) > 1 else different.pop()
