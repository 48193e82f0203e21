"""Every write is conditional on what was read, carries its own token, and touches known attributes.

So a retry after a lost answer cannot apply twice or meet itself as a conflict, and what
other programs put on an item survives. A failed condition reads and decides again, ten times.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.item import MAX_STOCK, AttributeNames, Item
from app.store.client import translated
from app.store.commit import Committer
from app.store.deletion import Deletion
from app.store.errors import (
    ConditionFailed,
    InsufficientStock,
    ProductExists,
    ProductGone,
    ProductNotFound,
    StockNotCountable,
    TooMuchContention,
)
from app.store.etags import check_details, check_whole
from app.store.paging import Page, decode_cursor, encode_cursor
from app.store.product import (
    Product,
    ProductDraft,
    Stamp,
    changes_to,
    detail_attributes,
    known_attributes,
    product_of,
)
from app.store.write import compared, is_of, put_new, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """What a write will do to the item that was read, and which attributes must still be so."""

    fields: Mapping[str, Any]
    compare: tuple[str, ...]


class ProductRepository:
    """The products table: one product at a time, always read consistently.

    `stamps_deletes` is true only where the stream's view carries both images; `was_known`
    tells whether an absent product has a history; `on_commit` is called after each write.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        names: AttributeNames,
        *,
        stamps_deletes: bool,
        was_known: Callable[[str], bool],
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._table = table
        self._names = names
        self._was_known = was_known
        self._commit = Committer(client, on_commit)
        self._deletion = Deletion(self._commit, self._find, table, names, stamps=stamps_deletes)
        # Two requests for one product queue here instead of failing each other's
        # conditions; striped, so that the number of locks is bounded.
        self._locks = tuple(threading.Lock() for _ in range(256))

    def get(self, product_id: str) -> Product:
        """The product as it is now.

        Raises:
            ProductNotFound: it never was.
            ProductGone: it was deleted.

        """
        return product_of(self._read(product_id), self._names)

    def page(self, limit: int, cursor: str | None = None) -> Page[Product]:
        """Up to `limit` products in the table's own order.

        Raises:
            InvalidCursor: the cursor is not one that a page gave out.

        """
        request: dict[str, Any] = {"TableName": self._table, "ConsistentRead": True}
        if cursor is not None:
            request["ExclusiveStartKey"] = {self._names.key: {"S": decode_cursor(cursor)}}
        items: list[Product] = []
        while len(items) < limit:
            with translated():
                answer = self._client.scan(Limit=limit - len(items), **request)
            items += [product_of(item, self._names) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            if last is None:
                return Page(items, None)
            request["ExclusiveStartKey"] = last
        return Page(items, encode_cursor(request["ExclusiveStartKey"][self._names.key]["S"]))

    def create(self, draft: ProductDraft, stamp: Stamp) -> Product:
        """Put a product that is not there yet.

        Raises:
            ProductExists: it is.

        """
        item = put_new(draft, stamp, _now(), self._names)
        try:
            self._commit(
                {
                    "Put": {
                        "TableName": self._table,
                        "Item": item,
                        "ConditionExpression": "attribute_not_exists(#key)",
                        "ExpressionAttributeNames": {"#key": self._names.key},
                    }
                }
            )
        except ConditionFailed:
            found = self._find(draft.product_id)
            if is_of(stamp, found):
                return product_of(item, self._names)
            raise ProductExists(
                "A product with this id exists. Choose another id, or change the existing product."
            ) from None
        return product_of(item, self._names)

    def replace(self, draft: ProductDraft, if_match: str, stamp: Stamp) -> Product:
        """Give every known field the draft's value; unknown attributes stay.

        Raises:
            ETagMismatch: the product, stock included, is not as `if_match` says.

        """
        fields = {
            name: getattr(draft, name)
            for name in draft.__dataclass_fields__
            if name != "product_id"
        }

        def decide(product: Product) -> Decision:
            check_whole(product, if_match)
            return Decision(changes_to(product, fields), known_attributes(self._names))

        return self._rewrite(draft.product_id, decide, stamp)

    def patch(
        self, product_id: str, changes: Mapping[str, Any], if_match: str, stamp: Stamp
    ) -> Product:
        """Change the named fields; without `stock` a sale in between does not matter.

        Raises:
            ETagMismatch: the halves that count are not as `if_match` says.

        """

        def decide(product: Product) -> Decision:
            if "stock" in changes:
                check_whole(product, if_match)
                return Decision(changes_to(product, changes), known_attributes(self._names))
            check_details(product, if_match)
            return Decision(changes_to(product, changes), detail_attributes(self._names))

        return self._rewrite(product_id, decide, stamp)

    def adjust(self, product_id: str, delta: int, stamp: Stamp) -> Product:
        """Add `delta` units, exactly once however often answers get lost.

        Raises:
            InsufficientStock: the stock would fall below zero.
            StockNotCountable: the stored stock is no count, or would grow past all sense.

        """

        def decide(product: Product) -> Decision:
            if product.stock is None:
                raise StockNotCountable(
                    "The stored stock is missing or not a whole number of 0 or more. "
                    "Set it with PATCH first."
                )
            total = product.stock + delta
            if total < 0:
                raise InsufficientStock(
                    f"Only {product.stock} in stock, so {-delta} cannot be taken.",
                    extra={"stock": product.stock},
                )
            if total > MAX_STOCK:
                raise StockNotCountable(f"The stock would exceed {MAX_STOCK}.")
            return Decision({"stock": total}, (self._names.stock,))

        return self._rewrite(product_id, decide, stamp)

    def delete(self, product_id: str, if_match: str, stamp: Stamp) -> None:
        """Delete in two steps, so that the stream's last image names who did it.

        Raises:
            ETagMismatch: the product, stock included, is not as `if_match` says.

        """
        with self._lock(product_id):
            for _ in range(_TRIES):
                item = self._read(product_id)
                check_whole(product_of(item, self._names), if_match)
                try:
                    self._deletion(item, stamp)
                except ConditionFailed:
                    continue
                return
        raise _too_much(product_id)

    def _rewrite(
        self, product_id: str, decide: Callable[[Product], Decision], stamp: Stamp
    ) -> Product:
        with self._lock(product_id):
            for attempt in range(_TRIES):
                item = self._read(product_id)
                before = product_of(item, self._names)
                if attempt and is_of(stamp, item):
                    return before  # the write that seemed to fail was ours, applied already
                decision = decide(before)
                if not decision.fields and stamp.reason is None and stamp.note is None:
                    return before  # nothing asked for, nothing to tell
                condition = compared(item, ("Version", *decision.compare))
                request, after = update(
                    item, decision.fields, condition, stamp, _now(), self._names
                )
                target = {"TableName": self._table, "Key": {self._names.key: {"S": product_id}}}
                try:
                    self._commit({"Update": {**target, **request}})
                except ConditionFailed:
                    continue
                return product_of(after, self._names)
        raise _too_much(product_id)

    def _read(self, product_id: str) -> Item:
        item = self._find(product_id)
        if item is not None:
            return item
        if self._was_known(product_id):
            raise ProductGone("The product was deleted; its history can still be read.")
        raise ProductNotFound("No product has this id. GET /v1/products lists them.")

    def _find(self, product_id: str) -> Item | None:
        with translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key={self._names.key: {"S": product_id}},
                ConsistentRead=True,
            )
        return answer.get("Item")

    def _lock(self, product_id: str) -> threading.Lock:
        return self._locks[hash(product_id) % len(self._locks)]


def _now() -> datetime:
    return datetime.now(UTC)


def _too_much(product_id: str) -> TooMuchContention:
    return TooMuchContention(
        f"Others changed {product_id!r} at each of {_TRIES} tries. Read it and try again.",
        headers={"Retry-After": "1"},
    )
