"""A change is made by the same conditional write as any other; a change that fails is skipped.

Other people may change or delete the same products meanwhile, so a sale may find too little
stock or no product. During an outage, a change is retried.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from random import Random
from threading import Event

from app.core.errors import StockpulseError
from app.demo.simulation.change import Change, Drop, Edit, Launch, Move
from app.runtime.retry import Retry, Stopped
from app.store.products.product_repository import ProductRepository

ANY_STATE = "*"  # If-Match value for a write in any state of the product

# A skipped change takes this share of a change's time.
_SKIPPED = 0.1

# Seconds that the shop may fall behind its rate and still catch up, when the store is slow.
_CATCH_UP = 1.0


@dataclass(slots=True)
class Plan:
    """The changes to make and their rate per second; the opening changes have no delay."""

    changes: Iterator[Change]
    rate: float

    def run(
        self,
        products: ProductRepository,
        stop: Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the changes until `stop`; another call continues after the last change."""
        retry = Retry(stop)
        jitter = Random()  # noqa: S311 - equal intervals would look artificial
        due = monotonic()
        while not stop.wait(max(0.0, due - monotonic())):
            change = next(self.changes)
            try:
                retry(partial(apply, products, change), "the demo shop")
                share = 1.0
            except StockpulseError:
                share = _SKIPPED
            except Stopped:
                return
            gap = 0.0 if change.opening else share * jitter.uniform(0.5, 1.5) / self.rate
            due = max(due + gap, monotonic() - _CATCH_UP)


def apply(products: ProductRepository, change: Change) -> None:
    """Make one change.

    Raises:
        StockpulseError: the product is not in the expected state, or the store is not available.

    """
    product_id, stamp = change.product_id, change.stamp(uuid.uuid4().hex)
    match change.action:
        case Launch(draft):
            products.create(draft, stamp)
        case Move(delta):
            products.adjust(product_id, Decimal(delta), stamp)
        case Edit(fields):
            products.patch(product_id, fields, ANY_STATE, stamp)
        case Drop():
            products.delete(product_id, ANY_STATE, stamp)
