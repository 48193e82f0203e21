"""Which products a code can mean: an id or a barcode, otherwise words of a name."""

from app.core.errors import ProductGone, ProductNotFound
from app.core.keys import ID_BYTES
from app.readmodel.products.product_query import ProductQuery
from app.store.products.model import Product
from app.web.services import Services

MOST = 10  # products that a page asks about; with more, a longer name is needed


def meant(services: Services, code: str) -> list[Product]:
    """The products with this id or barcode; if there are none, those that a search finds.

    At most one more than `MOST`.

    Raises:
        ReadModelFilling: barcodes and names cannot be looked up yet.
        StoreUnavailable: nothing can be looked up now.

    """
    found = [] if len(code.encode()) > ID_BYTES else _with_id(services, code)
    same = {product.product_id for product in found}
    others = services.read_model.with_barcode(code, MOST + 1)
    found += [product for product in others if product.product_id not in same]
    return found[: MOST + 1] or named(services, code)


def named(services: Services, words: str) -> list[Product]:
    """Up to one more than `MOST` products that a search for these words finds, by name.

    Raises:
        ReadModelFilling, StoreUnavailable: as `meant`.

    """
    if not any(map(str.isalnum, words)):
        return []
    return services.read_model.page(ProductQuery(q=words, sort="name"), MOST + 1).items


def _with_id(services: Services, code: str) -> list[Product]:
    try:
        return [services.store.products.get(code)]
    except (ProductNotFound, ProductGone):
        return []
