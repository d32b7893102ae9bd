"""The two databases every SQL statement is tested on: a DuckDB file and a PostgreSQL server.

``from tests.databases import database`` in a conftest gives its folder the fixture. The server is
``AGIR_TEST_PG_URL``, else Debian's binaries on a Unix socket in a temporary folder; it
starts with the first test that needs it and stops with the process.
"""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from agir_pipeline.resources import tables
from agir_pipeline.resources.warehouse import Warehouse

DEBIAN = Path("/usr/lib/postgresql")


@pytest.fixture(params=["duckdb", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    """An empty warehouse; the test runs once on each database."""
    if request.param == "duckdb":
        return duckdb_warehouse(tmp_path)
    return postgresql_warehouse()


def duckdb_warehouse(folder: Path) -> Warehouse:
    return Warehouse(f"duckdb:///{folder}/study.duckdb")


def postgresql_warehouse() -> Warehouse:
    """The session's PostgreSQL database, emptied; fails on CI and skips elsewhere without one."""
    try:
        warehouse = Warehouse(_postgresql_url())
    except FileNotFoundError as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    with warehouse.transaction() as connection:
        for schema in sorted({schema for schema, _ in warehouse.tables(connection)}):
            tables.execute(connection, f"drop schema {tables.quoted(schema)} cascade")
    return warehouse


@cache
def _postgresql_url() -> str:
    """A database of this process alone, on the named server or on one of our own."""
    server = os.environ.get("AGIR_TEST_PG_URL") or _start_server()
    name = f"agir_test_{uuid.uuid4().hex[:12]}"
    _on_server(server, f"create database {name}")
    atexit.register(_on_server, server, f"drop database {name} with (force)")
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def _on_server(server: str, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _start_server() -> str:
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not found:
        raise FileNotFoundError(
            "no PostgreSQL: set AGIR_TEST_PG_URL or install Debian's package postgresql"
        )
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="agir-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    owner = pwd.getpwnam("postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    quick = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=20"
    address = f"-c listen_addresses= -c unix_socket_directories={folder}"
    _as_owner("initdb", "-D", data, "-U", "agir", "-A", "trust", "-E", "UTF8", "-N", at=binaries)
    control = ("pg_ctl", "-D", data, "-w", "-s")
    log = ("-l", folder / "log")
    _as_owner(*control, *log, "-o", f"{quick} {address}", "start", at=binaries)
    atexit.register(_as_owner, *control, "-m", "immediate", "stop", at=binaries)
    return f"postgresql+psycopg://agir@/postgres?host={folder}"


def _as_owner(program: str, *arguments: str | Path, at: Path) -> None:
    root = os.geteuid() == 0
    command = ["runuser", "-u", "postgres", "--"] if root else []
    command += [str(at / program), *map(str, arguments)]
    subprocess.run(
        command,
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
