"""A shop's changes are an endless sequence; the same seed and start give the same changes.

Pure: the clock is simulated and moves from one scheduled task to the next.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.demo.simulation import staff
from app.demo.simulation.assortment import Office
from app.demo.simulation.catalogue import lines
from app.demo.simulation.change import Change
from app.demo.simulation.hours import moment_of
from app.demo.simulation.purchasing import Stockroom
from app.demo.simulation.sales import Till
from app.demo.simulation.shelves import Shelves
from app.demo.simulation.shop_state import Floor

SIZE = 220  # products at the opening
_IN_RESERVE = 5  # there is at least one line in reserve for so many products
_SHELVING = timedelta(seconds=8)  # time to fill one shelf at the opening


def monday_morning(zone: ZoneInfo) -> datetime:
    """The opening time of a shop without history: a fixed Monday at 08:00."""
    return datetime(2026, 1, 5, 8, tzinfo=zone).astimezone(UTC)


def changes(
    seed: int, start: datetime, zone: ZoneInfo, products: int = SIZE, pace: float = 1.0
) -> Iterator[Change]:
    """The changes in a shop that opens at `start` with `products`; the iterator never ends.

    `pace`: how busy the shop is; at 1 it makes about 500 changes a day.
    """
    random = Random(seed)  # noqa: S311 - a demo, not a secret
    goods = lines(products + products // _IN_RESERVE)
    floor = Floor(random, zone, Shelves(random, goods, products), pace)
    opened = start
    for shelf in floor.shelves:
        actor = random.choice(staff.STOCKROOM)
        yield floor.launch(
            opened, actor, shelf, reason="received", note="opening stock", opening=True
        )
        opened += _SHELVING
    yield from _days(floor, opened)


def _days(floor: Floor, opened: datetime) -> Iterator[Change]:
    stockroom = Stockroom(floor)
    till, office = Till(floor, stockroom), Office(floor)

    def midnight(at: datetime) -> Iterator[Change]:
        day = floor.local(at).date()
        stockroom.plan(day)
        office.plan(day)
        floor.diary.note(moment_of(day + timedelta(days=1), 0, floor.zone), midnight)
        yield from ()

    for shelf in floor.shelves:
        stockroom.order(shelf, floor.local(opened).date())
    till.expect(opened)
    floor.diary.note(opened, midnight)
    while True:
        due, task = floor.diary.next()
        # Tasks scheduled for the time before the opening are done at the opening.
        yield from task(max(due, opened))
