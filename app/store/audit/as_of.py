"""A product's past is what the last entry by then left of it; what no entry kept is never guessed.

Entries are taken in the chain's order, newest first, void ones left out. A change's time is its
record's, which has whole seconds on AWS (FACTS §1.17).
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from app.core.errors import PastNotKept, ProductGone, ProductNotFound, StockpulseError
from app.core.events import RESERVED, ChangeEvent, rfc3339
from app.core.item import AttributeNames
from app.store.audit.audit_repository import AuditRepository
from app.store.audit.chain import Link
from app.store.products.model import Product, product_of


class Past:
    """Products as they were, by the audit alone."""

    def __init__(self, audit: AuditRepository, names: AttributeNames) -> None:
        self._audit = audit
        self._names = names

    def product(self, product_id: str, moment: datetime) -> Product:
        """The product as it was at the moment.

        Raises:
            ProductNotFound: nothing of it was known then.
            ProductGone: it was deleted then.
            PastNotKept: how it was then is not in the audit, or no more.
            PastOutOfReach: too much happened to it since.

        """
        if product_id.startswith(RESERVED):
            raise before_all(None)  # what lies there are gaps of the stream, no product's history
        links = self._audit.chains.at_or_before(product_id, moment)
        last = last_by(links, moment, lambda link: self._is_void(product_id, link))
        if last is None:
            raise before_all(self._audit.chains.oldest(product_id))
        if last.leaves_nothing:
            raise ProductGone("The product was deleted then; its history can still be read.")
        event = self._audit.get((product_id, last.key))
        if event is None or event.after is None:
            raise PastNotKept(
                f"What the change of {rfc3339(last.occurred_at)} left is not kept: it was too "
                "large, or the stream's view has no new images. Its event tells what is known."
            )
        return product_of(event.after, self._names)

    def _is_void(self, product_id: str, link: Link) -> bool:
        return link.key in self._audit.histories.void(product_id, [link], newer=True, older=True)


def last_by(
    links: Iterable[Link], moment: datetime, is_void: Callable[[Link], bool]
) -> Link | None:
    """Of links, newest first, the first that had happened by the moment and is not void."""
    return next((link for link in links if link.occurred_at <= moment and not is_void(link)), None)


def before_all(oldest: ChangeEvent | None) -> StockpulseError:
    """What to say of a moment before all of a history, which begins with this event."""
    if oldest is None:
        return ProductNotFound("Nothing is known of a product of this id.")
    begins = f"its history begins at {rfc3339(oldest.occurred_at)}"
    if oldest.event_name == "INSERT":  # a baseline's, too
        return ProductNotFound(f"Nothing of the product was known then: {begins}.")
    return PastNotKept(f"What the product was then is not kept: {begins}, and it was there before.")
