"""Stock over REST: a change is relative or a count, so it needs no ETag."""

from fastapi import APIRouter, Request, Response

from app.core.errors import (
    IdempotencyKeyReused,
    InsufficientStock,
    ProductGone,
    ProductNotFound,
    StockNotCountable,
    TooMuchContention,
)
from app.core.roles import Role
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import (
    PathProductID,
    RawProductID,
    ServicesDep,
    decoded_id,
    json_body,
    writable,
)
from app.web.requests.responses import product_response
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.outputs import ProductOut
from app.web.schemas.product_models import AdjustmentRequest, CountRequest
from app.web.services import services_of

router = APIRouter(
    prefix="/v1/products",
    tags=["products"],
    route_class=StrictRoute,
    dependencies=[needs(Role.EDITOR, writable, json_body)],
)

_NOT_FOUND = error_responses(ProductNotFound, ProductGone)


@router.post(
    "/{product_id}/adjustments",
    response_model=ProductOut,
    response_description="The updated product.",
    responses=_NOT_FOUND
    | error_responses(
        InsufficientStock, StockNotCountable, TooMuchContention, IdempotencyKeyReused
    ),
)
def adjust_product(
    product_id: RawProductID,
    body: AdjustmentRequest,
    request: Request,
    idempotency: IdempotencyDep,
) -> Response:
    """Adjust a product's stock.

    Adds `delta` to the stock; a negative `delta` removes units. Fails with 409 if the stock
    would fall below zero. No `If-Match` is needed: concurrent adjustments all take effect.
    """
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=body.reference)
    once = idempotency.once(product_response)
    products = services_of(request).store.products
    return product_response(products.adjust(decoded_id(product_id), body.delta, stamp, once))


@router.post(
    "/{product_id}/counts",
    response_model=ProductOut,
    response_description="The updated product.",
    responses=_NOT_FOUND | error_responses(TooMuchContention, IdempotencyKeyReused),
)
def count_product(
    product_id: PathProductID,
    body: CountRequest,
    request: Request,
    services: ServicesDep,
    idempotency: IdempotencyDep,
) -> Response:
    """Record a stock count.

    Sets the stock to the number of units that were counted.
    """
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=body.reference)
    once = idempotency.once(product_response)
    return product_response(services.store.products.count(product_id, body.counted, stamp, once))
