"""A list of products as one export: every page of it, read one after the other.

No transaction lasts longer than a page. A product whose sort key changes meanwhile may be missing
or be there twice; in the order of ids none is. While lists of the past are busy, an export waits:
otherwise it would fail because of one page.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.events import rfc3339
from app.readmodel.past.past_lists import PastListsBusy
from app.readmodel.products.product_lists import ProductPage, Totals
from app.readmodel.products.product_query import ProductQuery
from app.store.products.model import Product
from app.web.exports.export_build import Order, order_for
from app.web.exports.export_file import PAGE, Dialect, Format, Growing, chunks_of
from app.web.exports.export_rows import products_format
from app.web.requests.parameters import past
from app.web.requests.product_filters import listed
from app.web.services import Services

PAST_PAGE = 5_000  # products: a page of a list of the past can take a look at every product

PATIENCE = 120.0  # seconds that a page waits while lists of the past are busy
PAUSE = 0.5  # seconds between attempts


@dataclass(frozen=True, slots=True)
class ProductListing:
    """A list of products: of now, or with `as_of` of a time."""

    services: Services
    query: ProductQuery
    as_of: datetime | None = None

    def page(
        self, limit: int, cursor: str | None = None, totals: Totals = "none"
    ) -> tuple[ProductPage, datetime]:
        """A page, and the time that it shows: it has every change up to then.

        Raises:
            InvalidRequest: `as_of` is in the future.
            InvalidCursor, PastListsBusy, ReadModelFilling, StoreUnavailable: as `listed`, and as
                `ReadModel.past_page`.

        """
        if self.as_of is None:
            return listed(self.services, self.query, limit, cursor, totals)
        moment = past(self.as_of)
        shown = min(moment, self.newest())  # now: a change after this may be missing
        model = self.services.read_model
        return model.past_page(self.query, moment, limit, cursor, totals), shown

    def newest(self) -> datetime:
        """The time that a list of now, or of a time after it, shows, in whole seconds."""
        return self.services.read_model.as_of().replace(microsecond=0)

    def freshness(self, *, has_seen: bool | None) -> dict[str, str]:
        """`as_of` and `seen` as headers, for formats that have no place for them."""
        shown = self.newest() if self.as_of is None else min(self.as_of, self.newest())
        seen = {} if has_seen is None else {"Seen": str(has_seen).lower()}
        return {"As-Of": rfc3339(shown)} | seen

    def chunks(self, form: Growing, dialect: Dialect, cursor: str | None = None) -> Iterator[bytes]:
        """The bytes of an export of the products after the cursor; raises as `page` does.

        The first page does not wait while lists of the past are busy.
        """
        return chunks_of(products_format(), form, dialect, self._pages(cursor, patience=0.0))

    def order(self, form: Format, dialect: Dialect) -> Order:
        """The order for a file with all products; raises as `page` does.

        Raises:
            ExportTooLarge: they do not fit into a spreadsheet.

        """
        if self.as_of is None:
            total = self.services.read_model.page(self.query, 1, totals="exact").total
        else:
            total = self.page(1, totals="exact")[0].total
        count = 0 if total is None else total.count
        return order_for(products_format(), form, dialect, count, self._pages)

    def _pages(
        self, cursor: str | None = None, *, patience: float = PATIENCE
    ) -> Iterator[Sequence[Product]]:
        while True:
            page = self._page_in_time(cursor, patience)
            yield page.items
            cursor, patience = page.next_cursor, PATIENCE
            if cursor is None:
                return

    def _page_in_time(self, cursor: str | None, patience: float) -> ProductPage:
        deadline = time.monotonic() + patience
        while True:
            try:
                return self.page(PAGE if self.as_of is None else PAST_PAGE, cursor)[0]
            except PastListsBusy:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE)
