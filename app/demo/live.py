"""A change goes through the same conditional writes as anybody's; what does not fit is left out.

Other people may change or delete the same products meanwhile: a sale of what is not there
any more does not happen, and the shop goes on. An outage is waited out.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from threading import Event

from app.core.errors import StockpulseError
from app.demo.simulation.change import Change, Drop, Edit, Launch, Move
from app.runtime.retry import Retry, Stopped
from app.store.products.product_repository import ProductRepository

ANY_STATE = "*"  # If-Match of a write that means the product as it is

# A left-out change takes this share of the time that a change takes.
_LEFT_OUT = 0.1

# Seconds by which a slow store may put the shop behind its rate, to be caught up with.
_CATCH_UP = 1.0


@dataclass(slots=True)
class Plan:
    """What will happen, and how many times a second; the opening goes at full speed."""

    changes: Iterator[Change]
    rate: float

    def run(
        self,
        products: ProductRepository,
        stop: Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the changes happen until `stop`; called again, it goes on where it was."""
        retry = Retry(stop)
        unrest = Random()  # noqa: S311 - a metronome's shop would look like none
        due = monotonic()
        while not stop.wait(max(0.0, due - monotonic())):
            change = next(self.changes)
            try:
                retry(partial(apply, products, change), "the demo shop")
                share = 1.0
            except StockpulseError:
                share = _LEFT_OUT
            except Stopped:
                return
            gap = 0.0 if change.opening else share * unrest.uniform(0.5, 1.5) / self.rate
            due = max(due + gap, monotonic() - _CATCH_UP)


def apply(products: ProductRepository, change: Change) -> None:
    """Make one change happen.

    Raises:
        StockpulseError: the product is not as the shop thinks, or the store is not available.

    """
    product_id, stamp = change.product_id, change.stamp(uuid.uuid4().hex)
    match change.action:
        case Launch(draft):
            products.create(draft, stamp)
        case Move(delta):
            products.adjust(product_id, delta, stamp)
        case Edit(fields):
            products.patch(product_id, fields, ANY_STATE, stamp)
        case Drop():
            products.delete(product_id, ANY_STATE, stamp)
