"""An archive in a directory, which may be on any file system with hard links."""

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from worker.consumers.sink import Unavailable

_SPOOLS = "_stockpulse/writing"
_LEFT = 86_400  # seconds after which a spool is a dead process's


class Directory:
    """A directory as a `Place`."""

    def __init__(self, root: Path) -> None:
        self.name = str(root)
        self._root = root

    def spool(self) -> Path:
        """As in `Place`; it is on the same file system, so that `put` only has to link it."""
        with self._explained():
            folder = self._root / _SPOOLS
            folder.mkdir(parents=True, exist_ok=True)
            self._remove_left(folder)
            descriptor, path = tempfile.mkstemp(dir=folder)
            os.close(descriptor)
            return Path(path)

    def put(self, name: str, spool: Path) -> bool:
        """As in `Place`."""
        target = self._root / name
        with self._explained():
            _sync(spool)
            made = [folder for folder in target.parents if not folder.exists()]
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(spool, target)
            except FileExistsError:
                return False
            finally:
                for folder in {target.parent, *(one.parent for one in made)}:
                    _sync(folder)
        return True

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO | None]:
        """As in `Place`."""
        with self._explained():
            try:
                file = (self._root / name).open("rb")
            except FileNotFoundError:
                file = None
        if file is None:
            yield None
            return
        with file:
            yield file

    def names(self, folder: str = "") -> Iterator[str]:
        """As in `Place`."""
        with self._explained():
            try:
                found = sorted(os.scandir(self._root / folder), key=lambda one: one.name)
            except FileNotFoundError:
                return
        for entry in found:
            path = f"{folder}/{entry.name}".lstrip("/")
            if entry.is_file():
                yield path
            elif not entry.name.startswith("_"):
                yield from self.names(path)

    def _remove_left(self, folder: Path) -> None:
        for left in folder.iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < time.time() - _LEFT:
                    left.unlink()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise explained(error, self.name) from error


def explained(error: OSError, place: str) -> Unavailable:
    """The error for the System page."""
    reason = error.strerror or str(error)
    remedy = {
        errno.ENOSPC: "Make room there; nothing is lost meanwhile.",
        errno.EDQUOT: "Raise the quota; nothing is lost meanwhile.",
        errno.EACCES: "Let Stockpulse's user write there.",
        errno.EPERM: "Let Stockpulse's user write there, on a file system with hard links.",
        errno.EROFS: "Mount it for writing, or set STOCKPULSE_ARCHIVE_URL to another place.",
        errno.ENOTDIR: "Set STOCKPULSE_ARCHIVE_URL to a directory.",
    }.get(error.errno or 0, "Check STOCKPULSE_ARCHIVE_URL.")
    return Unavailable(f"The archive {place} cannot be used: {reason}. {remedy}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
