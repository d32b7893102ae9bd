from collections.abc import Callable
from datetime import date
from math import nan

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from agir_pipeline.methods.effects.claims import (
    INTERIM,
    PRIMARY,
    SECONDARY,
    alphas,
    claim_of,
    is_final,
)
from agir_pipeline.methods.effects.multiplicity import (
    benjamini_hochberg,
    holm,
    with_false_discovery,
    with_holm,
)
from agir_pipeline.protocol.model import EventOutcome, Inference, MeasureOutcome, StatusOutcome

LAST_DAY = date(2012, 6, 30)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=6)


def test_holm_worked_by_hand() -> None:
    # 3 × 0.01, then 2 × 0.02, then max(0.04, 0.05)
    assert holm([0.05, 0.01, 0.02]) == pytest.approx([0.05, 0.03, 0.04])


def test_a_missing_p_value_keeps_its_place_in_the_family() -> None:
    assert holm([0.02, nan]) == pytest.approx([0.04, nan], nan_ok=True)
    assert holm([]) == []


@given(p_values)
@settings(max_examples=10, deadline=None)
def test_adjusting_never_lowers_a_p_value_nor_changes_their_order(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(a >= b - 1e-12 for a, b in zip(adjusted, p, strict=True))
    in_order = [after for _, after in sorted(zip(p, adjusted, strict=True))]
    assert in_order == sorted(in_order)


def effects(claims: list[str], p: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"claim": claims, "p_value": p, "p_value_holm": nan})


def test_only_the_primary_rows_of_all_tables_are_adjusted_together(
    inference: Callable[..., Inference],
) -> None:
    events = effects([SECONDARY, PRIMARY], [0.001, 0.03])
    statuses = effects([PRIMARY], [0.02])
    family = inference(family=("leaving", "working"))
    first, second = with_holm([events, statuses], family)
    assert first["p_value_holm"].tolist() == pytest.approx([nan, 0.04], nan_ok=True)
    assert second["p_value_holm"].tolist() == pytest.approx([0.04])
    assert events["p_value_holm"].isna().all()


def test_a_family_member_without_a_row_still_counts(inference: Callable[..., Inference]) -> None:
    (table,) = with_holm([effects([PRIMARY], [0.02])], inference(family=("leaving", "working")))
    assert table["p_value_holm"].tolist() == pytest.approx([0.04])


def test_interim_rows_are_not_tested(inference: Callable[..., Inference]) -> None:
    (table,) = with_holm([effects([INTERIM], [0.02])], inference(family=("leaving",)))
    assert table["p_value_holm"].isna().all()


def test_a_release_is_final_from_the_declared_day(inference: Callable[..., Inference]) -> None:
    declared = inference(final_on=LAST_DAY)
    assert is_final(declared, LAST_DAY)
    assert not is_final(declared, date(2012, 6, 29))
    assert not is_final(declared, None)
    assert is_final(inference(), None)


def test_what_each_row_may_claim(
    inference: Callable[..., Inference],
    leaving: EventOutcome,
    working: StatusOutcome,
    earnings: MeasureOutcome,
) -> None:
    rules = inference(final_on=LAST_DAY, family=("leaving", "working"))
    assert claim_of(leaving, rules, LAST_DAY, "net", 90) == PRIMARY
    assert claim_of(leaving, rules, LAST_DAY, "net", 30) == SECONDARY
    assert claim_of(leaving, rules, LAST_DAY, "gross", 90) == SECONDARY
    assert claim_of(leaving, rules, date(2012, 1, 1), "net", 90) == INTERIM
    assert claim_of(working, rules, LAST_DAY, "lasting") == PRIMARY
    assert claim_of(working, rules, LAST_DAY, "any_job") == SECONDARY
    assert claim_of(earnings, rules, LAST_DAY) == SECONDARY
    assert claim_of(earnings, inference(family=("earnings",)), None) == PRIMARY


def test_holms_first_step_shares_the_level_over_the_family(
    inference: Callable[..., Inference],
) -> None:
    assert alphas(inference(family=("leaving", "working"))) == pytest.approx((0.05, 0.025))
    assert alphas(inference()) == pytest.approx((0.05, 0.05))


def test_false_discoveries_worked_by_hand_and_as_statsmodels_has_them():
    """0.01·4/1, 0.02·4/2, 0.03·4/3, 0.4·4/4; none may be above a later one."""
    assert benjamini_hochberg([0.02, 0.4, 0.01, 0.03]) == pytest.approx([0.04, 0.4, 0.04, 0.04])
    p_values = [0.001, 0.6, 0.04, 0.041, 0.2, 0.0399, 0.9]
    known = multipletests(p_values, method="fdr_bh")[1]
    assert benjamini_hochberg(p_values) == pytest.approx(known.tolist())
    assert benjamini_hochberg([]) == []


def test_a_missing_test_is_not_counted_among_the_discoveries():
    assert benjamini_hochberg([nan, 0.02, 0.03]) == pytest.approx([nan, 0.03, 0.03], nan_ok=True)


def test_secondary_effects_of_all_outcomes_are_one_family():
    events = effects([SECONDARY, PRIMARY], [0.01, 0.001]).assign(p_value_bh=nan)
    statuses = effects([SECONDARY, INTERIM], [0.04, 0.02]).assign(p_value_bh=nan)
    first, second = with_false_discovery([events, statuses])
    assert first["p_value_bh"].tolist() == pytest.approx([0.02, nan], nan_ok=True)
    assert second["p_value_bh"].tolist() == pytest.approx([0.04, nan], nan_ok=True)
