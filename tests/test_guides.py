"""The guides say what the code does: generated parts, commands, options, messages, links."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from babel.messages.pofile import read_po

from agir_pipeline.contracts.since import LIST
from agir_pipeline.language import LOCALES
from agir_pipeline.resources.home import Site
from agir_pipeline.resources.releases import Releases
from scripts.guides import DOCS, GUIDES, PART, PARTS, commands, refreshed, since_now
from tests.releasing import content

ROOT = DOCS.parent
PAGES = [*(f"docs/{name}" for name in GUIDES), "README.md", "CONTRIBUTING.md"]
TWINS = [("steward.md", "steward.fr.md"), ("evaluator.md", "evaluator.fr.md")]
FREE_OPTIONS = {"--help", "--debug"}
"""Options that every command takes."""


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def guide(name: str) -> str:
    return read(f"docs/{name}")


# ------------------------------------------------------------------------- generated parts


def test_every_released_column_has_the_version_it_came_with() -> None:
    assert since_now() == LIST.read_text(encoding="utf-8"), "run: make guides"


@pytest.mark.parametrize("name", GUIDES)
def test_generated_parts_are_those_of_the_code(name: str) -> None:
    assert refreshed(guide(name), GUIDES[name]) == guide(name), "run: make guides"


@pytest.mark.parametrize(("english", "french"), TWINS)
def test_both_languages_have_the_same_parts_and_sections_in_the_same_order(
    english: str, french: str
) -> None:
    one, other = guide(english), guide(french)
    assert [m[2] for m in PART.finditer(one)] == [m[2] for m in PART.finditer(other)]
    glossary = "### Douze mots de Dagster\n"
    levels = [
        re.findall(r"^(##+) ", text.replace(glossary, ""), re.MULTILINE) for text in (one, other)
    ]
    assert levels[0] == levels[1]


def test_every_part_stands_in_a_guide_and_no_marker_is_left_open() -> None:
    texts = [guide(name) for name in GUIDES]
    used = {match[2] for text in texts for match in PART.finditer(text)}
    assert used == set(PARTS)
    for text in texts:
        n_closed = len(PART.findall(text))
        assert text.count("<!-- generated:") == text.count("<!-- end -->") == n_closed


def test_a_part_changed_by_hand_is_put_right() -> None:
    before = "above\n<!-- generated: claims -->\nwritten by hand\n<!-- end -->\nbelow\n"
    after = refreshed(before, "fr")
    assert "written by hand" not in after
    assert "Intermédiaire" in after
    assert after.startswith("above\n")
    assert after.endswith("<!-- end -->\nbelow\n")
    with pytest.raises(KeyError, match="no_such_part"):
        refreshed("<!-- generated: no_such_part -->\n<!-- end -->", "en")


# ------------------------------------------------------------------------------ the command


def written_commands(text: str) -> list[str]:
    """What follows ``agir`` in code, one entry per command as somebody would type it."""
    fences = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    outside = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for fence in fences for line in fence.splitlines()]
    lines += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", outside)]
    return [
        match[1].strip()
        for line in lines
        if (match := re.match(r"(?:\.venv/bin/)?agir\s+([a-z].*)", line.strip()))
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_named_is_one_of_the_program(page: str) -> None:
    known = {name.removeprefix("agir "): command for name, command in commands()}
    written = written_commands(read(page))
    assert written or "evaluator" in page
    for line in written:
        words = [word for word in known if re.match(rf"{word}\b", line)]
        alternatives = re.match(r"(\w+) (\w+(?:\|\w+)+)", line)
        if alternatives:
            words = [f"{alternatives[1]} {second}" for second in alternatives[2].split("|")]
        assert words, f"{page}: agir {line}"
        for word in words:
            assert word in known, f"{page}: agir {line}"
            options = {option for part in known[word].params for option in part.opts}
            named = set(re.findall(r"--[a-z][a-z-]*", line))
            assert named <= options | FREE_OPTIONS, f"{page}: agir {line}"


@pytest.mark.parametrize("page", PAGES)
def test_an_option_named_alone_belongs_to_some_command(page: str) -> None:
    options = {
        option for _n, command in commands() for part in command.params for option in part.opts
    }
    named = set(re.findall(r"`(--[a-z][a-z-]*)[` ]", read(page)))
    assert named <= options | FREE_OPTIONS


@pytest.mark.parametrize("name", ["steward.md", "steward.fr.md"])
def test_settings_shown_are_settings_of_a_site(name: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", guide(name), re.DOTALL)
    assert len(blocks) == 2
    for shown in blocks:
        settings = tomllib.loads(shown)
        assert settings.keys() <= Site.model_fields.keys()
        Site.model_validate(settings)


# --------------------------------------------------------------------------- what it prints


def catalogue(language: str) -> str:
    """Every text of the program in a language, with plain spaces."""
    with open(LOCALES / "fr" / "LC_MESSAGES" / "agir.po", "rb") as file:
        entries = [entry for entry in read_po(file, domain="agir") if entry.id]
    texts = [str(entry.id if language == "en" else entry.string) for entry in entries]
    return plain("\n".join(texts))


def plain(text: str) -> str:
    """With breaking spaces only: a hand types no other."""
    return re.sub(r"[\u00a0\u202f]", " ", text)


@pytest.mark.parametrize("name", ["steward.md", "steward.fr.md"])
def test_messages_quoted_by_hand_are_messages_of_the_program(name: str) -> None:
    said = catalogue(GUIDES[name])
    by_hand = PART.sub("", guide(name))
    quoted = re.findall(r"^\| [`*]([^`*\n]*[ …][^`*\n]*)[`*] \|", by_hand, re.MULTILINE)
    assert len(quoted) >= 14
    pieces = [piece for text in quoted for piece in re.split(r"\s*\(?…\)?:?\s*", plain(text))]
    assert [piece for piece in pieces if piece.strip(" :;,") not in said] == []


def test_the_french_guide_has_a_glossary_of_twelve_words() -> None:
    glossary = guide("steward.fr.md").partition("### Douze mots de Dagster")[2].partition("\n##")[0]
    rows = re.findall(r"^\| (\w+) \| \w", glossary, re.MULTILINE)
    assert len(rows) == 1 + 12  # the heading, then the words
    assert "Materialize" in rows


# ------------------------------------------------------------------------- files and links


def test_the_files_listed_for_evaluators_are_those_of_a_release(tmp_path: Path) -> None:
    folder = Releases(tmp_path).publish(content()).folder
    held = {path.name for path in (*folder.iterdir(), *(folder / "tier1").iterdir())}
    for name in ("evaluator.md", "evaluator.fr.md"):
        listing = re.findall(r"```\n(releases/.*?)```", guide(name), re.DOTALL)[0]
        shown = {word.rstrip("/") for word in re.findall(r"^ +(\S+)", listing, re.MULTILINE)}
        assert shown == {word.replace("visits_study", "agir") for word in held}


@pytest.mark.parametrize(
    ("name", "label"), [("evaluator.md", "Price"), ("evaluator.fr.md", "Prix")]
)
def test_the_lines_for_stata_and_spss_make_labelled_files(
    name: str, label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parquet").mkdir()
    pairs = pd.DataFrame({"formed_on": [date(2010, 12, 15)] * 2, "price": [1.5, float("inf")]})
    pairs.to_parquet(tmp_path / "parquet" / "matched_pairs.parquet")
    words = {"table": "matched_pairs", "column": ["price"], "label_en": "Price", "label_fr": "Prix"}
    pd.DataFrame(words).to_parquet(tmp_path / "parquet" / "data_dictionary.parquet")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", guide(name), re.DOTALL)
    [code] = [block for block in blocks if "pyreadstat" in block]
    exec(code, {})  # our own page
    for read_back, kind in ((pyreadstat.read_dta, "dta"), (pyreadstat.read_sav, "sav")):
        rows, told = read_back(tmp_path / f"matched_pairs.{kind}")
        assert told.column_names_to_labels["price"] == label
        assert rows["formed_on"].tolist() == [date(2010, 12, 15)] * 2
        assert rows["price"].isna().tolist() == [False, True]


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", read(page), flags=re.DOTALL))
    for link in links:
        if "://" in link:
            continue
        file, _hash, anchor = link.partition("#")
        target = (ROOT / page).parent / file if file else ROOT / page
        assert target.exists(), f"{page}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page}: {link}"


def anchors(text: str) -> set[str]:
    """The places of a page a link may name: its headings in small letters, joined by dashes."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
