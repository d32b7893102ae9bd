"""What each price of leaving somebody out buys: pairs, distance and balance, before any outcome.

The committee chooses the price from this table; more pairs cost distance and balance.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from html import escape
from typing import Any, NamedTuple

import pandas as pd

from agir_pipeline.language import _, written_number
from agir_pipeline.methods.matching.balance import balance_table
from agir_pipeline.methods.matching.library import match
from agir_pipeline.methods.matching.pair_tables import surplus_in_rounds, used_in_rounds
from agir_pipeline.methods.matching.rounds import AtRisk, CovariatesAt, match_round
from agir_pipeline.methods.matching.spec import MatchingSpec

QUANTILES = (0.5, 0.9)
"""Without prices given: those at which about half, and nine in ten, of all pairs would stay."""

COLUMNS = (
    "leave_out_price",
    "n_pairs",
    "n_left_out",
    "total_distance",
    "mean_distance",
    "largest_gap",
    "max_absolute_smd",
    "mean_absolute_smd",
)

WIDTH, HEIGHT, LEFT, TOP, EDGE = 480, 320, 70, 50, 8


def frontier(
    data: pd.DataFrame,
    treated: str,
    covariates: Sequence[str] = (),
    *,
    prices: Sequence[float] | None = None,
    **arguments: Any,
) -> pd.DataFrame:
    """One row per leave-out price, by increasing price; ``arguments`` as of ``match``.

    Columns: ``leave_out_price``, ``n_pairs``, ``n_left_out``, ``total_distance``,
    ``mean_distance``, ``largest_gap`` (log-odds), ``max_absolute_smd``, ``mean_absolute_smd``.

    Raises:
        ValueError: an argument is wrong.
    """
    if prices is None:
        widest = match(data, treated, covariates, **arguments).pairs["distance"]
        prices = [*widest.quantile(QUANTILES), math.inf]
    rows = []
    for price in sorted(prices):
        found = match(data, treated, covariates, leave_out_price=price, **arguments)
        n_left_out = int(found.certificates["n_left_out"].sum())
        rows.append(_row(price, found.pairs, n_left_out, found.balance()))
    return pd.DataFrame(rows)


class AskedRound(NamedTuple):
    """One round of a study as ``match_round`` asks for it, whatever the price."""

    persons: pd.DataFrame
    covariates_at: CovariatesAt
    at_risk: AtRisk
    instant: date
    contracts_known_to: date = date.max


def rounds_frontier(
    rounds: Sequence[AskedRound], spec: MatchingSpec, prices: Sequence[float] = ()
) -> pd.DataFrame:
    """The same for the rounds of a study, each price carried from the first round to the last.

    Bands are solved in sequence and pairs locked at every price, as they would be. Without
    ``prices``: the declared one, and those of ``frontier``. Where a category is balanced
    near-finely, ``n_surplus`` counts the controls that are beyond their category's share over all
    pairs; beside an infinite surplus price a finite price leaves people out rather than have any.
    """
    if not prices and rounds:
        widest, _pool, _alone = _all_rounds(rounds, replace(spec, leave_out_price=math.inf))
        wide = widest["distance"].quantile(QUANTILES).dropna()
        prices = [*wide, math.inf, spec.leave_out_price]
    rows = []
    for price in sorted(set(prices)):
        priced = replace(spec, leave_out_price=price)
        pairs, pool, n_left_out = _all_rounds(rounds, priced)
        balance = balance_table(pool, pairs, priced)
        row = _row(price, pairs, n_left_out, balance[balance["round_number"] == 0])
        if spec.near_fine:
            left = surplus_in_rounds([(pairs, pool)], spec).values()
            row["n_surplus"] = sum(n for n in left if n > 0)
        rows.append(row)
    return pd.DataFrame(rows, columns=[*COLUMNS, *(["n_surplus"] if spec.near_fine else [])])


def _all_rounds(
    rounds: Sequence[AskedRound], spec: MatchingSpec
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Pairs and pool of all rounds, and how many beneficiaries have none after the last one."""
    pairs: list[pd.DataFrame] = []
    pools: list[pd.DataFrame] = []
    alone: set[str] = set()
    for number, asked in enumerate(rounds, 1):
        found = match_round(
            asked.persons,
            asked.covariates_at,
            asked.at_risk,
            spec,
            asked.instant,
            used_in_rounds(pairs),
            asked.contracts_known_to,
            surplus_in_rounds(zip(pairs, pools, strict=True), spec),
        )
        pairs.append(found.pairs.assign(round_number=number))
        pools.append(found.pool.assign(round_number=number))
        alone = set(found.unmatched["person_id"])
    return pd.concat(pairs, ignore_index=True), pd.concat(pools, ignore_index=True), len(alone)


def _row(
    price: float, pairs: pd.DataFrame, n_left_out: int, balance: pd.DataFrame
) -> dict[str, float]:
    size = balance.loc[balance["sample"] == "matched", "smd"].abs()
    return {
        "leave_out_price": price,
        "n_pairs": len(pairs),
        "n_left_out": n_left_out,
        "total_distance": float(pairs["distance"].sum()),
        "mean_distance": float(pairs["distance"].mean()),
        "largest_gap": float(pairs["logit_gap"].max()),
        "max_absolute_smd": float(size.max()),
        "mean_absolute_smd": float(size.mean()),
    }


def frontier_plot(table: pd.DataFrame) -> str:
    """A picture of the frontier as an SVG string: pairs against their mean distance.

    Each point says its price and the largest absolute SMD that remains.
    """
    drawn = table[table["n_pairs"] > 0]
    title = _("What the price of leaving out buys")
    below, beside = _("pairs"), _("mean distance within pairs")
    across, up = (_scale(drawn[name]) for name in ("n_pairs", "mean_distance"))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 2 * LEFT + 60}"'
        f' height="{HEIGHT + TOP + 60}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="24" font-size="14">{escape(title)}</text>',
        f'<path d="M {LEFT} {TOP} V {TOP + HEIGHT} H {LEFT + WIDTH}" fill="none" stroke="#333"/>',
        f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 40}" text-anchor="middle">'
        f"{escape(below)}</text>",
        f'<text x="{EDGE}" y="{TOP - 8}">{escape(beside)}</text>',
    ]
    for row in drawn.itertuples():
        price, smd = float(row.leave_out_price), float(row.max_absolute_smd)  # type: ignore[arg-type]
        x = round(LEFT + 20 + (WIDTH - 40) * across(row.n_pairs), 1)
        y = round(TOP + HEIGHT - 20 - (HEIGHT - 40) * up(row.mean_distance), 1)
        label = _("price {price}: {n} pairs, largest difference {smd}").format(
            price=_price(price),
            n=row.n_pairs,
            smd=written_number(smd, "0.00"),
        )
        parts.append(f'<circle cx="{x}" cy="{y}" r="5" fill="#2166ac"/>')
        anchor = _anchor(x)
        parts.append(f'<text x="{x}" y="{y - 10}" text-anchor="{anchor}">{escape(label)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _anchor(x: float) -> str:
    """A label near an edge of the picture runs away from it."""
    share = (x - LEFT) / WIDTH
    return "start" if share < 1 / 3 else "end" if share > 2 / 3 else "middle"


def _price(price: float) -> str:
    """Three digits, in the language in force."""
    return written_number(float(f"{price:.3g}"), "0.######") if math.isfinite(price) else "∞"


def _scale(values: "pd.Series[Any]") -> Any:
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return lambda value: (value - low) / (high - low) if high > low else 0.5
