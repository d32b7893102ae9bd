"""What the ``agir`` command makes of what was typed, and how it helps, in the reader's language."""

from datetime import date
from typing import Any

from typer.exceptions import TyperException

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _


def misunderstanding(fault: TyperException, arguments: list[str]) -> str:
    """What is wrong with a command that was not understood, and where the right words stand."""
    option, parameter = getattr(fault, "option_name", None), getattr(fault, "param", None)
    if not arguments or "Usage:" in fault.message:  # nothing was asked: the help itself
        return fault.message
    if parameter is not None:
        is_there, name = bool(fault.message), "/".join(parameter.opts)
        text = _("{name} takes a whole number") if is_there else _("{name} is missing")
    elif option:
        name, is_known = option, type(fault).__name__ != "NoSuchOption"
        text = _("{name} needs a value") if is_known else _("there is no option {name}")
    else:
        name, text = " ".join(arguments), _("not understood: agir {name}")
    return text.format(name=name) + "\n" + _("agir COMMAND --help says what a command takes")


def translate_help(command: Any) -> None:
    """Put the help of a command, its options and its subcommands in the current language."""
    for part in (command, *command.params):
        if getattr(part, "help", None):
            part.help = _(part.help)
    for subcommand in getattr(command, "commands", {}).values():
        translate_help(subcommand)


def as_day(text: str | None) -> date | None:
    """A day written YYYY-MM-DD."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            _("'{text}' is not a day; write it as 2010-12-31").format(text=text)
        ) from None
