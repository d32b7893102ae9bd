"""The French catalogue is complete, its texts fit where they are shown, and a run speaks French."""

import ast
import contextvars
import io
import logging
import re
import string
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from pydantic import BaseModel

from agir_pipeline import cli, errors
from agir_pipeline.assets import linked, matched, outcomes, published, raw, validated
from agir_pipeline.contracts.model import Text, in_language
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.contracts.words import UNITS
from agir_pipeline.language import LOCALES, _, current_language, mark, use_language
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Labels, Protocol
from agir_pipeline.resources.making import init_home

PACKAGE = LOCALES.parent
SMALL = Path(__file__).parent / "study" / "small.toml"
PEOPLE = "id,group,age_years,income_eur\n" + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(90)
)
SAME_IN_BOTH = {
    "Cause", "Code", "Codes", "Contradictions", "Description", "Distance", "E-value", "Gain",
    "Horizon", "Initiative", "Interaction", "Moment", "Phase", "Questionnaire", "SIRET",
    "Situation", "Source", "Table", "Tables", "Type", "points", "Γ", "Γ*", "Placebo",
    "Zone",
}  # fmt: skip
"""Catalogue entries that are the same word in English and French."""

SAME_LABELS = {
    "AAH", "AFIJ", "AGEFOS PME", "ASS", "Associative", "Juxtapositive", "Posture",
    "CIO", "CRIJ", "Cnam Pays de la Loire", "Code", "Commune",
    "Communication", "Contrat de professionnalisation", "Corrections", "DARES", "DRJSCS",
    "Direccte", "FACE Atlantique", "FAFIH", "FORCO", "Fonds d'expérimentation pour la jeunesse",
    "France", "GDF Suez", "Loire-Atlantique", "Mission locale", "OPCA", "OPCALIA", "PAIO",
    "Pays de Châteaubriant", "Pays de la Loire", "Phase", "Posture, item 1", "Posture, item 2",
    "Posture, item 3", "Posture, item 4", "Qualification", "RSA", "Radio", "Satisfaction", "Source",
    "Transport", "Web",
}  # fmt: skip
"""Labels of the packaged protocols that are names, or the same word in both languages."""

ENGLISH = {
    "the", "is", "are", "was", "were", "not", "cannot", "of", "and", "to", "with", "there", "has",
    "have", "what", "this", "every", "one", "rows", "files", "known", "expected", "which", "by",
}  # fmt: skip
"""Words that no French sentence holds."""


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Every text marked in the package, as pybabel extracts them."""
    found = extract_from_dir(PACKAGE, keywords={"_": None, "mark": None})
    return list(dict.fromkeys(str(entry[2]) for entry in found))


@pytest.fixture(scope="module")
def french() -> Catalog:
    with open(LOCALES / "fr" / "LC_MESSAGES" / "agir.po", "rb") as file:
        return read_po(file, domain="agir")


@pytest.fixture(scope="module", params=sorted(packaged_protocols()))
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return load_protocol(packaged_protocols()[request.param])


# ------------------------------------------------------------------------ the catalogue


def test_every_text_has_a_french_entry_and_no_entry_is_left_over(
    texts: list[str], french: Catalog
) -> None:
    entries = {entry.id for entry in french if entry.id}
    assert [text for text in texts if text not in entries] == []
    assert [text for text in sorted(entries) if text not in texts] == []
    assert list(french.obsolete) == []


def test_no_entry_is_fuzzy_or_empty(french: Catalog) -> None:
    assert not french.fuzzy
    assert [entry.id for entry in french if entry.id and (entry.fuzzy or not entry.string)] == []


def test_the_extractor_sees_every_marked_text(texts: list[str]) -> None:
    """It is blind inside f-strings and inside other calls of ``_``."""
    unseen = [
        (path.name, call.lineno)
        for path in PACKAGE.rglob("*.py")
        for call in _calls(path, {"_", "mark"})
        if isinstance(call.args[0], ast.Constant) and call.args[0].value not in texts
    ]
    assert unseen == []


def test_no_fault_is_told_in_a_text_that_is_not_marked() -> None:
    kinds = {name for name, kind in vars(errors).items() if _is_fault(kind)}
    bare = [
        (path.name, call.lineno)
        for path in PACKAGE.rglob("*.py")
        for call in _calls(path, kinds)
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert bare == []


def _is_fault(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, errors.AgirError)


def _calls(path: Path, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def test_both_languages_fill_the_same_places(french: Catalog) -> None:
    wrong = [e.id for e in french if e.id and _places(str(e.id)) != _places(str(e.string))]
    assert wrong == []


def test_every_text_can_be_filled(french: Catalog) -> None:
    for entry in french:
        for text in (str(entry.id), str(entry.string)):
            assert text.format(**dict.fromkeys((name for name, _spec in _places(text)), 1.0)) or (
                not entry.id
            )


def _places(text: str) -> list[tuple[str, str]]:
    """Name and format of each place to fill, whatever their order."""
    parsed = string.Formatter().parse(text)
    return sorted((name, str(spec)) for _words, name, spec, _conversion in parsed if name)


def test_french_typography_keeps_marks_with_their_words(french: Catalog) -> None:
    """A breaking space before ; : ? ! % » or after « would start a line with the mark."""
    loose = re.compile(r" [;:?!%»]|« |\w[;?!»]")
    assert [e.string for e in french if e.id and loose.search(str(e.string))] == []


def test_words_that_are_the_same_in_both_languages_are_listed(french: Catalog) -> None:
    assert {str(e.id) for e in french if e.id and e.id == e.string} == SAME_IN_BOTH


# ----------------------------------------------------------- what contracts and assets say


def test_every_released_variable_and_value_has_a_french_text(protocol: Protocol) -> None:
    shown = {text for text in _released_texts(protocol) if isinstance(text, str) and text}
    assert len(shown) > 100
    assert {text for text in shown if in_language(text, "fr") == text} <= SAME_IN_BOTH


def _released_texts(protocol: Protocol) -> Iterator[Text]:
    yield from UNITS.values()
    for contract in table_contracts(protocol).values():
        yield contract.title
        yield from (invariant.sentence for invariant in contract.invariants)
        for column in contract.as_released().columns:
            yield from (column.label, column.description, *column.codes.values())


def test_every_column_of_the_dictionary_is_labelled_in_both_languages(protocol: Protocol) -> None:
    for contract in table_contracts(protocol).values():
        for column in contract.as_released().columns:
            assert in_language(column.label, "en"), column.name
            assert in_language(column.label, "fr"), column.name


@pytest.mark.parametrize("code", ["en", "fr"])
def test_descriptions_begin_with_one_short_plain_line(protocol: Protocol, code: str) -> None:
    for text in _descriptions(protocol):
        first_line = in_language(text, code).splitlines()[0]
        assert 0 < len(first_line) <= 60, first_line
        assert not re.search(r"[*#`_]", first_line), first_line


def _descriptions(protocol: Protocol) -> Iterator[Text]:
    """The texts under which assets and checks stand in the interface."""
    yield from (source.labels for source in protocol.sources)
    yield from (contract.title for contract in table_contracts(protocol).values())
    yield from chain(linked.TABLES.values(), matched.TABLES.values())
    yield from outcomes.outcome_tables(protocol).values()
    for step in (raw, validated, linked, matched, outcomes, published):
        yield from step.CHECKS.values()


def test_protocols_label_everything_in_both_languages(protocol: Protocol) -> None:
    labels = list(_labels(protocol))
    assert len(labels) > 10
    assert all(label.en and label.fr for label in labels)
    assert {label.en for label in labels if label.en == label.fr} <= SAME_LABELS


def _labels(part: Any) -> Iterator[Labels]:
    if isinstance(part, Labels):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _labels(getattr(part, name))
    elif isinstance(part, Mapping):
        yield from chain.from_iterable(map(_labels, part.values()))
    elif isinstance(part, tuple | list):
        yield from chain.from_iterable(map(_labels, part))


# ------------------------------------------------------------------- the language in force


def test_a_text_is_english_unless_another_language_is_asked_for() -> None:
    assert _("Beneficiary") == "Beneficiary"
    use_language("fr")
    assert _("Beneficiary") == "Bénéficiaire"
    assert _("no entry of the catalogue") == "no entry of the catalogue"


@pytest.mark.parametrize("code", ["de", "", "FR", "fr_FR"])
def test_an_unknown_language_means_english(code: str) -> None:
    use_language("fr")
    use_language(code)
    assert current_language() == "en"
    assert _("Control") == "Control"


def test_the_language_of_one_context_is_not_that_of_another() -> None:
    contextvars.copy_context().run(use_language, "fr")
    assert current_language() == "en"
    use_language("fr")
    heard: list[str] = []
    other = threading.Thread(target=lambda: heard.append(current_language()))
    other.start()
    other.join()
    assert heard == ["en"]
    assert current_language() == "fr"


def test_asking_for_one_text_in_a_language_leaves_the_language_in_force() -> None:
    use_language("fr")
    assert in_language("Control", "en") == "Control"
    assert current_language() == "fr"
    assert in_language("", "fr") == ""
    assert mark("Control") == "Control"


# ---------------------------------------------------------------------- a run in French


class Said(NamedTuple):
    """What the command said on each stream, and its exit code."""

    stdout: str
    stderr: str
    returncode: int


def agir(*arguments: object, language: str = "fr") -> Said:
    """The command in this process: a new one would load the libraries again each time."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGIR_LANGUAGE", language)
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["agir", *map(str, arguments)])
        patch.setattr(logging.getLogger("agir_pipeline"), "handlers", [])
        patch.setattr(logging.getLogger("agir_pipeline"), "propagate", False)
        patch.setattr(logging.getLogger("agir_pipeline"), "level", logging.NOTSET)
        with redirect_stdout(stdout), redirect_stderr(stderr), pytest.raises(SystemExit) as ended:
            cli.main()
    return Said(stdout.getvalue(), stderr.getvalue(), int(ended.value.code or 0))


@pytest.fixture(scope="module")
def french_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study run in French, with one value its protocol refuses."""
    home = tmp_path_factory.mktemp("french") / "home"
    init_home(home, str(SMALL))
    people = PEOPLE + "P90,0,young,5\n"
    (home / "inbox" / "people" / "office" / "p.csv").write_text(people, encoding="utf-8")
    done = agir("run", "--home", home)
    assert done.returncode == 0, done.stderr
    assert "parue" in done.stdout
    assert "lignes" in done.stderr
    assert_french(done.stdout + done.stderr)
    return home


def assert_french(text: str) -> None:
    words = set(re.findall(r"\w+", re.sub(r"[\w./-]*/[\w./-]*", "", text).lower()))
    assert words & ENGLISH == set(), text


def test_status_and_doctor_speak_french(french_home: Path) -> None:
    status = agir("status", "--home", french_home).stdout
    assert "état au" in status
    assert "rejetées 1" in status
    assert "décisions attendues" in status
    assert_french(status)
    doctor = agir("doctor", "--home", french_home).stdout
    assert "l'entrepôt s'ouvre" in doctor
    assert_french(doctor)


def test_the_release_speaks_french(french_home: Path) -> None:
    tier = french_home / "releases" / "current" / "tier1"
    read_me = re.sub(r"```.*?```", "", (tier / "README.md").read_text("utf-8"), flags=re.DOTALL)
    assert "évaluateurs habilités" in read_me
    assert_french(read_me)
    page = (tier / "dictionary.html").read_text("utf-8")
    assert '<html lang="fr">' in page
    assert "Bénéficiaires moins témoins" in page
    assert_french(re.sub(r"<code>.*?</code>|<style>.*?</style>|<[^>]*>", "", page, flags=re.DOTALL))
    shown = agir("show", "income", "--format", "csv", "--home", french_home).stdout
    assert "comparaison non randomisée" in shown


def test_a_broken_protocol_is_told_in_french(tmp_path: Path) -> None:
    wrong = SMALL.read_text(encoding="utf-8")
    for good, bad in (
        ('scale = "number"', 'scale = "nmber"'),
        ("seed = 1", 'seed = "x"'),
        ('column = "age_years"', 'column = "agee"'),
        ("[balance]", "[balnce]"),
        ('"Europe/Paris"', '"Europe/Nantes"'),
    ):
        wrong = wrong.replace(good, bad)
    (tmp_path / "wrong.toml").write_text(wrong, encoding="utf-8")
    told = agir("protocol", "check", tmp_path / "wrong.toml").stderr
    for words in ("erreur(s) dans le protocole", "attendu", "manque", "fuseau horaire", "l'un de"):
        assert words in told
    assert_french(told)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--home", "nowhere"), "ne contient aucune étude"),
        (("run", "--as-of", "31/12/2010"), "n'est pas un jour"),
        (("run", "--as-of", "1990-01-01"), "rien n'était connu"),
        (("receive", "nothing.csv", "--source", "people"), "n'est pas un fichier"),
        (("receive", __file__, "--source", "peeple"), "il n'y a pas de source"),
        (("show", "incme"), "n'a pas de table"),
        (("release", "accept", "2010-01-01-abc"), "il n'y a pas de publication"),
    ],
)
def test_wrong_usage_is_told_in_french(
    french_home: Path, arguments: tuple[str, ...], words: str
) -> None:
    home = () if "--home" in arguments else ("--home", str(french_home))
    told = agir(*arguments, *home).stderr
    assert words in told
    assert_french(told)


def test_help_is_french_for_commands_and_options() -> None:
    assert "Vérifier et afficher le protocole" in agir("--help").stdout
    assert "Le dossier de l'étude." in agir("run", "--help").stdout
    assert "en vigueur" in agir("release", "--help").stdout
    assert "The folder of the study." in agir("run", "--help", language="en").stdout


def test_without_a_word_from_outside_the_protocol_decides() -> None:
    assert "empreinte du plan" in agir("protocol", "check", "agir", language="").stdout
    assert "design digest" in agir("protocol", "check", "agir", language="en").stdout
