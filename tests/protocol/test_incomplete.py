"""What is written is checked even where something beside it is missing."""

from agir_pipeline.protocol.consistency import inconsistencies


def test_cut_points_are_checked_although_the_column_is_missing() -> None:
    raw = {"covariate": [{"name": "age", "origin": "person", "cut_points": [2.0, 1.0]}]}
    assert any("must increase" in mistake.message for mistake in inconsistencies(raw))
