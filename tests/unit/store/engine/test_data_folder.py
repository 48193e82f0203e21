"""A data folder has the same identity for every owner, and a copy of it has another."""

import shutil
from pathlib import Path

from app.store.engine.data_folder import DataFolder


def identity(path: Path) -> str:
    """The folder's identity for an owner: the lock file exists."""
    folder = DataFolder.at(path)
    folder.make()
    folder.lock.touch()
    return folder.identity()


def test_every_owner_gets_the_same_identity(tmp_path: Path) -> None:
    assert identity(tmp_path / "data") == identity(tmp_path / "data")


def test_a_moved_folder_keeps_its_identity(tmp_path: Path) -> None:
    before = identity(tmp_path / "data")
    (tmp_path / "data").rename(tmp_path / "moved")
    assert identity(tmp_path / "moved") == before


def test_a_copy_and_a_new_folder_have_other_identities(tmp_path: Path) -> None:
    original = identity(tmp_path / "data")
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    assert len({original, identity(tmp_path / "copy"), identity(tmp_path / "new")}) == 3
