"""Outcomes of an invented study: no figure of a real one stands in these tests."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from agir_pipeline.protocol.model import EventOutcome, Inference, MeasureOutcome, StatusOutcome


def fact(value: Any, unit: str = "days") -> dict[str, Any]:
    return {"value": value, "unit": unit, "source": "test"}


LABELS = {"en": "An outcome", "fr": "Un résultat"}


@pytest.fixture(scope="session")
def leaving() -> EventOutcome:
    """Two definitions, two horizons; 10 days of consolidation, 20 more for ``net``."""
    return EventOutcome.model_validate(
        {
            "kind": "event",
            "name": "leaving",
            "labels": LABELS,
            "origin": "contracts",
            "benefit": "lower",
            "horizons_days": fact([30, 90]),
            "consolidation_days": fact(10),
            "definition": [
                {"name": "gross", "labels": LABELS, "method": "gross"},
                {"name": "net", "labels": LABELS, "method": "path_net", "window_days": 20},
            ],
            "primary_definition": "net",
            "primary_horizon_days": 90,
            "source": "test",
        }
    )


@pytest.fixture(scope="session")
def working() -> StatusOutcome:
    rule = {"codes": {"situation": ["works"]}}
    definitions = [
        {"name": name, "labels": LABELS, "true_when": [rule], "known_when": "situation"}
        for name in ("lasting", "any_job")
    ]
    return StatusOutcome.model_validate(
        {
            "kind": "status",
            "name": "working",
            "labels": LABELS,
            "origin": "survey",
            "benefit": "higher",
            "months_after_planned_end": fact(6, "months"),
            "window_days": fact([30, 60]),
            "definition": definitions,
            "primary_definition": "lasting",
            "bootstrap_draws": fact(200, "draws"),
            "source": "test",
        }
    )


@pytest.fixture(scope="session")
def earnings() -> MeasureOutcome:
    return MeasureOutcome.model_validate(
        {
            "kind": "measure",
            "name": "earnings",
            "labels": LABELS,
            "column": "re78",
            "unit": "USD",
            "benefit": "higher",
            "source": "test",
        }
    )


@pytest.fixture(scope="session")
def inference() -> Callable[..., Inference]:
    def build(final_on: date | None = None, family: tuple[str, ...] = ()) -> Inference:
        return Inference.model_validate(
            {
                "confidence_level": fact(0.95, "probability"),
                "power": fact(0.8, "probability"),
                "primary_family": list(family),
                "final_on": None if final_on is None else fact(final_on, "day"),
                "seed": 5,
            }
        )

    return build


@pytest.fixture(scope="session")
def lalonde(fixtures: Any) -> Callable[[str], pd.DataFrame]:
    """Golden pairs of the Lalonde data: MatchIt 4.7.2 under R 4.2.2, earnings of both members."""
    pairs = pd.read_csv(fixtures / "effects" / "lalonde_pairs.csv")
    return lambda design: pairs[pairs["design"] == design]
