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
    """`{items, next_cursor, …}`; the `Link` to the next page keeps the other query parameters."""
    headers = {}
    if next_cursor is not None:
        following = request.url.include_query_params(cursor=next_cursor)
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return json_response({"items": items, "next_cursor": next_cursor, **more}, headers=headers)
