"""Pages of events are in order, and neither repeat nor lose any while others arrive."""

from collections.abc import Callable

import pytest

from app.core.errors import InvalidCursor
from app.readmodel.events.event_query import EventQuery
from app.readmodel.products import product_lists
from app.store.feed.cursor import Cursor
from tests.unit.readmodel.events.history import ANNA, BY_ANNA, HISTORY
from tests.unit.readmodel.kit import Copy, key


def test_large_totals_are_counted_on_request_only(
    full: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.readmodel.events.event_lists.CAPPED", 100)
    assert product_lists.CAPPED == 10_000
    for query, total in ((EventQuery(), (100, False)), (ANNA, (len(BY_ANNA), True))):
        page = full.event_lists.page(query, 1, totals="capped")
        assert page.total is not None
        assert (page.total.count, page.total.exact) == total
    assert full.event_lists.page(EventQuery(), 1).total is None


def test_pages_neither_repeat_nor_lose_events_while_others_arrive(copy: Copy) -> None:
    query = ANNA
    copy.changes.apply(HISTORY[:60])
    first = copy.event_lists.page(query, 5)
    copy.changes.apply(HISTORY[60:])
    second = copy.event_lists.page(query, 100, cursor=first.next_cursor)
    before = [event.event_key for _, event in HISTORY[:60] if event.actor == "anna"]
    got = [event.event_key for page in (first, second) for _, event in page.items]
    assert got == before[::-1]
    oldest = copy.event_lists.page(query, 100, "oldest")
    assert len(oldest.items) == len(BY_ANNA)


def test_events_after_an_event_cursor(full: Copy) -> None:
    at = HISTORY[140][0]
    for cursor in (at, Cursor(at.ms, at.writer, at.n + 1), Cursor(at.ms + 5, "00000000", 0)):
        page = full.event_lists.page(EventQuery(), 100, "oldest", after=cursor)
        assert [event.event_key for _, event in page.items] == [key(n) for n in range(141, 150)]
        assert page.items[0][0] == str(HISTORY[141][0])


@pytest.mark.parametrize(
    ("cursor", "says"),
    [
        (lambda copy: copy.event_lists.page(EventQuery(), 1, "oldest").next_cursor, "order=oldest"),
        (lambda _: "e.newest.", "was not returned by a page"),
        (lambda _: "e.newest.ffffffffffffffff", "was not returned by a page"),
        (lambda _: "no cursor", "was not returned by a page"),
    ],
)
def test_cursor_of_another_order_is_refused(
    full: Copy, cursor: Callable[[Copy], str], says: str
) -> None:
    with pytest.raises(InvalidCursor, match=says):
        full.event_lists.page(EventQuery(), 1, cursor=cursor(full))
