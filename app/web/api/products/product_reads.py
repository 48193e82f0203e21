"""A read shows the product as it is stored now, or as it was at a time."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.core.errors import InvalidCursor, PastNotKept, PastOutOfReach, ProductGone, ProductNotFound
from app.core.events import rfc3339
from app.core.roles import Role
from app.readmodel.past.past_lists import PastListsBusy
from app.readmodel.products.product_lists import Totals
from app.readmodel.read_model import ReadModelFilling
from app.store.products import etags
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.parameters import (
    AsOf,
    AsOfList,
    Limit,
    PageCursor,
    RawProductID,
    ServicesDep,
    decoded_id,
    past,
)
from app.web.requests.preconditions import IfChanged
from app.web.requests.product_filters import ProductQueryDep, listed
from app.web.requests.responses import json_response, page_response, product_response
from app.web.requests.strict_route import StrictRoute
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
    response_description="A page of products.",
    responses=error_responses(InvalidCursor, ReadModelFilling, PastListsBusy),
)
def list_products(
    request: Request,
    services: ServicesDep,
    query: ProductQueryDep,
    total: Annotated[Totals, Query(description=_TOTAL)] = "none",
    limit: Limit = 50,
    cursor: PageCursor = None,
    as_of: AsOfList = None,
) -> Response:
    """List products.

    Searches, filters and sorts. A write through this server is in its lists at once; other changes
    usually are within a second, and `as_of` says how old the list is at most.

    With the parameter `as_of`, lists the products as they were at that time. Such a list is quick
    in the order of ids; any other order or a total needs a look at each product.
    """
    if as_of is None:
        page, shown = listed(services, query, limit, cursor, total)
    else:
        page = services.read_model.past_page(query, past(as_of), limit, cursor, total)
        shown = services.read_model.as_of()
    moment = shown.replace(microsecond=0) if as_of is None or as_of > shown else as_of
    return page_response(
        request,
        [product_out(item) for item in page.items],
        page.next_cursor,
        total=None if page.total is None else asdict(page.total),
        as_of=rfc3339(moment),
        unknown=page.unknown,
    )


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
