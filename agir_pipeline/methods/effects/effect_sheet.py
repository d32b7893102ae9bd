"""The effect sheet: everything one needs to judge a primary effect, on one page of sentences.

Made from the released tables alone, so that a sheet never says another figure than they do. The
target-trial block follows Hernán & Robins 2016, doi:10.1093/aje/kwv254.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from agir_pipeline.language import _, current_language, written_day, written_number
from agir_pipeline.methods.effects.claims import INTERIM
from agir_pipeline.methods.effects.hidden_bias_tables import MATCHED_PAIRS
from agir_pipeline.methods.effects.layout import COUNT, TEXT, typed
from agir_pipeline.methods.effects.paired import PairedTable, mcnemar_midp
from agir_pipeline.methods.effects.sheet_frame import estimand_lines, trial_lines
from agir_pipeline.protocol.model import (
    EventOutcome,
    MeasureOutcome,
    Outcome,
    Protocol,
    StatusOutcome,
)

SHEET_COLUMNS = {
    "outcome": TEXT, "position": COUNT, "section": TEXT, "item": TEXT, "told": TEXT,
}  # fmt: skip

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class SheetGround:
    """What a sheet is made of, beside the protocol."""

    effect: pd.DataFrame
    """The outcome's released effect table."""
    evaluability: pd.DataFrame
    hidden_bias: pd.DataFrame
    cells: PairedTable | None
    """Complete pairs of the primary definition; None where the outcome is no yes or no."""
    n_entered: int
    """Beneficiaries on the register who entered."""
    n_linked: Mapping[str, tuple[int, int]]
    """Arm → persons whose contract is known, of all persons."""


def effect_sheet(outcome: Outcome, protocol: Protocol, ground: SheetGround) -> pd.DataFrame:
    """One line per thing to know, in the order to read them; empty without a primary row.

    Sections: trial, estimand, pairs, precision, effect, hidden_bias, evaluability, ascertainment.
    Texts are in the current language.
    """
    found = _rows_of(ground.effect, outcome)
    if not found:
        return typed([], SHEET_COLUMNS)
    row = found[0]
    sections: list[tuple[str, Iterator[tuple[str, str]]]] = [
        ("trial", trial_lines(outcome, protocol, row)),
        ("estimand", estimand_lines(outcome, protocol, row, ground.n_entered)),
        ("pairs", _pairs(row, ground.cells)),
        ("precision", _precision(row)),
        ("effect", _effect(row, outcome, ground.cells)),
        ("hidden_bias", _hidden_bias(row, _rows_of(ground.hidden_bias, outcome))),
        ("evaluability", _evaluability(_rows_of(ground.evaluability, outcome), outcome)),
        ("ascertainment", _ascertainment(row, ground.n_linked)),
    ]
    lines = [(section, item, told) for section, lines in sections for item, told in lines]
    rows = [
        {"outcome": outcome.name, "position": n, "section": section, "item": item, "told": told}
        for n, (section, item, told) in enumerate(lines, 1)
    ]
    return typed(rows, SHEET_COLUMNS)


def _rows_of(table: pd.DataFrame, outcome: Outcome) -> Sequence[Row]:
    """The rows of a table at the primary definition and horizon of the outcome."""
    is_own = table["outcome"] == outcome.name
    definition = (
        MATCHED_PAIRS if isinstance(outcome, MeasureOutcome) else outcome.primary_definition
    )
    is_own &= table["definition"] == definition
    if isinstance(outcome, EventOutcome):
        is_own &= (table["horizon_days"] == outcome.primary_horizon_days).fillna(False)
    return table[is_own.astype(bool)].to_dict("records")


def _pairs(row: Row, cells: PairedTable | None) -> Iterator[tuple[str, str]]:
    yield _("Pairs that count"), _count(row["n"])
    for name, item in (
        ("n_due", _("Pairs due")),
        ("n_complete_pairs", _("Complete pairs")),
        ("n_missing_pairs", _("Pairs with a member unknown")),
        ("n_void_pairs", _("Void pairs, left out")),
    ):
        if _is_known(row, name):
            yield item, _count(row[name])
    if cells is not None:
        yield _("a: both members"), _count(cells.a)
        yield _("b: the beneficiary only"), _count(cells.b)
        yield _("c: the control only"), _count(cells.c)
        yield _("d: neither"), _count(cells.d)


def _effect(row: Row, outcome: Outcome, cells: PairedTable | None) -> Iterator[tuple[str, str]]:
    is_interim = row["claim"] == INTERIM
    if is_interim:
        yield _("What may be claimed"), _("Interim: described, not tested")
    if not bool(row["is_evaluable"]):
        yield _("Estimate"), _("not evaluable")
        return
    names = _names(outcome)
    for arm, item in (("beneficiary", _("Beneficiaries")), ("control", _("Controls"))):
        if _is_known(row, f"{names.level}_{arm}"):
            yield item, _level(row[f"{names.level}_{arm}"], outcome)
    yield _("Difference, beneficiaries minus controls"), _unit(row[names.estimate], outcome)
    low, high = row[names.low], row[names.high]
    yield _("Interval"), _range(low, high, outcome)
    if pd.notna(low) and low <= 0 <= high:
        yield _("Reading"), _("Inconclusive: the interval holds no effect as well as an effect")
    for low, high, item in (
        ("bonett_price_low_points", "bonett_price_high_points", _("Complete pairs, Bonett–Price")),
        ("newcombe_low_points", "newcombe_high_points", _("Complete pairs, Newcombe")),
        ("lee_low_points", "lee_high_points", _("Lee bounds")),
        ("worst_case_low_points", "worst_case_high_points", _("Worst and best case")),
    ):
        if _is_known(row, low):
            yield item, _range(row[low], row[high], outcome)
    if is_interim:
        return
    yield _("p-value"), _p(row["p_value"])
    yield _("p-value after Holm, over the primary outcomes"), _p(row["p_value_holm"])
    if cells is not None and cells.n:
        yield _("McNemar, mid-p, complete pairs"), _p(mcnemar_midp(cells))


@dataclass(frozen=True)
class _Names:
    """Where the figures of an outcome of this kind stand in its effect table."""

    level: str
    estimate: str
    low: str = "ci_low_points"
    high: str = "ci_high_points"


def _names(outcome: Outcome) -> _Names:
    if isinstance(outcome, EventOutcome):
        return _Names("risk", "risk_difference_points")
    if isinstance(outcome, StatusOutcome):
        return _Names("share", "difference_points")
    return _Names("mean", "difference", "ci_low", "ci_high")


def _precision(row: Row) -> Iterator[tuple[str, str]]:
    """The smallest effect that could have been found stands before the one that was."""
    if not bool(row["is_evaluable"]):
        return
    suffix = "_points" if "minimum_detectable_points" in row else ""
    unit = _("points") if suffix else str(row.get("unit", ""))
    for name, item in (
        (f"minimum_detectable{suffix}", _("Smallest effect that could be found, tested alone")),
        (f"minimum_detectable_holm{suffix}", _("Smallest effect that could be found, under Holm")),
    ):
        none = _("none: not even a change to zero could be found")
        known = _is_known(row, name)
        yield item, f"{written_number(row[name], '#,##0.0')} {unit}" if known else none


def _hidden_bias(row: Row, bounds: Sequence[Row]) -> Iterator[tuple[str, str]]:
    if not bounds:
        yield _("Bounds"), _("not evaluable")
        return
    first = bounds[0]
    if row["claim"] != INTERIM:
        none = _("none: the effect does not stand even without bias")
        known = _is_known(first, "gamma_star")
        yield _("Γ*, Rosenbaum"), written_number(first["gamma_star"]) if known else none
    for name, item in (
        ("e_value", _("E-value of the risk ratio, complete pairs")),
        ("e_value_limit", _("E-value of its limit nearest to no effect")),
    ):
        if _is_known(first, name):
            yield item, written_number(first[name], "#,##0.00")


def _evaluability(found: Sequence[Row], outcome: Outcome) -> Iterator[tuple[str, str]]:
    alone, under_holm = (
        _("Smallest effect then, tested alone"),
        _("Smallest effect then, under Holm"),
    )
    if isinstance(outcome, StatusOutcome):  # what is found depends on how many answer
        alone = _("Smallest effect if all who are due answer, tested alone")
        under_holm = _("Smallest effect if all who are due answer, under Holm")
    for row in found:
        yield (
            _("Pairs evaluable today"),
            _("{n} of {total}").format(
                n=_count(row["n_evaluable_pairs"]), total=_count(row["n_pairs"])
            ),
        )
        if row["n_never_evaluable_pairs"]:
            yield _("Pairs never evaluable"), _count(row["n_never_evaluable_pairs"])
        if _is_known(row, "all_evaluable_on"):
            yield _("All evaluable with data drawn on"), written_day(row["all_evaluable_on"])
        for name, item in (("mde_points", alone), ("mde_holm_points", under_holm)):
            if _is_known(row, name):
                yield item, f"{written_number(row[name], '#,##0.0')} {_('points')}"


def _ascertainment(row: Row, n_linked: Mapping[str, tuple[int, int]]) -> Iterator[tuple[str, str]]:
    arms = {"beneficiary": _("beneficiaries"), "control": _("controls")}
    for arm, (linked, total) in n_linked.items():
        yield (
            _("Contract found, {arm}").format(arm=arms[arm]),
            _("{n} of {total}").format(n=_count(linked), total=_count(total)),
        )
    for arm, said in arms.items():
        if _is_known(row, f"n_respondents_{arm}"):
            yield (
                _("Answered, {arm}").format(arm=said),
                _("{n} of {total}").format(
                    n=_count(row[f"n_respondents_{arm}"]), total=_count(row["n_due"])
                ),
            )


def _is_known(row: Row, name: str) -> bool:
    return name in row and bool(pd.notna(row[name]))


def _count(value: Any) -> str:
    return written_number(int(value), "#,##0")


def _p(value: Any) -> str:
    return "–" if pd.isna(value) else written_number(float(value), "0.0000")


def _level(value: float, outcome: Outcome) -> str:
    if isinstance(outcome, MeasureOutcome):
        return f"{written_number(value, '#,##0.##')} {outcome.unit}"
    sign = "\N{NO-BREAK SPACE}%" if current_language() == "fr" else "%"
    return written_number(100 * value, "#,##0.0") + sign


def _unit(value: Any, outcome: Outcome) -> str:
    if pd.isna(value):
        return "–"
    unit = outcome.unit if isinstance(outcome, MeasureOutcome) else _("points")
    return f"{_signed(value)} {unit}"


def _range(low: Any, high: Any, outcome: Outcome) -> str:
    unit = outcome.unit if isinstance(outcome, MeasureOutcome) else _("points")
    first, last = (("–" if pd.isna(limit) else _signed(limit)) for limit in (low, high))
    return _("{low} to {high} {unit}").format(low=first, high=last, unit=unit)


def _signed(value: float) -> str:
    """With its sign: a reader must not take a fall for a rise."""
    rounded = round(float(value), 1) + 0.0
    return written_number(rounded, "+#,##0.0;−#,##0.0") if rounded else written_number(0, "0.0")
