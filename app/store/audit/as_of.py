"""A product's past state is what the last entry up to that time left; it is never guessed.

Entries are read in the chain's order, newest first, without void ones. A change's time is that of
its stream record, which has whole seconds on AWS (stream fact 17).
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from app.core.errors import PastNotKept, ProductGone, ProductNotFound, StockpulseError
from app.core.events import RESERVED, ChangeEvent, rfc3339
from app.core.item import AttributeNames, Item
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import Link
from app.store.products.model import Product, product_of


class Past:
    """Past states of products, from the audit alone."""

    def __init__(self, audit: AuditRepository, names: AttributeNames) -> None:
        self._audit = audit
        self._names = names

    def product(self, product_id: str, moment: datetime) -> Product:
        """The product as it was at that moment.

        Raises:
            ProductNotFound: nothing is known about it at that time.
            ProductGone: it was deleted at that time.
            PastNotKept: its state at that time is not, or no longer, in the audit.
            PastOutOfReach: too many entries there are not changes.

        """
        if product_id.startswith(RESERVED):
            raise error_before_history(None)  # a shard's gaps, not a product's history
        links = self._audit.chains.around(product_id, moment)
        last = last_at(links, moment, lambda link: self._is_void(product_id, link))
        if last is None:
            raise error_before_history(self._audit.chains.oldest(product_id))
        if last.leaves_nothing:
            raise ProductGone(
                "The product was deleted at that time. Its history can still be read."
            )
        event = self._audit.get((product_id, last.key))
        if event is None or event.after is None:
            raise PastNotKept(
                f"The product's state after the change at {rfc3339(last.occurred_at)} is not "
                "stored: it was too large, or the stream's view type has no new images. The event "
                "shows what is known about the change."
            )
        product = self.product_in(event.after)
        if product is None:
            raise PastNotKept(
                "The product's state at that time is from before the table got another key."
            )
        return product

    def product_in(self, image: Item) -> Product | None:
        """The product in an event's image; None if the table had another key then."""
        try:
            return product_of(image, self._names)
        except KeyError:
            return None

    def _is_void(self, product_id: str, link: Link) -> bool:
        return link.key in self._audit.histories.void(product_id, [link], newer=True, older=True)


def last_at(
    links: Iterable[Link], moment: datetime, is_void: Callable[[Link], bool]
) -> Link | None:
    """The first of these links (newest first) that is not later than the moment and not void."""
    return next((link for link in links if link.occurred_at <= moment and not is_void(link)), None)


def error_before_history(oldest: ChangeEvent | None) -> StockpulseError:
    """The error for a moment before a history that begins with this event (None: no history)."""
    if oldest is None:
        return ProductNotFound("No product with this id is known.")
    begins = f"its history begins at {rfc3339(oldest.occurred_at)}"
    if oldest.kind == "inserted" or oldest.event_name == "INSERT":  # a baseline's, too
        return ProductNotFound(f"Nothing is known about the product at that time: {begins}.")
    return PastNotKept(
        f"The product's state at that time is not stored: {begins}, and the product is older."
    )
