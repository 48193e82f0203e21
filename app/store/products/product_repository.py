"""Every write is conditional on what was read, has a token, and changes known attributes only.

So a retry after a lost response is not applied twice and does not conflict with itself, and other
programs' attributes survive. If a condition fails, the write reads and decides again, up to ten
times.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.core.errors import (
    ConditionFailed,
    InvalidProductID,
    ProductExists,
    ProductGone,
    ProductNotFound,
)
from app.core.item import Item, stock
from app.core.keys import ID_BYTES, NotAnID
from app.core.stamps import Stamps
from app.store.dynamodb.client import translated
from app.store.dynamodb.paging import Page, decode_cursor, encode_cursor
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.transactions import Committer
from app.store.idempotency import Once
from app.store.products.changes import (
    WHOLE_UNITS,
    StockRules,
    adjusting,
    counting,
    patching,
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
from app.store.products.two_step_delete import TwoStepDelete

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SAMPLE = 20  # items
_SCANNED = 500  # items per scan if only some items are products
_SCANS = 20  # scans per page, at most


class ProductRepository:
    """The products table: one product at a time, always read consistently.

    `marks_deletes` is true only if the stream's records have both images. `was_known` returns
    whether an absent product has a history. `on_commit` is called after each write. `now` is the
    time of the store's own clock, which stamps are compared with.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        stamps: Stamps,
        *,
        marks_deletes: bool,
        was_known: Callable[[str], bool],
        on_commit: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: StockRules = WHOLE_UNITS,
    ) -> None:
        self._client = client
        self._stamps = stamps
        self._table = stamps.table
        self._names = stamps.names
        self._was_known = was_known
        self._now = now
        self._rules = rules
        self._commit = Committer(client, on_commit)
        self._deletion = TwoStepDelete(self._commit, self._find, stamps, now, marks=marks_deletes)
        self._locks = ProductLocks()
        self._rewrite = OptimisticUpdate(self._commit, self._read, self._locks, stamps, now)

    def get(self, product_id: str) -> Product:
        """The current product.

        Raises:
            ProductNotFound: it has never existed.
            ProductGone: it was deleted.

        """
        return product_of(self._read(product_id), self._names)

    def page(self, limit: int, cursor: str | None = None) -> Page[Product]:
        """Up to `limit` products in the table's own order.

        A page can be short of `limit` even if there are more: follow `next_cursor`.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        request: dict[str, Any] = {"TableName": self._table, "ConsistentRead": True}
        if cursor is not None:
            request["ExclusiveStartKey"] = self._key_of_cursor(cursor)
        items: list[Item] = []
        for _ in range(_SCANS):
            # With a selection, a scan reads many items to find the few that are products.
            most = limit - len(items) if self._names.selects is None else max(limit, _SCANNED)
            with translated():
                answer = self._client.scan(Limit=most, **request)
            found = [item for item in answer["Items"] if self._names.is_product(item)]
            items += found
            last = answer.get("LastEvaluatedKey")
            if len(items) > limit:
                del items[limit:]
                last = self._names.key.of_item(items[-1])
            if last is None:
                return Page([product_of(item, self._names) for item in items], None)
            request["ExclusiveStartKey"] = last
            if len(items) == limit:
                break
        products = [product_of(item, self._names) for item in items]
        return Page(products, encode_cursor(self._names.key.id_of(request["ExclusiveStartKey"])))

    def carry_no_stock(self) -> bool:
        """Whether the first items of the table have no number in the stock attribute.

        Then the table's stock is probably in an attribute of another name.
        """
        with translated():
            items = self._client.scan(
                TableName=self._table,
                Limit=SAMPLE,
            )["Items"]
        products = [item for item in items if self._names.is_product(item)]
        return bool(products) and all(stock(item, self._names) is None for item in products)

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

        """
        if once is not None:
            once.recall()
        self._rules.check_stock("stock", draft.stock)
        try:
            self._names.key.key_of(draft.product_id)
        except NotAnID as error:
            errors = [{"pointer": "/product_id", "detail": str(error)}]
            raise InvalidProductID(str(error), extra={"errors": errors}) from None
        item = put_new(draft, stamp, self._now(), self._stamps)
        check_selected(item, self._names)
        product = product_of(item, self._names)
        put = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": self._names.key.partition.name},
        }
        extra = [] if once is None else once.actions(product)
        try:
            self._commit({"Put": put}, *extra)
        except ConditionFailed:
            if once is not None:
                once.recall()
            if is_written_by(stamp, self._find(draft.product_id), self._names):
                return product
            if self._names.selects is not None and self._find(draft.product_id) is None:
                raise ProductExists(
                    "An item with this id exists, but STOCKPULSE_PRODUCTS_FILTER does not count it "
                    "as a product. Choose another id."
                ) from None
            raise ProductExists(
                "A product with this id already exists. Choose another id, or edit that product."
            ) from None
        return product

    def replace(
        self, draft: ProductDraft, if_match: str, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Give every known field the draft's value; unknown attributes stay.

        Raises:
            ETagMismatch: the product, stock included, does not match `if_match`.

        """
        decide = replacing(draft, if_match, self._rules)
        return self._rewrite(draft.product_id, decide, stamp, once)

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
        return self._rewrite(product_id, patching(changes, if_match, self._rules), stamp, once)

    def adjust(
        self, product_id: str, delta: Decimal, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Add `delta` units, exactly once even if responses are lost.

        Raises:
            InsufficientStock: the stock would fall below zero.
            StockNotCountable: the stored stock is no number, or would exceed the maximum.
            InvalidStock: `delta` has too many decimal places.

        """
        return self._rewrite(product_id, adjusting(delta, self._rules), stamp, once)

    def count(
        self, product_id: str, counted: Decimal, stamp: Stamp, once: Once[Product] | None = None
    ) -> Product:
        """Set the stock to the counted number; a count with the same number is recorded, too."""
        return self._rewrite(product_id, counting(counted, self._rules), stamp, once)

    def delete(
        self, product_id: str, if_match: str, stamp: Stamp, once: Once[None] | None = None
    ) -> None:
        """Delete in two steps, so that the stream's last image names the author.

        Raises:
            ETagMismatch: the product, stock included, does not match `if_match`.

        """
        with self._locks.lock_of(product_id):
            for _ in range(TRIES):
                if once is not None:
                    once.recall()
                item = self._read(product_id)
                check_whole(product_of(item, self._names), if_match)
                extra = [] if once is None else once.actions(None)
                try:
                    self._deletion(item, stamp, extra)
                except ConditionFailed:
                    continue
                return
        raise contention_error(product_id)

    def _key_of_cursor(self, cursor: str) -> dict[str, Any]:
        def fits(product_id: str) -> bool:
            try:
                return bool(self._names.key.key_of(product_id))
            except NotAnID:
                return False

        return self._names.key.key_of(decode_cursor(cursor, fits, ID_BYTES))

    def _read(self, product_id: str) -> Item:
        item = self._find(product_id)
        if item is not None:
            return item
        if self._was_known(product_id):
            raise ProductGone("The product was deleted. Its history can still be read.")
        raise ProductNotFound("No product has this id. Look it up in the list of products.")

    def _find(self, product_id: str) -> Item | None:
        try:
            key = self._names.key.key_of(product_id)
        except NotAnID:
            return None
        item = get_one(self._client, self._table, key)
        return item if self._names.is_product(item) else None
