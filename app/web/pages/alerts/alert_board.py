"""A product's alerts are one row, and the most urgent rows come first. Pure.

A product that is negative is also out and low. Its row shows the worst of these, and what people do
about the row applies to all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from app.core.numbers import quantity
from app.store.alerts.alert import Alert, Order
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.decision import STAYS_ABOVE_MS
from app.store.alerts.levels import AlertKind
from app.store.products.model import Product
from app.web.pages.products.list_rows import days_left

_SEVERITY: dict[AlertKind, int] = {"negative": 0, "out": 1, "low": 2}
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Alerts of one product, the worst first.

    `product` is as it is now; None while the read model has none, and then the values are those
    after the alert's last change. `rate`: units sold a day; None if they are not known, or none.
    """

    views: tuple[AlertView, ...]
    product: Product | None = None
    rate: float | None = None

    @property
    def product_id(self) -> str:
        """The product's id."""
        return self.views[0].product_id

    @property
    def worst(self) -> Alert:
        """The alert that the row shows."""
        return self.views[0].alert

    @property
    def name(self) -> str:
        """The product's name, or its id."""
        name = self.views[0].levels.name if self.product is None else self.product.name
        return name or self.product_id

    @property
    def stock(self) -> Decimal | None:
        """The stock."""
        return self.views[0].levels.stock if self.product is None else self.product.stock

    @property
    def point(self) -> Decimal | None:
        """The reorder point that counts."""
        return self.views[0].levels.point if self.product is None else self.product.low_at

    @property
    def unit(self) -> str | None:
        """The unit of the quantities."""
        return self.views[0].levels.unit if self.product is None else self.product.unit

    @property
    def days_left(self) -> str:
        """For how many days the stock lasts; empty if that is not known."""
        return days_left(self.stock, self.rate)

    @property
    def numbers(self) -> str:
        """The alerts as forms name them: `out-1 low-3`."""
        return " ".join(f"{view.alert.kind}-{view.alert.number}" for view in self.views)

    @property
    def since(self) -> datetime:
        """Since when it needs attention, or somebody put it where it is."""
        alert = self.worst
        is_open = alert.state in {"open", "acknowledged"}
        return moment_of(alert.opened_at if is_open else alert.since)

    @property
    def resolves_at(self) -> datetime | None:
        """When the alert ends if the stock stays above the reorder point."""
        above = self.worst.above_since
        return None if above is None else moment_of(above + STAYS_ABOVE_MS)

    @property
    def snoozed_until(self) -> datetime | None:
        """Until when it is quiet."""
        until = self.worst.snoozed_until
        return None if until is None else moment_of(until)

    @property
    def urgency(self) -> tuple[int, float, float, int, str]:
        """What rows are sorted by: how bad, how soon the stock ends, how many are missed a day."""
        rate = self.rate or 0.0
        left = max(float(self.stock), 0.0) / rate if rate and self.stock is not None else _FOREVER
        alert = self.worst
        return _SEVERITY[alert.kind], left, -rate, alert.opened_at, self.product_id


def grouped(views: Iterable[AlertView]) -> dict[str, tuple[AlertView, ...]]:
    """The alerts of each product, the worst first."""
    found: dict[str, list[AlertView]] = {}
    for view in views:
        found.setdefault(view.product_id, []).append(view)
    return {
        product_id: tuple(sorted(several, key=lambda view: _SEVERITY[view.alert.kind]))
        for product_id, several in found.items()
    }


def rows_of(
    groups: Iterable[Sequence[AlertView]],
    products: Mapping[str, Product],
    rates: Mapping[str, float],
) -> list[AlertRow]:
    """A row for each group."""
    ids = ((group[0].product_id, tuple(group)) for group in groups)
    return [
        AlertRow(group, products.get(product_id), rates.get(product_id))
        for product_id, group in ids
    ]


def on_order(alerts: Iterable[Alert]) -> Decimal:
    """What is still to come for alerts in the state `ordered`: together they have one order."""
    orders = (alert.order for alert in alerts if alert.state == "ordered")
    return max((_missing(order) for order in orders if order is not None), default=Decimal(0))


def order_text(row: AlertRow) -> tuple[str, bool]:
    """What is known of the last order, and whether that needs attention; empty if nothing.

    An order that somebody took back is not mentioned: its alert was open before it was overdue.
    """
    alert, order = row.worst, row.worst.order
    if order is None:
        return "", False
    ordered, day = quantity(order.quantity, row.unit), day_text(order.expected)
    received = f", {quantity(order.received, row.unit)} received" if order.received else ""
    if alert.state == "ordered":
        return f"{ordered} ordered for {day}{received}", False
    if alert.state != "open":
        return "", False
    if not _missing(order):
        return f"{ordered} received, which was not enough", False
    if order.overdue_at <= alert.since:
        return f"{ordered} ordered for {day}{received}: overdue", True
    return "", False


def day_text(day: str) -> str:
    """A date (ISO 8601) as people read it: `Mon 30 Nov`."""
    return date.fromisoformat(day).strftime("%a %-d %b")


def moment_of(at_ms: int) -> datetime:
    """A time in ms since 1970."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _missing(order: Order) -> Decimal:
    return max(order.quantity - order.received, Decimal(0))
