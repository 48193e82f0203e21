"""The range changes: prices move, new lines are launched, old ones are cleared and discontinued.

Its size stays close to what it was at the opening.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from app.demo.simulation import staff
from app.demo.simulation.catalogue import shop_price
from app.demo.simulation.change import Change
from app.demo.simulation.hours import SUNDAY
from app.demo.simulation.shop_state import Floor

_SLACK = 8
_CLEARANCE = Decimal("0.7")
_LASTS = (2, 6)  # shortest and longest clearance, in days


class Office:
    """Decides on prices and on the range."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._size = len(floor.shelves)  # lines at the opening

    def plan(self, day: date) -> None:
        """Schedule a day's decisions."""
        floor = self._floor
        if day.weekday() == SUNDAY:
            return
        listed = len(floor.shelves)
        for _ in floor.times(2 if listed < self._size - _SLACK else floor.random.randint(0, 1)):
            floor.diary.note(floor.hour(day, 9, 11), self._launch)
        for _ in floor.times(2 if listed > self._size + _SLACK else floor.random.randint(0, 1)):
            floor.diary.note(floor.hour(day, 8, 9), self._clear_out)
        for _ in floor.times(floor.random.randint(1, 3)):
            floor.diary.note(floor.hour(day, 8, 8.9), self._reprice)
        floor.diary.note(floor.hour(day, 17, 18), self._rethink)

    def _launch(self, at: datetime) -> Iterator[Change]:
        shelf = self._floor.shelves.launch()
        note = "new in the shop" if shelf.edition == 1 else "back in the shop"
        yield self._floor.launch(at, staff.MANAGER, shelf, reason="received", note=note)

    def _reprice(self, at: datetime) -> Iterator[Change]:
        floor = self._floor
        shelf = floor.shelves.some()
        price = shop_price(shelf.price * floor.random.randint(88, 114) / 100)
        if price != shelf.price:
            shelf.price = price
            note = floor.random.choice(staff.NEW_PRICES)
            yield floor.edit(at, staff.MANAGER, shelf, {"price": price}, note=note)

    def _rethink(self, at: datetime) -> Iterator[Change]:
        """Sometimes, a reorder point is raised or lowered a little."""
        floor = self._floor
        shelf = floor.shelves.some()
        step = floor.random.choice((-2, -1, 0, 0, 1, 2))
        if step and shelf.reorder_point + step >= 1:
            shelf.reorder_point += step
            fields = {"reorder_point": shelf.reorder_point}
            note = staff.NEW_REORDER_POINTS[step < 0]
            yield floor.edit(at, staff.MANAGER, shelf, fields, note=note)

    def _clear_out(self, at: datetime) -> Iterator[Change]:
        floor = self._floor
        shelf = floor.shelves.some()
        floor.shelves.clear_out(shelf)
        shelf.price = shop_price(shelf.price * _CLEARANCE)
        fields = {
            "price": shelf.price,
            "reorder_point": None,
            "tags": (*shelf.line.tags, "clearance"),
        }
        yield floor.edit(at, staff.MANAGER, shelf, fields, note="discontinued, last pieces")
        day = floor.local(at).date() + timedelta(days=floor.random.randint(*_LASTS))
        floor.diary.note(floor.hour(day, 18, 19), partial(self._give_up, shelf.product_id))

    def _give_up(self, product_id: str, at: datetime) -> Iterator[Change]:
        floor = self._floor
        shelf = floor.shelves.find(product_id)
        if shelf is None:
            return
        if shelf.stock:
            note = "the rest, to the charity shop"
            yield floor.move(at, staff.MANAGER, shelf, -shelf.stock, reason="transfer", note=note)
        yield floor.drop(at, staff.MANAGER, shelf, note="discontinued")
