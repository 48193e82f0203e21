"""Several events are taken back in one request, those of one product newest first.

An `Idempotency-Key` gives each event its own key (`key#index`): a repeat takes back only the events
that failed.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from app.core import json_text
from app.core.events import split_event_id
from app.store.idempotency import Once
from app.store.products.model import Product, Stamp
from app.store.store import Store
from app.web.requests.batches.item_results import ItemResults, Lane, Result
from app.web.requests.idempotency import Idempotency
from app.web.requests.parameters import event_ref
from app.web.requests.responses import json_response
from app.web.schemas.reversal_models import reversed_product_out


class ReversalItems(ItemResults):
    """The events of one request."""

    def __init__(
        self, store: Store, idempotency: Idempotency, stamp: Stamp, request_id: str
    ) -> None:
        super().__init__(request_id)
        self._store = store
        self._idempotency = idempotency
        self._stamp = stamp

    def lanes(self, events: Sequence[str]) -> list[Lane]:
        """The events' indices by product, newest first; what is no event id is alone."""
        found: dict[Any, list[tuple[str, int]]] = {}
        for index, event_id in enumerate(events):
            product_id, event_key = split_event_id(event_id) or (None, "")
            found.setdefault(product_id or index, []).append((event_key, index))
        return [
            (lane if isinstance(lane, str) else None, [index for _, index in sorted(keys)[::-1]])
            for lane, keys in found.items()
        ]

    def _write(self, index: int, item: Any) -> Result:
        event = self._store.timeline.event(event_ref(item))
        reversals, left = self._store.reversals, self._store.reversals.left_as_is(event)
        content = json_text.dumps([event.id, self._stamp.reason, self._stamp.note])
        once: Once[Product | None] = self._idempotency.once_for_action(
            "reversal",
            event.id,
            lambda product: json_response(_success(left, product)),
            partial(reversals.already, event),
            (index, content),
        )
        # A stamp is trusted only if its request id differs from the previous one.
        request_id = f"{self._request_id}.{index}"
        stamp = replace(self._stamp, request_id=request_id, reverses=event.id)
        return _success(left, reversals.reverse(event, stamp, once))


def _success(left: tuple[str, ...], product: Product | None) -> Result:
    if product is None:
        return {"status": 204}
    return {"status": 200, "etag": product.etag, "product": reversed_product_out(product, left)}
