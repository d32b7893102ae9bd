"""A small invented mechanism: two parties, two moments, one scale of two dimensions."""

from typing import Any

import pytest

from agir_pipeline.protocol.mechanism import Employment, Mechanism
from tests.methods.programme.conftest import agir

__all__ = ["agir"]

LABELS = {"en": "A label", "fr": "Un libellé"}


def fact(value: Any, unit: str = "days") -> dict[str, Any]:
    return {"value": value, "unit": unit, "source": "test"}


def named(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "labels": LABELS} for name in names]


@pytest.fixture(scope="session")
def mechanism() -> Mechanism:
    return Mechanism.model_validate(
        {
            "outcome": "leaving",
            "landmark_days": fact(20),
            "dose_classes": fact([2]),
            "change_limit": fact(1.96),
            "start_moment": "start",
            "end_moment": "end",
            "respondent_column": "who",
            "source": "test",
            "moment": named("start", "middle", "end"),
            "party": named("youth", "firm"),
            "asked": [
                {"wave": f"{party}_{moment}", "party": party, "moment": moment}
                for party in ("youth", "firm")
                for moment in ("start", "middle", "end")
            ],
            "scale": [
                {
                    "name": "link",
                    "labels": LABELS,
                    "dimension": [
                        {
                            "name": "often",
                            "labels": LABELS,
                            "columns": ["a"],
                            "version_columns": ["a_old"],
                        },
                        {"name": "well", "labels": LABELS, "columns": ["b", "c"]},
                    ],
                }
            ],
            "link": {
                "scale": "link",
                "wave": "youth_middle",
                "landmark_days": fact(40),
                "shifts_points": fact([-10.0, 0.0], "points"),
                "class": [
                    {"name": "apart", "labels": LABELS, "from_score": 0.0},
                    {"name": "together", "labels": LABELS, "from_score": 50.0},
                ],
            },
            "risk": [
                {
                    "name": "poor",
                    "labels": LABELS,
                    "rule": {"codes": {"is_poor": ["true"]}},
                }
            ],
            "support": {
                "origin": "log",
                "day_column": "day",
                "time_column": "hour",
                "minutes_column": "minutes",
                "themes_column": "themes",
                "phase_column": "phase",
                "present_column": "present",
                "shared_by_column": "n_young",
                "joint_when": ["tutor"],
                "watched_theme": "T2",
            },
        }
    )


LIMITS = {"a": (1.0, 5.0), "a_old": (1.0, 4.0), "b": (1.0, 5.0), "c": (1.0, 5.0)}


@pytest.fixture(scope="session")
def limits() -> dict[str, tuple[float, float]]:
    return LIMITS


@pytest.fixture(scope="session")
def employment() -> Employment:
    employed = {"status": ["employed"]}
    return Employment.model_validate(
        {
            "outcome": "working",
            "wave": "final",
            "situation": [
                {
                    "name": "lasting",
                    "labels": LABELS,
                    "true_when": [{"codes": employed, "minimum": {"months": 6.0}}],
                },
                {"name": "short", "labels": LABELS, "true_when": [{"codes": employed}]},
                {
                    "name": "jobless",
                    "labels": LABELS,
                    "true_when": [{"codes": {"status": ["jobless"]}}],
                },
            ],
            "register_origin": "register",
            "lasting_column": "nature",
            "lasting_codes": ["permanent"],
            "months": fact(12, "months"),
            "month_columns": ["month_1"],
            "now_column": "status",
            "now_waves": ["final"],
            "now_means": {"employed": "worked", "jobless": "looked"},
            "at_work": ["worked"],
            "against_contract": ["looked"],
            "qualification_column": "result",
            "qualification_waves": ["final", "referent"],
            "source": "test",
        }
    )
