"""Whether a question was shown: conditions as questionnaires write them, and what is not known."""

import pytest

from agir_pipeline.methods.reading.expressions import NotShown, Value, is_true, names_of

ANSWERS = {"RUPT": "Y", "RESS": "777.25", "NBENF": "0", "LOGT": "-oth-", "TEL": "", "AGE": "18"}


def look(name: str, empty_if_unasked: bool) -> Value:
    if name == "MOTIF":
        if empty_if_unasked:
            return ""
        raise NotShown
    return ANSWERS.get(name)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('RUPT.NAOK == "Y"', True),
        ("RUPT.NAOK != 'Y'", False),
        ('((RUPT.code eq "Y")) and (RESS.NAOK > 700)', True),
        ("RESS >= 777.25 && RESS <= 777.25", True),
        ("RESS lt 700 || RESS gt 800", False),
        ("is_empty(TEL)", True),
        ("!is_empty(TEL.NAOK) or NBENF", False),
        ("not (AGE == 18.0)", False),
        ("AGE + 2 * 3 - -1 == 25", True),
        ("(AGE + 2) / 4 == 5", True),
        ("if(is_empty(TEL), AGE, 0)", True),
        ("if(RUPT == 'N', 1, '')", False),
        ("count(RUPT, TEL, LOGT) == 2", True),
        ("TEL == 0", False),
        ("TEL == ''", True),
        ("1", True),
        ("0", False),
        ("MOTIF.NAOK == ''", True),
        ("MOTIF == ''", False),
        ("140140X1X8 == 1 || RUPT == 'Y'", True),
        ("140140X1X8 == 1 && RUPT == 'N'", False),
    ],
)
def test_a_condition_holds_or_not(expression: str, expected: bool) -> None:
    assert is_true(expression, look) is expected


@pytest.mark.parametrize(
    "expression",
    [
        "strlen(TEL) > 2",
        "NOBODY == 1",
        "NOBODY",
        "!NOBODY",
        "is_empty(NOBODY)",
        "count(NOBODY, TEL)",
        "if(NOBODY, 1, 1)",
        "NOBODY == 1 && RUPT == 'Y'",
        "NOBODY == 1 || RUPT == 'N'",
        "TEL < 5",
        "RUPT + 1",
        "NOBODY < 1",
        "AGE / 0",
        "RUPT.shown == 'Yes'",
        "TOKEN:ATTRIBUTE_1 == 'x'",
        "RUPT ==",
        "RUPT 'Y'",
        "(RUPT == 'Y'",
        "count(RUPT TEL)",
        "== 1",
        "RUPT ; 1",
        "if(1, 2)",
        "(" * 60 + "1" + ")" * 60,
        "1 || " * 2_000 + "1",
    ],
)
def test_what_is_not_understood_is_not_known(expression: str) -> None:
    assert is_true(expression, look) is None


def test_a_column_has_the_name_of_its_codes_and_the_one_of_the_server() -> None:
    assert list(names_of("MATXT", "[L1_POSTE]", "140140X2X14L1_POSTE")) == [
        "MATXT_L1_POSTE",
        "140140X2X14L1_POSTE",
    ]
    assert list(names_of("RUPT", "", "140140X3X29")) == ["RUPT", "140140X3X29"]
    assert next(iter(names_of("DUAL", "[D1][2]", "x"))) == "DUAL_D1_1"
