"""Goods are ordered when a shelf reaches its reorder point, and arrive some days later.

There is one order per category and day, so a delivery brings several lines under one number.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count

from app.demo.simulation import staff
from app.demo.simulation.change import Change
from app.demo.simulation.hours import SUNDAY, working_day
from app.demo.simulation.shelves import Shelf
from app.demo.simulation.shop_state import Floor

_LEAD_DAYS = (1, 2, 2, 3)
_CARRIERS = (7.0, 13.0)  # hours between which deliveries arrive
_SHORT, _BROKEN = 0.04, 0.04  # shares of the delivered lines
_COUNTED_A_DAY = 6
_MISCOUNTS = (-3, -2, -1, -1, -1, 1, 1, 2)
_SATURDAY = 5

_Order = tuple[str, list[tuple[Shelf, int]]]  # number, units by shelf


class Stockroom:
    """Orders goods, receives deliveries, counts shelves and writes off losses."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._orders: dict[tuple[str, date], _Order] = {}
        self._numbers = count(3001)

    def reorder(self, shelf: Shelf, at: datetime) -> None:
        """Order more if the shelf is at its reorder point."""
        lead = timedelta(days=self._floor.random.choice(_LEAD_DAYS))
        self.order(shelf, self._floor.local(at).date() + lead)

    def order(self, shelf: Shelf, day: date) -> None:
        """Order what the shelf needs, for delivery on that day (for a Sunday, on Monday)."""
        floor, day = self._floor, working_day(day)
        units = shelf.to_order()
        if not units:
            return
        order = self._orders.get((shelf.line.category, day))
        if order is None:
            order = (f"PO-{next(self._numbers)}", [])
            self._orders[shelf.line.category, day] = order
            delivery = partial(self._delivery, (shelf.line.category, day))
            floor.diary.note(floor.hour(day, *_CARRIERS), delivery)
        order[1].append((shelf, units))
        shelf.on_order += units

    def plan(self, day: date) -> None:
        """Schedule a day's counts, mishaps and transfers."""
        floor = self._floor
        if day.weekday() == SUNDAY:
            return
        for _ in floor.times(_COUNTED_A_DAY):
            floor.diary.note(floor.hour(day, 18.5, 20.5), self._count)
        for _ in floor.times(floor.random.randint(1, 3)):
            floor.diary.note(floor.hour(day, 8.2, 19.8), self._mishap)
        if day.weekday() == _SATURDAY:
            for _ in floor.times(3):
                floor.diary.note(floor.hour(day, 7, 8), self._transfer)

    def _delivery(self, key: tuple[str, date], at: datetime) -> Iterator[Change]:
        number, units_by_shelf = self._orders.pop(key)
        floor = self._floor
        actor = floor.random.choice(staff.STOCKROOM)
        for shelf, ordered in units_by_shelf:
            shelf.on_order -= ordered
            if floor.shelves.find(shelf.product_id) is not shelf:
                continue  # discontinued in the meantime, so it is sent back
            short = 1 if floor.random.random() < _SHORT else 0
            note = f"{short} short of {ordered}" if short else None
            yield floor.move(
                at, actor, shelf, ordered - short, reason="received", reference=number, note=note
            )
            if floor.random.random() < _BROKEN:
                note = floor.random.choice(staff.BROKEN_ON_THE_WAY)
                yield floor.move(
                    at, actor, shelf, -1, reason="damaged", reference=number, note=note
                )

    def _count(self, at: datetime) -> Iterator[Change]:
        """Count a shelf and find a difference; other counts are not changes."""
        floor = self._floor
        shelf = floor.shelves.some()
        counted = shelf.stock + floor.random.choice(_MISCOUNTS)
        if counted >= 0:
            note = floor.random.choice(staff.COUNTS)
            yield floor.count(at, floor.random.choice(staff.STOCKROOM), shelf, counted, note=note)
            self.reorder(shelf, at)

    def _mishap(self, at: datetime) -> Iterator[Change]:
        floor = self._floor
        shelf = floor.shelves.some()
        reason, sign, notes = floor.random.choice(
            (
                ("damaged", -1, staff.DAMAGES),
                ("damaged", -1, staff.DAMAGES),
                ("lost", -1, staff.LOSSES),
                ("found", 1, staff.FINDS),
            )
        )
        units = floor.random.choice((1, 1, 2))
        if sign < 0:
            units = min(units, shelf.stock)
        if units:
            actor = staff.seller(floor.random, floor.local(at))
            actor = floor.random.choice(staff.STOCKROOM) if actor == staff.WEB_SHOP else actor
            note = floor.random.choice(notes)
            yield floor.move(at, actor, shelf, sign * units, reason=reason, note=note)
            self.reorder(shelf, at)

    def _transfer(self, at: datetime) -> Iterator[Change]:
        floor = self._floor
        shelf = floor.shelves.asked_for()
        units = min(floor.random.randint(2, 8), shelf.stock // 2)
        if units:
            actor, note = staff.STOCKROOM[0], floor.random.choice(staff.TRANSFERS)
            yield floor.move(at, actor, shelf, -units, reason="transfer", note=note)
            self.reorder(shelf, at)
