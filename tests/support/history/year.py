"""A year of a shop's events in the order of their arrival, with everything that can happen to them.

The changes are the demo shop's. Beside them other programs write to the table, deleted products are
restored, and records are lost: some are noticed as gaps, some are reconciled, and some arrive after
their `reconciled` entry, which is then void. Equal arguments give equal events; no store is needed.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from random import Random
from zoneinfo import ZoneInfo

from app.core.events import ChangeEvent
from app.core.item import Item
from app.core.stamps import Stamps
from app.demo.history.records import Ledger, Step
from app.demo.simulation import staff
from app.demo.simulation.change import Change, Drop, Launch, Move
from app.demo.simulation.shop import changes
from app.store.audit.audit_repository import Arrived
from app.store.audit.chain import origin, successor
from app.store.products.model import ProductDraft, product_of
from tests.support.history.stamping import LABEL, Arrivals, Records
from worker.continuity.gaps import SHARD, product_gap, shard_gap
from worker.reconcile.decision import found_in_table

START = datetime(2025, 12, 1, 7, tzinfo=UTC)  # the year has every change of the clocks of 2026
DAYS = 365
BERLIN = ZoneInfo("Europe/Berlin")
UNSIGNED = Stamps("Products")

# Shares of the shop's changes.
_OUTSIDE = 0.01  # another program changes the product just before
_LISTED_OUTSIDE = 0.003  # another program lists a product of its own
_LOST, _RECONCILED, _VOID = 0.004, 0.004, 0.004
_RESTORED = 0.6  # of the deletions

_A_DAY = 540  # changes of the demo shop, besides its opening
_AT_OPENING = 1.05  # events of a product, on average

Task = Callable[[datetime], Iterator[ChangeEvent]]


class Year:
    """`events` of about `products` products.

    Stamps without keys make images without signatures, in two thirds of the time.
    """

    def __init__(
        self,
        events: int,
        products: int,
        *,
        seed: int = 1,
        start: datetime = START,
        zone: ZoneInfo = BERLIN,
        stamps: Stamps = UNSIGNED,
        loses: bool = True,
        until: datetime | None = None,
    ) -> None:
        """`loses`: whether records are lost; without that, the value of the stock is known.

        `until`: end there, with about so many `events`.
        """
        self._wanted = events
        self._loses = loses
        self._until = until or datetime.max.replace(tzinfo=UTC)
        self._at_most = events if until is None else None
        self._random = Random(f"{seed} incidents")
        pace = max(0.01, (events - products * _AT_OPENING) / (_A_DAY * DAYS))
        self._changes = changes(seed, start, zone, products, pace)
        self._ledger = Ledger(stamps)
        self._table = self._ledger.items
        self._records = Records(stamps.names)
        self._names = stamps.names
        self._heads: dict[str, str] = {}  # key of each product's last event
        self._lost: dict[str, ChangeEvent] = {}  # the first of a product's changes without an event
        self._tasks: list[tuple[datetime, int, Task]] = []
        self._numbers = count()
        self._others = count(1)

    @property
    def items(self) -> dict[str, Item]:
        """The products table as the events so far have left it."""
        lost = {name: change.before for name, change in self._lost.items() if change.before}
        return self._table | lost

    def __iter__(self) -> Iterator[Arrived]:
        arrivals = Arrivals(self._random)
        for event in islice(self._events(), self._at_most):
            yield arrivals.stamp(event.occurred_at), event

    def _events(self) -> Iterator[ChangeEvent]:
        for number, change in enumerate(self._changes, 1):
            while self._tasks and self._tasks[0][0] <= min(change.at, self._until):
                at, _, task = heapq.heappop(self._tasks)
                yield from task(at)
            if change.at > self._until:
                return
            if self._loses and number == self._wanted // 3:
                yield self._shard_gap(change.at)
            if not change.opening:
                yield from self._by_others(change)
            yield from self._by_shop(change, f"demo-{number:08d}")

    def _by_shop(self, change: Change, request_id: str) -> Iterator[ChangeEvent]:
        before = self._table.get(change.product_id)
        for step in self._ledger.steps(change, change.stamp(request_id)):
            event = self._records.event(change.at, step, change, request_id)
            if self._loses and isinstance(change.action, Move):
                yield from self._with_accidents(event)
            else:
                yield from self._arrive(event)
        if isinstance(change.action, Drop) and self._random.random() < _RESTORED:
            assert before is not None
            self._note(change.at, (0.1, 3), lambda at: self._restore(at, before))

    def _with_accidents(self, event: ChangeEvent) -> Iterator[ChangeEvent]:
        chance = self._random.random()
        if event.product_id in self._lost or chance > _LOST + _RECONCILED + _VOID:
            yield from self._arrive(event)
        elif chance < _LOST:
            self._lost[event.product_id] = event
        elif chance < _LOST + _RECONCILED:
            yield from self._arrive(self._reconciled(event))
        else:
            yield from self._arrive(self._reconciled(event))
            yield from self._arrive(event)

    def _arrive(self, event: ChangeEvent) -> Iterator[ChangeEvent]:
        lost = self._lost.pop(event.product_id, None)
        if lost is not None:
            head = self._before(lost)
            yield product_gap(head.event_key, head, event, self._names)
        self._heads[event.product_id] = event.event_key
        yield event

    def _before(self, event: ChangeEvent) -> ChangeEvent:
        """The product's last event before this one, as far as entries after it need it."""
        return replace(
            event,
            event_key=self._heads[event.product_id],
            after=event.before,
            stock_after=event.stock_before,
        )

    def _reconciled(self, event: ChangeEvent) -> ChangeEvent:
        """The entry of a comparison that finds what the event has changed."""
        return found_in_table(
            event.product_id,
            self._before(event),
            event.after,
            LABEL,
            event.occurred_at,
            self._names,
        )

    def _by_others(self, change: Change) -> Iterator[ChangeEvent]:
        chance = self._random.random()
        if chance < _OUTSIDE and not isinstance(change.action, Launch):
            yield from self._change_outside(change.at, change.product_id)
        elif chance > 1 - _LISTED_OUTSIDE:
            yield from self._list_outside(change.at)

    def _change_outside(self, at: datetime, product_id: str) -> Iterator[ChangeEvent]:
        item = self._table[product_id]
        stock = Decimal(item["Stock"]["N"])
        price = Decimal(item["Price"]["N"])
        changed = self._random.choice(
            (
                {"Stock": {"N": str(stock + self._random.choice((-2, -1, 1, 5)))}},
                {"Price": {"N": str(price + Decimal("0.05"))}},
                {"Supplier": {"S": self._random.choice(("Nordic Goods", "Müller & Söhne"))}},
            )
        )
        yield from self._write(at, product_id, {**item, **changed})

    def _list_outside(self, at: datetime) -> Iterator[ChangeEvent]:
        """Goods by weight, which another program lists, sells once, and deletes or lets expire."""
        product_id = f"BULK-{next(self._others):05d}"
        item = {
            "ProductID": {"S": product_id},
            "ProductName": {"S": "Loose tea, by the kilo"},
            "Stock": {"N": "12.5"},
            "Category": {"S": "Pantry"},
            "Price": {"N": "31.2"},
        }
        yield from self._write(at, product_id, item)
        sold = {**item, "Stock": {"N": f"11.{self._random.randint(1, 999):03d}"}}
        self._note(at, (1, 9), lambda at: self._write(at, product_id, sold))
        expires = self._random.random() < 0.5
        self._note(at, (10, 99), lambda at: self._remove(at, product_id, expires=expires))

    def _restore(self, at: datetime, item: Item) -> Iterator[ChangeEvent]:
        """A deleted product comes back; later another program counts, and deletes or expires it."""
        product = product_of(item, self._names)
        fields = {name: getattr(product, name) for name in ProductDraft.__dataclass_fields__}
        change = Change(
            at=at,
            product_id=product.product_id,
            action=Launch(ProductDraft(**fields)),
            actor=staff.MANAGER,
            reason="correction",
            note="deleted by mistake",
        )
        yield from self._by_shop(change, f"restore-{next(self._numbers):08d}")
        found = {**self._table[product.product_id], "Stock": {"N": "3"}}
        self._note(at, (1, 5), lambda at: self._write(at, product.product_id, found))
        if self._random.random() < 0.5:
            expires = self._random.random() < 0.5
            self._note(
                at, (6, 40), lambda at: self._remove(at, product.product_id, expires=expires)
            )

    def _write(self, at: datetime, product_id: str, item: Item) -> Iterator[ChangeEvent]:
        before = self._table.get(product_id)
        self._table[product_id] = item
        name = "INSERT" if before is None else "MODIFY"
        yield from self._arrive(self._records.event(at, Step(name, before, item)))

    def _remove(self, at: datetime, product_id: str, *, expires: bool) -> Iterator[ChangeEvent]:
        step = Step("REMOVE", self._table.pop(product_id), None)
        event = self._records.event(at, step)
        yield from self._arrive(replace(event, kind="expired") if expires else event)

    def _shard_gap(self, at: datetime) -> ChangeEvent:
        key = successor(origin(LABEL), "g")
        return shard_gap(f"{SHARD}shardId-1", key, None, "the worker was down for too long", at)

    def _note(self, at: datetime, days: tuple[float, float], task: Task) -> None:
        due = at + timedelta(days=self._random.uniform(*days))
        heapq.heappush(self._tasks, (due, next(self._numbers), task))
