"""Names of organisations in one spelling, so that two hands that wrote one name are seen as one."""

from collections.abc import Iterable, Iterator, Mapping

from agir_pipeline.methods.identity.normalise import folded_words
from agir_pipeline.protocol.model import Organisations

BEGINNING = 4
"""Two words that begin with these letters alike may be one word, written twice."""


def name_key(text: str, rules: Organisations) -> str:
    """The telling words of a name, in the order of the alphabet; "" when it has no word.

    Capitals, accents, dots, legal forms and the order of the words tell no organisation from
    another. A name made of nothing else keeps its words.
    """
    return _key(folded_words(text).split(), rules)


def commune_key(text: str, rules: Organisations) -> str:
    """The words of a commune without its postcode; a code alone stays as it is."""
    words = folded_words(text).split()
    return _key([word for word in words if not word.isdigit()] or words, rules)


def beginnings(key: str) -> set[str]:
    """How the words of a name begin: two names of one organisation share one at least."""
    return {word[:BEGINNING] for word in key.split()}


def _key(words: Iterable[str], rules: Organisations) -> str:
    whole = list(_letters_joined(words))
    telling = [word for word in whole if word not in rules.left_out] or whole
    return " ".join(sorted(set(_written_out(telling, rules.written_out))))


def _written_out(words: Iterable[str], long: Mapping[str, str]) -> Iterator[str]:
    for word in words:
        yield from long.get(word, word).split()


def _letters_joined(words: Iterable[str]) -> Iterator[str]:
    """ "s", "a", "r", "l" are one word: the dots between them are gone."""
    letters = ""
    for word in words:
        if len(word) == 1:
            letters += word
            continue
        if letters:
            yield letters
            letters = ""
        yield word
    if letters:
        yield letters
