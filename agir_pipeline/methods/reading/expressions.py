"""Whether a question was shown: the part of ExpressionScript that conditions really use.

Values are texts, numbers and truths; None is "not known". What is not understood is not known,
never guessed: another function, another suffix, an order between a number and an empty cell.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Value = str | float | bool | None
Look = Callable[[str, bool], Value]
"""Name of a variable, and whether an unasked question counts as empty (``.NAOK``) → its value."""
Node = Callable[[Look], Value]

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?![\w.]))|(?P<text>"[^"]*"|'[^']*')
    |(?P<name>[A-Za-z0-9_]+(?:[#.:][A-Za-z0-9_]+)*)|(?P<sign>\|\||&&|==|!=|<=|>=|[-+*/()<>!,]))""",
    re.VERBOSE,
)
DUAL = re.compile(r"\[(\w+)\]\[(\d)\]")
WORDS = {
    "or": "||", "and": "&&", "not": "!", "eq": "==", "ne": "!=",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip
ORDERS = ("<", "<=", ">", ">=")
LONGEST = 5_000
"""Characters; nobody writes longer conditions by hand."""
DEEPEST = 50
PLAIN_SUFFIXES = ("", "code")


class NotShown(Exception):
    """A question the expression needs was itself not asked."""


@dataclass(frozen=True)
class _Unknown(Exception):
    why: str


def is_true(expression: str, look: Look) -> bool | None:
    """Whether a condition holds; None where that is not known.

    ``look`` raises ``NotShown`` for a variable of a question that was not asked, unless told
    that it counts as empty.
    """
    try:
        return _truth(_compiled(expression)(look))
    except NotShown:
        return False


@lru_cache(maxsize=2_000)
def _compiled(expression: str) -> Node:
    try:
        return _Reader(_tokens(expression)).whole()
    except _Unknown:
        return lambda _look: None


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, text = 0, expression.strip()
    if len(text) > LONGEST:
        raise _Unknown("long")
    while position < len(text):
        found = TOKEN.match(text, position)
        if found is None:
            raise _Unknown("sign")
        kind = str(found.lastgroup)
        word = found[kind]
        tokens.append(("sign", WORDS[word.lower()]) if word.lower() in WORDS else (kind, word))
        position = found.end()
    return tokens


class _Reader:
    """Reads tokens from loose to tight: or, and, comparison, sum, product, not."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def whole(self) -> Node:
        node = self.either()
        if self.at != len(self.tokens):
            raise _Unknown("rest")
        return node

    def either(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Unknown("deep")
        parts = [self.both()]
        while self.take("||"):
            parts.append(self.both())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else lambda look: _any(parts, look)

    def both(self) -> Node:
        parts = [self.compared()]
        while self.take("&&"):
            parts.append(self.compared())
        return parts[0] if len(parts) == 1 else lambda look: _all(parts, look)

    def compared(self) -> Node:
        left = self.chain(self.product, ("+", "-"))
        for sign in ("==", "!=", *ORDERS):
            if self.take(sign):
                right = self.chain(self.product, ("+", "-"))
                return _comparison(sign, left, right)
        return left

    def product(self) -> Node:
        return self.chain(self.single, ("*", "/"))

    def chain(self, part: Callable[[], Node], signs: tuple[str, ...]) -> Node:
        node = part()
        while (sign := next((s for s in signs if self.take(s)), None)) is not None:
            node = _arithmetic(sign, node, part())
        return node

    def single(self) -> Node:
        if self.take("!"):
            inner = self.single()
            return lambda look: _not(_truth(inner(look)))
        if self.take("-"):
            return _arithmetic("-", lambda _look: 0.0, self.single())
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        kind, word = self.following()
        if kind == "number":
            return _constant(float(word))
        if kind == "text":
            return _constant(word[1:-1])
        if kind != "name":
            raise _Unknown("sign")
        return self.call(word) if self.take("(") else _variable(word)

    def call(self, name: str) -> Node:
        given: list[Node] = []
        while not self.take(")"):
            if given:
                self.need(",")
            given.append(self.either())
        match name, len(given):
            case "is_empty", 1:
                return lambda look: _is_empty(given[0](look))
            case "if", 3:
                return lambda look: _chosen(given, look)
            case "count", _:
                return lambda look: _count(given, look)
        raise _Unknown("function")

    def take(self, sign: str) -> bool:
        is_next = self.at < len(self.tokens) and self.tokens[self.at] == ("sign", sign)
        self.at += is_next
        return is_next

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise _Unknown("sign")

    def following(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise _Unknown("end")
        self.at += 1
        return self.tokens[self.at - 1]


def _constant(value: Value) -> Node:
    return lambda _look: value


def _variable(word: str) -> Node:
    name, _dot, suffix = word.partition(".")
    if ":" in word or suffix not in ("NAOK", *PLAIN_SUFFIXES):
        raise _Unknown("variable")
    return lambda look: look(name, suffix == "NAOK")


def _any(parts: list[Node], look: Look) -> bool | None:
    truths = [_truth(part(look)) for part in parts]
    return True if True in truths else (None if None in truths else False)


def _all(parts: list[Node], look: Look) -> bool | None:
    truths = [_truth(part(look)) for part in parts]
    return False if False in truths else (None if None in truths else True)


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _truth(value: Value) -> bool | None:
    return None if value is None else value not in ("", "0", 0.0, False)


def _is_empty(value: Value) -> bool | None:
    return None if value is None else value == ""


def _chosen(given: list[Node], look: Look) -> Value:
    truth = _truth(given[0](look))
    return None if truth is None else given[1 if truth else 2](look)


def _count(given: list[Node], look: Look) -> float | None:
    values = [one(look) for one in given]
    return None if None in values else float(sum(value != "" for value in values))


def _number(value: Value) -> float | None:
    """A number, or a text that is one; "" and other texts are none."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else None
    return None if value is None else float(value)


def _arithmetic(sign: str, left: Node, right: Node) -> Node:
    def computed(look: Look) -> Value:
        one, two = _number(left(look)), _number(right(look))
        if one is None or two is None or (sign == "/" and two == 0):
            return None
        return {
            "+": one + two, "-": one - two, "*": one * two, "/": one / (two or 1.0),
        }[sign]  # fmt: skip

    return computed


def _comparison(sign: str, left: Node, right: Node) -> Node:
    def compared(look: Look) -> Value:
        one, two = left(look), right(look)
        if one is None or two is None:
            return None
        numbers = _number(one), _number(two)
        if sign in ORDERS:
            return _ordered(sign, *numbers)
        is_equal = numbers[0] == numbers[1] if None not in numbers else str(one) == str(two)
        return is_equal == (sign == "==")

    return compared


def _ordered(sign: str, one: float | None, two: float | None) -> bool | None:
    if one is None or two is None:
        return None
    return {"<": one < two, "<=": one <= two, ">": one > two, ">=": one >= two}[sign]


def names_of(question: str, part: str, raw_name: str) -> Mapping[str, None]:
    """The names by which expressions may call one column: ``LOGT_other`` or the server's own.

    Expressions count the scales of a dual scale from 0, headings from 1.
    """
    if scale := DUAL.fullmatch(part):
        name = f"{question}_{scale[1]}_{int(scale[2]) - 1}"
    else:
        name = "_".join((question, *re.findall(r"[^\[\]]+", part)))
    return dict.fromkeys((name, raw_name))
