"""What every command shares: the home it works on, the language it speaks, where it writes."""

import logging
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from agir_pipeline.language import mark, use_language
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.home import Home

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="AGIR_HOME", help=mark("The folder of the study."))
]
DEFAULT_HOME = Path("demo")


def say(text: str = "") -> None:
    """A line of the result, on stdout."""
    typer.echo(text)


def note(text: str) -> None:
    """A line about progress, on stderr."""
    typer.echo(text, err=True)


def show_progress() -> None:
    """One line per step on stderr."""
    logger = logging.getLogger("agir_pipeline")
    logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.INFO)
    logger.propagate = False


def language_of_home(arguments: list[str]) -> str:
    """The language of the study that is meant, before anything else is known of it."""
    named = dict(pairwise(arguments)).get("--home")
    path = Home(Path(named or os.environ.get("AGIR_HOME") or DEFAULT_HOME)).protocol_path
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8-sig"))["study"]["language"])
    except (OSError, ValueError, KeyError, TypeError):
        return "en"


@contextmanager
def study_language(home: Path) -> Iterator[None]:
    """Speak the language of the study, unless AGIR_LANGUAGE says otherwise."""
    path = Home(home).protocol_path
    if path.is_file():
        speak_as(load_protocol(path))
    yield


def speak_as(protocol: Protocol) -> None:
    """Speak the language of a protocol, unless AGIR_LANGUAGE says otherwise."""
    if not os.environ.get("AGIR_LANGUAGE"):
        use_language(protocol.study.language)
