"""Customers buy a few products under one order number, and return some of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from app.demo.simulation import staff
from app.demo.simulation.change import Change
from app.demo.simulation.hours import is_open, next_visit, working_day
from app.demo.simulation.purchasing import Stockroom
from app.demo.simulation.shelves import Shelf
from app.demo.simulation.shop_state import Floor

_BASKETS = ((1, 2, 3, 4), (60, 25, 10, 5))  # number of products, and its weight
_CHEAP = 10  # below this price people often buy several units
_UNITS = (1, 2, 3, 6)
_UNITS_CHEAP, _UNITS_DEAR = (55, 27, 12, 6), (88, 10, 2, 0)
_RETURNED = 0.03  # share of sales that are returned
_DAYS_KEPT = (0, 1, 1, 2, 3, 5, 8)
_NOTED = 0.06


class Till:
    """Sells in the shop and the web shop, and takes returns."""

    def __init__(self, floor: Floor, stockroom: Stockroom) -> None:
        self._floor = floor
        self._stockroom = stockroom
        self._receipts = count(20_001)
        self._web_orders = count(10_401)

    def expect(self, after: datetime) -> None:
        """Schedule the next customer."""
        floor = self._floor
        at = next_visit(floor.random, after, floor.zone, floor.pace)
        floor.diary.note(at, self._customer)

    def _customer(self, at: datetime) -> Iterator[Change]:
        self.expect(at)
        random = self._floor.random
        actor = staff.seller(random, self._floor.local(at))
        online = actor == staff.WEB_SHOP
        order = f"WEB-{next(self._web_orders)}" if online else f"R-{next(self._receipts)}"
        for shelf in self._basket():
            weights = _UNITS_CHEAP if shelf.price < _CHEAP else _UNITS_DEAR
            units = min(random.choices(_UNITS, weights)[0], shelf.stock)
            note = staff.now_and_then(random, _NOTED, staff.SALES)
            yield self._floor.move(
                at, actor, shelf, -units, reason="sold", reference=order, note=note
            )
            self._stockroom.reorder(shelf, at)
            if random.random() < _RETURNED:
                self._expect_return(shelf, order, at)

    def _basket(self) -> list[Shelf]:
        """The products that one customer buys: all different, none sold out."""
        random, shelves = self._floor.random, self._floor.shelves
        wanted = (shelves.asked_for() for _ in range(random.choices(*_BASKETS)[0]))
        return list({shelf.product_id: shelf for shelf in wanted if shelf.stock}.values())

    def _expect_return(self, shelf: Shelf, order: str, sold: datetime) -> None:
        floor = self._floor
        at = sold + timedelta(hours=floor.random.uniform(1, 4))
        days = floor.random.choice(_DAYS_KEPT)
        if days or not is_open(floor.local(at)):
            day = floor.local(sold).date() + timedelta(days=max(1, days))
            at = floor.hour(working_day(day), 9, 19)
        floor.diary.note(at, partial(self._return, shelf.product_id, order))

    def _return(self, product_id: str, order: str, at: datetime) -> Iterator[Change]:
        floor = self._floor
        shelf = floor.shelves.find(product_id)
        if shelf is not None:
            actor = staff.seller(floor.random, floor.local(at))
            note = floor.random.choice(staff.RETURNS)
            yield floor.move(at, actor, shelf, 1, reason="returned", reference=order, note=note)
