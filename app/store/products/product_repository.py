"""Every write is conditional on what was read, has a token, and changes known attributes only.

So a retry after a lost response is not applied twice and does not conflict with itself, and other
programs' attributes survive. If a condition fails, the write reads and decides again, up to ten
times.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core.errors import (
    ConditionFailed,
    InvalidProductID,
    OutcomeUnknown,
    ProductExists,
)
from app.core.item import Item
from app.core.keys import NotAnID
from app.core.stamps import Stamps
from app.store.dynamodb.transactions import Committer, settling
from app.store.idempotency import Once
from app.store.products.changes import (
    WHOLE_UNITS,
    Decide,
    StockRules,
    adjusting,
    counting,
    patching,
    planned,
    replacing,
)
from app.store.products.etags import check_whole
from app.store.products.expressions import is_written_by, put_new
from app.store.products.model import Product, ProductDraft, Stamp, product_of
from app.store.products.optimistic_update import (
    TRIES,
    OptimisticUpdate,
    ProductLocks,
    check_selected,
    contention_error,
)
from app.store.products.product_reader import ProductReader
from app.store.products.two_step_delete import TwoStepDelete

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ProductRepository(ProductReader):
    """The products table: one product at a time, always read consistently.

    `marks_deletes` is true only if the stream's records have both images. `was_known` returns
    whether an absent product has a history. `on_commit` is called after each write.
    `on_write` gets the product's id, its item as the write left it (None: deleted) and the id of
    the request. `now` is the time of the store's own clock, which stamps are compared with.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        stamps: Stamps,
        *,
        marks_deletes: bool,
        was_known: Callable[[str], bool],
        on_commit: Callable[[], None] = lambda: None,
        on_write: Callable[[str, Item | None, str], None] = lambda *_: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: StockRules = WHOLE_UNITS,
    ) -> None:
        super().__init__(client, stamps.table, stamps.names, was_known)
        self._stamps = stamps
        self._now = now
        self._rules = rules
        self._commit = Committer(client, on_commit)
        self._deletion = TwoStepDelete(
            self._commit, self.find_item, stamps, now, marks=marks_deletes
        )
        self._on_write = on_write
        self._locks = ProductLocks()
        self.change = OptimisticUpdate(self._commit, self.read, self._locks, stamps, now, on_write)

    @property
    def write_took(self) -> float | None:
        """Seconds until the table had applied this process's newest write; None before it."""
        return self._commit.took

    def create(
        self, draft: ProductDraft, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Create a product.

        Raises:
            ProductExists: a product with this id exists.
            InvalidProductID: no item of the table can have this id.
            NotSelected: by the settings, the item would be no product.
            InvalidStock: the stock has too many decimal places, or is negative.
            Replayed: the request has already been applied.
            OutcomeUnknown: the product may have been created, and another writer has hidden it.

        """
        if once is not None:
            once.recall()
        self._rules.check_stock("stock", draft.stock)
        try:
            self._names.key.key_of(draft.product_id)
        except NotAnID as error:
            errors = [{"pointer": "/product_id", "detail": str(error)}]
            raise InvalidProductID(str(error), extra={"errors": errors}) from None
        return self.insert(put_new(draft, stamp, self._now(), self._stamps), stamp, once)

    def insert(self, item: Item, stamp: Stamp, once: Once[Product] | None = None) -> Product:
        """Put a stamped item, if there is none with its key; raises as `create`."""
        check_selected(item, self._names)
        product = product_of(item, self._names)
        product_id = product.product_id
        put = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": self._names.key.partition.name},
        }
        extra = [] if once is None else once.actions(product)
        try:
            self._commit({"Put": put}, *extra)
        except ConditionFailed as error:
            if once is not None:
                once.recall()
            with settling(error):
                if is_written_by(stamp, self.find(product_id), self._names):
                    self._on_write(product_id, item, stamp.request_id)
                    return product
            if error.may_be_applied and once is None:
                raise OutcomeUnknown from None
            if self._names.selects is not None and self.find(product_id) is None:
                raise ProductExists(
                    "An item with this id exists, but does not match STOCKPULSE_PRODUCTS_FILTER, "
                    "so it is not shown. Choose another id."
                ) from None
            raise ProductExists(
                "A product with this id already exists. Choose another id, or edit that product."
            ) from None
        self._on_write(product_id, item, stamp.request_id)
        return product

    def replace(
        self, draft: ProductDraft, if_match: str, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Give every known field the draft's value; unknown attributes stay.

        Raises:
            ETagMismatch: the product, stock included, does not match `if_match`.

        """
        decide = replacing(draft, if_match, self._rules)
        return self._decided(draft.product_id, decide, stamp, once)

    def patch(
        self,
        product_id: str,
        changes: Mapping[str, Any],
        if_match: str,
        stamp: Stamp,
        once: Once[Product] | None = None,
    ) -> Product:
        """Change the named fields; without `stock` among them, a sale in between is no conflict.

        Raises:
            ETagMismatch: the compared parts do not match `if_match`.

        """
        return self._decided(product_id, patching(changes, if_match, self._rules), stamp, once)

    def adjust(
        self, product_id: str, delta: Decimal, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Add `delta` units, exactly once even if responses are lost.

        Raises:
            InsufficientStock: the stock would fall below zero.
            StockNotCountable: the stored stock is no number, or would exceed the maximum.
            InvalidStock: `delta` has too many decimal places.

        """
        return self._decided(product_id, adjusting(delta, self._rules), stamp, once)

    def count(
        self, product_id: str, counted: Decimal, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Set the stock to the counted number; a count with the same number is recorded, too."""
        decide = counting(counted, self._rules)
        return self._decided(product_id, decide, replace(stamp, counts=True), once)

    def _decided(
        self, product_id: str, decide: Decide, stamp: Stamp, once: Once[Product] | None
    ) -> Product:
        return self.change(product_id, planned(decide, self._names), stamp, once)

    def delete(
        self, product_id: str, if_match: str, stamp: Stamp, once: Once[None] | None = None
    ) -> None:
        """Delete in two steps, so that the stream's last image names the author.

        Raises:
            ETagMismatch: the product, stock included, does not match `if_match`.
            OutcomeUnknown: it may have been deleted, and created again by another writer.

        """

        def check(item: Item) -> None:
            check_whole(product_of(item, self._names), if_match)

        self.remove(product_id, check, stamp, once)

    def remove(
        self,
        product_id: str,
        check: Callable[[Item], None],
        stamp: Stamp,
        once: Once[None] | None = None,
        *,
        whole: bool = False,
    ) -> None:
        """Delete as `delete` does, unless `check` raises.

        `whole`: unless other programs' attributes have changed since the check, either.
        """
        with self._locks.lock_of(product_id):
            for _ in range(TRIES):
                if once is not None:
                    once.recall()
                item = self.read(product_id)
                check(item)
                extra = [] if once is None else once.actions(None)
                try:
                    self._deletion(item, stamp, extra, check=check if whole else None)
                except ConditionFailed:
                    continue
                self._on_write(product_id, None, stamp.request_id)
                return
        raise contention_error(product_id)
