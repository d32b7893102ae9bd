"""Which organisation a row names: SIRET, then number, then name and commune, and never a guess."""

import pytest

FIRM = {"role": "employer", "source": "list", "siret": "siret", "number": None, "name": "firm"}
BODY = {"role": "body", "source": "book", "siret": None, "number": "ref", "name": None}
STUDY = {
    "known_on": "2010-06-30",
    "organisations": [FIRM | {"commune": "town"}, BODY | {"commune": None}],
}
HEAD = "record_id | receipt_id | siret | known_on | superseded_on"
NAMES = "record_id | teller | name_label | named_label"
BOOK = "record_id | receipt_id | ref | known_on | superseded_on"


@pytest.fixture
def links(database, run_model, draw):
    """Rows are "record | SIRET | name | commune", those of the book "record | number"."""

    def run(listed, booked=()):
        rows, names = [], []
        for line in listed:
            record, siret, name, town = (part.strip() for part in line.split("|"))
            rows.append(f"{record} | f | {siret} | 2010-01-01 |")
            named = f"{name} in {town}" if town else ""
            names += [f"{record} | 1 | {name} | {named}"] if name else []
        named = draw("\n".join([NAMES, *names]))
        named["teller"] = named["teller"].astype("Int64")
        books = [f"{line.replace('|', '| f |')} | 2010-01-01 |" for line in booked]
        tables = {
            "validated.list": draw("\n".join([HEAD, *rows])).astype({"siret": "string"}),
            "validated.book": draw("\n".join([BOOK, *books])).astype({"ref": "string"}),
            "linked.organisation_names": named,
        }
        found = run_model(database, "organisation_links", tables, STUDY)
        return found.set_index("record_id").sort_index()

    return run


def united(found):
    """The records that name one organisation, as sets."""
    return sorted(sorted(rows) for rows in found.groupby("organisation_id").groups.values())


def test_a_siret_says_more_than_any_spelling(links):
    found = links(["a | 11 | lebrun | nantes", "b | 11 | le brun | ", "c | 22 | lebrun | nantes"])
    assert united(found) == [["a", "b"], ["c"]]
    assert list(found["rule"]) == ["siret"] * 3


def test_without_a_siret_name_and_commune_lead_to_the_one_that_has_them(links):
    found = links(["a | 11 | lebrun | nantes", "b | | lebrun | nantes", "c | | lebrun | nozay"])
    assert united(found) == [["a", "b"], ["c"]]
    assert found.loc["b", ["siret", "rule"]].tolist() == ["11", "name_and_commune"]


def test_what_could_be_two_organisations_is_neither(links):
    found = links(["a | 11 | lebrun | nantes", "b | 22 | lebrun | nantes", "c | | lebrun | nantes"])
    assert united(found) == [["a"], ["b"], ["c"]]
    assert found["company_id"].nunique() == 3


def test_a_name_alone_is_taken_for_nobody_elses(links):
    found = links(["a | 11 | lebrun | nantes", "b | | lebrun | ", "c | | lebrun | "])
    assert united(found) == [["a"], ["b", "c"]]
    assert found.loc["b", "rule"] == "name_alone"


def test_an_establishment_that_moved_stays_two_of_one_company(links):
    old, new = "12345678900011", "12345678900029"
    found = links([f"a | {old} | le | x", f"b | {new} | le | x", "c | | le | x", "d | 9 | z | x"])
    assert united(found) == [["a"], ["b"], ["c"], ["d"]]
    companies = found["company_id"]
    assert companies["a"] == companies["b"] == companies["c"] != companies["d"]


def test_a_number_is_known_within_its_role_and_may_be_a_siret(links):
    listed = ["a | 11 | | ", "b | 7 | | "]
    found = links(listed, ["s | 11", "t | 7A", "u | 7A"])
    assert united(found) == [["a", "s"], ["b"], ["t", "u"]]
    assert found.loc["s", ["siret", "rule"]].tolist() == ["11", "siret"]
    assert found.loc["t", "rule"] == "number"


def test_a_row_that_names_nobody_is_not_there(links):
    assert list(links(["a | | | ", "b | 11 | | "]).index) == ["b"]


def test_only_the_rows_known_on_the_day_count(database, run_model, draw):
    tables = {
        "validated.list": f"""
        {HEAD}
        a | f | s1 | 2010-01-01 | 2010-06-30
        b | f | s1 | 2010-06-30 |
        c | f | s1 | 2010-07-01 |
        """,
        "validated.book": BOOK,
        "linked.organisation_names": draw(NAMES).astype({"teller": "Int64"}),
    }
    assert list(run_model(database, "organisation_links", tables, STUDY)["record_id"]) == ["b"]
