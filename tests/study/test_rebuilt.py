"""What an evaluator can do with the released CSV files and no code of ours: build figures anew."""

import csv
import subprocess
from collections import defaultdict
from itertools import pairwise
from math import comb, sqrt
from pathlib import Path
from statistics import NormalDist

import pytest

Demo = tuple[Path, "subprocess.CompletedProcess[str]"]
Row = dict[str, str]
Curves = dict[tuple[str, str], dict[float, list[Row]]]
pytestmark = pytest.mark.xdist_group("demo")

REACH = NormalDist().inv_cdf(0.975)
OF_COMPLETE = (
    "complete_pairs_difference_points",
    "bonett_price_low_points",
    "bonett_price_high_points",
    "mcnemar_midp",
)
OF_ALL = ("risk_difference_points", "ci_low_points", "ci_high_points", "p_value")


def released(demo: Demo, table: str) -> list[Row]:
    path = demo[0] / "releases" / "current" / "tier1" / "csv" / f"{table}.csv"
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=";"))


def number(text: str) -> float:
    return float(text.replace(",", "."))


@pytest.fixture(scope="module")
def curves(demo: Demo) -> Curves:
    """Definition and arm → day → the rows of its endings."""
    found: Curves = defaultdict(lambda: defaultdict(list))
    for row in released(demo, "rupture_incidence"):
        found[row["definition"], row["arm"]][number(row["time_days"])].append(row)
    return found


def test_effects_follow_from_the_cells_of_the_pairs(demo: Demo) -> None:
    """Bonett–Price and mid-p McNemar; the main effect too where every pair is complete."""
    rows = released(demo, "rupture_paired_effect")
    whole = 0
    for row in rows:
        names = ("n_both", "n_beneficiary_only", "n_control_only", "n_neither")
        a, b, c, d = (int(number(row[name])) for name in names)
        n = a + b + c + d
        first, second = (b + 1) / (n + 2), (c + 1) / (n + 2)
        middle, error = first - second, sqrt((first + second - (first - second) ** 2) / (n + 2))
        tails = [comb(b + c, k) / 2 ** (b + c) for k in range(min(b, c) + 1)]
        limits = (100 * (middle - REACH * error), 100 * (middle + REACH * error))
        expected = (100 * (b - c) / n, *limits, 2 * sum(tails) - tails[-1])
        assert [number(row[name]) for name in OF_COMPLETE] == pytest.approx(expected)
        if n == number(row["n"]):
            whole += 1
            p_value = 2 * NormalDist().cdf(-abs(middle / error))
            told = (*expected[:3], p_value)
            assert [number(row[name]) for name in OF_ALL] == pytest.approx(told)
    assert whole > 10


def test_curves_follow_from_those_at_risk_and_their_endings(curves: Curves) -> None:
    assert len(curves) == 4
    for days in curves.values():
        free, incidence = 1.0, defaultdict(float)
        for day in sorted(days):
            at_risk = number(days[day][0]["n_at_risk"])
            ended = [number(row["n_events"]) for row in days[day]]
            for row, n in zip(days[day], ended, strict=True):
                incidence[row["cause"]] += free * n / at_risk
                assert number(row["incidence"]) == pytest.approx(incidence[row["cause"]])
            free *= 1 - sum(ended) / at_risk
            assert number(days[day][0]["share_free"]) == pytest.approx(free)


def test_days_free_are_the_area_above_the_curve(demo: Demo, curves: Curves) -> None:
    rows = released(demo, "rupture_free_time")
    for row in rows:
        horizon = number(row["horizon_days"])
        for arm in ("beneficiary", "control"):
            days = curves[row["definition"], arm]
            until = [*sorted(day for day in days if day <= horizon), horizon]
            lost = 0.0
            for day, following in pairwise(until):
                risk = sum(number(r["incidence"]) for r in days[day] if r["cause"] != "normal_end")
                lost += risk * (following - day)
            assert number(row[f"free_days_{arm}"]) == pytest.approx(horizon - lost)
    assert rows


def test_the_primary_effect_is_the_same_wherever_it_is_told(demo: Demo) -> None:
    [primary] = [
        row
        for row in released(demo, "specification_curve")
        if row["is_primary"] == "true" and row["outcome"] == "rupture"
    ]
    [effect] = [row for row in released(demo, "rupture_paired_effect") if row["claim"] == "primary"]
    for name, other in (("estimate_points", "risk_difference_points"), ("ci_low_points",) * 2):
        assert number(primary[name]) == number(effect[other])
    curve = released(demo, "specification_curve")
    choices = {(r["counted_from"], r["pairs_kept"], r["weighting"]) for r in curve}
    assert {
        ("index", "without_findings", "censored"),
        ("contract_start", "all", "censored"),
    } <= choices
    assert {
        ("index", "other_employer", "censored"),
        ("index", "all", "while_unsupported"),
    } <= choices


def test_both_arms_are_found_in_the_sources_of_the_outcomes(demo: Demo) -> None:
    rows = released(demo, "ascertainment")
    sources = [row for row in rows if not row["provider"]]
    assert {row["is_covering_both_arms"] for row in sources} == {"true"}
    late = [row for row in rows if row["frame"] == "present_on_date"]
    others = [row for row in rows if row["frame"] == "all_starts" and row["arm"] == "control"]
    # the list of those present was not there yet for some, and misses contracts that broke early
    assert all(number(row["n_not_listed_at_index"]) > 0 for row in late)
    assert all(number(row["n_not_listed_at_index"]) == 0 for row in others)
    share = "share_ruptured_in_list"
    assert max(number(row[share]) for row in late) < min(number(row[share]) for row in others)
