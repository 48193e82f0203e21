"""What was booked when a product was counted: now, or at an earlier time from the audit.

A count that waited for the network is compared with the stock of its own time, so that what was
sold while it waited stays sold.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.core.errors import StockpulseError, StoreUnavailable
from app.core.events import rfc3339
from app.core.item import AttributeNames
from app.core.metadata import metadata_of
from app.store.audit.as_of import Past
from app.store.products.model import Product, product_of
from app.store.products.product_repository import ProductRepository
from app.store.timeline.timeline import Timeline

NOW = timedelta(seconds=3)  # a scan that is not older was made now
_COUNTED_LATER = "later"  # no time of a count is equal to it


@dataclass(frozen=True, slots=True)
class Booked:
    """The product, the stock that was booked, and the time of the last recorded count then.

    `late`: the audit does not have the stock of that time, so it is the stock of now.
    """

    product: Product
    stock: Decimal | None
    last_count: str
    late: bool = False


class Books:
    """Reads what is booked, consistently."""

    def __init__(
        self, products: ProductRepository, past: Past, timeline: Timeline, names: AttributeNames
    ) -> None:
        self._products = products
        self._past = past
        self._timeline = timeline
        self._names = names

    def booked(self, product_id: str, at: datetime | None) -> Booked:
        """What was booked at a time; None: now.

        Raises:
            ProductNotFound, ProductGone: there is no such product.
            StoreUnavailable: it cannot be read now, or its changes are not recorded up to then.

        """
        item = self._products.read(product_id)
        product, metadata = product_of(item, self._names), metadata_of(item, self._names)
        last_count = "" if metadata is None else metadata.counted_at or ""
        if at is None or datetime.now(UTC) - at < NOW:
            return Booked(product, product.stock, last_count)
        if last_count > rfc3339(at):
            last_count = _COUNTED_LATER
        try:
            then = self._past.product(product_id, at)
            newest = self._timeline.history(product_id, 1).items
        except StockpulseError as error:
            if error.status >= 500:
                raise
            return Booked(product, product.stock, last_count, late=True)
        # A change that is not recorded yet could be older than the count.
        if newest and newest[0].occurred_at <= at and then.stock != product.stock:
            raise StoreUnavailable(
                "The newest changes of this product are not recorded yet. Try again in a moment."
            )
        return Booked(product, then.stock, last_count)
