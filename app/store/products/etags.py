"""If-Match is compared half by half: details for an edit, both halves for a replace or delete."""

from app.core.errors import ETagMismatch
from app.store.products.model import Product


def check_whole(product: Product, if_match: str) -> None:
    """Let pass what names the product as it is, or `*`.

    Raises:
        ETagMismatch: with the current ETag in the answer's headers.

    """
    if not any(tag in {"*", product.etag} for tag in _tags(if_match)):
        raise _mismatch(product)


def check_details(product: Product, if_match: str) -> None:
    """Let pass what names the product's details as they are, whatever its stock, or `*`.

    Raises:
        ETagMismatch: with the current ETag in the answer's headers.

    """
    current = _details(product.etag)
    if not any(tag == "*" or _details(tag) == current for tag in _tags(if_match)):
        raise _mismatch(product)


def matches(product: Product, if_none_match: str) -> bool:
    """Whether a cached answer is still good."""
    return any(tag in {"*", product.etag} for tag in _tags(if_none_match))


def _tags(header: str) -> list[str]:
    """Each tag in its strong form.

    Our own compression, or a proxy's, makes a product's ETag weak; it still names one state.
    """
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def _details(etag: str) -> str:
    return etag.partition(".")[0]


def _mismatch(product: Product) -> ETagMismatch:
    return ETagMismatch(
        "The product has changed since it was read. Read it again and repeat the change.",
        headers={"ETag": product.etag},
        extra={"etag": product.etag},
    )
