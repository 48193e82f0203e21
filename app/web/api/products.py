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
)
from app.core.roles import Role
from app.store.products import etags
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.contract.refusals import refusals
from app.web.errors import InvalidRequest, PreconditionRequired
from app.web.requests.idempotency import KeyedDep
from app.web.requests.parameters import (
    MERGE_PATCH,
    AsOf,
    IfMatch,
    Limit,
    PageCursor,
    PathProductID,
    ServicesDep,
    WriteStamp,
    checked_new_id,
    json_body,
    merge_patch_body,
    writable,
)
from app.web.requests.responses import json_answer, page_answer, product_answer
from app.web.requests.strict_route import StrictRoute
from app.web.requests.write_stamp import stamp_for
from app.web.schemas.outputs import ProductOut, ProductPageOut, product_out
from app.web.schemas.product_models import (
    AdjustmentRequest,
    CountRequest,
    ProductCreate,
    ProductPatch,
    ProductReplace,
)

router = APIRouter(
    prefix="/v1/products",
    tags=["products"],
    route_class=StrictRoute,
    dependencies=[needs(Role.VIEWER)],
)

_ABSENT = refusals(ProductNotFound, ProductGone)
_CHANGED = refusals(ETagMismatch, PreconditionRequired, ItemTooLarge)

_WRITE = [needs(Role.EDITOR), Depends(writable)]
_WRITE_JSON = [*_WRITE, Depends(json_body)]
_WRITE_PATCH = [*_WRITE, Depends(merge_patch_body)]


@router.get("", response_model=ProductPageOut, responses=refusals(InvalidCursor))
def list_products(
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: PageCursor = None,
) -> Response:
    """List products, a page at a time, in the table's own order."""
    page = services.store.products.page(limit, cursor)
    return page_answer(request, [product_out(item) for item in page.items], page.next_cursor)


@router.post(
    "",
    status_code=201,
    response_model=ProductOut,
    dependencies=_WRITE_JSON,
    responses=refusals(ProductExists, ItemTooLarge, IdempotencyKeyReused),
)
def create_product(
    body: ProductCreate,
    request: Request,
    services: ServicesDep,
    stamp: WriteStamp,
    keyed: KeyedDep,
) -> Response:
    """Create a product."""
    answer = partial(_created, request)
    return answer(
        services.store.products.create(body.draft(body.product_id), stamp, keyed.once(answer))
    )


@router.get(
    "/{product_id}",
    response_model=ProductOut,
    responses=_ABSENT
    | refusals(PastNotKept, PastOutOfReach)
    | {304: {"description": "It is as `If-None-Match` names it."}},
)
def get_product(
    product_id: PathProductID,
    services: ServicesDep,
    as_of: AsOf,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Read a product; 304 while `If-None-Match` names its ETag.

    With `as_of` it is read as it was then: without an ETag, and `If-None-Match` is not looked at.
    """
    if as_of is not None:
        return json_answer(product_out(services.store.past.product(product_id, as_of)))
    product = services.store.products.get(product_id)
    if if_none_match is not None and etags.matches(product, if_none_match):
        return Response(status_code=304, headers={"ETag": product.etag})
    return product_answer(product)


@router.put(
    "/{product_id}",
    response_model=ProductOut,
    dependencies=_WRITE_JSON,
    responses={201: {"model": ProductOut, "description": "It was created."}}
    | _ABSENT
    | refusals(ProductExists, TooMuchContention)
    | _CHANGED,
)
def put_product(
    product_id: PathProductID,
    body: ProductReplace,
    request: Request,
    services: ServicesDep,
    stamp: WriteStamp,
    if_match: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Replace a product (`If-Match`), or create it (`If-None-Match: *`)."""
    if body.product_id not in {None, product_id}:
        raise InvalidRequest(
            "product_id in the body is not the one in the path.",
            extra={"errors": [{"pointer": "/product_id", "detail": "differs from the path"}]},
        )
    if if_none_match == "*":
        draft = body.draft(checked_new_id(product_id))
        return _created(request, services.store.products.create(draft, stamp))
    if not if_match:
        raise PreconditionRequired(
            "Send If-Match with the product's ETag to replace it (`*`: the last write wins), "
            "or If-None-Match: * to create it."
        )
    return product_answer(services.store.products.replace(body.draft(product_id), if_match, stamp))


@router.patch(
    "/{product_id}",
    response_model=ProductOut,
    dependencies=_WRITE_PATCH,
    responses=_ABSENT | refusals(TooMuchContention) | _CHANGED,
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
    """Change the named fields; null removes one."""
    return product_answer(
        services.store.products.patch(product_id, body.changes(), if_match, stamp)
    )


@router.delete(
    "/{product_id}",
    status_code=204,
    dependencies=_WRITE,
    responses=_ABSENT | refusals(TooMuchContention) | _CHANGED,
)
def delete_product(
    product_id: PathProductID, services: ServicesDep, stamp: WriteStamp, if_match: IfMatch
) -> Response:
    """Delete a product; its history stays."""
    services.store.products.delete(product_id, if_match, stamp)
    return Response(status_code=204)


@router.post(
    "/{product_id}/adjustments",
    response_model=ProductOut,
    dependencies=_WRITE_JSON,
    responses=_ABSENT
    | refusals(InsufficientStock, StockNotCountable, TooMuchContention, IdempotencyKeyReused),
)
def adjust_product(
    product_id: PathProductID,
    body: AdjustmentRequest,
    request: Request,
    services: ServicesDep,
    keyed: KeyedDep,
) -> Response:
    """Add to a product's stock or take from it; never below zero."""
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=body.reference)
    once = keyed.once(product_answer)
    return product_answer(services.store.products.adjust(product_id, body.delta, stamp, once))


@router.post(
    "/{product_id}/counts",
    response_model=ProductOut,
    dependencies=_WRITE_JSON,
    responses=_ABSENT | refusals(TooMuchContention, IdempotencyKeyReused),
)
def count_product(
    product_id: PathProductID,
    body: CountRequest,
    request: Request,
    services: ServicesDep,
    keyed: KeyedDep,
) -> Response:
    """Set a product's stock to what was counted."""
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=body.reference)
    once = keyed.once(product_answer)
    return product_answer(services.store.products.count(product_id, body.counted, stamp, once))


def _created(request: Request, product: Product) -> Response:
    root = request.scope.get("root_path", "")
    location = f"{root}/v1/products/{quote(product.product_id, safe='')}"
    headers = {"ETag": product.etag, "Location": location}
    return json_answer(product_out(product), status=201, headers=headers)
