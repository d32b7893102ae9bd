"""Texts in the language of the study."""

from collections.abc import Iterator

import pytest

from agir_pipeline.language import _, current_language, mark, use_language


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    use_language("en")


@pytest.mark.parametrize(("code", "used"), [("fr", "fr"), ("en", "en"), ("de", "en"), ("", "en")])
def test_a_language_we_do_not_speak_is_english(code: str, used: str) -> None:
    use_language(code)
    assert current_language() == used


@pytest.mark.parametrize("code", ["en", "fr"])
def test_a_text_without_a_translation_stays_as_it_is(code: str) -> None:
    use_language(code)
    assert _("no catalogue has this sentence") == "no catalogue has this sentence"
    assert _("") == ""


def test_a_marked_text_is_the_text() -> None:
    assert mark("a check") == "a check"
