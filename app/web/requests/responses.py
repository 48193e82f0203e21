"""JSON responses: products with their ETag, pages with a `Link` to the next page."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from app.core import json_text
from app.store.products.barcodes import BarcodeCheck
from app.store.products.model import Product
from app.web.schemas.outputs import product_out, written_product_out


def json_response(
    document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON response; whatever an item holds, it can be encoded."""
    return Response(
        json_text.dumps(document),
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/json",
    )


def product_response(product: Product) -> Response:
    """A product, with its ETag."""
    return json_response(product_out(product), headers={"ETag": product.etag})


def written_response(check: BarcodeCheck, product: Product) -> Response:
    """A product after a write that may have set its barcode, with its ETag."""
    document = written_product_out(product, check.result)
    return json_response(document, headers={"ETag": product.etag})


def page_response(
    request: Request, items: list[Any], next_cursor: str | None, **more: Any
) -> Response:
    """`{items, next_cursor, …}`, with a `Link` to the next page."""
    document = {"items": items, "next_cursor": next_cursor, **more}
    return json_response(document, headers=link_to(request, next_cursor))


def link_to(request: Request, next_cursor: str | None) -> dict[str, str]:
    """The `Link` to the next page, which keeps the other query parameters; none at the end."""
    if next_cursor is None:
        return {}
    following = request.url.include_query_params(cursor=next_cursor)
    return {"Link": f'<{following.path}?{following.query}>; rel="next"'}
