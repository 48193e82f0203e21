"""Builders of events, cursors and feed rows."""

from app.core.events import ChangeEvent
from app.store.feed.cursor import Cursor
from app.store.feed.feed import FeedRow
from tests.support.builders import an_event


def cursor(ms: int, n: int = 0, writer: str = "0000000a") -> Cursor:
    """A cursor in the timeline."""
    return Cursor(ms, writer, n)


def key(number: int) -> str:
    """The event key of a product's change number `number`."""
    return f"label#{number:040d}"


def event(product_id: str, number: int = 1) -> ChangeEvent:
    """Change number `number` of a product."""
    return an_event(number, product_id=product_id, event_key=key(number))


def row(ms: int, *refs: tuple[str, int], writer: str = "0000000a") -> FeedRow:
    """A feed row with changes of products, each by its number."""
    keys = tuple((product_id, key(number)) for product_id, number in refs)
    return FeedRow(cursor(ms, writer=writer), keys)
