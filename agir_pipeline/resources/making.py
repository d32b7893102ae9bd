"""Making a study home: an empty one from a protocol, with its past if there is one."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.file_names import drawn_on, is_private
from agir_pipeline.resources.files import (
    can_be_made_again,
    make_folder,
    whole_or_absent,
    write_whole,
)
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.landing import Arrival
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.sources.inbox import files_below
from agir_pipeline.resources.study import record_protocol

Made = TypeVar("Made")


def init_home(
    folder: Path,
    protocol: str,
    history: Path | None = None,
    draw: Callable[[int], bytes] = secrets.token_bytes,
) -> list[Arrival]:
    """Make the home of a study and bring in its past.

    ``protocol`` is the name of a study that ships with the package, or a file. ``history`` holds
    ``<day it was known>/<source>/<provider>/<file>``. ``draw`` gives the bytes of the keys.

    Raises:
        UsageError: the folder is not empty, or the history is not laid out like that.
        ProtocolError: the protocol does not hold.
    """
    path = packaged_protocols().get(protocol) or Path(protocol)
    if not path.is_file():
        raise UsageError(
            _("there is no protocol {name}; name a file, or one of: {known}").format(
                name=protocol, known=", ".join(packaged_protocols())
            )
        )
    loaded = load_protocol(path)
    past = _past(history, loaded) if history else []
    start = loaded.study.start_on
    days = [today_of(loaded), *([start.value] if start else []), *(r.known_on for _p, r in past)]
    with whole_or_absent(folder):
        home = Home(folder)
        home.create(draw)
        _install(path, loaded, home)
        record_protocol(home, min(days), how="init")
        return home.landing.receive_many((_content(path), receipt) for path, receipt in past)


def today_of(protocol: Protocol) -> date:
    return datetime.now(ZoneInfo(protocol.study.time_zone)).date()


def _install(path: Path, protocol: Protocol, home: Home) -> None:
    """Copy the protocol, the files beside it, and a folder of the inbox for every provider."""
    for name in sorted(protocol.tables):
        write_whole(home.folder / name, (path.parent / name).read_bytes(), mode=0o644)
    dropped = [source for source in protocol.sources if source.feeds != "decision"]
    for source in dropped:
        for provider in source.providers:
            make_folder(home.inbox / source.name / provider.name)
    write_whole(home.protocol_path, path.read_bytes(), mode=0o644)


def _past(history: Path, protocol: Protocol) -> list[tuple[Path, Receipt]]:
    """The files of the past with their receipts.

    Raises:
        UsageError: with every file that does not lie where a history has it.
    """
    past: list[tuple[Path, Receipt]] = []
    wrong: list[str] = []
    for path in files_below(history):
        try:
            past.append((path, _past_receipt(path.relative_to(history).parts, protocol)))
        except UsageError as fault:
            wrong.append(f"{path}: {fault}")
    if not past and not wrong:
        wrong.append(_("{path}: there is no file in this folder").format(path=history))
    if wrong:
        raise UsageError("\n".join(wrong))
    return past


def _past_receipt(parts: tuple[str, ...], protocol: Protocol) -> Receipt:
    known_on = _day(parts[0])
    if known_on is None or len(parts) != 4:
        raise UsageError(
            _(
                "a history is laid out as YYYY-MM-DD/source/provider/file; "
                "the day is the one on which the file was received"
            )
        )
    return delivery_receipt(protocol, *parts[1:], known_on, how="history", is_backfilled=True)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise UsageError(
            _("{path} cannot be read: {cause}").format(path=path, cause=fault.strerror)
        ) from None


def delivery_receipt(
    protocol: Protocol,
    source: str,
    provider: str | None,
    file_name: str,
    known_on: date,
    how: str,
    is_backfilled: bool = False,
) -> Receipt:
    """The receipt of a delivered file; the source and its provider must be those of the protocol.

    Raises:
        UsageError: no such source or provider, several providers and none named, or a day that
            is still to come.
    """
    if known_on > today_of(protocol):
        raise UsageError(_("{day} is still to come").format(day=known_on))
    sources = {s.name: [p.name for p in s.providers] for s in protocol.sources}
    if source not in sources:
        raise UsageError(
            _("there is no source {name}; the protocol has: {known}").format(
                name=source, known=", ".join(sources)
            )
        )
    providers = sources[source]
    chosen = provider or (providers[0] if len(providers) == 1 else "")
    if chosen not in providers:
        raise UsageError(
            _("source {source}: name its provider, one of: {known}").format(
                source=source, known=", ".join(providers)
            )
        )
    return Receipt(
        kind="delivery",
        sha256="",
        known_on=known_on,
        source=source,
        provider=chosen,
        file_name=file_name,
        has_private_name=is_private(protocol, file_name, known_on),
        extracted_on=drawn_on(protocol, file_name, known_on) or known_on,
        how=how,
        is_backfilled=is_backfilled,
    )


def receive_all(home: Home, deliveries: Iterable[tuple[bytes, Receipt]]) -> list[Arrival]:
    """Land many deliveries under the lock of the study."""
    with home.locked("agir receive"):
        arrivals = home.landing.receive_many(deliveries)
        new = [one.receipt.receipt_id for one in arrivals if not one.is_repeat]
        if new:
            home.note("received", new[0], n=len(new))
        return arrivals


def make_demo(
    folder: Path,
    seed: int,
    scale: int,
    following: Callable[[Sized], Iterable[Any]] | None = None,
    standing: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Invent the AGIR study into a new home, with its past and its truth; gives the truth.

    ``following`` may wrap the deliveries to show progress; ``standing`` is called once the home is
    there, its past still to come.

    Raises:
        UsageError: the folder holds a study or is not empty, or Faker is not installed.
    """
    try:
        from agir_pipeline.methods.synthetic.study import invent_study
    except ImportError:
        raise UsageError(
            _("the demo needs Faker; install agir-pipeline with its extra 'demo'")
        ) from None
    if Home(folder).protocol_path.exists():
        raise UsageError(
            _("{home} already holds a study; name another folder, or remove it").format(home=folder)
        )
    protocol = load_protocol(packaged_protocols()["agir"])
    with whole_or_absent(folder), can_be_made_again():
        init_home(folder, "agir", draw=np.random.default_rng(seed).bytes)
        if standing is not None:
            standing()
        home = Home(folder)
        invented = invent_study(protocol, seed, scale)
        truth = json.dumps(invented.truth, ensure_ascii=False, indent=1, default=str)
        write_whole(folder / "truth.json", truth.encode())
        deciders = json.dumps(invented.deciders, ensure_ascii=False)
        settings = home.folder / "study.toml"
        added = f"\ndeciders = {deciders}\ninbox_look_seconds = 1\n"  # no partner copies slowly
        write_whole(settings, settings.read_bytes() + added.encode())
        workbook = invented.workbook  # first: the night waits until it has lain still for a while
        write_whole(home.decisions / workbook.file_name, workbook.content)
        deliveries = following(invented.deliveries) if following else invented.deliveries
        receive_all(home, _one_ahead((d.content, _demo_receipt(protocol, d)) for d in deliveries))
    return invented.truth


def _one_ahead(items: Iterable[Made]) -> Iterator[Made]:
    """Each item, the next one made meanwhile: who lands files waits for the disk."""
    rest, context = iter(items), copy_context()  # a thread knows no language by itself
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(context.run, lambda: next(rest, None))
        while (item := coming.result()) is not None:
            coming = thread.submit(context.run, lambda: next(rest, None))
            yield item


def _demo_receipt(protocol: Protocol, delivery: Any) -> Receipt:
    return delivery_receipt(
        protocol,
        delivery.source,
        delivery.provider,
        delivery.file_name,
        delivery.known_on,
        how="history",
        is_backfilled=True,
    )
