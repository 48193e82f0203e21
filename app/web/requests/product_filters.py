"""The query parameters of a list of products, for the API and the page."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, get_args
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query

from app.notifications.search_text import is_yes, query_of
from app.readmodel.events.qualifiers import InvalidSearch
from app.readmodel.products.product_lists import ProductPage, Totals
from app.readmodel.products.product_query import ProductQuery, is_place, order_of, ranges_of
from app.web.exports.export_models import ProductSort
from app.web.services import Services

_Limit = Annotated[Decimal | None, Query(allow_inf_nan=False, max_digits=38)]
_Text = Annotated[str | None, Query(max_length=500)]


async def product_query(
    q: Annotated[
        str,
        Query(
            max_length=500,
            description="Words to find, without regard to case and accents. Each must be the "
            "beginning of a word in the id, name, category, tags or barcode, or, from three "
            "characters on, any part of the id or barcode.",
        ),
    ] = "",
    category: Annotated[_Text, Query(description="Only products of exactly this category.")] = None,
    tag: Annotated[_Text, Query(description="Only products with exactly this tag.")] = None,
    low: Annotated[  # noqa: FBT002 - a query parameter
        bool, Query(description="Only products at or below their reorder point.")
    ] = False,
    out: Annotated[  # noqa: FBT002 - a query parameter
        bool, Query(description="Only products without stock.")
    ] = False,
    deleted: Annotated[  # noqa: FBT002 - a query parameter
        bool, Query(description="Only deleted products, as they were last, instead of all others.")
    ] = False,
    min_stock: Annotated[_Limit, Query(description="The least stock.")] = None,
    max_stock: Annotated[_Limit, Query(description="The greatest stock.")] = None,
    min_price: Annotated[_Limit, Query(description="The least price.")] = None,
    max_price: Annotated[_Limit, Query(description="The greatest price.")] = None,
    sort: Annotated[
        ProductSort, Query(description="The field to sort by; with `-`, in descending order.")
    ] = "id",
) -> ProductQuery:
    """The query that the parameters describe."""
    key, descending = order_of(sort)
    return ProductQuery(
        q=q,
        category=category,
        tag=tag,
        low=low,
        out=out,
        deleted=deleted,
        ranges=ranges_of((min_stock, max_stock), (min_price, max_price)),
        sort=key,
        descending=descending,
    )


def query_in(text: str, pointer: str) -> ProductQuery:
    """The query in the query string of a list, as a saved search has it.

    Raises:
        InvalidSearch: it is not one; `pointer` says where in the request it was.

    """
    pairs = parse_qsl(text, keep_blank_values=True)
    own = {name: value for name, value in pairs if name in {"sort", "deleted"}}
    sort, query, wrong = own.get("sort") or "id", ProductQuery(), ""
    try:
        query = query_of(urlencode([one for one in pairs if one[0] not in own]))
    except ValueError as error:
        wrong = str(error)
    if sort not in get_args(ProductSort):
        wrong = f"cannot be sorted by {sort[:40]!r}"
    if wrong:
        errors = [{"pointer": pointer, "detail": wrong}]
        raise InvalidSearch(f"A search of products {wrong}.", extra={"errors": errors})
    key, descending = order_of(sort)
    return replace(query, deleted=is_yes(own.get("deleted", "")), sort=key, descending=descending)


def listed(
    services: Services,
    query: ProductQuery,
    limit: int,
    cursor: str | None = None,
    totals: Totals = "none",
) -> tuple[ProductPage, datetime]:
    """A page of the list, and the time up to which it has every change.

    While the read model is filled, all products are listed from the table, in its own order; the
    cursor of such a page continues there.

    Raises:
        InvalidCursor: no page of this list in this order returned the cursor.
        ReadModelFilling: the list is filtered or sorted, and the read model is not filled yet.
        StoreUnavailable: the products cannot be read now.

    """
    model = services.read_model
    is_plain = query == ProductQuery()
    is_scan = is_plain and cursor is not None and not is_place(cursor)
    if is_scan or (is_plain and cursor is None and not model.state.filled):
        began = datetime.now(UTC)
        page = services.store.products.page(limit, cursor)
        return ProductPage(page.items, page.next_cursor), began
    as_of = model.as_of()
    return model.page(query, limit, cursor, totals), as_of


ProductQueryDep = Annotated[ProductQuery, Depends(product_query)]
