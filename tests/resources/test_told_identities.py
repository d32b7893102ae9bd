"""What the vault says of identities, as labels: alike or not, whoever asks outside it."""

import pandas as pd

from agir_pipeline.methods.identity.labels import identity_labels
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.resources.told_identities import told_identities

IDENTITIES = pd.DataFrame(
    [
        ("beneficiary_register", "A1", "r1", "1989-05-03", None),
        ("contract_register", "K1", "r2", "1989-03-05", None),
        ("youth_survey_t0", "Q1", "r3", None, "1989"),
        ("youth_survey_t1", "Q2", "r4", None, "1990"),
        ("control_pool", "P9", "r5", "1991-01-01", None),
    ],
    columns=pd.Index(["source", "entity_key", "record_id", "born_on", "birth_year"]),
)
LINKS = pd.DataFrame(
    [
        ("beneficiary_register", "A1", "ada", None),
        ("contract_register", "K1", "ada", None),
        ("youth_survey_t0", "Q1", "ada", None),
        ("youth_survey_t1", "Q2", "ben", "2010-05-01"),
        ("youth_survey_t1", "Q2", "ada", None),
    ],
    columns=pd.Index(["source", "entity_key", "person_id", "superseded_on"]),
)


def test_days_are_compared_whole_and_by_their_year_for_the_person_of_now() -> None:
    protocol = load_protocol(packaged_protocols()["agir"])
    said = told_identities(protocol, IDENTITIES, LINKS)
    days = said[said["fact"] == "birth_day"]
    years = said[said["fact"] == "birth_year"]
    assert days.dropna()["value"].tolist() == ["1989-05-03", "1989-03-05"]
    assert years.dropna()["value"].tolist() == ["1989", "1989", "1990"]
    labels = identity_labels(said)
    by_row = labels.groupby("record_id")["label"].agg(list).to_dict()
    assert by_row == {"r1": ["1", "1"], "r2": ["2"], "r3": ["1"], "r4": ["2"]}
    assert not labels["label"].isin(IDENTITIES["born_on"]).any()


def test_a_study_without_identities_to_compare_has_none() -> None:
    protocol = load_protocol(packaged_protocols()["nsw"])
    said = told_identities(protocol, IDENTITIES, LINKS)
    assert said.empty
    assert list(identity_labels(said).columns) == ["record_id", "teller", "label"]
