"""The contracts of pair members by kind and size: classes, holes, months, nobody."""

import pandas as pd
import pytest

from agir_pipeline.methods.employment.profile import contract_profile, profile_members
from agir_pipeline.protocol.mechanism import ContractProfile

PROFILE = ContractProfile.model_validate(
    {
        "months_column": "months",
        "trait": [{"column": "kind"}, {"column": "staff", "cut_points": [10, 50]}],
        "source": "test",
    }
)
MEMBERS = """
arm         | person_id | spell_id
beneficiary | ada       | s1
beneficiary | ben       | s2
beneficiary | cid       | s3
control     | dan       | s4
control     | eve       |
"""
SPELLS = """
spell_id | kind  | staff | months
s1       | title | 9     | 12
s2       | title | 10    | 24
s3       | grade | 50    |
s4       |       | 49    | 6
s5       | title | 1     | 36
"""


def test_each_member_stands_once_under_each_trait_with_the_months_of_its_contract(draw):
    table = contract_profile(draw(MEMBERS), draw(SPELLS), PROFILE)
    rows = table.set_index(["trait", "level", "arm"])
    counts = rows["n_persons"].to_dict()
    assert counts == {
        ("kind", "grade", "beneficiary"): 1,
        ("kind", "missing", "control"): 2,
        ("kind", "title", "beneficiary"): 2,
        ("staff", "< 10", "beneficiary"): 1,
        ("staff", ">= 50", "beneficiary"): 1,
        ("staff", "[10, 50)", "beneficiary"): 1,
        ("staff", "[10, 50)", "control"): 1,
        ("staff", "missing", "control"): 1,
    }
    title = rows.loc[("kind", "title", "beneficiary")]
    assert (title["n_known"], title["share"]) == (3, pytest.approx(2 / 3))
    assert title[["months_mean", "months_p25", "months_median", "months_p75"]].tolist() == [
        18, 15, 18, 21,
    ]  # fmt: skip
    assert pd.isna(rows.loc[("kind", "grade", "beneficiary"), "months_mean"])
    # of the trait of two controls nothing is known: a share of nothing
    unknown = rows.loc[("kind", "missing", "control")]
    assert (unknown["n_known"], pd.isna(unknown["share"])) == (0, True)
    named = profile_members(draw(MEMBERS), draw(SPELLS), PROFILE)
    assert named.groupby("trait")["person_id"].nunique().to_dict() == {"kind": 5, "staff": 5}


def test_without_pairs_there_is_no_contract_to_tell_of(draw):
    table = contract_profile(draw(MEMBERS)[:0], draw(SPELLS), PROFILE)
    assert table.empty
    assert "months_median" in table
