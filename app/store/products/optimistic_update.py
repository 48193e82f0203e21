"""An optimistic update reads a product, plans the change, and writes if nothing has changed.

If the condition fails, it reads and plans again, up to ten times in all. Requests for the same
product wait for each other within a process, instead of failing each other's conditions.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from app.core.errors import (
    ConditionFailed,
    NotSelected,
    OutcomeUnknown,
    ProductGone,
    ProductNotFound,
    TooMuchContention,
)
from app.core.item import AttributeNames, Item
from app.core.stamps import Stamps
from app.store.dynamodb.transactions import Committer, settling
from app.store.idempotency import Once
from app.store.products.changes import Plan
from app.store.products.expressions import assign, is_written_by
from app.store.products.field_values import Values
from app.store.products.model import Product, Stamp, product_of

TRIES = 10
_LOCKS = 256


class ProductLocks:
    """One lock per product, striped so that the number of locks is bounded."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def lock_of(self, product_id: str) -> threading.Lock:
        """The lock to hold while the product is read and written."""
        return self._locks[hash(product_id) % _LOCKS]


class OptimisticUpdate:
    """Carries out plans on products of one table; `read` returns an item or raises."""

    def __init__(
        self,
        commit: Committer,
        read: Callable[[str], Item],
        locks: ProductLocks,
        stamps: Stamps,
        now: Callable[[], datetime],
        on_write: Callable[[str, Item | None, str], None],
    ) -> None:
        self._on_write = on_write
        self._commit = commit
        self._read = read
        self._locks = locks
        self._stamps = stamps
        self._now = now

    def __call__(
        self, product_id: str, plan: Plan, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Carry out the plan, and return the product after the write.

        Raises:
            TooMuchContention: other writers changed the product before every try.
            OutcomeUnknown: a try may have been applied, and another writer has hidden whether.
            Replayed: the request has already been applied.

        """
        with self._locks.lock_of(product_id):
            for _ in range(TRIES):
                if once is not None:
                    once.recall()
                item = self._read(product_id)
                values = plan(item)
                if values is None:
                    return product_of(item, self._stamps.names)
                after, operations = self._change(item, values, stamp)
                product = product_of(after, self._stamps.names)
                if once is not None:
                    operations += once.actions(product)
                try:
                    if operations:
                        self._commit(*operations)
                except ConditionFailed as error:
                    # With an idempotency key, the key's row shows whether it was applied.
                    if error.may_be_applied and once is None:
                        with settling(error):
                            return self._applied(product_id, stamp)
                    continue
                if operations:
                    self._on_write(product_id, after, stamp.request_id)
                return product
        raise contention_error(product_id)

    def _applied(self, product_id: str, stamp: Stamp) -> Product:
        """The product, if the write that seemed to fail was applied after all."""
        with suppress(ProductGone, ProductNotFound):
            item = self._read(product_id)
            if is_written_by(stamp, item, self._stamps.names):
                self._on_write(product_id, item, stamp.request_id)
                return product_of(item, self._stamps.names)
        raise OutcomeUnknown  # another writer's stamp would hide ours

    def _change(
        self, item: Item, values: Values, stamp: Stamp
    ) -> tuple[Item, list[dict[str, Any]]]:
        """The item after the change, and the operations that make it so."""
        names = self._stamps.names
        if not values and stamp.reason is None and stamp.note is None:
            return item, []  # nothing to change, and nothing to record
        request, after = assign(item, values, stamp, self._now(), self._stamps)
        check_selected(after, names)
        target = {"TableName": self._stamps.table, "Key": names.key.of_item(item)}
        return after, [{"Update": {**target, **request}}]


def check_selected(item: Item, names: AttributeNames) -> None:
    """Return if the item, as a write of ours would leave it, is a product.

    Raises:
        NotSelected: it is none, so the write would hide it.

    """
    if not names.is_product(item):
        raise NotSelected(
            "With these values the item would not match STOCKPULSE_PRODUCTS_FILTER, so nothing was "
            "written. Choose values that the filter matches."
        )


def contention_error(product_id: str) -> TooMuchContention:
    """The error for a write that failed at every try."""
    return TooMuchContention(
        f"Other writers keep changing the product {product_id!r} ({TRIES} tries failed). "
        "Try again in a moment.",
        headers={"Retry-After": "1"},
    )
