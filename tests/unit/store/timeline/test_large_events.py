"""Pages and portions of large events end early; the live feed is read without large images."""

from itertools import count
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.entry import Signer
from app.store.dynamodb.paging import PAGE_BYTES, event_size
from app.store.feed.feed import Feed
from app.store.timeline.timeline import LARGE, Timeline
from tests.support.builders import a_cursor, an_event, an_item
from tests.support.fakes.fake_tables import FakeTables

EVENTS = 30
PLAIN, PACKED = 390_000, 700_000  # bytes of an event's image; the second exceeds an item's limit


class Kept:
    """A timeline of large events, and the number of entries that were read."""

    def __init__(self, size: int) -> None:
        self.tables: Any = FakeTables(
            {"ProductEvents": ("ProductID", "EventKey"), "Feed": ("Day", "Cursor")}
        )
        stamps = map(a_cursor, count())
        feed = Feed(self.tables, "Feed")
        self.audit = AuditRepository(
            self.tables, "ProductEvents", feed, Signer("k", b"k" * 32), lambda: next(stamps)
        )
        self.timeline = Timeline(feed, self.audit)
        for number in range(EVENTS):
            after = an_item("P1", Stock=9, Photo="x" * size)
            self.audit.append([an_event(number, before=None, after=after)])
        self.entries = 0
        right = self.tables.batch_get_item

        def get(*, RequestItems: Any) -> Any:  # noqa: N803 - as boto3 names it
            self.entries += len(RequestItems["ProductEvents"]["Keys"])
            answer = right(RequestItems=RequestItems)
            size = sum(len(str(row)) for row in answer["Responses"]["ProductEvents"])
            headers = {"content-length": str(size)}
            return answer | {"ResponseMetadata": {"HTTPHeaders": headers}}

        self.tables.batch_get_item = get

    def portions(self) -> list[list[ChangeEvent]]:
        """What a client is sent that missed everything."""
        portions, point = [], self.timeline.resume_point(a_cursor(0), EVENTS)
        while point is not None:
            found, point = self.timeline.following(point, 200)
            portions.append([event for _, event in found])
        return portions


@pytest.fixture(scope="module", params=[PLAIN, PACKED])
def kept(request: pytest.FixtureRequest) -> Kept:
    return Kept(request.param)


def numbers(events: Any) -> list[int]:
    return [int(event.sequence_number) % 10**20 for event in events]


def test_page_of_large_events_ends_early_and_the_next_one_follows(kept: Kept) -> None:
    seen, cursor = [], None
    while True:
        page = kept.timeline.latest(200, cursor)
        sizes = [event_size(event) for _, event in page.items]
        assert sum(sizes[:-1]) < PAGE_BYTES
        seen += [event for _, event in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert numbers(seen) == [*range(EVENTS)][::-1]


def test_page_of_large_events_reads_little_more_than_it_returns(kept: Kept) -> None:
    kept.entries = 0
    kept.timeline.latest(200)
    assert kept.entries < EVENTS


def test_history_of_large_events_ends_early_and_the_next_page_follows(kept: Kept) -> None:
    seen, cursor = [], None
    while True:
        page = kept.timeline.history("P1", 200, cursor)
        assert sum(map(event_size, page.items[:-1])) < PAGE_BYTES
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert numbers(seen) == [*range(EVENTS)][::-1]


def test_live_feed_is_read_without_large_images(kept: Kept) -> None:
    missed = [event for portion in kept.portions() for event in portion]
    newest = [event for _, event in kept.timeline.newest(200, 0)[0]]
    recent = [event for _, event in kept.timeline.recent()][::-1]
    for events in (missed, newest, recent):
        assert numbers(events) == [*range(EVENTS)]
        assert all(event.images_omitted and event_size(event) < LARGE for event in events)


def test_portion_that_a_client_missed_ends_after_few_large_events(kept: Kept) -> None:
    assert max(map(len, kept.portions())) <= 11


def test_client_that_missed_more_than_the_limit_cannot_resume(kept: Kept) -> None:
    assert kept.timeline.resume_point(a_cursor(0), EVENTS - 1) is None


def test_portion_ends_early_if_its_events_are_large() -> None:
    portions = Kept(60_000).portions()
    assert [len(portion) for portion in portions] == [9, 9, 9, 3]  # of about 512 KiB
