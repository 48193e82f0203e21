"""Where the files are. A file appears whole under its name, and never replaces another."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

OWNER = "_stockpulse/owner.json"  # readers of Hive tables skip names that begin with `_`


class Place(Protocol):
    """A folder or a bucket. Each method raises `worker.consumers.sink.Unavailable`, with a remedy.

    `name` is what people call it, such as `s3://bucket/prefix`.
    """

    name: str

    def spool(self) -> Path:
        """A new, empty local file, to write a file of the archive in; the caller removes it."""
        ...

    def put(self, name: str, spool: Path) -> bool:
        """Make the spool's bytes durable under a name; False if there is a file of this name."""
        ...

    def open(self, name: str) -> AbstractContextManager[BinaryIO | None]:
        """The file with a name, for reading at any position; None if there is none."""
        ...

    def names(self, folder: str = "") -> Iterable[str]:
        """The names of the files in a folder and those inside it, in order, read on demand."""
        ...
