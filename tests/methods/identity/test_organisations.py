"""One organisation in the hands of several people has one key; two have two."""

import pytest

from agir_pipeline.methods.identity.organisations import beginnings, commune_key, name_key
from agir_pipeline.protocol.model import Organisations

RULES = Organisations.model_validate(
    {
        "left_out": ["sarl", "sa", "societe", "de", "d", "la", "cedex"],
        "written_out": {"st": "saint", "cfa": "centre formation apprentis"},
        "told_by": [{"role": "employer", "source": "list", "name": "firm"}],
        "source": "a test",
    }
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Menuiserie Lebrun", "SARL MENUISERIE LEBRUN"),
        ("Menuiserie Lebrun", "Lebrun (menuiserie) S.A.R.L."),
        ("École d'hôtellerie de Nantes", "ECOLE HOTELLERIE NANTES"),
        ("École", "E\u0301cole"),
        ("CFA de la Loire", "Centre de formation d'apprentis Loire"),
        ("Garage St-Marc", "garage saint marc"),
        ("B T P Ouest", "BTP Ouest"),
        ("Société de la SA", "Sa de la Société"),
    ],
)
def test_one_name_in_two_hands_has_one_key(one, other):
    assert name_key(one, RULES) == name_key(other, RULES) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Menuiserie Lebrun", "Menuiserie Lebrin"),
        ("Entreprise 012", "Entreprise 013"),
        ("Lebrun Père", "Lebrun Fils"),
    ],
)
def test_two_names_have_two(one, other):
    assert name_key(one, RULES) != name_key(other, RULES)


def test_signs_alone_are_no_name():
    assert name_key(" -- / ", RULES) == ""
    assert beginnings("") == set()


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("44600 ST-NAZAIRE CEDEX 2", "nazaire saint"),
        ("Saint Nazaire", "nazaire saint"),
        ("44109", "44109"),
    ],
)
def test_a_commune_is_known_without_its_postcode(written, key):
    assert commune_key(written, RULES) == key


def test_names_of_one_organisation_share_how_a_word_begins():
    lebrun = beginnings(name_key("Menuiserie Lebrun", RULES))
    assert lebrun & beginnings(name_key("Menuisrie Lebrum", RULES))
    assert not lebrun & beginnings(name_key("Transports Martin", RULES))
