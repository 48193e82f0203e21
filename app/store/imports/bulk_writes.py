"""Several products are created or changed in one transaction: one call instead of one for each.

It is all or nothing. Where it fails, whatever the reason, the caller writes them one by one, and
their idempotency keys show which were written already.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, StockpulseError
from app.core.item import Item
from app.core.keys import NotAnID
from app.core.stamps import Stamps
from app.store.dynamodb.transactions import Committer
from app.store.idempotency import Once
from app.store.products.changes import StockRules, patching, planned
from app.store.products.expressions import assign, put_new
from app.store.products.model import Product, ProductDraft, Stamp, product_of
from app.store.products.optimistic_update import check_selected

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Creation = tuple[ProductDraft, Stamp, Once[Product]]
Change = tuple[str, Mapping[str, Any], str, Stamp, Once[Product]]  # as the arguments of `patch`
Written = tuple[str, Item, str]


class BulkWrites:
    """Writes products of one table; the arguments are as of `ProductRepository`."""

    def __init__(
        self,
        client: "DynamoDBClient",
        stamps: Stamps,
        rules: StockRules,
        items: Callable[[Iterable[str]], Mapping[str, Item]],
        now: Callable[[], datetime],
        on_commit: Callable[[], None],
        on_write: Callable[[str, Item | None, str], None],
    ) -> None:
        self._commit = Committer(client, on_commit)
        self._stamps = stamps
        self._rules = rules
        self._items = items
        self._now = now
        self._on_write = on_write

    def create(self, creations: Sequence[Creation]) -> bool:
        """Create up to 50 products; returns whether that is certain."""
        names = self._stamps.names
        written: list[Written] = []
        actions: list[dict[str, Any]] = []
        try:
            for draft, stamp, once in creations:
                self._rules.check_stock("stock", draft.stock)
                item = put_new(draft, stamp, self._now(), self._stamps)
                check_selected(item, names)
                put = {
                    "TableName": self._stamps.table,
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(#key)",
                    "ExpressionAttributeNames": {"#key": names.key.partition.name},
                }
                actions += [{"Put": put}, *once.actions(product_of(item, names))]
                written.append((draft.product_id, item, stamp.request_id))
            self._commit(*actions)
        except (ConditionFailed, StockpulseError, NotAnID):
            return False
        self._tell(written)
        return True

    def change(self, changes: Sequence[Change]) -> bool:
        """Change up to 50 products; returns whether that is certain."""
        names = self._stamps.names
        written: list[Written] = []
        actions: list[dict[str, Any]] = []
        try:
            items = self._items([change[0] for change in changes])
            for product_id, fields, if_match, stamp, once in changes:
                item = items.get(product_id)
                if item is None or not names.is_product(item):
                    return False
                values = planned(patching(fields, if_match, self._rules), names)(item)
                if not values:
                    return False
                request, after = assign(item, values, stamp, self._now(), self._stamps)
                check_selected(after, names)
                target = {"TableName": self._stamps.table, "Key": names.key.of_item(item)}
                actions += [
                    {"Update": {**target, **request}},
                    *once.actions(product_of(after, names)),
                ]
                written.append((product_id, after, stamp.request_id))
            self._commit(*actions)
        except (ConditionFailed, StockpulseError):
            return False
        self._tell(written)
        return True

    def _tell(self, written: Iterable[Written]) -> None:
        for one in written:
            self._on_write(*one)
