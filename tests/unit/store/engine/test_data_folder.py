"""A data folder is known again by its next owner, and a copy of it is another."""

import shutil
from pathlib import Path

from app.store.engine.data_folder import DataFolder


def identity(path: Path) -> str:
    """As an owner has it: the lock file is there."""
    folder = DataFolder.at(path)
    folder.make()
    folder.lock.touch()
    return folder.identity()


def test_each_owner_finds_the_same(tmp_path: Path) -> None:
    assert identity(tmp_path / "data") == identity(tmp_path / "data")


def test_a_folder_that_was_moved_is_the_same(tmp_path: Path) -> None:
    before = identity(tmp_path / "data")
    (tmp_path / "data").rename(tmp_path / "moved")
    assert identity(tmp_path / "moved") == before


def test_a_copy_is_another_and_so_is_a_new_one(tmp_path: Path) -> None:
    original = identity(tmp_path / "data")
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    assert len({original, identity(tmp_path / "copy"), identity(tmp_path / "new")}) == 3
