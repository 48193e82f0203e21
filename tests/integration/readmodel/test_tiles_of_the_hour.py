"""The Live page's tiles have the stock and the whole hour, and count each change once."""

import html
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from app.config.signing import signer_of
from app.readmodel.opening import FILE
from app.store.audit.audit_repository import AuditRepository
from app.store.feed.cursor import CursorClock
from app.store.feed.feed import Feed
from tests.support.builders import an_event
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


def tiles(page: str) -> dict[str, Any]:
    """What the page's script continues."""
    found = re.search(r'data-tiles="([^"]+)"', page)
    assert found is not None
    read: dict[str, Any] = json.loads(html.unescape(found[1]))
    return read


def changes(page: str) -> int:
    return sum(number for _, number in tiles(page)["minutes"])


def filled(app: App) -> bool:
    return app.services.read_model.state.events.filled


def write_half_an_hour(app: App, number: int) -> None:
    """Write sales of half an hour, most of them more than two minutes ago."""
    settings = app.services.settings
    feed = Feed(app.clients.tables, settings.table_names.feed)
    begin = datetime.now(UTC) - timedelta(minutes=30)
    steps = count()
    clock = CursorClock(0, lambda: int((begin + timedelta(seconds=next(steps))).timestamp() * 1000))
    log = AuditRepository(
        app.clients.tables, settings.table_names.audit, feed, signer_of(settings), clock.stamp
    )
    events = [
        an_event(
            n,
            occurred_at=begin + timedelta(seconds=n),
            stock_before=Decimal(5),
            stock_after=Decimal(4),
        )
        for n in range(number)
    ]
    for start in range(0, number, 23):
        log.append(events[start : start + 23])


def test_a_reload_after_a_restart_shows_the_whole_hour(endpoint: str, tmp_path: Path) -> None:
    """More changes than the list shows, and older ones than the server loads at its start."""
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        write_half_an_hour(app, 230)
    (tmp_path / FILE).unlink()
    with serving(settings) as app:
        until(lambda: filled(app))
        page = app.http.get("/").text
        assert changes(page) == 230
        assert '<dt data-part="period">Changes in 1 h' in page
        assert '<span data-tile="changes">230</span>' in page
        assert len(tiles(page)["minutes"]) >= 4


def test_tiles_and_the_stream_behind_them_count_each_change_once(
    endpoint: str, tmp_path: Path
) -> None:
    """Pages are rendered while changes arrive; the stream starts at the page's cursor."""
    writes = 25
    with serving(settings_for(endpoint, tmp_path)) as app:
        until(lambda: filled(app))
        app.create("A", 100)
        until(lambda: changes(app.http.get("/").text) == 1)

        def write() -> None:
            for _ in range(writes):
                app.adjust("A", -1)

        writer = threading.Thread(target=write)
        writer.start()
        pages = []
        while writer.is_alive():
            pages.append(app.http.get("/").text)
            writer.join(0.05)
        writer.join()
        until(lambda: changes(app.http.get("/").text) == writes + 1)
        until(lambda: len(app.http.get("/v1/events?limit=200").json()["items"]) == writes + 1)
        counts = [changes(page) for page in pages]
        assert any(0 < number < writes for number in counts)
        for page, number in zip(pages, counts, strict=True):
            cursor = re.search(r'data-cursor="([^"]+)"', page)
            assert cursor is not None
            query = {"after": cursor[1], "limit": 200}
            later = app.http.get("/v1/events", params=query).json()["items"]
            assert number + len(later) == writes + 1
            stock = tiles(page)["stock"]
            assert stock["units"][0][1] + sum(one["data"]["delta"] for one in later) == 100 - writes
            assert stock["products"] == 1
