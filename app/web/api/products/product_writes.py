"""A write requires the ETag that its client has read; with `*` the last write wins."""

from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from app.core.errors import (
    ETagMismatch,
    IdempotencyKeyReused,
    ItemTooLarge,
    ProductExists,
    ProductGone,
    ProductNotFound,
    TooMuchContention,
    UnitNotStored,
)
from app.core.roles import Role
from app.store.products.barcodes import BarcodeCheck
from app.store.products.model import Product
from app.web.auth.permissions import needs
from app.web.contract.error_responses import error_responses
from app.web.errors import InvalidRequest, PreconditionRequired
from app.web.requests.idempotency import IdempotencyDep
from app.web.requests.parameters import (
    MERGE_PATCH,
    PathProductID,
    ServicesDep,
    WriteStamp,
    checked_new_id,
    in_case,
    json_body,
    merge_patch_body,
    writable,
)
from app.web.requests.preconditions import IfMatch, IfMatchToReplace, IfNoneMatchToCreate
from app.web.requests.responses import json_response, written_response
from app.web.requests.strict_route import StrictRoute
from app.web.schemas.outputs import WrittenProductOut, written_product_out
from app.web.schemas.product_models import ProductCreate, ProductPatch, ProductReplace

router = APIRouter(
    prefix="/v1/products",
    tags=["products"],
    route_class=StrictRoute,
)

_NOT_FOUND = error_responses(ProductNotFound, ProductGone)
_CONDITIONAL = error_responses(ETagMismatch, PreconditionRequired, ItemTooLarge)

_WRITE = [needs(Role.EDITOR, writable)]
_WRITE_JSON = [needs(Role.EDITOR, writable, json_body)]
_WRITE_PATCH = [needs(Role.EDITOR, writable, merge_patch_body)]


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
    if_match: IfMatchToReplace = None,
    if_none_match: IfNoneMatchToCreate = None,
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


def _created(request: Request, check: BarcodeCheck, product: Product) -> Response:
    root = request.scope.get("root_path", "")
    location = f"{root}/v1/products/{quote(product.product_id, safe='')}"
    headers = {"ETag": product.etag, "Location": location}
    document = written_product_out(product, check.result)
    return json_response(document, status=201, headers=headers)
