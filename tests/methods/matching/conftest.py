"""Golden data of Lalonde's study, and small worlds in which a round can be worked by hand."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agir_pipeline.methods.matching.records import Round
from agir_pipeline.methods.matching.rounds import match_round
from agir_pipeline.methods.matching.spec import MatchingSpec
from agir_pipeline.protocol.model import Covariate, Labels

INSTANT = date(2012, 12, 31)


@pytest.fixture(scope="session")
def golden(fixtures: Path) -> Callable[[str], dict[str, Any]]:
    """A golden file of R's results by name."""
    return lambda name: json.loads((fixtures / "matching" / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def lalonde(fixtures: Path) -> pd.DataFrame:
    """614 rows; ``is_treated`` added, one 0/1 column per race."""
    rows = pd.read_csv(fixtures / "matching" / "lalonde_input.csv")
    races = {f"race{r}": (rows["race"] == r).astype(float) for r in ("black", "hispan", "white")}
    return rows.assign(is_treated=rows["treat"] == 1, **races)


@pytest.fixture(scope="session")
def golden_pairs(
    golden: Callable[[str], dict[str, Any]], lalonde: pd.DataFrame
) -> Callable[[str], tuple[np.ndarray, np.ndarray]]:
    """Row numbers of the treated and of their control in a golden file."""
    place = {unit: number for number, unit in enumerate(lalonde["id"])}

    def read(name: str) -> tuple[np.ndarray, np.ndarray]:
        pairs = [p for p in golden(name)["pairs"] if p["controls"]]
        return (
            np.array([place[p["treated"]] for p in pairs]),
            np.array([place[p["controls"][0]] for p in pairs]),
        )

    return read


def a_covariate(name: str, **said: Any) -> Covariate:
    text = {"labels": Labels(en=name, fr=name), "origin": "person", "column": name, "source": "x"}
    default = {"scale": "number", "role": "distance", "in_propensity": False}
    return Covariate(name=name, **{**text, **default, **said})


def a_spec(*covariates: Covariate, **said: Any) -> MatchingSpec:
    default: dict[str, Any] = {
        "distance": "robust_rank_mahalanobis",
        "propensity": "plain",
        "caliper_multiple": 0.2,
        "caliper_convention": "pooled",
        "leave_out_price": math.inf,
        "band_width_days": 15,
        "start_window_days": 45,
        "waiting_days": 45,
        "design_number": 1,
    }
    return MatchingSpec(covariates=covariates, **{**default, **said})


@pytest.fixture(scope="session")
def covariate() -> Callable[..., Covariate]:
    return a_covariate


@pytest.fixture(scope="session")
def spec() -> Callable[..., MatchingSpec]:
    return a_spec


@dataclass
class World:
    """Persons with covariates and exits; ``asked`` records which bands were asked, in order."""

    persons: pd.DataFrame
    covariates: pd.DataFrame
    exit_days: np.ndarray
    asked: list[int] = field(default_factory=list)

    def at_risk(self, edge: int) -> np.ndarray:
        self.asked.append(edge)
        return self.exit_days > edge

    def match(self, spec: MatchingSpec, used: dict[str, str] | None = None, **said: Any) -> Round:
        given = {"instant": INSTANT, "used": used or {}, **said}
        return match_round(self.persons, lambda _e: self.covariates, self.at_risk, spec, **given)


@pytest.fixture
def world(draw: Callable[[str], pd.DataFrame]) -> Callable[[str], World]:
    """A world drawn as a table: person_id, arm, then any column of persons or any covariate.

    Not drawn: contract start 2010-01-01, no exit, no dated condition, tie order = person_id;
    ``delay`` is the delay of a beneficiary, ``exit`` the day of the exit from contract start.
    """

    def build(text: str) -> World:
        drawn = draw(text)
        n = len(drawn)
        default = {
            "tie_order": drawn["person_id"],
            "contract_start_on": pd.Timestamp("2010-01-01"),
            "elapsed_delay_days": drawn.get("delay", pd.Series(0.0, range(n))).astype("Float64"),
            "supported_since_on": pd.NaT,
            "listed_since_on": pd.NaT,
            "consented_on": pd.NaT,
            "has_consent_rule": False,
            "blocked_reason": None,
        }
        missing = {name: value for name, value in default.items() if name not in drawn}
        persons = drawn.assign(**missing)
        leaves = drawn.get("exit", pd.Series(pd.NA, range(n))).astype("Float64").fillna(1e6)
        return World(persons, drawn, leaves.to_numpy(dtype=float))

    return build


@pytest.fixture
def random_world() -> Callable[..., World]:
    """A study of chance: delays, exits, two numbers with holes, two categories."""

    def build(seed: int, n_beneficiaries: int = 12, n_controls: int = 40) -> World:
        rng = np.random.default_rng(seed)
        n = n_beneficiaries + n_controls
        is_beneficiary = np.arange(n) < n_beneficiaries
        delay = np.where(is_beneficiary, rng.integers(0, 60, n).astype(float), np.nan)
        start = np.datetime64("2010-01-01") + rng.integers(0, 60, n)
        persons = pd.DataFrame(
            {
                "person_id": [f"p{i:03}" for i in range(n)],
                "tie_order": [f"{k:04x}" for k in rng.permutation(n)],
                "arm": np.where(is_beneficiary, "beneficiary", "control"),
                "contract_start_on": start,
                "elapsed_delay_days": delay,
                "supported_since_on": pd.NaT,
                "listed_since_on": pd.NaT,
                "consented_on": pd.NaT,
                "has_consent_rule": False,
                "blocked_reason": None,
            }
        )
        age = np.where(rng.random(n) < 0.1, np.nan, rng.integers(16, 26, n))
        covariates = pd.DataFrame(
            {
                "age": age,
                "score": rng.normal(size=n),
                "level": rng.choice(["iv", "v"], n),
                "sector": rng.choice(["a", "b", "c", None], n),
            }
        )
        exit_days = rng.exponential(150, n)
        exit_days[is_beneficiary] += delay[is_beneficiary] * 0.8
        return World(persons, covariates, exit_days)

    return build


@pytest.fixture(scope="session")
def full_spec() -> MatchingSpec:
    """Exact level, near-exact sector, score on age and score, caliper, rank distance."""
    return a_spec(
        a_covariate("level", scale="category", role="exact"),
        a_covariate("sector", scale="category", role="near_exact"),
        a_covariate("age", in_propensity=True),
        a_covariate("score", in_propensity=True),
        caliper_multiple=1.0,
    )
