"""Products over REST: a route parses, makes one call, and returns."""

from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Request, Response

from app.core.errors import (
    ETagMismatch,
    IdempotencyKeyReused,
    InsufficientStock,
    InvalidCursor,
    ItemTooLarge,
    PastNotKept,
    PastOutOfReach,
    ProductExists,
    ProductGone,
    ProductNotFound,
    StockNotCountable,
    TooMuchContention,
    UnitNotStored,
)
from app.core.roles import Role
from app.store.products import etags
from app.store.products.barcodes import BarcodeCheck
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import InvalidRequest, PreconditionRequired
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import (
    MERGE_PATCH,
    AsOf,
    IfMatch,
    Limit,
    PageCursor,
    PathProductID,
    RawProductID,
    ServicesDep,
    WriteStamp,
    checked_new_id,
    decoded_id,
    in_case,
    merge_patch_body,
    past,
    writable,
    writable_json,
)
from app.web.requests.responses import (
    json_response,
    page_response,
    product_response,
    written_response,
)
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.outputs import (
    ProductOut,
    ProductPageOut,
    WrittenProductOut,
    product_out,
    written_product_out,
)
from app.web.schemas.product_models import (
    AdjustmentRequest,
    CountRequest,
    ProductCreate,
    ProductPatch,
    ProductReplace,
)
from app.web.services import services_of

router = APIRouter(
    prefix="/v1/products",
    tags=["products"],
    route_class=StrictRoute,
)

_NOT_FOUND = error_responses(ProductNotFound, ProductGone)
_CONDITIONAL = error_responses(ETagMismatch, PreconditionRequired, ItemTooLarge)

_WRITE = [needs(Role.EDITOR), Depends(writable)]
_READ = [needs(Role.VIEWER)]
_WRITE_JSON = [needs(Role.EDITOR), Depends(writable_json)]
_WRITE_PATCH = [*_WRITE, Depends(merge_patch_body)]


@router.get(
    "",
    dependencies=_READ,
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


@router.post(
    "",
    status_code=201,
    response_model=WrittenProductOut,
    response_description="The product was created.",
    dependencies=_WRITE_JSON,
    responses=error_responses(ProductExists, ItemTooLarge, IdempotencyKeyReused, UnitNotStored),
)
def create_product(
    body: ProductCreate,
    request: Request,
    services: ServicesDep,
    stamp: WriteStamp,
    idempotency: IdempotencyDep,
) -> Response:
    """Create a product.

    Fails with 409 if a product with this id exists. `warnings` names other products that have the
    same barcode.
    """
    check = services.barcodes.start(body.barcode, body.product_id)
    respond = partial(_created, request, check)
    once = idempotency.once(respond)
    draft = body.draft(in_case(body.product_id, services.settings.id_case))
    return respond(services.store.products.create(draft, stamp, once))


@router.get(
    "/{product_id}",
    dependencies=_READ,
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
    if_none_match: Annotated[
        str | None,
        Header(
            description="The product's ETag as you last read it. Returns 304 without a body if "
            "the product has not changed."
        ),
    ] = None,
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


@router.put(
    "/{product_id}",
    response_model=WrittenProductOut,
    response_description="The product was replaced.",
    dependencies=_WRITE_JSON,
    responses={201: {"model": WrittenProductOut, "description": "The product was created."}}
    | _NOT_FOUND
    | error_responses(ProductExists, TooMuchContention, UnitNotStored)
    | _CONDITIONAL,
)
def put_product(
    product_id: PathProductID,
    body: ProductReplace,
    request: Request,
    services: ServicesDep,
    stamp: WriteStamp,
    if_match: Annotated[
        str | None,
        Header(
            description="To replace the product: its ETag as you last read it. The write fails "
            "with 412 if the product has changed since, unless it already is as requested. `*` "
            "skips the check: the last write wins."
        ),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(
            description="To create the product: `*`. The write fails with 409 if it already exists."
        ),
    ] = None,
) -> Response:
    """Replace or create a product.

    With `If-Match`, replaces all fields of the product: fields that are not in the body are
    removed. `attributes` of other programs stay. With `If-None-Match: *`, creates the product.
    """
    if body.product_id not in {None, product_id}:
        raise InvalidRequest(
            "product_id in the body differs from the one in the path.",
            extra={"errors": [{"pointer": "/product_id", "detail": "differs from the path"}]},
        )
    if if_none_match == "*":
        draft = body.draft(checked_new_id(product_id, services.settings.id_case))
        check = services.barcodes.start(body.barcode, product_id)
        return _created(request, check, services.store.products.create(draft, stamp))
    if not if_match:
        raise PreconditionRequired(
            "To replace the product, send If-Match with its ETag, or with * to overwrite any "
            "version. To create it, send If-None-Match: *."
        )
    check = services.barcodes.start(body.barcode, product_id)
    draft = body.draft(product_id)
    return written_response(check, services.store.products.replace(draft, if_match, stamp))


@router.patch(
    "/{product_id}",
    response_model=WrittenProductOut,
    response_description="The updated product.",
    dependencies=_WRITE_PATCH,
    responses=_NOT_FOUND | error_responses(TooMuchContention, UnitNotStored) | _CONDITIONAL,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {MERGE_PATCH: {"schema": ProductPatch.model_json_schema()}},
        }
    },
)
def patch_product(
    product_id: PathProductID,
    body: ProductPatch,
    services: ServicesDep,
    stamp: WriteStamp,
    if_match: IfMatch,
) -> Response:
    """Update a product.

    Changes only the fields in the body; null removes a field (JSON Merge Patch, RFC 7396).
    A change that does not include `stock` succeeds even if the stock has changed since you read
    the product. A change that is already made succeeds, whatever the ETag.
    """
    check = services.barcodes.start(body.barcode, product_id)
    product = services.store.products.patch(product_id, body.changes(), if_match, stamp)
    return written_response(check, product)


@router.delete(
    "/{product_id}",
    status_code=204,
    response_description="The product was deleted.",
    dependencies=_WRITE,
    responses=_NOT_FOUND | error_responses(TooMuchContention) | _CONDITIONAL,
)
def delete_product(
    product_id: PathProductID, services: ServicesDep, stamp: WriteStamp, if_match: IfMatch
) -> Response:
    """Delete a product.

    The product's events remain. Reading the product then returns 410 with a link to them.
    """
    services.store.products.delete(product_id, if_match, stamp)
    return Response(status_code=204)


@router.post(
    "/{product_id}/adjustments",
    response_model=ProductOut,
    response_description="The updated product.",
    dependencies=_WRITE_JSON,
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
    dependencies=_WRITE_JSON,
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


def _created(request: Request, check: BarcodeCheck, product: Product) -> Response:
    root = request.scope.get("root_path", "")
    location = f"{root}/v1/products/{quote(product.product_id, safe='')}"
    headers = {"ETag": product.etag, "Location": location}
    document = written_product_out(product, check.result)
    return json_response(document, status=201, headers=headers)
