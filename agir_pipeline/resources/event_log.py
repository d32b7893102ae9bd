"""Dagster's own event log on SQLite, its files kept open while events are written.

Dagster opens, commits and closes up to three databases for each of a night's seven hundred
events; on a slow disk that outweighs the night's work. The files, their place and their content
stay Dagster's: a home opens with either class.
"""

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

from agir_pipeline.resources.ledger import vacuum

FILES_KEPT_OPEN = 8
"""The index and the runs looked at last; a server would else keep every run's file open."""


class OpenEventLog(SqliteEventLogStorage):
    """One connection per file, used under the storage's own lock."""

    _engines: OrderedDict[str, sa.Engine]

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: Any, config_value: dict[str, str]
    ) -> "OpenEventLog":
        """``base_dir`` is DAGSTER_HOME; the files lie where Dagster's own class puts them."""
        folder = Path(config_value["base_dir"]) / "history" / "runs"
        return cls(base_dir=str(folder), inst_data=inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        if shard not in self._initialized_dbs:
            with super()._connect(shard):
                pass  # makes the file, if it is not there
        with self._db_lock, self._begun(shard) as connection:
            yield connection

    @contextmanager
    def _begun(self, shard: str) -> Iterator[sa.Connection]:
        """A connection in a transaction: that of many events, if one is under way."""
        together: tuple[ExitStack, dict[str, sa.Connection]] | None
        together = self.__dict__.get("_together")
        if together is None:
            with self._engine(shard).begin() as connection:
                yield connection
            return
        ends, begun = together
        if shard not in begun:
            connection = ends.enter_context(self._engine(shard).connect())
            connection.begin()  # else Dagster begins and commits one for each event of an asset
            ends.callback(connection.commit)  # what was told stays told, whatever comes after
            begun[shard] = connection
        yield begun[shard]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Within, what is stored is committed at the end, once per file and not once per event.

        A reader beside sees it then; this process sees it at once.
        """
        if "_together" in self.__dict__:
            yield  # part of a larger whole
            return
        with ExitStack() as ends:
            self.__dict__["_together"] = (ends, {})
            try:
                yield
            finally:
                with self._db_lock:
                    del self.__dict__["_together"]
                    ends.close()

    def _engine(self, shard: str) -> sa.Engine:
        engines = self.__dict__.setdefault("_engines", OrderedDict())
        if shard not in engines:
            engines[shard] = _engine(self.conn_string_for_shard(shard))
        engines.move_to_end(shard)
        while len(engines) > FILES_KEPT_OPEN:
            engines.popitem(last=False)[1].dispose()
        made: sa.Engine = engines[shard]
        return made

    def has_table(self, table_name: str) -> bool:
        """Asked for every event; a table that is there stays there."""
        found: set[str] = self.__dict__.setdefault("_tables_found", set())
        if table_name not in found and super().has_table(table_name):
            found.add(table_name)
        return table_name in found

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        """Asked for every event of an asset; a column that is there stays there too."""
        found: set[str] = self.__dict__.setdefault("_columns_found", set())
        if column_name not in found and super()._has_asset_key_col_on_connection(conn, column_name):
            found.add(column_name)
        return column_name in found

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        with self.together():
            super().store_event_batch(events)

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Also touches the run's file: the interface watches it for news, which wait beside it."""
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    def wipe(self) -> None:
        self._close()
        super().wipe()

    def dispose(self) -> None:
        super().dispose()
        self._close()

    def _close(self) -> None:
        engines = self.__dict__.get("_engines", {})
        while engines:
            engines.popitem()[1].dispose()


def told_together(instance: dg.DagsterInstance) -> AbstractContextManager[None]:
    """A stretch of many events of ``instance``; another storage than ours takes each by itself."""
    storage = instance.event_log_storage
    return storage.together() if isinstance(storage, OpenEventLog) else nullcontext()


def purge(folder: Path) -> None:
    """Forget every run that ended and what it told; settings of schedules and sensors stay.

    ``folder``: DAGSTER_HOME. Nothing of what is deleted stays in the free pages of its files.
    """
    if not (folder / "history").is_dir():
        return
    os.environ["DAGSTER_HOME"] = str(folder.resolve())
    with dg.DagsterInstance.from_config(str(folder.resolve())) as instance:
        runs = instance.get_runs()
        for run in runs:
            if run.is_finished:
                instance.delete_run(run.run_id)
        if all(run.is_finished for run in runs):
            instance.wipe_assets(instance.all_asset_keys())
    for path in sorted(folder.rglob("*.db")):
        if path.parent.name == "schedules":
            with sqlite3.connect(path, timeout=30) as connection:
                connection.execute("delete from job_ticks")
            connection.close()
        vacuum(path)


def _engine(url: str) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.StaticPool,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: Any) -> None:
        # In Dagster's write-ahead mode a power cut may then take the last events, never the file.
        connection.execute("pragma synchronous = normal")

    return engine
