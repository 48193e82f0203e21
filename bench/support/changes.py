"""Made-up changes for the feed benchmark: each typical frame contains one `~`.

So a client counts frames by counting that byte, whatever a server puts around them.
"""

from datetime import UTC, datetime

from app.broker.frames import change_frame
from app.core.events import ChangeEvent
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import CursorClock
from bench.support.store import PRODUCTS, item

MARK = b"~"
TABLE = "Products"


class Changes:
    """An endless supply of arrivals, in batches as the pipeline makes them."""

    def __init__(self) -> None:
        self._clock = CursorClock(0)
        self._made = 0

    def batch(self, size: int) -> list[Arrived]:
        """The next `size` sales."""
        stamp = self._clock.stamp()
        numbers = range(self._made, self._made + size)
        self._made += size
        return [(stamp.at(n), change(number)) for n, number in enumerate(numbers)]


def change(number: int) -> ChangeEvent:
    """A sale of one piece."""
    shown = ("ProductID", "ProductName", "Stock")  # a frame of about a kilobyte
    after = {name: value for name, value in item(number).items() if name in shown}
    stock = int(after["Stock"]["N"])
    return ChangeEvent(
        event_key=f"2026-11-21T08:00:00.000#{number:040d}",
        kind="stock_changed",
        product_id=f"P{number % PRODUCTS}",
        product_name=after["ProductName"]["S"],
        before={**after, "Stock": {"N": str(stock + 1)}},
        after=after,
        changed=("Stock",),
        stock_before=stock + 1,
        stock_after=stock,
        actor="local",
        reason="sold",
        note=MARK.decode(),
        reference=None,
        request_id=f"{number:032x}",
        occurred_at=datetime.now(UTC),
        event_name="MODIFY",
        sequence_number=str(number),
        view_type="NEW_AND_OLD_IMAGES",
    )


def frame(arrived: Arrived) -> bytes:
    """The bytes that the application sends for an arrival."""
    cursor, event = arrived
    return change_frame(str(cursor), event, TABLE).data
