"""The copy gets every event: those from before it, those during the fill, and those after it."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from app.config.signing import signer_of
from app.readmodel.database import Database
from app.readmodel.events import event_fill
from app.readmodel.events.event_row import decoded
from app.readmodel.opening import FILE
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from tests.support.builders import NOON_MS, an_event
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


def kept(app: App) -> list[str]:
    """The ids of the copy's events, newest first."""
    database: Database = app.services.read_model.database
    with database.reading() as connection:
        rows = connection.execute("SELECT event FROM events ORDER BY number DESC")
        return [decoded(data).id for (data,) in rows]


def listed(app: App) -> list[str]:
    """The ids of all events, newest first, as the timeline has them."""
    page = app.services.store.timeline.latest(200)
    ids = [event.id for _, event in page.items]
    while page.next_cursor is not None:
        page = app.services.store.timeline.latest(200, page.next_cursor)
        ids += [event.id for _, event in page.items]
    return ids


def filled(app: App) -> bool:
    return app.services.read_model.state.events.filled


def change(app: App, name: str, times: int) -> None:
    app.create(name, 100)
    for _ in range(times):
        app.adjust(name, -1)


def write_history(app: App, *, note: str = "") -> None:
    """Write 13 events that arrived long ago, a minute apart."""
    settings = app.services.settings
    feed = Feed(app.clients.tables, settings.table_names.feed)
    minutes = count()
    clock = CursorClock(0, lambda: NOON_MS + 60_000 * next(minutes))
    log = AuditRepository(
        app.clients.tables, settings.table_names.audit, feed, signer_of(settings), clock.stamp
    )
    for number in range(1, 14):
        log.append([an_event(number, product_id=f"P{number}", note=note or None)])


def test_events_from_before_during_and_after_the_fill(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        write_history(app)
    (tmp_path / FILE).unlink()
    monkeypatch.setattr(event_fill, "READ_LIMIT", 3)
    right: Any = vars(event_fill.EventFill)["_write"]
    waits: list[object] = []
    done: list[bool] = []

    def write(self: Any, *given: Any) -> bool:
        written: bool = right(self, *given)
        waits.append(given)
        if len(waits) == 2:
            until(lambda: done, 30)
        return written

    monkeypatch.setattr(event_fill.EventFill, "_write", write)
    with serving(settings) as app:
        until(lambda: len(waits) == 2)
        assert not filled(app)
        change(app, "B", 4)
        done.append(True)
        until(lambda: filled(app))
        change(app, "C", 4)
        until(lambda: len(kept(app)) == 13 + 5 + 5)
        assert kept(app) == listed(app)


def test_fill_goes_on_where_the_process_stopped(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        write_history(app)
    (tmp_path / FILE).unlink()
    monkeypatch.setattr(event_fill, "READ_LIMIT", 3)
    read: Any = vars(event_fill.EventFill)["_read"]
    pages: list[int] = []

    def two_pages(self: Any, arrivals: Any) -> Any:
        pages.append(len(arrivals))
        if len(pages) == 3:
            raise RuntimeError("the process ends here")
        return read(self, arrivals)

    monkeypatch.setattr(event_fill.EventFill, "_read", two_pages)
    with serving(settings) as app:
        until(lambda: len(pages) >= 3)
        monkeypatch.setattr(event_fill.EventFill, "_read", read)
    with serving(settings) as app:
        until(lambda: filled(app))
        assert app.services.read_model.state.events.scanned < 13
        assert kept(app) == listed(app)


def test_large_events_are_read_in_small_pages(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        write_history(app, note="x" * 100_000)
        expected = listed(app)
    (tmp_path / FILE).unlink()
    sizes: list[int] = []
    keep: Any = vars(event_fill.EventFill)["_write"]

    def write(self: Any, arrived: Any, *given: Any) -> bool:
        sizes.append(len(arrived))
        written: bool = keep(self, arrived, *given)
        return written

    monkeypatch.setattr(event_fill.EventFill, "_write", write)
    monkeypatch.setattr(event_fill.PageRoom.__init__, "__defaults__", (1_000,))
    with serving(settings) as app:
        until(lambda: filled(app))
        assert kept(app) == expected
    assert max(sizes) <= 2
