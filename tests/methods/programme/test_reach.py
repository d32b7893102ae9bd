"""Organisations won for the programme, each once; series of the context as last published."""

from datetime import date

import pandas as pd
import pytest

from agir_pipeline.methods.programme.reach import (
    CONTEXT_COLUMNS,
    FUNNEL_COLUMNS,
    OBSTACLE_COLUMNS,
    context_table,
    mobilisation_funnel,
    mobilisation_obstacles,
)

LAST = date(2010, 12, 31)

CONTACTS = """
contacted_on | organisation_id | organisation_type | contact_result
2010-01-10   | derval          | training_body     | contacted
2010-02-09   | derval          | training_body     | agreement
2010-03-01   | derval          | training_body     | youth_referred
2010-01-12   | nozay           | training_body     | contacted
2010-01-20   | nozay           | training_body     | declined
2010-01-15   | port            | media             | contacted
2011-01-15   | port            | media             | agreement
2011-02-01   | new             | training_body     | contacted
2010-05-01   |                 | media             | contacted
2010-05-01   | no_kind         |                   | contacted
"""

ENTRIES = """
entered_on | referred_by
2010-03-01 | training_body
2010-05-01 | training_body
2011-01-05 | training_body
2010-05-01 | company
           | training_body
2010-05-02 |
"""
NOBODY = pd.DataFrame({"entered_on": [], "referred_by": []})


def test_an_organisation_counts_once_however_often_it_is_contacted(agir, draw):
    table = mobilisation_funnel(draw(CONTACTS), draw(ENTRIES), agir.outreach, LAST)
    assert list(table.columns) == list(FUNNEL_COLUMNS)
    rows = table.set_index("organisation_kind")
    bodies = rows.loc["training_body"]
    assert bodies[["n_contacted", "n_replied", "n_agreed", "n_referred"]].tolist() == [2, 2, 1, 1]
    assert bodies["days_to_agreement_median"] == 30
    assert rows.loc["media", ["n_contacted", "n_replied"]].tolist() == [1, 0]
    assert pd.isna(rows.loc["media", "days_to_agreement_median"])


@pytest.mark.parametrize(("n", "is_reached"), [(50, False), (51, True)])
def test_more_than_fifty_training_organisations_is_fifty_one(agir, n, is_reached):
    contacts = pd.DataFrame(
        {
            "contacted_on": pd.Timestamp(2010, 1, 1),
            "organisation_id": [f"centre_{k}" for k in range(n)],
            "organisation_type": "training_body",
            "contact_result": "contacted",
        }
    )
    [row] = mobilisation_funnel(contacts, NOBODY, agir.outreach, LAST).to_dict("records")
    assert row["n_expected"] == 51
    assert row["is_reached"] is is_reached


def test_nobody_contacted_makes_no_row(agir, draw):
    assert mobilisation_funnel(draw(CONTACTS).head(0), NOBODY, agir.outreach, LAST).empty


def test_entries_are_told_of_the_kinds_the_register_names(agir, draw):
    table = mobilisation_funnel(draw(CONTACTS), draw(ENTRIES), agir.outreach, LAST)
    rows = table.set_index("organisation_kind")
    assert rows.loc["training_body", ["n_entries", "days_to_entry"]].tolist() == [2, 50]
    assert rows.loc["media", "n_entries"] == 0
    assert pd.isna(rows.loc["media", "days_to_entry"])
    unnamed = agir.outreach.model_copy(update={"referred_by": {"press": "media"}})
    table = mobilisation_funnel(draw(CONTACTS), draw(ENTRIES), unnamed, LAST)
    assert table.set_index("organisation_kind")["n_entries"].isna().to_dict() == {
        "media": False, "training_body": True,
    }  # fmt: skip


def test_an_organisation_names_an_obstacle_once(agir, draw):
    contacts = draw("""
        contacted_on | organisation_id | organisation_type | obstacle
        2010-01-10   | derval          | training_body     | lack_of_time
        2010-02-09   | derval          | training_body     | lack_of_time
        2010-03-01   | derval          | training_body     | legitimacy
        2010-01-12   | nozay           | training_body     | lack_of_time
        2010-01-15   | port            | media             |
        2011-01-15   | port            | media             | competition
    """)
    table = mobilisation_obstacles(contacts, agir.outreach, LAST)
    assert list(table.columns) == list(OBSTACLE_COLUMNS)
    assert [tuple(row) for row in table.to_numpy()] == [
        ("training_body", "lack_of_time", 2), ("training_body", "legitimacy", 1),
    ]  # fmt: skip


def series(year, values, published, name="cp_entries"):
    return pd.DataFrame(
        {
            "series_name": name,
            "area": "national",
            "level_group": "all_levels",
            "sex_group": "all_sexes",
            "reference_month_on": [
                pd.Timestamp(year, month, 1) for month in range(1, len(values) + 1)
            ],
            "series_value": values,
            "published_on": pd.Timestamp(published),
        }
    )


def test_a_year_is_compared_with_the_year_before_as_last_published(agir):
    known = pd.concat(
        [
            series(2008, [100.0] * 12, "2009-06-30"),
            series(2009, [90.0] * 12, "2010-06-30"),
            series(2009, [82.0] * 12, "2010-12-31"),
            series(2009, [10.0] * 12, "2011-06-30"),
            series(2010, [80.0] * 6, "2010-12-31"),
            series(2009, [50.0] * 12, "2010-06-30", "unemployment"),
        ]
    )
    table = context_table(known, agir.context, LAST)
    assert list(table.columns) == list(CONTEXT_COLUMNS)
    own = table[table["series"].str.startswith("cp_entries")].set_index("year")
    assert own.loc[2009, "change_share"] == pytest.approx(-0.18)
    assert own["n_months"].tolist() == [12, 12, 6]
    assert own.loc[2009, "value"] == 82
    # a year that is not whole, and one without a year before, are compared with nothing
    assert own.loc[[2008, 2010], "change_share"].isna().all()
    other = table[table["series"].str.startswith("unemployment")]
    assert other["change_share"].isna().all()


def test_a_missing_year_breaks_the_comparison(agir):
    known = pd.concat(
        [series(2007, [100.0] * 12, "2008-06-30"), series(2009, [90.0] * 12, "2010-06-30")]
    )
    assert context_table(known, agir.context, LAST)["change_share"].isna().all()


def test_a_figure_that_is_not_told_counts_in_no_month(agir):
    known = series(2009, [90.0, None], "2010-06-30")
    [row] = context_table(known, agir.context, LAST).to_dict("records")
    assert (row["n_months"], row["value"]) == (1, 90.0)
