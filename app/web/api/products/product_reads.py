"""A read shows the product as it is stored now, or as it was at a time."""

from fastapi import APIRouter, Request, Response

from app.core.errors import InvalidCursor, PastNotKept, PastOutOfReach, ProductGone, ProductNotFound
from app.core.roles import Role
from app.store.products import etags
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.parameters import (
    AsOf,
    Limit,
    PageCursor,
    RawProductID,
    ServicesDep,
    decoded_id,
    past,
)
from app.web.requests.preconditions import IfChanged
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

_NOT_FOUND = error_responses(ProductNotFound, ProductGone)


@router.get(
    "",
    response_model=ProductPageOut,
    response_description="A page of products.",
    responses=error_responses(InvalidCursor),
)
def list_products(
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List products.

    Returns a page of products in the order of the table, which is not sorted.
    """
    page = services.store.products.page(limit, cursor)
    return page_response(request, [product_out(item) for item in page.items], page.next_cursor)


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
