"""A read shows the product as it is stored now, or as it was at a time."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from app.core.errors import InvalidCursor, PastNotKept, PastOutOfReach, ProductGone, ProductNotFound
from app.core.events import rfc3339
from app.core.roles import Role
from app.readmodel.copy_state import ReadModelFilling
from app.readmodel.past.past_lists import PastListsBusy
from app.readmodel.products.product_lists import Totals
from app.store.products import etags
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import TooManyExports, TooManyOfYourExports
from app.web.exports.export_file import Dialect
from app.web.exports.export_models import BOM, SAFE
from app.web.exports.export_rows import products_format
from app.web.requests.exports.downloads import accepted_format, download, page_as
from app.web.requests.exports.product_exports import ProductListing
from app.web.requests.parameters import (
    AsOf,
    AsOfList,
    ListLimit,
    PageCursor,
    RawProductID,
    ServicesDep,
    decoded_id,
    past,
)
from app.web.requests.preconditions import IfChanged
from app.web.requests.product_filters import ProductQueryDep
from app.web.requests.responses import json_response, page_response, product_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.version_wait import Seen, VersionWaits
from app.web.schemas.outputs import ProductOut, ProductPageOut, product_out
from app.web.services import services_of

router = APIRouter(
    prefix="/v1/products",
    tags=["products"],
    route_class=StrictRoute,
    dependencies=[needs(Role.VIEWER)],
)

_TOTAL = (
    "Whether to count the products: `capped` counts up to 10,000, `exact` counts all, which takes "
    "longer."
)

_NOT_FOUND = error_responses(ProductNotFound, ProductGone)


@router.get(
    "",
    response_model=ProductPageOut,
    responses=error_responses(
        InvalidCursor, ReadModelFilling, PastListsBusy, TooManyOfYourExports, TooManyExports
    )
    | {
        200: {
            "description": "A page of products, or all of them as CSV or NDJSON.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    },
)
async def list_products(
    request: Request,
    services: ServicesDep,
    query: ProductQueryDep,
    total: Annotated[Totals, Query(description=_TOTAL)] = "none",
    limit: ListLimit = None,
    cursor: PageCursor = None,
    as_of: AsOfList = None,
    seen: Seen = None,
    safe: Annotated[bool, Query(description=SAFE)] = True,  # noqa: FBT002 - a query parameter
    bom: Annotated[bool, Query(description=BOM)] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """List products.

    Searches, filters and sorts. A write through this server is in its lists at once; other changes
    usually are within a second, and `as_of` says how old the list is at most.

    With the parameter `as_of`, lists the products as they were at that time. Such a list is quick
    in the order of ids, unless its filters leave out nearly all products; any other order or a
    total needs a look at each product.

    With `Accept: text/csv` or `application/x-ndjson` the response has all products of the list
    (those after `cursor`), and is made while it is sent: if the connection ends before the last
    chunk, products are missing. With `limit` it is a page in that format.
    """
    waits: VersionWaits = request.app.state.version_waits
    has_seen = await waits.seen(services.read_model, seen)
    listing = ProductListing(services, query, as_of)
    form = accepted_format(request)
    if form is None:
        return await run_in_threadpool(
            _json_page, request, listing, limit or 50, cursor, total, has_seen=has_seen
        )
    dialect, headers = Dialect(safe=safe, bom=bom), listing.freshness(has_seen=has_seen)
    if limit is None:
        return await download(request, listing.chunks(form, dialect, cursor), form, headers)

    def one_page() -> Response:
        page, _ = listing.page(limit, cursor)
        rows, following = products_format(), page.next_cursor
        return page_as(form, dialect, request, rows, page.items, following, headers)

    return await run_in_threadpool(one_page)


def _json_page(
    request: Request,
    listing: ProductListing,
    limit: int,
    cursor: str | None,
    total: Totals,
    *,
    has_seen: bool | None,
) -> Response:
    page, shown = listing.page(limit, cursor, total)
    response = page_response(
        request,
        [product_out(item) for item in page.items],
        page.next_cursor,
        total=None if page.total is None else asdict(page.total),
        as_of=rfc3339(shown.replace(microsecond=0) if listing.as_of is None else shown),
        unknown=page.unknown,
        seen=has_seen,
    )
    response.headers["Vary"] = "Accept"
    return response


@router.get(
    "/{product_id}",
    response_model=ProductOut,
    response_description="The product.",
    responses=_NOT_FOUND
    | error_responses(PastNotKept, PastOutOfReach)
    | {304: {"description": "The product still has the ETag in `If-None-Match`."}},
)
def get_product(
    request: Request,
    product_id: RawProductID,
    as_of: AsOf = None,
    if_none_match: IfChanged = None,
) -> Response:
    """Retrieve a product.

    With `as_of`, returns the product as it was at that time. Such a response has no ETag, and
    `If-None-Match` is ignored.
    """
    store = services_of(request).store
    product_id = decoded_id(product_id)
    if as_of is not None:
        return json_response(product_out(store.past.product(product_id, past(as_of))))
    product = store.products.get(product_id)
    if if_none_match is not None and etags.matches(product, if_none_match):
        return Response(status_code=304, headers={"ETag": product.etag})
    return product_response(product)
