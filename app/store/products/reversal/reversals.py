"""An event is taken back by the same conditional writes as any other change, and once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from app.core.errors import ProductExists
from app.core.events import ChangeEvent
from app.core.stamps import Stamps
from app.store.idempotency import Once
from app.store.products.changes import StockRules
from app.store.products.expressions import put_again
from app.store.products.model import Product, Stamp
from app.store.products.optimistic_update import TRIES, contention_error
from app.store.products.product_repository import ProductRepository
from app.store.products.reversal.compensation import (
    changed_by,
    check_reversible,
    check_untouched,
    counted_before,
    exists_again,
    values_before,
)
from app.store.products.reversal.reversal_errors import AlreadyReversed, NotReversible


class Reversals:
    """Takes events back.

    `event_of_request` returns the id of the event that a request has made lately, from the
    product's id and the request's; None if it is not known.
    """

    def __init__(
        self,
        products: ProductRepository,
        stamps: Stamps,
        rules: StockRules,
        now: Callable[[], datetime],
        event_of_request: Callable[[str, str], str | None],
    ) -> None:
        self._products = products
        self._stamps = stamps
        self._rules = rules
        self._now = now
        self.event_of_request = event_of_request

    def reverse(
        self, event: ChangeEvent, stamp: Stamp, once: Once[Product | None] | None = None
    ) -> Product | None:
        """Take the event back; returns the product, or None if that deleted it.

        `stamp.reverses` is the event's id.

        Raises:
            NotReversible: the event shows too little, or is no change of ours to take back.
            Superseded: a later change touched the same attributes.
            CountedSince: the stock was counted after the event.
            AlreadyReversed: the event was taken back before (from `once`).
            MetadataTaken: another program keeps something else under the metadata's name.
            ProductExists: an item that is no product is in the place of the deleted one.
            ItemTooLarge: the restored item has no room for its stamp.

        And as `ProductRepository` raises for the same write.

        """
        names, products = self._stamps.names, self._products
        check_reversible(event, names)
        match event.kind:
            case "inserted":
                check = partial(check_untouched, event, names=names)
                products.remove(event.product_id, check, stamp, once, whole=True)
                return None
            case "deleted":
                return self._restore(event, stamp, once)
            case _:
                stamp = replace(stamp, counted_at=counted_before(event, names))
                plan = partial(values_before, event, names=names, rules=self._rules)
                return products.change(event.product_id, plan, stamp, once)

    def objection(self, event: ChangeEvent) -> str:
        """Why the event can never be taken back, as far as it shows that itself; else empty."""
        try:
            check_reversible(event, self._stamps.names)
        except NotReversible as error:
            return error.detail
        return ""

    def left_as_is(self, event: ChangeEvent) -> tuple[str, ...]:
        """The attributes that the event changed and its reversal leaves: other programs' own."""
        return changed_by(event, self._stamps.names).others

    def _restore(
        self, event: ChangeEvent, stamp: Stamp, once: Once[Product | None] | None
    ) -> Product:
        if once is not None:
            once.recall()
        for _ in range(TRIES):
            item = put_again(event.before or {}, stamp, self._now(), self._stamps)
            try:
                return self._products.insert(item, stamp, once)
            except ProductExists:
                existing = self._products.find(event.product_id)
                if existing is not None:
                    raise exists_again(event, existing, self._stamps.names) from None
                if self._products.find_item(event.product_id) is not None:
                    raise  # it is no product, so it is not shown
        raise contention_error(event.product_id)

    def already(self, event: ChangeEvent, request_id: str) -> AlreadyReversed:
        """The error for an event that this request took back."""
        reversal = self.event_of_request(event.product_id, request_id)
        return AlreadyReversed(
            "The event was taken back before, and that can be done once. To bring its effect back, "
            "take back the event that reversed it.",
            extra={"reversed_by": {"event_id": reversal, "request_id": request_id}},
        )
