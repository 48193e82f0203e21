"""A start with a long history reads few events, and serves cursors of any age."""

from collections.abc import Iterator

import httpx
import pytest

from app.broker.backfill import START_EVENTS
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.dynamodb.client import connect
from app.store.dynamodb.tables import ensure_tables
from app.store.feed.cursor import Cursor, wall_ms
from app.store.feed.feed import Feed
from app.web.pages.live.live_rows import ROWS
from tests.support.builders import an_event
from tests.support.http.sse import messages
from tests.support.processes.running import App, serving, settings_for

EVENTS = 2 * START_EVENTS + 40
FIRST_MS = wall_ms() - EVENTS * 1_000
_ROW = 20


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application, started with a history of 20 changes every 20 s."""
    settings = settings_for(endpoint, tmp_path_factory.mktemp("restart"))
    client = connect(settings.dynamodb).tables
    names = settings.table_names
    ensure_tables(client, names, settings.attributes)
    stamps = (Cursor(FIRST_MS + start * 1_000, "00000000", 0) for start in range(0, EVENTS, _ROW))
    audit = AuditRepository(
        client,
        names.audit,
        Feed(client, names.feed),
        Signer("k", b"k" * 32),
        lambda: next(stamps),
    )
    for start in range(0, EVENTS, _ROW):
        audit.append([an_event(number) for number in range(start, start + _ROW)])
    with serving(settings) as running:
        yield running


def cursor_of(number: int) -> str:
    """The cursor of a change in the history."""
    return str(Cursor(FIRST_MS + number // _ROW * _ROW * 1_000, "00000000", number % _ROW))


def test_ring_starts_with_few_events(app: App) -> None:
    assert app.services.broker.held == START_EVENTS


def test_first_page_has_the_newest_events_and_the_cursor_to_follow_from(app: App) -> None:
    page = app.http.get("/", headers={"Accept": "text/html"}).text
    shown = [an_event(number).id for number in range(EVENTS)][::-1]
    places = [page.index(f'data-id="{event_id}"') for event_id in shown[:ROWS]]
    assert places == sorted(places)
    assert shown[ROWS] not in page
    assert f'data-cursor="{cursor_of(EVENTS - 1)}"' in page


@pytest.mark.parametrize("number", [0, 250, EVENTS - START_EVENTS - 1, EVENTS - 30, EVENTS - 2])
def test_cursor_of_any_age_gets_every_later_event_exactly_once(app: App, number: int) -> None:
    asked = {"Accept": "text/event-stream", "Last-Event-ID": cursor_of(number)}
    wanted = {an_event(later).id for later in range(number + 1, EVENTS)}
    seen: list[str] = []
    with app.http.stream("GET", "/v1/events", headers=asked, timeout=20) as answer:
        for message in messages(answer.iter_lines()):
            if message.event == "change":
                seen.append(message.data["id"])
            if wanted <= set(seen):
                break
    assert len(seen) == len(set(seen))
    assert len(seen) <= len(wanted) + 10 + _ROW  # the backfill starts 10 s before the cursor


def test_newest_reads_until_there_are_enough_events(app: App) -> None:
    newest, before = app.services.store.timeline.newest(50, 100)
    assert [event.id for _, event in newest] == [
        an_event(number).id for number in range(EVENTS - 50, EVENTS)
    ]
    assert [arrival.ref[1] for arrival in before[:2]] == [
        an_event(EVENTS - 51).event_key,
        an_event(EVENTS - 52).event_key,
    ]
    assert len(before) == 100
    newest, before = app.services.store.timeline.newest(EVENTS, 100)
    assert (len(newest), before) == (EVENTS, [])


def test_pages_and_lists_are_compressed_but_event_streams_are_not(app: App) -> None:
    for path in ("/", f"/v1/events?limit={START_EVENTS}", "/v1/openapi.json"):
        with app.http.stream("GET", path, headers={"Accept": "text/html, */*"}) as answer:
            packed = sum(len(part) for part in answer.iter_raw())
        assert answer.headers["Content-Encoding"] == "gzip", path
        assert "Accept-Encoding" in answer.headers["Vary"], path
        with app.http.stream("GET", path, headers={"Accept-Encoding": "identity"}) as plain:
            assert packed < sum(len(part) for part in plain.iter_raw()) / 3, path
        assert "Content-Encoding" not in plain.headers, path
    with app.http.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert "Content-Encoding" not in stream.headers


def test_etag_of_a_compressed_product_works_for_reads_and_writes(app: App) -> None:
    tags = [f"{number} of a long row of shelves" for number in range(50)]
    strong = app.create("P-large", tags=tags).headers["ETag"]
    read = app.http.get("/v1/products/P-large")
    assert read.headers["Content-Encoding"] == "gzip"
    weak = read.headers["ETag"]
    assert weak.removeprefix("W/") == strong.removeprefix("W/")
    assert weak.startswith("W/")
    plain = app.http.get("/v1/products/P-large", headers={"Accept-Encoding": "identity"})
    assert not plain.headers["ETag"].startswith("W/")

    again = app.http.get("/v1/products/P-large", headers={"If-None-Match": weak})
    assert (again.status_code, again.headers["ETag"]) == (304, weak)
    edit = {"Content-Type": "application/merge-patch+json", "If-Match": weak}
    assert _patch(app, edit).status_code == 200
    stale = _patch(app, edit, "Coffee")
    assert stale.status_code == 412  # the ETag is from before that edit


def _patch(app: App, headers: dict[str, str], category: str = "Tea") -> httpx.Response:
    return app.http.patch("/v1/products/P-large", json={"category": category}, headers=headers)
