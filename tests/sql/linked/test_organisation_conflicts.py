"""What may be one organisation, or two, is shown side by side and settled by nobody else."""

import pytest

STUDY = {"organisations": [{"role": "any"}], "known_on": "2010-06-30"}
HEAD = (
    "source | role | record_id | receipt_id | organisation_id | company_id | siret | number "
    "| name_label | named_label | known_as | rule"
)


@pytest.fixture
def conflicts(database, run_model, draw):
    """Rows are "record | organisation | company | SIRET | number | name | name@town | rule"."""

    def run(*lines, words=""):
        rows = []
        for line in lines:
            cells = [cell.strip() for cell in line.split("|")]
            record, which, company, siret, number, name, named, rule = cells
            known_as = which if siret or number else ""
            rows.append(
                f"list | firm | {record} | f | {which} | {company} | {siret} | {number} | {name} "
                f"| {named} | {known_as} | {rule}"
            )
        tables = {
            "linked.organisation_links": draw("\n".join([HEAD, *rows])).astype("string"),
            "linked.organisation_words": "\n".join(["name_label | word_label", *words.split(", ")]),
        }
        found = run_model(database, "organisation_conflicts", tables, STUDY)
        pairs = found[["record_id_a", "record_id_b"]].to_numpy().tolist()
        return [[what, *sorted(pair)] for what, pair in zip(found["conflict"], pairs, strict=True)]

    return run


def test_one_siret_with_two_names_that_have_no_word_in_common(conflicts):
    rows = ["a | o | c | 11 | | n1 | | siret", "b | o | c | 11 | | n2 | | siret"]
    assert conflicts(*rows, words="n1 | lebr, n2 | mart") == [["names_differ", "a", "b"]]
    assert conflicts(*rows, words="n1 | lebr, n1 | menu, n2 | lebr") == []


def test_one_name_and_commune_with_two_companies(conflicts):
    rows = ["a | o | c | 11 | | n | n@t | siret", "b | p | d | 22 | | n | n@t | siret"]
    assert conflicts(*rows, words="n | x") == [["sirets_differ", "a", "b"]]


def test_two_establishments_of_one_company_are_no_conflict(conflicts):
    rows = ["a | o | c | 11 | | n | n@t | siret", "b | p | c | 12 | | n | n@t | siret"]
    assert conflicts(*rows, words="n | x") == []


def test_one_number_with_two_sirets(conflicts):
    rows = ["a | o | c | 11 | 7 | | | siret", "b | p | d | 22 | 7 | | | siret"]
    assert conflicts(*rows, words="n | x") == [["number_has_two_sirets", "a", "b"]]


def test_a_name_that_stands_once_without_its_commune(conflicts):
    rows = ["a | o | c | 11 | | n | n@t | siret", "b | n | n | | | n | | name_alone"]
    assert conflicts(*rows, words="n | x") == [["commune_missing", "a", "b"]]


def test_each_organisation_is_shown_once_however_often_it_is_named(conflicts):
    rows = [f"a{k} | o | c | 11 | | n | n@t | siret" for k in range(3)]
    rows += [f"b{k} | p | d | 22 | | n | n@t | siret" for k in range(3)]
    assert conflicts(*rows, words="n | x") == [["sirets_differ", "a0", "b0"]]
