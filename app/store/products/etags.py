"""If-Match compares the ETag's first half for an edit, and both for a replace or a delete."""

from app.core.errors import ETagMismatch
from app.store.products.model import Product


def check_whole(product: Product, if_match: str) -> None:
    """Return if `if_match` has the product's current ETag or `*`.

    Raises:
        ETagMismatch: it has neither; the response has the current ETag in its headers.

    """
    if not any(tag in {"*", product.etag} for tag in _tags(if_match)):
        raise _mismatch(product)


def check_details(product: Product, if_match: str) -> None:
    """Return if `if_match` has the first half of the product's current ETag, or `*`.

    Raises:
        ETagMismatch: it has neither; the response has the current ETag in its headers.

    """
    current = _details(product.etag)
    if not any(tag == "*" or _details(tag) == current for tag in _tags(if_match)):
        raise _mismatch(product)


def matches(product: Product, if_none_match: str) -> bool:
    """Whether a cached response is still valid."""
    return any(tag in {"*", product.etag} for tag in _tags(if_none_match))


def _tags(header: str) -> list[str]:
    """Each tag in its strong form.

    Compression, our own or a proxy's, makes a product's ETag weak; it still identifies one state.
    """
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def _details(etag: str) -> str:
    return etag.partition(".")[0]


def _mismatch(product: Product) -> ETagMismatch:
    return ETagMismatch(
        "The product has changed since you read it. Read it again and repeat your change.",
        headers={"ETag": product.etag},
        extra={"etag": product.etag},
    )
