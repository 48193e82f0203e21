"""A list of products as one export: every page of it, read one after the other.

No transaction lasts longer than a page. A product whose sort key changes meanwhile may be missing
or be there twice; in the order of ids none is.
"""

from collections.abc import Iterator, Sequence

from app.core.events import rfc3339
from app.readmodel.products.product_query import ProductQuery
from app.store.products.model import Product
from app.web.exports.export_build import Order, order_for
from app.web.exports.export_file import PAGE, Dialect, Format
from app.web.exports.export_rows import products_format
from app.web.requests.product_filters import listed
from app.web.services import Services


def product_pages(
    services: Services, query: ProductQuery, cursor: str | None = None
) -> Iterator[Sequence[Product]]:
    """The products after the cursor, page by page; raises as `listed` does."""
    while True:
        page, _ = listed(services, query, PAGE, cursor)
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def freshness(services: Services, *, has_seen: bool | None) -> dict[str, str]:
    """The `as_of` and `seen` of a list as headers, for formats that have no place for them."""
    as_of = rfc3339(services.read_model.as_of().replace(microsecond=0))
    return {"As-Of": as_of} | ({} if has_seen is None else {"Seen": str(has_seen).lower()})


def product_order(
    services: Services,
    query: ProductQuery,
    form: Format,
    dialect: Dialect,
) -> Order:
    """The order for a file with the products of a query.

    Raises:
        ExportTooLarge: they do not fit into a spreadsheet.
        ReadModelFilling, StoreUnavailable: the products cannot be counted now.

    """
    total = services.read_model.page(query, 1, totals="exact").total
    count = 0 if total is None else total.count
    return order_for(
        products_format(), form, dialect, count, lambda: product_pages(services, query)
    )
