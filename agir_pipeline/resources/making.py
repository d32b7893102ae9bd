"""Making a study home: an empty one from a protocol, with its past if there is one."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sized
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.protocol.loading import load_protocol, packaged_protocols
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.files import write_whole
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.landing import Arrival, extraction_day
from agir_pipeline.resources.receipts import Receipt
from agir_pipeline.resources.study import record_protocol


def init_home(folder: Path, protocol: str, history: Path | None = None) -> list[Arrival]:
    """Make the home of a study and bring in its past.

    ``protocol`` is the name of a study that ships with the package, or a file. ``history`` holds
    ``<day it was known>/<source>/<provider>/<file>``.

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
    arrivals = list(_past(history, loaded)) if history else []
    home = Home(folder)
    home.create()
    _install(path, loaded, home)
    start = loaded.study.start_on
    known = [receipt.known_on for _content, receipt in arrivals]
    record_protocol(home, min([*known, start.value if start else today_of(loaded)]), how="init")
    return home.landing.receive_many((content(), receipt) for content, receipt in arrivals)


def today_of(protocol: Protocol) -> date:
    return datetime.now(ZoneInfo(protocol.study.time_zone)).date()


def _install(path: Path, protocol: Protocol, home: Home) -> None:
    """Copy the protocol, its lookup tables, and a folder of the inbox for every provider."""
    shutil.copyfile(path, home.protocol_path)
    for source in protocol.sources:
        for derived in source.derived:
            if derived.table:
                target = home.folder / derived.table
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path.parent / derived.table, target)
        for provider in source.providers:
            (home.inbox / source.name / provider.name).mkdir(parents=True, exist_ok=True)


def _past(history: Path, protocol: Protocol) -> Iterator[tuple[Callable[[], bytes], Receipt]]:
    for path in sorted(p for p in history.rglob("*") if p.is_file()):
        parts = path.relative_to(history).parts
        known_on = _day(parts[0])
        if known_on is None or len(parts) != 4:
            raise UsageError(
                _(
                    "{path}: a history is laid out as YYYY-MM-DD/source/provider/file; "
                    "the day is the one on which the file was received"
                ).format(path=path)
            )
        receipt = delivery_receipt(
            protocol, parts[1], parts[2], parts[3], known_on, how="history", is_backfilled=True
        )
        yield path.read_bytes, receipt


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


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
        UsageError: no such source or provider, or several providers and none named.
    """
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
        extracted_on=extraction_day(file_name) or known_on,
        how=how,
        is_backfilled=is_backfilled,
    )


def receive_all(home: Home, deliveries: Iterable[tuple[bytes, Receipt]]) -> list[Arrival]:
    """Land many deliveries under the lock of the study."""
    with home.locked("agir receive"):
        return home.landing.receive_many(deliveries)


def make_demo(
    folder: Path,
    seed: int,
    scale: int,
    following: Callable[[Sized], Iterable[Any]] = iter,
) -> dict[str, Any]:
    """Invent the AGIR study into a new home, with its past and its truth; gives the truth.

    ``following`` may wrap the deliveries to show progress.

    Raises:
        UsageError: the folder is not empty, or Faker is not installed.
    """
    try:
        from agir_pipeline.methods.synthetic.study import invent_study
    except ImportError:
        raise UsageError(
            _("the demo needs Faker; install agir-pipeline with its extra 'demo'")
        ) from None
    init_home(folder, "agir")
    home = Home(folder)
    protocol = load_protocol(home.protocol_path)
    invented = invent_study(load_protocol(packaged_protocols()["agir"]), seed, scale)
    truth = json.dumps(invented.truth, ensure_ascii=False, indent=1, default=str)
    write_whole(folder / "truth.json", truth.encode())
    receive_all(
        home,
        (
            (
                delivery.content,
                delivery_receipt(
                    protocol,
                    delivery.source,
                    delivery.provider,
                    delivery.file_name,
                    delivery.known_on,
                    how="history",
                    is_backfilled=True,
                ),
            )
            for delivery in following(invented.deliveries)
        ),
    )
    return invented.truth
