"""The vault: for its owner alone, all or nothing, and silent about what it holds."""

import sqlite3
import stat
from pathlib import Path

import pandas as pd
import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources.vault import TABLES, Vault

CANARY = "MARTINEAU"


def quarantine(found: str = CANARY) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "receipt_id": ["r1"],
            "source": ["pool"],
            "file_name": ["f.csv"],
            "sheet": [""],
            "row_number": [3],
            "column_name": ["last_name"],
            "rule": ["pattern"],
            "found": [found],
            "not_kept": ["x"],
        }
    )


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault(tmp_path / "vault")
    made.create()
    return made


def kept(vault: Vault, rows: pd.DataFrame) -> None:
    with vault.transaction() as connection:
        vault.replace(connection, "quarantine", rows)


def test_only_its_owner_can_open_it(vault: Vault) -> None:
    assert stat.S_IMODE(vault.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600


def test_the_vault_of_a_past_day_is_another_file_as_closed(vault: Vault) -> None:
    past = Vault(vault.folder, "2010-12-31")
    kept(past, quarantine())
    assert past.path.name == "as_of-2010-12-31.sqlite"
    assert stat.S_IMODE(past.path.stat().st_mode) == 0o600
    assert vault.read("quarantine").empty


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir(mode=0o755)
    Vault(tmp_path / "vault").create()
    assert stat.S_IMODE((tmp_path / "vault").stat().st_mode) == 0o700


def test_what_is_replaced_is_read_back(vault: Vault) -> None:
    kept(vault, quarantine("first"))
    kept(vault, quarantine().assign(found=pd.array([None], dtype="string")))
    found = vault.read("quarantine")
    assert found.columns.tolist() == quarantine().columns.tolist()[:-1]
    assert found["found"].isna().tolist() == [True]
    assert found["row_number"].tolist() == [3]


def test_all_tables_are_there_from_the_start(vault: Vault) -> None:
    assert all(vault.read(table).empty for table in TABLES)


def test_a_failure_midway_leaves_what_was_there(vault: Vault) -> None:
    def fail() -> None:
        with vault.transaction() as connection:
            vault.replace(connection, "quarantine", quarantine("new"))
            raise ZeroDivisionError

    kept(vault, quarantine("old"))
    with pytest.raises(ZeroDivisionError):
        fail()
    assert vault.read("quarantine")["found"].tolist() == ["old"]


def test_deleted_values_are_overwritten_in_the_file(vault: Vault) -> None:
    kept(vault, quarantine())
    assert CANARY.encode() in vault.path.read_bytes()
    kept(vault, quarantine().iloc[:0])
    assert CANARY.encode() not in vault.path.read_bytes()


def told(vault: Vault, rows: pd.DataFrame) -> str:
    with pytest.raises(InfrastructureError) as caught:
        kept(vault, rows)
    assert caught.value.exit_code == 3
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return str(caught.value)


def test_a_value_that_does_not_fit_is_never_shown(vault: Vault) -> None:
    missing = quarantine().assign(receipt_id=None)
    assert told(vault, missing) == f"the vault {vault.path} cannot be used: IntegrityError"
    odd = quarantine().assign(found=[{CANARY}])
    assert CANARY not in told(vault, odd)


def test_a_vault_that_is_no_database_is_told_without_its_content(vault: Vault) -> None:
    vault.path.write_bytes(CANARY.encode() * 500)
    assert told(vault, quarantine()).endswith("cannot be used: DatabaseError")


def test_a_vault_without_its_folder_is_told(tmp_path: Path) -> None:
    assert "FileNotFoundError" in told(Vault(tmp_path / "gone"), quarantine())


def test_a_full_disk_is_told_and_the_old_content_stands(vault: Vault) -> None:
    """SQLite's own limit on pages stands for a disk without room."""

    def overfill() -> None:
        with vault.transaction() as connection:
            connection.execute("pragma max_page_count = 8")
            vault.replace(connection, "quarantine", pd.concat([quarantine("x" * 4000)] * 50))

    kept(vault, quarantine("old"))
    with pytest.raises(InfrastructureError, match="OperationalError"):
        overfill()
    assert vault.read("quarantine")["found"].tolist() == ["old"]
    with sqlite3.connect(vault.path) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
