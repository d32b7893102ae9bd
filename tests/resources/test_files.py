"""Files are written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from agir_pipeline.errors import InfrastructureError
from agir_pipeline.resources import files
from agir_pipeline.resources.files import (
    can_be_made_again,
    make_folder,
    sweep,
    whole_file,
    write_whole,
)


def test_a_file_is_written_with_its_rights_in_folders_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "key"
    write_whole(path, b"one", mode=0o400)
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["key"]


def test_each_new_folder_is_flushed_with_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(files, "flush_folder", flushed.append)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert flushed == [tmp_path, tmp_path / "a"]


def test_what_a_seed_gives_again_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(files.os, "fsync", flushed.append)
    with can_be_made_again():
        write_whole(tmp_path / "a" / "f", b"again")
    assert flushed == []
    write_whole(tmp_path / "b" / "f", b"once")
    assert len(flushed) == 3  # the file, its folder, the folder above
    assert [path.read_bytes() for path in sorted(tmp_path.glob("*/f"))] == [b"again", b"once"]


def test_a_failed_write_leaves_the_old_file_and_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    write_whole(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InfrastructureError, match="f cannot be written: No space left on device"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_half_written_is_none(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_whole(path, b"old")

    def stopped() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_where_a_folder_must_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(InfrastructureError, match="cannot be written") as caught:
        write_whole(tmp_path / "a" / "b", b"")
    assert caught.value.exit_code == 3


def test_a_leftover_of_a_process_of_the_same_number_is_no_obstacle(tmp_path: Path) -> None:
    leftover = tmp_path / f".f.{os.getpid()}.tmp"
    leftover.write_bytes(b"half")
    leftover.chmod(0o400)
    write_whole(tmp_path / "f", b"whole")
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".f.123.tmp").write_bytes(b"half")
    (tmp_path / ".folder.9.tmp").mkdir()
    (tmp_path / ".folder.9.tmp" / "part").write_bytes(b"")
    for name in ("a/f", "f.tmp", ".hidden"):
        (tmp_path / name).write_bytes(b"")
    sweep(tmp_path)
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*"))
    assert left == [".hidden", "a", "a/f", "f.tmp"]
