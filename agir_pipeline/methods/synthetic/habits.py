"""The habits of each partner: container, encoding, spelling, titles, what is left out."""

from agir_pipeline.methods.synthetic.layouts import Layout

SURVEY_SERVER = Layout(
    "csv",
    0,
    "as_is",
    encoding="utf-8-sig",
    is_quoted=True,
    day_format="%Y-%m-%d",
    yes_no=("Y", "N"),
)

LAYOUTS = {
    ("beneficiary_register", "cnam"): Layout(
        "xlsx", 0, "broken", sheet="Suivi", missing="NC", other_sheet="Listes"
    ),
    ("control_pool", "opca_pdl"): Layout(
        "csv",
        0,
        "plain",
        encoding="cp1252",
        missing="NC",
        is_shouting=True,
        left_out=(
            "email",
            "has_contact_consent",
            "contact_consented_on",
            "last_diploma",
            "has_upper_secondary",
            "jobseeker_since_on",
            "minimum_income",
            "consented_on",
            "consent_withdrawn_on",
        ),
        lag_days=(1, 5),
    ),
    ("control_pool", "gref_formation"): Layout(
        "xlsx",
        1,
        "capitals",
        sheet="Stagiaires",
        missing="/",
        total="Total",
        other_sheet="Ancien",
        left_out=(
            "jobseeker_since_on",
            "minimum_income",
            "employer_siret",
            "consented_on",
            "consent_withdrawn_on",
        ),
        lag_days=(0, 90),
    ),
    ("control_pool", "missions_locales"): Layout(
        "csv",
        2,
        "as_is",
        delimiter=",",
        day_format="%Y-%m-%d",
        yes_no=("O", "N"),
        left_out=(
            "phone",
            "employer_name",
            "employer_siret",
            "contact_consented_on",
            "consented_on",
            "consent_withdrawn_on",
        ),
        lag_days=(1, 5),
    ),
    ("contract_register", "opca_export"): Layout(
        "csv",
        0,
        "as_is",
        encoding="cp1252",
        decimal=",",
        missing="NR",
        left_out=(
            "employer_idcc",
            "occupation_code",
            "target_qualification",
            "diploma_code",
            "training_body_uai",
            "training_body_activity_number",
        ),
    ),
    ("youth_survey_t0", "limesurvey"): SURVEY_SERVER,
    ("youth_survey_tf", "limesurvey"): SURVEY_SERVER,
    ("support_log", "adviser_1"): Layout(
        "xlsx", 0, "as_is", sheet="Entretiens", other_sheet="Ancien", lag_days=(0, 4)
    ),
    ("support_log", "adviser_2"): Layout(
        "xlsx",
        1,
        "broken",
        sheet="Journal",
        minutes="hours",
        list_mark="/",
        is_1904=True,
        left_out=("referred_to",),
        lag_days=(0, 4),
    ),
    ("support_log", "adviser_3"): Layout(
        "xlsx",
        2,
        "capitals",
        sheet="Entretiens",
        minutes="unit",
        list_mark=", ",
        total="Total",
        lag_days=(0, 4),
    ),
    ("youth_survey_t1", "limesurvey"): SURVEY_SERVER,
    ("youth_survey_t2", "limesurvey"): SURVEY_SERVER,
    ("youth_survey_t2", "paper"): Layout(
        "xlsx",
        1,
        "as_is",
        sheet="Saisie",
        yes_no=("X", "non"),
        left_out=("start_language", "token"),
        lag_days=(5, 20),
    ),
    ("tutor_survey", "limesurvey"): SURVEY_SERVER,
    ("training_referent_survey", "limesurvey"): SURVEY_SERVER,
    ("outreach_log", "cnam"): Layout(
        "xlsx", 0, "as_is", sheet="Contacts", other_sheet="Listes", lag_days=(0, 4)
    ),
    ("committee_log", "cnam"): Layout(
        "xlsx", 1, "broken", sheet="Comités", list_mark=", ", lag_days=(0, 4)
    ),
    ("context_series", "dares"): Layout(
        "csv", 0, "as_is", encoding="utf-8-sig", decimal=",", lag_days=(5, 20)
    ),
    ("cost_ledger", "cnam_accounts"): Layout(
        "csv",
        0,
        "as_is",
        encoding="cp1252",
        decimal=",",
        money="{} €",
        day_format="%d/%m/%y",
        lag_days=(5, 20),
    ),
    ("corrections", "steward"): Layout("xlsx", 0, "as_is", sheet="corrections"),
    ("identity_decisions", "steward"): Layout(
        "xlsx", 0, "as_is", sheet="links", left_out=("decision_note",)
    ),
    ("consent_withdrawals", "steward"): Layout("xlsx", 0, "as_is", sheet="consents"),
    ("layout_mappings", "steward"): Layout("xlsx", 0, "as_is", sheet="mappings"),
    ("layout_holds", "steward"): Layout("xlsx", 0, "as_is", sheet="holds"),
    ("row_departures", "steward"): Layout("xlsx", 0, "as_is", sheet="departures"),
    ("code_lists", "project"): Layout(
        "csv", 0, "as_is", encoding="utf-8-sig", day_format="%Y-%m-%d"
    ),
}
