"""A product whose events are applied one after the other; times are minutes."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from app.store.alerts.alert import Alert, AlertState, Order, ProductAlerts, Transition
from app.store.alerts.decision import Decided, Seen, acted, after_event, elapsed
from app.store.alerts.levels import AlertKind, Levels

MINUTE, DAY = 60_000, 24 * 60  # ms, minutes


class Product:
    """A product with reorder point 5, unless an event says otherwise."""

    def __init__(self) -> None:
        self.known = ProductAlerts("P1")
        self.transitions: list[Transition] = []
        self._events = 0

    def event(
        self, minute: float, stock: int | None, point: int | None = 5, **more: Any
    ) -> "Product":
        """Apply the next event; `sold_at` is in minutes, too."""
        self._events += 1
        levels = Levels(
            None if stock is None else Decimal(stock),
            None if point is None else Decimal(point),
            _ms(more.pop("sold_at", None)),
            exists=more.pop("exists", True),
        )
        received = Decimal(more.pop("received", 0))
        at = int(minute * MINUTE)
        seen = Seen(f"k#{self._events:040d}", at, levels, received=received, **more)
        return self._take(after_event(self.known, seen))

    def scan(self, minute: float, stock: int) -> "Product":
        """Let the first scan find the product."""
        levels = Levels(Decimal(stock), Decimal(5))
        return self._take(after_event(self.known, Seen("", int(minute * MINUTE), levels)))

    def again(self, number: int, stock: int) -> "Product":
        """Deliver an event with this number once more, whatever stock it had."""
        seen = Seen(f"k#{number:040d}", 0, Levels(Decimal(stock), Decimal(5)))
        return self._take(after_event(self.known, seen))

    def wait(self, minute: float) -> "Product":
        """Let time pass until then."""
        return self._take(elapsed(self.known, int(minute * MINUTE)))

    def act(
        self, minute: float, state: AlertState, kind: AlertKind = "low", **more: Any
    ) -> "Product":
        """Let Anna act on an alert."""
        return self._take(acted(self.known, [kind], state, "anna", int(minute * MINUTE), **more))

    def order(self, minute: float, quantity: int, overdue: float) -> "Product":
        """Let Anna note an order."""
        order = Order(Decimal(quantity), "2026-12-01", int(overdue * MINUTE))
        return self.act(minute, "ordered", order=order)

    def alert(self, kind: AlertKind = "low") -> Alert:
        return self.known.alerts[kind]

    def told(self, kind: AlertKind = "low") -> list[tuple[str | None, str, float]]:
        """The changes of state of one kind: before, after and minute."""
        return [
            (one.before, one.alert.state, one.at / MINUTE)
            for one in self.transitions
            if one.alert.kind == kind
        ]

    def _take(self, decided: Decided) -> "Product":
        version = self.known.version + (decided.after != self.known)
        self.known = replace(decided.after, version=version)
        self.transitions += decided.transitions
        return self


def _ms(minute: float | None) -> int | None:
    return None if minute is None else int(minute * MINUTE)
