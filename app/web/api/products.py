"""Products over REST: a route parses, makes one call, and returns."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from app.store import etags
from app.store.product import Product
from app.store.roles import Role
from app.web.answers import json_answer, page_answer
from app.web.bodies import JSONRoute
from app.web.errors import InvalidRequest, PreconditionRequired
from app.web.models import (
    AdjustmentRequest,
    ProductCreate,
    ProductID,
    ProductOut,
    ProductPageOut,
    ProductPatch,
    ProductReplace,
    product_out,
)
from app.web.needs import needs
from app.web.parameters import (
    MERGE_PATCH,
    IfMatch,
    Limit,
    PathProductID,
    ServicesDep,
    WriteStamp,
    json_body,
    merge_patch_body,
    writable,
)
from app.web.stamps import stamp_for

router = APIRouter(
    prefix="/v1/products",
    tags=["products"],
    route_class=JSONRoute,
    dependencies=[needs(Role.VIEWER)],
)

_NEW_ID: TypeAdapter[str] = TypeAdapter(ProductID)

_WRITE = [needs(Role.EDITOR), Depends(writable)]
_WRITE_JSON = [*_WRITE, Depends(json_body)]
_WRITE_PATCH = [*_WRITE, Depends(merge_patch_body)]


@router.get("", response_model=ProductPageOut)
def list_products(
    request: Request,
    services: ServicesDep,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of a page.")] = None,
) -> Response:
    """List products, a page at a time, in the table's own order."""
    page = services.products.page(limit, cursor)
    return page_answer(request, [product_out(item) for item in page.items], page.next_cursor)


@router.post("", status_code=201, response_model=ProductOut, dependencies=_WRITE_JSON)
def create_product(
    body: ProductCreate, request: Request, services: ServicesDep, stamp: WriteStamp
) -> Response:
    """Create a product."""
    product = services.products.create(body.draft(body.product_id), stamp)
    return _answer(product, status=201, location=_location(request, product))


@router.get("/{product_id}", response_model=ProductOut)
def get_product(
    product_id: PathProductID,
    services: ServicesDep,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Read a product; 304 while `If-None-Match` names its ETag."""
    product = services.products.get(product_id)
    if if_none_match is not None and etags.matches(product, if_none_match):
        return Response(status_code=304, headers={"ETag": product.etag})
    return _answer(product)


@router.put("/{product_id}", response_model=ProductOut, dependencies=_WRITE_JSON)
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
        product = services.products.create(body.draft(_checked_new_id(product_id)), stamp)
        return _answer(product, status=201, location=_location(request, product))
    if not if_match:
        raise PreconditionRequired(
            "Send If-Match with the product's ETag to replace it (`*`: the last write wins), "
            "or If-None-Match: * to create it."
        )
    return _answer(services.products.replace(body.draft(product_id), if_match, stamp))


@router.patch(
    "/{product_id}",
    response_model=ProductOut,
    dependencies=_WRITE_PATCH,
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
    return _answer(services.products.patch(product_id, body.changes(), if_match, stamp))


@router.delete("/{product_id}", status_code=204, dependencies=_WRITE)
def delete_product(
    product_id: PathProductID, services: ServicesDep, stamp: WriteStamp, if_match: IfMatch
) -> Response:
    """Delete a product; its history stays."""
    services.products.delete(product_id, if_match, stamp)
    return Response(status_code=204)


@router.post("/{product_id}/adjustments", response_model=ProductOut, dependencies=_WRITE_JSON)
def adjust_product(
    product_id: PathProductID, body: AdjustmentRequest, request: Request, services: ServicesDep
) -> Response:
    """Add to a product's stock or take from it; never below zero."""
    stamp = stamp_for(request, reason=body.reason, note=body.note, reference=body.reference)
    return _answer(services.products.adjust(product_id, body.delta, stamp))


def _checked_new_id(product_id: str) -> str:
    """A new product's id from the path, held to the same rules as one in a body."""
    try:
        return _NEW_ID.validate_python(product_id)
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise InvalidRequest(
            f"product_id: {reason}.",
            extra={"errors": [{"pointer": "path:product_id", "detail": reason}]},
        ) from None


def _answer(product: Product, *, status: int = 200, location: str | None = None) -> Response:
    headers = {"ETag": product.etag} | ({} if location is None else {"Location": location})
    return json_answer(product_out(product), status=status, headers=headers)


def _location(request: Request, product: Product) -> str:
    root = request.scope.get("root_path", "")
    return f"{root}/v1/products/{quote(product.product_id, safe='')}"
