"""Only its user can read the data folder, and every problem with it is a one-line error."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.store.engine.errors import EngineFailed


@dataclass(frozen=True)
class DataFolder:
    """The paths of one engine's files."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> Self:
        """The folder at `path`, resolved, so that engine command lines can be compared by path."""
        return cls(path.expanduser().resolve())

    @property
    def lock(self) -> Path:
        """The lock file, which the owner holds until it ends."""
        return self.path / "lock"

    @property
    def record(self) -> Path:
        """The file that records the engine's address and process."""
        return self.path / "engine.json"

    @property
    def file(self) -> Path:
        """The engine's SQLite file."""
        return self.path / "engine.db"

    @property
    def log(self) -> Path:
        """The engine's log."""
        return self.path / "engine.log"

    @property
    def id(self) -> Path:
        """The file with the folder's id, which does not depend on its path."""
        return self.path / "folder.id"

    def identity(self) -> str:
        """An id that is the same for every owner of this folder, but different for a copy of it.

        It contains the lock file's inode, which is different in a copy.

        Raises:
            OSError: the folder cannot be read or written.

        """
        if not self.id.exists():
            self.id.write_text(secrets.token_hex(8))
        return f"{self.id.read_text().strip()}-{self.lock.stat().st_ino}"

    def make(self) -> None:
        """Create the folder if it is missing; an existing one keeps its mode.

        Raises:
            OSError: the folder cannot be created.

        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Translate the operating system's errors about the folder.

        Raises:
            EngineFailed: the folder cannot be used; the message says why and what to do.

        """
        try:
            yield
        except OSError as error:
            raise EngineFailed(
                f"cannot use the data folder {self.path} ({error.strerror or error}): make sure "
                "that it is writable and that its disk has free space, or choose another folder "
                "with STOCKPULSE_DATA_DIR"
            ) from error
