"""What every command shares: the home it works on, the language it speaks, where it writes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
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
