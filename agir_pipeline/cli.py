"""The ``agir`` command: the same jobs as the interface, for people who prefer a terminal."""

import atexit
import json
import os
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from agir_pipeline import release_commands as releases
from agir_pipeline import rights_commands as rights
from agir_pipeline.command_words import as_day, misunderstanding, translate_help
from agir_pipeline.errors import AgirError, UsageError, traces, unexpected
from agir_pipeline.garbage import collect_rarely
from agir_pipeline.language import _, mark, use_language, written_day
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.resources.home import Home
from agir_pipeline.terminal import (
    DEFAULT_HOME,
    HomeOption,
    language_of_home,
    note,
    say,
    show_progress,
    speak_as,
    study_language,
)

app = typer.Typer(
    name="agir",
    help=mark("From questionnaires and partner files to the tables of an independent evaluation."),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
protocol_app = typer.Typer(
    help=mark("Check and show the protocol of a study."), no_args_is_help=True
)
app.add_typer(protocol_app, name="protocol")
app.add_typer(releases.release_app, name="release")
app.command("erase", help=mark("Erase people from all that is kept, and make the tables anew."))(
    rights.erase
)
app.command("register", help=mark("Print the register of processing (GDPR, article 30)."))(
    rights.register
)
app.add_typer(rights.keys_app, name="keys")

ReleaseOption = Annotated[str | None, typer.Option(help=mark("Which release; else the current."))]
INTERRUPTED = 130
"""What a shell calls a command stopped by Ctrl-C."""


def as_command() -> None:
    """``agir`` as a shell runs it: ``main``, then out without taking the interpreter apart.

    That takes a while after a night, and DuckDB tells the terminal of what others still hold of it.
    """
    code: Any = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it has left, or it is closed
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


def main() -> None:
    """Run the command; faults are one sentence on stderr and an exit code."""
    collect_rarely()
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        show_progress()
        traces.is_asked = debug
        use_language(os.environ.get("AGIR_LANGUAGE") or language_of_home(arguments))
        command = typer.main.get_command(app)
        translate_help(command)
        raise SystemExit(command(arguments, prog_name="agir", standalone_mode=False) or 0)
    except TyperException as fault:
        note(misunderstanding(fault, arguments))
        raise SystemExit(2) from None
    except typer.Abort:
        raise SystemExit(INTERRUPTED) from None
    except AgirError as fault:
        if debug:
            raise
        note(str(fault))
        raise SystemExit(fault.exit_code) from None
    except Exception as fault:
        if debug:
            raise
        note(unexpected(fault))
        raise SystemExit(3) from None


@app.command(help=mark("Make the home of a study, with its past if it has one."))
def init(
    home: Annotated[Path, typer.Argument(help=mark("A new folder for the study."))],
    protocol: Annotated[str, typer.Option(help=mark("agir, nsw, or a protocol file."))],
    history: Annotated[
        Path | None, typer.Option(help=mark("What was known earlier: DAY/source/provider/file."))
    ] = None,
) -> None:
    from agir_pipeline.resources.making import init_home

    arrivals = init_home(home, protocol, history)
    speak_as(load_protocol(Home(home).protocol_path))
    say(_("{home} is ready").format(home=home))
    if arrivals:
        say(_("{n} files of its past were taken in").format(n=len(arrivals)))


@app.command(help=mark("Take in one file; the same bytes again change nothing."))
def receive(
    file: Annotated[Path, typer.Argument(help=mark("The file to take in."))],
    source: Annotated[str, typer.Option(help=mark("The source it belongs to."))],
    provider: Annotated[str | None, typer.Option(help=mark("Who delivered it."))] = None,
    known_on: Annotated[str | None, typer.Option(help=mark("The day it became known."))] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.making import delivery_receipt, receive_all, today_of

    with study_language(home):
        place = Home(home).require()
        loaded = load_protocol(place.protocol_path)
        day = as_day(known_on)
        today = today_of(loaded)
        if day is not None and day > today:
            raise UsageError(_("{day} is still to come").format(day=day))
        if not file.is_file():
            raise UsageError(_("{file} is not a file").format(file=file))
        receipt = delivery_receipt(
            loaded, source, provider, file.name, day or today, "command", day is not None
        )
        arrival = receive_all(place, [(file.read_bytes(), receipt)])[0]
        text = _("already known: receipt {id}") if arrival.is_repeat else _("receipt {id}")
        say(text.format(id=arrival.receipt.receipt_id))


@app.command(help=mark("Take in what arrived and carry it through to the release."))
def run(
    as_of: Annotated[
        str | None, typer.Option(help=mark("Rebuild what was known that day."))
    ] = None,
    protocol: Annotated[
        Path | None, typer.Option(help=mark("Another protocol, for a draft."))
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.running import run_study, summary

    with study_language(home):
        day = as_day(as_of)
        if protocol is not None and day is None:
            raise UsageError(_("--protocol needs --as-of: only a rebuild may use another protocol"))
        outcome = run_study(home, day, protocol)
        for fault in outcome.faults:
            note(fault)
        for line in summary(outcome):
            say(line)
        raise typer.Exit(outcome.exit_code)


@app.command(help=mark("Write an invented study with known truth into a home, and run it."))
def demo(
    home: HomeOption = DEFAULT_HOME,
    seed: Annotated[int, typer.Option(min=0, help=mark("Another seed, another study."))] = 1,
    scale: Annotated[
        int, typer.Option(min=1, help=mark("How many times the size of the study."))
    ] = 1,
) -> None:
    from agir_pipeline.resources.files import whole_or_absent
    from agir_pipeline.resources.maker import Maker

    with study_language(home):
        with whole_or_absent(home), Maker(home, seed, scale) as maker:
            from agir_pipeline.demo import run_demo  # slow to load: meanwhile the study is written
            from agir_pipeline.running import make_storage

            maker.wait_for_home()
            make_storage(Home(home))
            truth = maker.truth()
        raise typer.Exit(run_demo(home, truth, say))


@app.command(help=mark("Serve the Dagster interface of the study, with its schedule and alerts."))
def ui(
    port: Annotated[
        int | None, typer.Option(help=mark("Another port than the first free one from 3000."))
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.interface import serve

    with study_language(home):
        serve(Home(home).require(), port, say)


@app.command(help=mark("What has arrived, what was refused, what is released."))
def status(
    as_json: Annotated[bool, typer.Option("--json", help=mark("For programs."))] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.status import status as status_of

    with study_language(home):
        place = Home(home).require()
        found = status_of(place, load_protocol(place.protocol_path))
        if as_json:
            say(json.dumps(found, indent=1, ensure_ascii=False))
            return
        _print_status(found)


def _print_status(found: dict[str, Any]) -> None:
    as_of = found["as_of"]
    say(_("state of {day}").format(day=written_day(date.fromisoformat(as_of)) if as_of else "-"))
    for source in found["sources"]:
        say(
            _(
                "{name}: {receipts} files, {rows} rows: {accepted} accepted, {rejected} rejected, "
                "{duplicate} duplicate, {blank} blank, {outside} outside the data, {erased} erased"
            ).format(**source)
        )
    unread = sum(source["unread"] for source in found["sources"])
    if unread:
        say(_("{n} files are not read yet under the protocol in force: run").format(n=unread))
    for sentence in found["refused"]:
        say(sentence)
    say(_("decisions needed: {n}").format(n=found["decisions_needed"]))
    say(_("checks: {passed} passed, {warned} warned, {failed} failed").format(**found["checks"]))
    for sentence in found["failed_checks"]:
        say(sentence)
    release = found["release"]
    say(_("release: {id}").format(id=release["id"] if release else "-"))


@app.command(help=mark("Print one released table."))
def show(
    table: Annotated[str, typer.Argument(help=mark("A table of the release."))],
    release: ReleaseOption = None,
    form: Annotated[str, typer.Option("--format", help=mark("table, csv or json."))] = "table",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.releases import Releases

    with study_language(home):
        rows = Releases(Home(home).require().releases).read(table, release)
        forms = {
            "csv": lambda: rows.to_csv(index=False).rstrip(),
            "json": lambda: rows.to_json(orient="records", date_format="iso", force_ascii=False),
            "table": lambda: rows.to_string(index=False),
        }
        if form not in forms:
            raise UsageError(_("--format takes one of: {known}").format(known=", ".join(forms)))
        say(forms[form]())


@app.command(help=mark("The rows of partners' files behind a cell of a released table."))
def trace(
    table: Annotated[str, typer.Argument(help=mark("A table of the release."))],
    cells: Annotated[
        list[str] | None, typer.Argument(help=mark("COLUMN=VALUE, to say which rows."))
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.tracing import traced

    with study_language(home):
        say("\n".join(traced(Home(home).require(), table, cells or []).lines()))


@app.command(help=mark("Running contracts that may break, and why; never part of a release."))
def warnings(
    with_keys: Annotated[
        bool, typer.Option("--keys", help=mark("With the keys of the persons, from the vault."))
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.early_warnings import warned

    with study_language(home):
        listed = warned(Home(home).require(), with_keys=with_keys)
        say(_("{n} running contracts may break").format(n=len(listed)))
        if len(listed):
            say(listed.to_string(index=False))


@app.command(help=mark("Compare two releases: equal, or what differs and why."))
def diff(
    before: Annotated[str, typer.Argument(help=mark("The earlier release."))],
    after: Annotated[str, typer.Argument(help=mark("The later release."))],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.release_comparison import compared
    from agir_pipeline.resources.releases import Releases

    with study_language(home):
        for line in compared(Releases(Home(home).require().releases), before, after).sentences():
            say(line)


@app.command(help=mark("Check the pairs of a release from its own tables: allowed, and optimal."))
def verify(
    release: ReleaseOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.release_verification import verified
    from agir_pipeline.resources.releases import Releases

    with study_language(home):
        outcome = verified(Releases(Home(home).require().releases), release)
        for fault in outcome.faults:
            note(fault)
        say(outcome.sentence)
        raise typer.Exit(1 if outcome.faults else 0)


@app.command(help=mark("Write what waits for the steward's decision, or take the answers in."))
def review(
    answers: Annotated[
        Path | None, typer.Option(help=mark("A workbook of links, filled in."))
    ] = None,
    terminal: Annotated[
        bool, typer.Option("--terminal", help=mark("Ask here, pair by pair, about links."))
    ] = False,
    reviewer: Annotated[str, typer.Option(help=mark("Who answers in the terminal."))] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    from agir_pipeline.resources.link_review import review_links
    from agir_pipeline.resources.review import review_files

    with study_language(home):
        place = Home(home).require()
        if terminal:
            rights.review_pairs(place, reviewer)
        code, lines = review_links(place, answers)
        for line in [*(review_files(place) if answers is None else []), *lines]:
            say(line)
        raise typer.Exit(code)


@app.command(
    help=mark("Look for what would make a night fail: keys, lock, disk, settings, schedule.")
)
def doctor(home: HomeOption = DEFAULT_HOME) -> None:
    from agir_pipeline.doctor import examine

    with study_language(home):
        findings = list(examine(Home(home).require()))
        for finding in findings:
            say(("ok    " if finding.is_well else "!!    ") + finding.sentence)
        raise typer.Exit(0 if all(finding.is_well for finding in findings) else 1)


@protocol_app.command(
    "check", help=mark("Say every mistake of a protocol at once, or that it holds.")
)
def protocol_check(
    file: Annotated[
        Path | None, typer.Argument(help=mark("A protocol file; else the home's."))
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    path = file or Home(home).require().protocol_path
    loaded = load_protocol(packaged_protocols().get(str(path), path))
    speak_as(loaded)
    say(_("{file} holds: study {name}").format(file=path, name=loaded.study.name))
    say(_("design digest   {digest}").format(digest=loaded.design_digest))
    say(_("protocol digest {digest}").format(digest=loaded.protocol_digest))


@protocol_app.command("show", help=mark("Print the protocol in force."))
def protocol_show(
    as_json: Annotated[bool, typer.Option("--json", help=mark("For programs."))] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    path = Home(home).require().protocol_path
    loaded = load_protocol(path)
    if as_json:
        say(loaded.model_dump_json(indent=1, by_alias=True))
        return
    say(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    as_command()
