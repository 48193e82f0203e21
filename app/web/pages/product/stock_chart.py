"""The chart of a product's stock: at most 600 steps, with the events that explain its jumps."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.core import json_text
from app.core.errors import StoreUnavailable
from app.core.events import ChangeEvent
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.events.event_query import EventQuery, Span, Term
from app.readmodel.schema import NO_NUMBER
from app.readmodel.trends.stock_steps import Step, first_change, stock_steps, thinned
from app.store.products.model import Product
from app.web.pages.product.product_view import ProductView, axis_begin
from app.web.services import Services

_MARKS = 60  # of each kind
_TABLE_ROWS = 48

# Besides sales and deliveries, which the steps show themselves.
_MARKED: dict[str, Term] = {
    "kind": Term("kind", ("inserted", "deleted", "expired", "gap", "reconciled")),
    "reason": Term("reason", ("counted",)),
}


@dataclass(frozen=True, slots=True)
class StockChart:
    """The steps of a period. `missing` says why there are none now.

    `days_left` is known only with the steps; None without sales.
    """

    since: datetime
    until: datetime
    steps: Sequence[Step] = ()
    marks: Sequence[tuple[int, str]] = ()
    low_at: float | None = None
    missing: str = ""
    days_left: float | None = None
    table: Sequence[tuple[datetime, float | None]] = field(default=())

    @property
    def data(self) -> str:
        """What the script draws, as JSON: times in seconds, null where there is no stock."""
        values = [None if stock == NO_NUMBER else stock for _, stock in self.steps]
        document = {
            "since": self.since.timestamp(),
            "until": self.until.timestamp(),
            "times": [at / 1000 for at, _ in self.steps],
            "stock": values,
            "low": self.low_at,
            "marks": [[at / 1000, what] for at, what in self.marks],
        }
        return json_text.dumps(document).decode()


def stock_chart(
    services: Services, view: ProductView, product: Product | None, now: datetime
) -> StockChart:
    """The chart of the period that the view names; up to now it has the product's own stock."""
    since = axis_begin(view.range, None, now)
    low_at = None if product is None or product.low_at is None else float(product.low_at)
    model = services.read_model
    try:
        with model.figures() as connection:
            since = axis_begin(view.range, first_change(connection, view.product_id), now)
            steps = stock_steps(connection, view.product_id, since, now)
        marks = list(_marks(services, view.product_id, since))
        rate = model.sales_rates([view.product_id]).get(view.product_id)
    except ReadModelFilling:
        return StockChart(since, now, low_at=low_at, missing=_progress(services))
    except (StoreUnavailable, sqlite3.Error):
        return StockChart(since, now, low_at=low_at, missing="The chart cannot be read just now.")
    days_left = None
    if product is not None and product.stock is not None:
        steps.append((round(now.timestamp() * 1000), float(product.stock)))
        days_left = None if rate is None else max(0.0, float(product.stock)) / rate
    return StockChart(since, now, steps, marks, low_at, "", days_left, _table(steps, since, now))


def _marks(services: Services, product_id: str, since: datetime) -> Iterator[tuple[int, str]]:
    """When something happened that the chart names, and what."""
    for term in _MARKED.values():
        query = EventQuery(
            terms=(Term("product", (product_id,)), term),
            created=(Span(least=since.timestamp() * 1000),),
        )
        for _, event in services.read_model.events(query, _MARKS).items:
            yield round(event.occurred_at.timestamp() * 1000), _name_of(event)


def _name_of(event: ChangeEvent) -> str:
    return "counted" if event.reason == "counted" else event.kind


def _table(
    steps: Sequence[Step], since: datetime, until: datetime
) -> list[tuple[datetime, float | None]]:
    """The chart as a short table, newest first."""
    begin, end = (round(moment.timestamp() * 1000) for moment in (since, until))
    return [
        (datetime.fromtimestamp(at / 1000, UTC), None if stock == NO_NUMBER else stock)
        for at, stock in reversed(thinned(steps, begin, end, _TABLE_ROWS))
    ]


def _progress(services: Services) -> str:
    state: Any = services.read_model.state.events
    share = f": {min(99, 100 * state.scanned // state.expected)} %" if state.expected else ""
    return f"The chart appears once the server has read all changes{share}."
