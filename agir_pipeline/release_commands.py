"""``agir release``: which releases there are, and a draft made the current one."""

from typing import Annotated

import typer

from agir_pipeline.language import _, mark
from agir_pipeline.resources.home import Home
from agir_pipeline.terminal import DEFAULT_HOME, HomeOption, say, study_language

release_app = typer.Typer(help=mark("List releases and accept drafts."), no_args_is_help=True)


@release_app.command(
    "list", help=mark("List the releases: * is the current one, - a withdrawn one.")
)
def release_list(home: HomeOption = DEFAULT_HOME) -> None:
    from agir_pipeline.resources.releases import Releases

    releases = Releases(Home(home).require().releases)
    current = releases.current()
    for name in releases.list():
        mark_of = "*" if name == current else "-" if releases.is_withdrawn(name) else " "
        say(f"{mark_of} {name}")


@release_app.command("accept", help=mark("Make a draft the current release."))
def release_accept(
    release: Annotated[str, typer.Argument(help=mark("The draft to make current."))],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.releases import Releases

    with study_language(home), Home(home).locked("agir release"):
        Releases(Home(home).require().releases).accept(release)
        Home(home).note("accepted", release)
        say(_("{release} is now the current release").format(release=release))
