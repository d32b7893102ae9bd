"""Commands about people's rights and the secrets that protect them."""

from pathlib import Path
from typing import Annotated

import typer

from agir_pipeline.errors import DecisionNeeded, UsageError
from agir_pipeline.language import _, mark, use_language
from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.resources.home import Home
from agir_pipeline.terminal import DEFAULT_HOME, HomeOption, note, say, study_language

keys_app = typer.Typer(help=mark("The secret keys of the study."), no_args_is_help=True)


def erase(
    keys: Annotated[
        list[str] | None, typer.Argument(help=mark("Keys of records; none: finish what was begun."))
    ] = None,
    source: Annotated[str, typer.Option(help=mark("The source the keys belong to."))] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.erasure import complete, erase_people
    from agir_pipeline.resources.study import open_study

    with study_language(home):
        place = Home(home).require()
        if keys and not source:
            raise UsageError(_("--source says which source the keys belong to"))
        with place.locked("agir erase"):
            unfinished = complete(open_study(home))
        for path in unfinished:
            say(_("an erasure that was begun is done; its receipt: {path}").format(path=path))
        if unfinished:
            _rebuild(home, is_last=not keys)
        elif not keys:
            say(_("no erasure was left unfinished"))
        if keys:
            with place.locked("agir erase"):
                path = erase_people(open_study(home), [(source, key) for key in keys])
            say(_("erased; the receipt for the file: {path}").format(path=path))
            _rebuild(home)


def review_pairs(place: Home, reviewer: str) -> None:
    """Ask about the open pairs in the terminal; ends the command."""
    from agir_pipeline.resources.link_terminal import review_in_terminal
    from agir_pipeline.resources.study import open_study

    if not reviewer.strip():
        raise UsageError(_("--reviewer says who answers"))

    def ask(text: str) -> str:
        return str(typer.prompt(text, default="", show_default=False))

    with place.locked("agir review"):
        n, left = review_in_terminal(open_study(place.folder), reviewer.strip(), ask, say)
        place.note("decided", "links", n)
    say(_("{n} answers were taken in; the next run follows them").format(n=n))
    say(_("{n} pairs still wait").format(n=left))
    raise typer.Exit(DecisionNeeded.exit_code if left else 0)


def register(
    language: Annotated[
        str | None, typer.Option(help=mark("en or fr; else the study's language."))
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.methods.register import register_of_processing

    with study_language(home):
        if language not in (None, "en", "fr"):
            raise UsageError(_("--language takes en or fr"))
        if language is not None:
            use_language(language)
        say(register_of_processing(load_protocol(Home(home).require().protocol_path)).rstrip())


def _rebuild(home: Path, *, is_last: bool = True) -> None:
    """Make the tables anew after something of the past was changed."""
    from agir_pipeline.running import run_study, summary

    outcome = run_study(home)
    for fault in outcome.faults:
        note(fault)
    for line in summary(outcome):
        say(line)
    if is_last or outcome.exit_code not in (0, 1, 4):
        raise typer.Exit(outcome.exit_code)


@keys_app.command("rotate", help=mark("Give everybody a new pseudonym, and make the tables anew."))
def keys_rotate(home: HomeOption = DEFAULT_HOME) -> None:
    from agir_pipeline.resources.rotation import rotate_keys

    with study_language(home):
        place = Home(home).require()
        with place.locked("agir keys"):
            epoch = rotate_keys(place)
        say(_("key k{n} is in use; the key before it stays in the vault").format(n=epoch))
        _rebuild(home)
