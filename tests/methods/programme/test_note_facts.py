"""What the interim note says of the programme, fact by fact, in the protocol and its rules."""

from datetime import date

import pandas as pd
import pytest

from agir_pipeline.methods.matching.participants import is_eligible

PEOPLE = """
spell_scheme   | spell_age_at_start_years | territorial_basis | spell_contract_place
contrat_pro    | 25                       | residence         | elsewhere
contrat_pro    | 16                       | elsewhere         | company
contrat_pro    | 20                       | elsewhere         | training_body
apprenticeship | 20                       | residence         | company
contrat_pro    | 26                       | residence         | company
contrat_pro    | 15                       | residence         | company
contrat_pro    | 20                       | elsewhere         | elsewhere
"""


def test_the_study_began_in_january_2010_and_aims_at_75_and_75(agir):
    assert agir.study.start_on.value == date(2010, 1, 1)
    target = agir.enrolment.target
    assert (target.beneficiary.value, target.control.value) == (75, 75)


def test_in_are_contracts_de_professionnalisation_under_26_and_footnote_3(agir, draw):
    told = is_eligible(draw(PEOPLE), agir.eligibility)
    assert told.tolist() == [True, True, True, False, False, False, False]


def test_a_majority_of_levels_v_and_iv_is_watched(agir):
    assert set(agir.enrolment.watched_codes) == {"V", "IV"}
    assert agir.enrolment.watched_at_least.value == 0.5


def test_one_beneficiary_costs_2300_euros_that_are_half_and_350000_were_announced(agir):
    costs = agir.costs
    assert costs.direct_per_beneficiary.value / costs.direct_share.value == 4600.0
    assert costs.announced.value == 350_000.0
    assert costs.actors[0].per_beneficiary.value == costs.direct_per_beneficiary.value


@pytest.mark.parametrize("increased", [False, True])
def test_what_an_opca_pays_is_six_months_of_the_amounts_of_the_law(agir, increased):
    [amount] = {
        (a.months.value, a.monthly_eur.value, a.increased_eur.value) for a in agir.funding.amounts
    }
    months, ordinary, more = amount
    actors = {actor.code: actor for actor in agir.costs.actors}
    paid = actors["opca_increased" if increased else "opca_ordinary"].per_beneficiary.value
    assert paid == months * (more if increased else ordinary) == (2070 if increased else 1380)


def test_every_theme_is_reached_by_its_number_its_label_and_its_aliases(agir):
    themes = next(c for c in agir.source("support_log").columns if c.name == "themes").codes
    assert [theme.code for theme in themes] == [f"T{n:02d}" for n in range(1, 14)]
    spellings = pd.Series(
        [
            (theme.code, spelling.casefold())
            for theme in themes
            for spelling in (theme.code, theme.labels.fr, *theme.aliases)
        ]
    )
    assert spellings.str[1].is_unique
    assert spellings.str[0].value_counts().min() >= 3
