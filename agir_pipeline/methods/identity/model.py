"""What the linkage model compares and how alike two values can be.

The form of a Fellegi–Sunter model (doi:10.1080/01621459.1969.10501049): for each field, levels of
agreement from the strongest to none. ``scripts/train_linkage.py`` finds how often each level occurs
among the same and among different people; the file it writes lies beside the protocol.
"""

from collections.abc import Mapping
from typing import Any

from agir_pipeline.methods.identity.features import FREQUENCIES

ID = "fingerprint"
NEAR = 0.92
"""Jaro–Winkler similarity of two spellings of one name."""
FAR = 0.84
SWAPPED = (
    '("last_name_l" = "first_name_r" and "first_name_l" = "last_name_r") or '
    f'(jaro_winkler_similarity("last_name_l", "first_name_r") >= {NEAR} and '
    f'jaro_winkler_similarity("first_name_l", "last_name_r") >= {NEAR})'
)
OTHER = (
    '"last_name_l" = "other_name_r" or "other_name_l" = "last_name_r" '
    'or "other_name_l" = "other_name_r"'
)
LEAST_SHARES = {"place": 0.02}
"""A small town counts no more than a usual one: families and schoolmates share it too."""
CONTRADICT = {"first_name": 1, "born_on": 2}
"""Column → the highest level, counted from none, on which two values are not one in two hands:
a first name that is alike at best, a birthday of another year or of another day and month."""
BLOCKS = (
    "l.born_on = r.born_on",
    "l.last_name = r.last_name and l.first_name = r.first_name",
    "l.last_name = r.first_name and l.first_name = r.last_name",
    "l.phone = r.phone",
    "l.email = r.email",
    "l.last_name = r.last_name and substr(l.born_on, 1, 4) = substr(r.born_on, 1, 4)",
    "l.first_name = r.first_name and substr(l.born_on, 1, 7) = substr(r.born_on, 1, 7)",
    "l.first_name = r.first_name and substr(l.last_name, 1, 1) = substr(r.last_name, 1, 1) "
    "and substr(l.born_on, 1, 4) = substr(r.born_on, 1, 4)",
    "l.first_name = r.first_name and substr(l.last_name, 1, 3) = substr(r.last_name, 1, 3) "
    "and l.place = r.place",
)
"""Pairs worth comparing; a pair that meets none of these is never proposed."""


def model_settings() -> dict[str, Any]:
    """The untrained model, in the form that Splink reads."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": ID,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule} for rule in BLOCKS],
        "comparisons": [_last_name(), _first_name(), _born_on(), _place(), _phone(), _email()],
    }


def usual_shares(model: Mapping[str, Any]) -> dict[str, float]:
    """How probable it is that two different people share a name: what the training counted."""
    return {
        comparison["output_column_name"]: level["u_probability"]
        for comparison in model["comparisons"]
        for level in comparison["comparison_levels"]
        if level.get("tf_adjustment_column")
    }


def prior_of(model: Mapping[str, Any]) -> float:
    """How probable the model was told it is that two random records are one person."""
    return float(model["probability_two_random_records_match"])


def _last_name() -> dict[str, Any]:
    return _comparison(
        "last_name",
        [
            ("the same", _same("last_name")),
            ("swapped with the first name", SWAPPED),
            ("the name of before or after a marriage", OTHER),
            ("a spelling of it", _spelling("last_name")),
            ("a part of it", _part("last_name")),
            ("alike", _alike("last_name", FAR)),
        ],
    )


def _first_name() -> dict[str, Any]:
    """Swapped names already count in the family name."""
    return _comparison(
        "first_name",
        [
            ("the same", _same("first_name")),
            ("a spelling of it", _spelling("first_name")),
            ("a part of it", _part("first_name")),
            ("alike", _alike("first_name", FAR)),
        ],
        nothing_to_say=SWAPPED,
    )


def _born_on() -> dict[str, Any]:
    year = 'substr("born_on_l", 1, 4) = substr("born_on_r", 1, 4)'
    month = 'substr("born_on_l", 6, 2) = substr("born_on_r", {}, 2)'
    day = 'substr("born_on_l", 9, 2) = substr("born_on_r", {}, 2)'
    return _comparison(
        "born_on",
        [
            ("the same", _same("born_on")),
            ("day and month swapped", f"{year} and {month.format(9)} and {day.format(6)}"),
            ("one figure apart", 'damerau_levenshtein("born_on_l", "born_on_r") <= 1'),
            (
                "the same year and month or day",
                f"{year} and ({month.format(6)} or {day.format(9)})",
            ),
            ("the same day of another year", f"{month.format(6)} and {day.format(9)}"),
            ("the same year", year),
        ],
    )


def _place() -> dict[str, Any]:
    return _comparison("place", [("the same", _same("place"))])


def _phone() -> dict[str, Any]:
    near = 'damerau_levenshtein("phone_l", "phone_r") <= 1'
    return _comparison("phone", [("the same", _same("phone")), ("one figure apart", near)])


def _email() -> dict[str, Any]:
    local = "split_part(\"email_l\", '@', 1) = split_part(\"email_r\", '@', 1)"
    return _comparison("email", [("the same", _same("email")), ("the same before the @", local)])


def _same(column: str) -> str:
    return f'"{column}_l" = "{column}_r"'


def _spelling(column: str) -> str:
    return (
        f'damerau_levenshtein("{column}_l", "{column}_r") <= 1 and length("{column}_l") > 3 '
        f"or {_alike(column, NEAR)}"
    )


def _alike(column: str, least: float) -> str:
    return f'jaro_winkler_similarity("{column}_l", "{column}_r") >= {least}'


def _part(column: str) -> str:
    """One is a part of the other: half of a compound name, a particle left out."""
    inside = (
        f'(length("{column}_{a}") > 3 and contains("{column}_{b}", "{column}_{a}"))'
        for a, b in (("l", "r"), ("r", "l"))
    )
    return " or ".join(inside)


def _comparison(
    column: str, levels: list[tuple[str, str]], nothing_to_say: str = ""
) -> dict[str, Any]:
    missing = f'"{column}_l" is null or "{column}_r" is null'
    if nothing_to_say:
        missing = f"{missing} or {nothing_to_say}"
    null = {
        "sql_condition": missing,
        "label_for_charts": "nothing to say",
        "is_null_level": True,
    }
    told: list[dict[str, Any]] = [
        {"sql_condition": sql, "label_for_charts": label} for label, sql in levels
    ]
    if column in FREQUENCIES:
        told[0] |= {"tf_adjustment_column": column, "tf_adjustment_weight": 1.0}
        told[0] |= {"tf_minimum_u_value": LEAST_SHARES[column]} if column in LEAST_SHARES else {}
    other = {"sql_condition": "ELSE", "label_for_charts": "another"}
    return {"output_column_name": column, "comparison_levels": [null, *told, other]}
