"""Who may be funded: the three criteria by the law of the day, what is not known named, amounts."""

import pandas as pd
import pytest

from agir_pipeline.contracts.checking import checked
from agir_pipeline.contracts.funding import funding_contracts
from agir_pipeline.methods.programme.funding import eligibility, funding_table

DEFAULTS = {
    "spell_signed_on": pd.Timestamp(2010, 10, 1), "spell_age_at_start_years": 20,
    "spell_contract_duration_months": 12.0, "spell_is_tutor_45_or_more": False,
    "has_upper_secondary": True, "entry_level": "IV", "minimum_income": "no_minimum_income",
    "has_had_aided_contract": False, "has_prior_referent": False,
    "prior_referent_from_on": pd.NaT, "prior_referent_organisation": None,
    "permanent_job_last_3_years": "had_one", "previous_situation": "school",
    "jobseeker_since_on": pd.NaT,
}  # fmt: skip
REFERENT = {
    "has_prior_referent": True, "prior_referent_organisation": "ML",
    "prior_referent_from_on": pd.Timestamp(2010, 3, 1),
}  # fmt: skip
FAR = {"has_upper_secondary": False, "entry_level": "VI"}


@pytest.fixture
def funded(agir):
    def of(cost=2300.0, **people):
        rows = [DEFAULTS | {"person_id": name} | told for name, told in people.items()]
        frame = pd.DataFrame(rows)
        for column in ("has_upper_secondary", "has_had_aided_contract", "has_prior_referent",
                       "spell_is_tutor_45_or_more"):  # fmt: skip
            frame[column] = frame[column].astype("boolean")
        table = funding_table(frame, agir.funding, cost)
        whole = table.set_index("person_id")["is_eligible"].to_dict()
        assert eligibility(frame, agir.funding).to_dict() == whole
        [contract] = funding_contracts(agir).values()
        return checked(table, contract).set_index("person_id")

    return of


CRITERIA = ["criterion_priority_public", "criterion_prior_referent", "criterion_no_permanent_job"]


def test_each_criterion_is_told_by_itself_and_one_is_enough(funded):
    table = funded(
        none={},
        far=FAR,
        poor={"minimum_income": "rsa"},
        aided={"has_had_aided_contract": True},
        followed=REFERENT,
        jobless={"permanent_job_last_3_years": "had_none"},
    )
    met = table[CRITERIA].eq("met")
    assert met.sum(axis=1).to_dict() == {
        "aided": 1, "far": 1, "followed": 1, "jobless": 1, "none": 0, "poor": 1,
    }  # fmt: skip
    assert met.any(axis=1).tolist() == table["is_eligible"].eq("met").tolist()
    assert table.loc["none", "is_eligible"] == "not_met"
    assert pd.isna(table.loc["none", "maximum_eur"])
    assert table["missing_evidence"].isna().all()


def test_the_amounts_are_those_of_the_note(funded):
    table = funded(
        ordinary={"permanent_job_last_3_years": "had_none"},
        increased=FAR,
        tutor=REFERENT | {"spell_is_tutor_45_or_more": True},
        short=FAR | {"spell_contract_duration_months": 4.5},
    )
    assert table["maximum_eur"].to_dict() == {
        "increased": 2070.0, "ordinary": 1380.0, "short": 1380.0, "tutor": 2070.0,
    }  # fmt: skip
    assert table["rest_eur"].to_dict() == {
        "increased": 230.0, "ordinary": 920.0, "short": 920.0, "tutor": 230.0,
    }  # fmt: skip
    assert table.loc["increased", "share_of_cost"] == pytest.approx(0.9)
    assert table.loc["ordinary", "share_of_cost"] == pytest.approx(0.6)
    assert table["n_months"].to_dict() == {"increased": 6, "ordinary": 6, "short": 4, "tutor": 6}


def test_what_is_not_known_is_named_and_never_counts_as_met(funded):
    table = funded(
        unsure={"permanent_job_last_3_years": "not_known"},
        silent={"has_prior_referent": None},
        unnamed=REFERENT | {"prior_referent_organisation": None},
        undated=REFERENT | {"prior_referent_from_on": pd.NaT},
        level={"has_upper_secondary": False, "entry_level": None},
        settled={"has_upper_secondary": None, "entry_level": "IV"},
    )
    assert table["missing_evidence"].dropna().to_dict() == {
        "unsure": "permanent_job_last_3_years",
        "silent": "has_prior_referent prior_referent_from_on",
        "unnamed": "prior_referent_organisation",
        "undated": "prior_referent_from_on",
        "level": "entry_level",
    }
    assert table["is_eligible"].to_dict() == {
        "level": "evidence_missing", "settled": "not_met", "silent": "evidence_missing",
        "undated": "evidence_missing", "unnamed": "evidence_missing", "unsure": "evidence_missing",
    }  # fmt: skip
    assert table["maximum_eur"].isna().all()


def test_another_criterion_met_settles_the_whole_but_not_the_increase(funded):
    table = funded(
        both=REFERENT | {"minimum_income": None},
        tutor_unknown=REFERENT | {"spell_is_tutor_45_or_more": None},
    )
    assert table["is_eligible"].tolist() == ["met", "met"]
    assert table["is_increased"].isna().all()
    assert table["maximum_eur"].tolist() == [1380.0, 1380.0]
    assert table.loc["both", "missing_evidence"] == "minimum_income"


def test_the_text_in_force_on_the_day_of_the_signature_decides(funded):
    waiting = {"previous_situation": "jobseeker"}
    since = pd.Timestamp(2014, 8, 1)
    table = funded(
        before={"spell_signed_on": pd.Timestamp(2015, 8, 18), "jobseeker_since_on": since}
        | waiting,
        after={"spell_signed_on": pd.Timestamp(2015, 8, 19), "jobseeker_since_on": since} | waiting,
        recent={
            "spell_signed_on": pd.Timestamp(2015, 8, 19),
            "jobseeker_since_on": pd.Timestamp(2015, 1, 1),
        }
        | waiting,
        too_early=FAR | {"spell_signed_on": pd.Timestamp(2009, 11, 25)},
        first_day=FAR | {"spell_signed_on": pd.Timestamp(2009, 11, 26)},
        unsigned=FAR | {"spell_signed_on": pd.NaT},
    )
    assert table["is_eligible"].to_dict() == {
        "after": "met", "before": "not_met", "first_day": "met", "recent": "not_met",
        "too_early": "no_rule", "unsigned": "no_rule",
    }  # fmt: skip
    assert "(2015)" in table.loc["after", "articles"]
    assert "(2009)" in table.loc["before", "articles"]
    assert table.loc[["too_early", "unsigned"], "articles"].isna().all()


def test_a_text_without_a_first_day_has_always_been_in_force(agir, funded):
    criteria = tuple(c.model_copy(update={"valid_from": None}) for c in agir.funding.criteria)
    funding = agir.funding.model_copy(update={"criteria": criteria})
    early = {"person_id": "early", "spell_signed_on": pd.Timestamp(1999, 1, 1)}
    table = funding_table(pd.DataFrame([DEFAULTS | FAR | early]), funding, None)
    assert table["is_eligible"].tolist() == ["met"]
    assert table["maximum_eur"].isna().all()  # no amount was in force


def test_a_referent_found_after_the_signature_is_no_criterion(funded):
    late = REFERENT | {"prior_referent_from_on": pd.Timestamp(2010, 10, 1)}
    assert funded(late=late).loc["late", "is_eligible"] == "not_met"


def test_without_a_known_cost_there_is_no_share_and_no_rest(funded):
    table = funded(cost=None, far=FAR)
    assert table.loc["far", "maximum_eur"] == 2070.0
    assert table[["share_of_cost", "rest_eur"]].isna().all(axis=None)


def test_a_criterion_on_a_sensitive_column_is_sensitive(agir):
    [contract] = funding_contracts(agir).values()
    own = {c.name: c.sensitivity for c in contract.columns}
    assert {own[name] for name in CRITERIA} == {"sensitive"}
    plain = [
        c.model_copy(update={"ways": agir.funding.criteria[-1].ways}) for c in agir.funding.criteria
    ]
    funding = agir.funding.model_copy(update={"criteria": tuple(plain)})
    [contract] = funding_contracts(agir.model_copy(update={"funding": funding})).values()
    assert {c.sensitivity for c in contract.columns if c.name in CRITERIA} == {"none"}
    assert funding_contracts(agir.model_copy(update={"funding": None})) == {}
