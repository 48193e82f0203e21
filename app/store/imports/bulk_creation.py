"""Several products are created in one transaction: one call instead of one for each.

It is all or nothing. Where it fails, whatever the reason, the caller creates them one by one, and
their idempotency keys show which exist already.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from app.core.errors import ConditionFailed, StockpulseError
from app.core.item import Item
from app.core.keys import NotAnID
from app.core.stamps import Stamps
from app.store.dynamodb.transactions import Committer
from app.store.idempotency import Once
from app.store.products.changes import StockRules
from app.store.products.expressions import put_new
from app.store.products.model import Product, ProductDraft, Stamp, product_of
from app.store.products.optimistic_update import check_selected

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Creation = tuple[ProductDraft, Stamp, Once[Product]]


class BulkCreation:
    """Creates products of one table; the arguments are as of `ProductRepository`."""

    def __init__(
        self,
        client: "DynamoDBClient",
        stamps: Stamps,
        rules: StockRules,
        now: Callable[[], datetime],
        on_commit: Callable[[], None],
        on_write: Callable[[str, Item | None, str], None],
    ) -> None:
        self._commit = Committer(client, on_commit)
        self._stamps = stamps
        self._rules = rules
        self._now = now
        self._on_write = on_write

    def __call__(self, creations: Sequence[Creation]) -> bool:
        """Create up to 50 products; returns whether that is certain."""
        names = self._stamps.names
        items, actions = [], []
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
                items.append((draft.product_id, item, stamp.request_id))
            self._commit(*actions)
        except (ConditionFailed, StockpulseError, NotAnID):
            return False
        for written in items:
            self._on_write(*written)
        return True
