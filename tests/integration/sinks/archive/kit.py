"""Writes events with stamps of the past, and archives them by a real worker."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.config.settings import Settings
from app.config.signing import signer_of
from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.deployment import Deployment
from app.store.dynamodb.client import connect
from app.store.feed.cursor import Cursor
from app.store.feed.feed import Feed
from tests.integration.consumers.kit import Shop
from tests.support.builders import an_event
from tests.support.waiting import until
from worker.consumers.files.windows import WINDOW_MS
from worker.consumers.sink import Sink
from worker.sinks.archive.archive import Archive
from worker.sinks.archive.files import reading
from worker.sinks.archive.names import Format, first_in, format_of
from worker.sinks.archive.place import Place

START = 1_780_000_200_000 - 1_780_000_200_000 % WINDOW_MS  # in May 2026
LAST = START + 50 * WINDOW_MS  # the stamp of the event that makes all earlier windows due


class Log:
    """Tables, and what arrived in them at made-up times."""

    def __init__(self, settings: Settings) -> None:
        self.shop = Shop(settings)
        clients = connect(settings.dynamodb)
        signer = signer_of(settings)
        self.deployment = Deployment(clients, self.shop.names, settings.attributes, signer)
        self.feed = Feed(clients.tables, self.shop.names.feed)
        self._stamp = Cursor(START, "0000abcd", 0)
        self.audit = AuditRepository(
            clients.tables, self.shop.names.audit, self.feed, signer, lambda: self._stamp
        )
        self.events: list[ChangeEvent] = []

    def write(self, ms: int, *events: ChangeEvent, writer: str = "0000abcd") -> None:
        """One row of the feed, stamped `ms` after `START`."""
        self._stamp = Cursor(START + ms, writer, 0)
        self.audit.append(events)
        self.events += events

    def sales(self, count: int, *, every: int = 1_000, first: int = 0) -> None:
        """Rows of one event each, of five products in turn, and the event that ends the windows."""
        for number in range(first, first + count):
            self.write(number * every, an_event(number, product_id=f"P{number % 5}"))
        self.end()

    def end(self) -> None:
        """The event that makes all windows before it due; its own one is not."""
        new = {"kind": "inserted", "event_name": "INSERT", "before": None}
        number = 10**6 + len(self.events)
        self.write(LAST - START, an_event(number, product_id="P-last", **new))

    def archive(self, place: Place, form: Format = "parquet", **more: Any) -> Archive:
        """An archive of this log."""
        return Archive(place, form, self.deployment, **more)

    @contextmanager
    def archiving(self, archive: Archive, **changes: Any) -> Iterator[Sink]:
        """A worker that runs the archive."""
        sink = replace(archive.sink(), poll=0.2)
        with self.shop.worker(sink, **changes):
            yield sink

    def archived(self, archive: Archive, **changes: Any) -> None:
        """Archive all that is due."""
        with self.archiving(archive, **changes):
            self.wait()

    def wait(self, ms: int | None = None) -> None:
        """Wait until all but the last event is archived, or all up to `ms` after `START`."""
        due = [row.cursor.ms for row in self.feed.after(None, 100_000) if row.cursor.ms < LAST]
        last = due[-1] if ms is None else START + ms
        until(lambda: (self.shop.row("archive").cursor or Cursor(0, "", 0)).ms >= last, 30)


def rows(place: Place) -> list[dict[str, Any]]:
    """The rows of all files, in the order of their names."""
    found: list[dict[str, Any]] = []
    for name in files(place):
        with reading(place, name) as reader:
            found += reader.rows()
    return found


def files(place: Place) -> list[str]:
    """The names of all files of events."""
    return [name for name in place.names() if format_of(name) is not None]


def windows(names: Sequence[str]) -> list[int]:
    """Which five minutes, counted from `START`, each of these files is of."""
    return [
        ((cursor.ms if (cursor := first_in(name)) else 0) - START) // WINDOW_MS for name in names
    ]


def bytes_in(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by name."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.*")}
