"""Reads what the Alerts page shows: alerts from the store, stock and sales from the read model.

All alerts that are not resolved are needed, up to a bound: urgency is an order of all of them.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from app.core.errors import StockpulseError
from app.store.alerts.alert import AlertState
from app.store.alerts.alert_rows import AlertView
from app.store.alerts.levels import KINDS
from app.store.products.model import Product
from app.web.pages.alerts.alert_board import AlertRow, grouped, on_order, rows_of
from app.web.pages.alerts.alert_place import STATES, AlertPlace, Tab
from app.web.pages.alerts.reorder_list import ReorderLine, lines_of
from app.web.services import Services

PAGE = 50  # rows
REORDER_PAGE = 500  # lines: the list is printed as a whole
MOST = 1000  # alerts of each kind in each state

_LIVE: tuple[AlertState, ...] = ("open", "acknowledged", "ordered", "snoozed")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Board:
    """A page of a tab, and how many products each tab has; the resolved ones are not counted.

    `total`: how many rows or lines the tab has; None in the order of time. `too_many`: the tab has
    more alerts than are sorted and counted. `has_rates`: whether the sales are known.
    """

    counts: dict[Tab, int]
    rows: Sequence[AlertRow] = ()
    lines: Sequence[ReorderLine] = ()
    total: int | None = None
    pages: int = 1
    next_cursor: str | None = None
    too_many: bool = False
    has_rates: bool = True


class BoardReader:
    """Has all alerts as they are when it is created, which raises StoreUnavailable."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[Tab, list[AlertRow]] = {}
        read = services.store.alert_lists.newest(_LIVE, MOST)
        tabs = {tab: [read[one] for one in states if one in read] for tab, states in STATES.items()}
        self._too_many = {tab for tab, lists in tabs.items() if any(more for _, more in lists)}
        self._groups = {
            tab: grouped(view for views, _ in lists for view in views)
            for tab, lists in tabs.items()
        }

    def board(self, place: AlertPlace) -> Board:
        """A page.

        Raises:
            InvalidCursor: no page of this list returned the cursor.

        """
        lines = self.lines(place.days)
        counts: dict[Tab, int] = {tab: len(groups) for tab, groups in self._groups.items()}
        counts["reorder"] = len(lines)
        del counts["resolved"]
        too_many = place.tab in self._too_many
        has_rates = self._services.read_model.state.events.filled
        if place.tab == "reorder":
            shown, pages = _page(lines, place.number, REORDER_PAGE)
            return Board(counts, (), shown, len(lines), pages, None, too_many, has_rates)
        if place.is_by_time:
            alerts = self._services.store.alerts
            page = alerts.page(STATES[place.tab], KINDS, PAGE, place.cursor)
            rows = rows_read(self._services, [(view,) for view in page.items])
            return Board(counts, rows, next_cursor=page.next_cursor, has_rates=has_rates)
        everything = self.sorted(place.tab)
        some, pages = _page(everything, place.number, PAGE)
        return Board(counts, some, (), len(everything), pages, None, too_many, has_rates)

    def sorted(self, tab: Tab) -> list[AlertRow]:
        """All rows of a tab, the most urgent first."""
        if tab not in self._known:
            rows = rows_read(self._services, self._groups[tab].values())
            self._known[tab] = sorted(rows, key=lambda row: row.urgency)
        return self._known[tab]

    def lines(self, days: int) -> list[ReorderLine]:
        """The reorder list, the most urgent first, with quantities that last so many days."""
        ordered = self._groups["ordered"].items()
        coming = {one: on_order(view.alert for view in views) for one, views in ordered}
        return lines_of(self.sorted("open"), coming, days)

    def find(self, product_id: str) -> AlertPlace | None:
        """Where a product is: in the first tab that has it; None if it has no alert."""
        path = f"{self._services.settings.base_path}/alerts"
        for tab, groups in self._groups.items():
            if product_id in groups:
                ids = [row.product_id for row in self.sorted(tab)]
                return AlertPlace(path=path, tab=tab, number=ids.index(product_id) // PAGE + 1)
        return None


def rows_read(services: Services, groups: Iterable[Sequence[AlertView]]) -> list[AlertRow]:
    """Rows with their products and sales, as far as the read model has them."""
    several = list(groups)
    ids = list({group[0].product_id for group in several})
    products: dict[str, Product] = {}
    rates: dict[str, float] = {}
    with suppress(StockpulseError):
        products = {one.product_id: one for one in services.read_model.some(ids)}
        rates = services.read_model.sales_rates(ids)
    return rows_of(several, products, rates)


def _page(items: Sequence[Item], number: int, size: int) -> tuple[Sequence[Item], int]:
    """The items of a page, and how many pages there are."""
    pages = max(1, -(-len(items) // size))
    return items[(number - 1) * size : number * size], pages
