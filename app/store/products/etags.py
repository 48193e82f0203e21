"""If-Match compares the parts of an ETag that the write overwrites.

An ETag is `"<details>.<stock and metadata>.<other attributes>"`. An edit compares the first part,
a replace or a delete the first two, a cached read all of them. So neither a sale nor another
program's own attributes spoil an open edit.
"""

import re

from app.core.errors import ETagMismatch
from app.store.products.model import Product

_PARTS = 3
_CODING = re.compile(r'-(gzip|br|zstd|deflate)"$')


def check_whole(product: Product, if_match: str) -> None:
    """Return if `if_match` names the product's details and stock as they are, or is `*`.

    Raises:
        ETagMismatch: it has neither; the response has the current ETag in its headers.

    """
    _check(product, if_match, 2)


def check_details(product: Product, if_match: str) -> None:
    """Return if `if_match` names the product's details as they are, or is `*`.

    Raises:
        ETagMismatch: it has neither; the response has the current ETag in its headers.

    """
    _check(product, if_match, 1)


def matches(product: Product, if_none_match: str) -> bool:
    """Whether a cached response is still valid."""
    return any(tag in {"*", product.etag} for tag in tags_in(if_none_match))


def tags_in(header: str) -> list[str]:
    """Each tag of a header, as we sent it.

    Compression, our own or a proxy's, makes a product's ETag weak (`W/"…"`, as nginx does) or names
    the coding (`"…-gzip"`, as Apache does). It still identifies one state.
    """
    return [_CODING.sub('"', tag.strip().removeprefix("W/")) for tag in header.split(",")]


def _check(product: Product, if_match: str, parts: int) -> None:
    current = _parts(product.etag)[:parts]
    if not any(tag == "*" or _is(tag, current, parts) for tag in tags_in(if_match)):
        raise _mismatch(product)


def _is(tag: str, current: list[str], parts: int) -> bool:
    found = _parts(tag)
    return len(found) == _PARTS and found[:parts] == current


def _parts(etag: str) -> list[str]:
    return etag.strip('"').split(".") if etag[:1] == etag[-1:] == '"' else []


def _mismatch(product: Product) -> ETagMismatch:
    return ETagMismatch(
        "The product has changed since you read it. Read it again and repeat your change.",
        headers={"ETag": product.etag},
        extra={"etag": product.etag},
    )
