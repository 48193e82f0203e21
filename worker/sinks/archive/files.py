"""The files of an archive: one is written beside the place, then appears there whole."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from app.core.events import ChangeEvent
from app.store.feed.cursor import Cursor
from app.store.timeline.batch import Entry
from worker.consumers.sink import Unavailable
from worker.sinks.archive.directory import explained
from worker.sinks.archive.names import (
    Format,
    folder_of,
    format_of,
    may_cover,
    name_of,
    redriven_name,
)
from worker.sinks.archive.ndjson import NDJSONReader, NDJSONWriter
from worker.sinks.archive.place import Place
from worker.sinks.archive.rows import Row, row_of, size_of

_NO_PYARROW = (
    "This process has no pyarrow, so it cannot use Parquet files. Set STOCKPULSE_ARCHIVE_FORMAT to "
    "ndjson, or run the archive in `stockpulse worker`."
)

Shown = Callable[[ChangeEvent], ChangeEvent]  # what of an event leaves the house


class Writer(Protocol):
    """Writes the rows of one file."""

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        ...

    def close(self, first: Cursor | None, end: Cursor | None) -> None:
        """Write the rest, with the cursors of the first and last arrival if the file has any."""
        ...

    def drop(self) -> None:
        """Give the file up; nothing happens after `close`."""
        ...


class Reader(Protocol):
    """Reads one file. Each method raises OSError or ValueError if that is impossible."""

    def end(self) -> Cursor | None:
        """The cursor of the last arrival; None in a file of redriven events."""
        ...

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows in order."""
        ...

    def choosing(self) -> Iterator[tuple[Any, ...]]:
        """The columns `CHOOSING` of all rows in order, `occurred_at` in ms since 1970."""
        ...

    def some(self, numbers: Sequence[int], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Some columns of the rows with these numbers, which rise."""
        ...


def writer_of(form: Format, file: BinaryIO) -> Writer:
    """The writer of a format."""
    if form == "ndjson":
        return NDJSONWriter(file)
    try:
        from worker.sinks.archive.parquet import ParquetWriter  # takes half a second to import
    except ImportError as error:  # a Lambda function has no room for it
        raise Unavailable(_NO_PYARROW) from error
    return ParquetWriter(file)


@contextmanager
def reading(place: Place, name: str) -> Iterator[Reader]:
    """A file of the archive.

    Raises:
        Unavailable: there is no such file, or it cannot be read, also later in the block.

    """
    try:
        with place.open(name) as file:
            if file is None:
                raise Unavailable(f"{place.name}/{name} was there, and is gone.")
            if format_of(name) == "ndjson":
                yield NDJSONReader(file)
                return
            from worker.sinks.archive.parquet import ParquetReader

            yield ParquetReader(file)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"{place.name}/{name} cannot be read: {str(error).rstrip('.')}. If it is damaged, move "
            "it away and rewind the archive to its time: it is written again."
        ) from error


class ArchiveFiles:
    """An archive as `worker.consumers.files.windows.Files`."""

    def __init__(self, place: Place, form: Format, shown: Shown, claim: Callable[[], None]) -> None:
        """`claim` raises Unavailable if the place belongs to another deployment."""
        self._place = place
        self._form = form
        self._shown = shown
        self._claim = claim
        self._folder: tuple[str, list[str]] | None = None  # the last one listed

    def covered(self, first: Cursor) -> Cursor | None:
        """As in `Files`."""
        folder = folder_of(first.ms)
        if self._folder is None or self._folder[0] != folder:
            self._claim()
            self._folder = folder, list(self._place.names(folder))
        name = may_cover(self._folder[1], first)
        if name is None:
            return None
        end = self._end(name)
        return end if end >= first else None

    @contextmanager
    def file(self, first: Cursor) -> Iterator["ArchiveFile"]:
        """As in `Files`."""
        self._claim()
        name = name_of(first, self._form)
        spool = self._place.spool()
        try:
            with spool.open("r+b") as file:
                made = ArchiveFile(self, name, first, spool, file)
                try:
                    yield made
                finally:
                    made.drop()
        finally:
            with suppress(FileNotFoundError):
                spool.unlink()

    def redriven(self, events: Sequence[ChangeEvent]) -> None:
        """Write a file of events that were dead letters."""
        self._claim()
        spool = self._place.spool()
        try:
            with spool.open("r+b") as file:
                writer = writer_of(self._form, file)
                writer.add([row_of(None, self._shown(event)) for event in events])
                writer.close(None, None)
            self._place.put(redriven_name(events, self._form), spool)
        finally:
            with suppress(FileNotFoundError):
                spool.unlink()

    def rows(self, entries: Sequence[Entry]) -> list[Row]:
        """The rows of events, with what of them leaves the house."""
        return [row_of(entry.cursor, self._shown(entry.event)) for entry in entries]

    def put(self, name: str, spool: Path, end: Cursor) -> Cursor:
        """Make a file durable; returns the last arrival of the file that is there."""
        own = self._place.put(name, spool)
        if self._folder is not None and name.startswith(self._folder[0]):
            self._folder[1].append(name)
        return end if own else self._end(name)

    def _end(self, name: str) -> Cursor:
        with reading(self._place, name) as reader:
            end = reader.end()
        if end is None:
            raise Unavailable(
                f"{self._place.name}/{name} is no file of an archive of Stockpulse. Move it away."
            )
        return end


class ArchiveFile:
    """A file that is being written, as `worker.consumers.files.windows.File`."""

    def __init__(
        self, files: ArchiveFiles, name: str, first: Cursor, spool: Path, file: BinaryIO
    ) -> None:
        self._files = files
        self._name = name
        self._first = first
        self._spool = spool
        self._file = file
        self._writer: Writer | None = None  # while there is no row, there is no file

    def add(self, entries: Sequence[Entry]) -> int:
        """As in `File`."""
        rows = self._files.rows(entries)
        if rows:
            with self._explained():
                if self._writer is None:
                    form = format_of(self._name)
                    assert form is not None  # noqa: S101 - the name was made for a format
                    self._writer = writer_of(form, self._file)
                self._writer.add(rows)
        return sum(map(size_of, rows))

    def close(self, end: Cursor) -> Cursor:
        """As in `File`; nothing is written if no event was added."""
        if self._writer is None:
            return end
        with self._explained():
            self._writer.close(self._first, end)
            self._file.flush()
        return self._files.put(self._name, self._spool, end)

    def drop(self) -> None:
        """Give the file up, unless it was closed."""
        if self._writer is not None:
            self._writer.drop()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise explained(error, str(self._spool.parent)) from error
