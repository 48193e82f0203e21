"""The data folder is its user's alone, and every trouble with it is told in one line."""

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.store.engine.errors import EngineFailed


@dataclass(frozen=True)
class DataFolder:
    """Where the parts of one engine lie."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> Self:
        """The folder at `path`, under the one name that command lines are compared by."""
        return cls(path.expanduser().resolve())

    @property
    def lock(self) -> Path:
        """Held by the owner for life."""
        return self.path / "lock"

    @property
    def record(self) -> Path:
        """Where the engine is."""
        return self.path / "engine.json"

    @property
    def file(self) -> Path:
        """The engine's SQLite file."""
        return self.path / "engine.db"

    @property
    def log(self) -> Path:
        """What the engine says."""
        return self.path / "engine.log"

    @property
    def id(self) -> Path:
        """Which folder this is, whatever its path."""
        return self.path / "folder.id"

    def identity(self) -> str:
        """The same for each owner of this folder, and another for a copy of it.

        The lock file's inode is part of it: a copy has its own, whatever else was copied.

        Raises:
            OSError: the folder cannot be read or written.

        """
        if not self.id.exists():
            self.id.write_text(secrets.token_hex(8))
        return f"{self.id.read_text().strip()}-{self.lock.stat().st_ino}"

    def make(self) -> None:
        """Make the folder where it is missing; one that is there keeps its mode.

        Raises:
            OSError: it cannot be made.

        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Translate the system's errors about the folder.

        Raises:
            EngineFailed: what cannot be used, why, and the way out.

        """
        try:
            yield
        except OSError as error:
            raise EngineFailed(
                f"cannot use the data folder {self.path} ({error.strerror or error}): make it a "
                "folder that you can write to, with room on its disk, or set STOCKPULSE_DATA_DIR"
            ) from error
