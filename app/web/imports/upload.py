"""A file is received piece by piece into the folder of its import, never into memory.

The folder is owned from its first moment: a process that starts meanwhile must not take it for an
upload that was interrupted, and delete it.
"""

import hashlib
import shutil
from contextlib import ExitStack
from pathlib import Path

from app.store.engine.lock import hold
from app.web.errors import BodyTooLarge
from app.web.imports.reading.file_errors import MOST_BYTES


def too_large() -> BodyTooLarge:
    """The error for a file that is too large."""
    return BodyTooLarge(
        f"The file is too large: an import takes {MOST_BYTES >> 20} MB. Delete pictures and the "
        "columns that are not about products, or divide it into several files."
    )


class Upload:
    """A file that is being received, with its hash and size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hash = hashlib.sha256()
        self.size = 0
        self._is_taken = False
        self._owned = ExitStack()
        hidden = folder.with_name(f".{folder.name}")  # `Imports` looks for no such name
        hidden.mkdir(mode=0o700)
        try:
            self._owned.enter_context(hold(hidden / "lock"))
            self._file = (hidden / "file").open("wb")
            hidden.rename(folder)  # the lock and the file stay open
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            self._owned.close()
            raise

    def write(self, piece: bytes) -> None:
        """Add a piece of the file.

        Raises:
            BodyTooLarge: the file has too many bytes now.

        """
        self.size += len(piece)
        if self.size > MOST_BYTES:
            raise too_large()
        self._file.write(piece)
        self.hash.update(piece)

    def taken(self) -> ExitStack:
        """Complete the file, which stays; returns the lock of its folder."""
        self._file.close()
        self._is_taken = True
        return self._owned.pop_all()

    def discard(self) -> None:
        """Delete the file, unless it was taken."""
        self._file.close()
        if not self._is_taken:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._owned.close()
