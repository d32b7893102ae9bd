"""What the programme promised: the steward is warned, with a sentence, and nothing stops."""

import pandas as pd
import pytest

from agir_pipeline.assets.promised import (
    committees_keep_their_word,
    enough_are_contacted,
    promised_checks,
    promises,
    share_is_kept,
)
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols

AGIR = load_protocol(packaged_protocols()["agir"])
NSW = load_protocol(packaged_protocols()["nsw"])


def test_a_study_is_checked_for_what_it_promised_alone():
    assert len(promises(AGIR)) == 3
    assert promises(NSW) == {}
    assert promised_checks({}, NSW) == {}


@pytest.mark.parametrize(("share", "is_kept"), [(0.5, True), (0.499, False)])
def test_a_majority_of_levels_v_and_iv_is_half_of_each_arm(draw, share, is_kept):
    progress = draw("""
        month_on   | arm         | share_watched
        2010-11-01 | control     | 0.2
        2010-12-01 | control     | 0.6
        2010-12-01 | beneficiary | 0.6
    """)
    progress.loc[2, "share_watched"] = share
    check = share_is_kept(progress, AGIR.enrolment.watched_at_least.value)
    assert check.has_passed is is_kept
    assert check.status == ("passed" if is_kept else "warned")
    assert f"Beneficiary: {100 * share:g}% of those who entered, 50% were promised" in (
        check.sentence
    )
    nobody = share_is_kept(progress.assign(share_watched=float("nan")), 0.5)
    assert not nobody.has_passed


@pytest.mark.parametrize(("n", "is_kept"), [(50, False), (51, True)])
def test_fifty_training_organisations_are_too_few(draw, n, is_kept):
    funnel = draw(f"""
        organisation_kind | n_contacted | n_expected | is_reached
        cio               | 2           |            |
        training_body     | {n}         | 51         | {str(is_kept).lower()}
    """)
    check = enough_are_contacted(funnel)
    assert check.has_passed is is_kept
    assert check.sentence == f"{n} contacted, 51 were promised"
    assert not enough_are_contacted(funnel[:0]).has_passed


GOVERNANCE = """
committee   | month_on   | gap_days | limit_days | is_compliant | n_due | n_not_reviewed | within_meetings | is_covered
steering    | 2010-11-01 | 60       | 49         | false        |       |                |                 |
steering    | 2010-12-01 | 49       | 49         | true         |       |                |                 |
orientation | 2010-12-01 | 92       | 92         | true         |       |                |                 |
follow_up   | 2010-12-01 | 16       | 16         | true         | 20    | 0              | 8               | true
"""  # noqa: E501


def test_the_last_month_of_each_committee_counts(draw):
    table = draw(GOVERNANCE)
    assert committees_keep_their_word(table, AGIR.governance).has_passed
    late = table.assign(gap_days=[60, 50, 92, 17], is_compliant=[False, False, True, False])
    late["is_covered"] = pd.array([None, None, None, False], dtype="boolean")
    late["n_not_reviewed"] = pd.array([None, None, None, 3], dtype="Int64")
    check = committees_keep_their_word(late, AGIR.governance)
    assert check.status == "warned"
    assert check.sentence.splitlines() == [
        "Steering committee: 50 days without a meeting, at most 49 were promised",
        "Follow-up committee: 17 days without a meeting, at most 16 were promised",
        "Follow-up committee: 3 of 20 cases not reviewed in 8 meetings",
    ]


def test_a_committee_that_never_met_keeps_no_word(draw):
    check = committees_keep_their_word(draw(GOVERNANCE)[:3], AGIR.governance)
    assert check.sentence == "Follow-up committee: it has not met yet"
