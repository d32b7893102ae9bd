"""An erasure reaches a warehouse that stands on a PostgreSQL server."""

from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from agir_pipeline.resources.making import init_home
from agir_pipeline.resources.study import Study, open_study
from agir_pipeline.running import run_study
from tests.databases import postgresql_warehouse
from tests.study.test_privacy import files, leaks
from tests.study.test_rights import (
    OF_A3,
    POOL,
    REGISTER,
    drop,
    forget_a3,
    person,
    write_protocol,
)


def test_nothing_of_the_person_is_left_in_the_tables_or_files_of_the_server(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    init_home(home, str(write_protocol(tmp_path / "written")))
    drop(home, "register", "register.csv", REGISTER)
    drop(home, "pool", "pool.csv", POOL)
    address = postgresql_warehouse().engine.url.render_as_string(hide_password=False)
    settings = home / "study.toml"
    told = f'warehouse_url = "{address}"\n{settings.read_text(encoding="utf-8")}'
    settings.write_text(told, encoding="utf-8")
    assert run_study(home).exit_code == 0
    study = open_study(home)
    gone = person(study, "NUM7003")
    assert gone in everything(study)
    assert gone.encode() in b"".join(of_the_server(study))
    forget_a3(home)
    assert everything(study) == ""
    assert leaks([*files(home, "."), *of_the_server(study)], [*OF_A3, gone]) == {}


def everything(study: Study) -> str:
    """Every value of every table."""
    with study.warehouse.transaction() as connection:
        tables = study.warehouse.tables(connection)
        frames: list[pd.DataFrame] = [study.warehouse.read(connection, *t) for t in tables]
    return "\n".join(frame.to_csv() for frame in frames)


def of_the_server(study: Study) -> list[bytes]:
    """The files of the database, free pages included, where the server is on this machine.

    Its log of changes and its backups belong to whoever runs the server.
    """
    with study.warehouse.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text("checkpoint"))
        folder = connection.execute(sa.text("show data_directory")).scalar_one()
        oid = connection.execute(
            sa.text("select oid from pg_database where datname = current_database()")
        ).scalar_one()
    place = Path(folder) / "base" / str(oid)
    return [path.read_bytes() for path in sorted(place.iterdir())] if place.is_dir() else []
