"""Rewrites the parts of ``docs/`` that follow from the code, and ``contracts/since.txt``.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; what is around it is
written by hand. ``make guides`` runs this; ``tests/test_guides.py`` says that every part is as
the code has it.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer

from agir_pipeline import cli, errors
from agir_pipeline.assets.linked import linked_assets
from agir_pipeline.assets.matched import matched_assets
from agir_pipeline.assets.outcomes import outcomes_assets
from agir_pipeline.assets.published import published_assets
from agir_pipeline.assets.raw import raw_assets
from agir_pipeline.assets.validated import validated_assets
from agir_pipeline.command_words import translate_help
from agir_pipeline.contracts.model import Text, in_language
from agir_pipeline.contracts.outcomes import CLAIMS
from agir_pipeline.contracts.published import FLOW_REASONS
from agir_pipeline.contracts.since import LIST, known_since, written_since
from agir_pipeline.contracts.tables import table_contracts
from agir_pipeline.contracts.words import STATUSES
from agir_pipeline.language import _, current_language, use_language
from agir_pipeline.methods.reading.sentences import FINDINGS, REFUSALS, RULES, SURPRISES
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Column, EventOutcome, Outcome, Protocol
from scripts.guide_words import CHECKS, EXIT_CODES, REASONS, WORDS

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = {
    "steward.md": "en",
    "steward.fr.md": "fr",
    "evaluator.md": "en",
    "evaluator.fr.md": "fr",
}
"""File → the language it is written in."""

PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
STUDY = "agir"
"""The study the guides are written for."""

Cells = Sequence[str]


def main() -> None:
    """Write every guide whose generated parts are no longer those of the code."""
    for name, language in GUIDES.items():
        path = DOCS / name
        before = path.read_text(encoding="utf-8")
        after = refreshed(before, language)
        if after != before:
            path.write_text(after, encoding="utf-8")
            sys.stdout.write(f"docs/{name}\n")
    if (since := since_now()) != LIST.read_text(encoding="utf-8"):
        LIST.write_text(since, encoding="utf-8")
        sys.stdout.write(f"{LIST.name}\n")


def since_now() -> str:
    """The list of columns and versions as the packaged studies and this version have it."""
    studies = [load_protocol(path) for path in packaged_protocols().values()]
    contracts = [contract for study in studies for contract in table_contracts(study).values()]
    return written_since(contracts, known_since(), version("agir-pipeline"))


def refreshed(text: str, language: str) -> str:
    """``text`` with every generated part as the code has it now, in ``language``.

    Raises:
        KeyError: a part nobody generates, or a check, a reason or an exit code without words.
    """
    before = current_language()
    use_language(language)
    protocol = load_protocol(packaged_protocols()[STUDY])
    try:
        return PART.sub(lambda m: f"{m[1]}{PARTS[m[2]](protocol)}\n{m[3]}", text)
    finally:
        use_language(before)


# ------------------------------------------------------------------------------ the command


def _commands(_protocol: Protocol) -> str:
    rows = [
        [f"`{name}`", command.help, "<br>".join(_options(command))] for name, command in commands()
    ]
    return _table("command does options", rows)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by the words one types, in the order of the help, with its click object."""
    root = typer.main.get_command(cli.app)
    translate_help(root)
    yield from _below("agir", root)


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield name, command
    for word, child in children.items():
        yield from _below(f"{name} {word}", child)


def _options(command: Any) -> Iterator[str]:
    """The arguments and options of a command; --home stands with all of them."""
    for part in command.params:
        if part.name not in ("home", "help"):
            written = part.opts[0] if part.param_type_name == "option" else part.name.upper()
            yield f"`{written}` {part.help}"


def _exit_codes(_protocol: Protocol) -> str:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.AgirError)}
    return _table(
        "code means do", [[str(code), *_both(EXIT_CODES, code)] for code in sorted({0} | codes)]
    )


# ------------------------------------------------------------------------------ the messages


def _sentences(sentences: Mapping[str, str]) -> Callable[[Protocol], str]:
    """Codes with their sentence; what a sentence fills in is shown as three dots."""

    def part(_protocol: Protocol) -> str:
        rows = [[f"`{code}`", re.sub(r"\{\w+\}", "…", _(text))] for code, text in sentences.items()]
        return _table("code sentence", rows)

    return part


def _checks(protocol: Protocol) -> str:
    """Each check once, however many tables carry it."""
    makers = (
        raw_assets,
        validated_assets,
        linked_assets,
        matched_assets,
        outcomes_assets,
        published_assets,
    )
    rows: dict[str, Cells] = {}
    for make in makers:
        assets = make(protocol)
        for spec in assets.check_specs:
            effect = _word("stops" if spec.blocking else "goes_on")
            said = spec.description or ""
            rows[spec.name] = [f"`{spec.name}`", said, effect, *_both(CHECKS, spec.name)]
    return _table("check holds fails do", rows.values())


def _reasons(_protocol: Protocol) -> str:
    rows = [
        [f"`{code}`", _said(label), *_both(REASONS, code)] for code, label in FLOW_REASONS.items()
    ]
    return _table("reason label about", rows)


# ----------------------------------------------------------------------------- what arrives


def _sources(protocol: Protocol) -> str:
    rows = [
        [f"`inbox/{source.name}/{provider.name}/`", _said(source.labels), _said(provider.labels)]
        for source in protocol.sources
        if source.feeds != "decision"
        for provider in source.providers
    ]
    return _table("folder source provider", rows)


def _decisions(protocol: Protocol) -> str:
    rows = [
        [f"`{source.sheet}`", *_heading(column)]
        for source in protocol.feeding("decision")
        for column in source.columns
    ]
    return _table("sheet column required values", rows)


def _heading(column: Column) -> Cells:
    label = _said(column.labels)
    others = [alias.heading for alias in column.aliases if alias.heading != label]
    codes = [_said(code.labels) for code in column.codes]
    return [
        label + (f" ({', '.join(others)})" if others else ""),
        _word("yes") if column.required else "",
        ", ".join(codes),
    ]


# ----------------------------------------------------------------------------- what is released


def _tables(protocol: Protocol) -> str:
    rows = [
        [
            f"`{table.name}`",
            _said(table.title),
            " × ".join(f"`{name}`" for name in table.key),
            str(len(table.as_released().columns)),
        ]
        for table in table_contracts(protocol).values()
    ]
    return _table("table title key columns", rows)


def _outcomes(protocol: Protocol) -> str:
    rows = [row for outcome in protocol.outcomes for row in _definitions(outcome)]
    return _table("outcome definition label horizons", rows)


def _definitions(outcome: Outcome) -> Iterator[Cells]:
    days = outcome.horizons_days.value if isinstance(outcome, EventOutcome) else ()
    primary_days = getattr(outcome, "primary_horizon_days", None)
    for definition in getattr(outcome, "definitions", ()):
        is_primary = definition.name == getattr(outcome, "primary_definition", None)
        told = [
            f"**{day}**" if is_primary and day == primary_days else str(day) for day in days
        ] or ["–"]
        name = f"**`{definition.name}`**" if is_primary else f"`{definition.name}`"
        yield [f"`{outcome.name}`", name, _said(definition.labels), ", ".join(told)]


def _codes(codes: Mapping[str, Text]) -> Callable[[Protocol], str]:
    def part(_protocol: Protocol) -> str:
        rows = [[f"`{code}`", _said(label)] for code, label in codes.items()]
        return _table("code means", rows)

    return part


PARTS: Mapping[str, Callable[[Protocol], str]] = {
    "commands": _commands,
    "exit_codes": _exit_codes,
    "refusals": _sentences(REFUSALS),
    "rules": _sentences(RULES),
    "findings": _sentences(FINDINGS),
    "surprises": _sentences(SURPRISES),
    "checks": _checks,
    "reasons": _reasons,
    "sources": _sources,
    "decisions": _decisions,
    "tables": _tables,
    "outcomes": _outcomes,
    "statuses": _codes(STATUSES),
    "claims": _codes(CLAIMS),
}


# ------------------------------------------------------------------------------------ words


def _said(text: Text) -> str:
    return in_language(text, current_language())


def _word(name: str) -> str:
    return _both(WORDS, name)[0]


def _both(words: Mapping[Any, tuple[Cells, Cells]], name: object) -> Cells:
    """The words kept for ``name``, in the language in force."""
    english, french = words[name]
    return french if current_language() == "fr" else english


def _table(heads: str, rows: Iterable[Cells]) -> str:
    """A Markdown table; ``heads`` are names of words."""
    lines = [[_word(name) for name in heads.split()], ["---"] * len(heads.split()), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """On one line; a bar would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
