"""Table and audit are read page by page, consistently; a read is repeated until it succeeds.

There is one scan, not several parallel ones: for a page of those, dynoxide reads the whole table.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from app.core.events import RESERVED
from app.core.item import AttributeNames, Item
from app.core.keys import NotAnID, id_in
from app.runtime.retry import Retry
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import PAGE
from app.store.dynamodb.table_names import TableNames

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ComparedTables:
    """The products of the table, and the audited products that it does not hold.

    Each method raises Stopped if the worker is stopping.
    """

    def __init__(
        self, client: "DynamoDBClient", tables: TableNames, names: AttributeNames, retry: Retry
    ) -> None:
        self._client = client
        self._tables = tables
        self._names = names
        self._retry = retry

    def products(self) -> Iterator[tuple[str, Item]]:
        """The id and the item of each product in the table."""
        for page in self._pages(TableName=self._tables.products):
            for item in page:
                if self._names.is_product(item):
                    yield self._names.key.id_of(item), item

    def absent(self) -> Iterator[str]:
        """Ids of the products that have audit entries and are not in the table.

        DynamoDB bills this as a scan of the whole audit, which has no index.
        """
        last = ""
        keys_only = {
            "TableName": self._tables.audit,
            "ProjectionExpression": "ProductID, FullProductID",
        }
        for page in self._pages(**keys_only):
            ids = dict.fromkeys(id_in(entry) for entry in page)
            yield from self._missing([product_id for product_id in ids if product_id != last])
            last = next(reversed(ids), last)

    def product(self, product_id: str) -> Item | None:
        """The product's item; None if the table holds no such product."""
        return next(iter(self._items([product_id])), None)

    def _missing(self, product_ids: list[str]) -> list[str]:
        own = [product_id for product_id in product_ids if not product_id.startswith(RESERVED)]
        present = {self._names.key.id_of(item) for item in self._items(own)}
        return [product_id for product_id in own if product_id not in present]

    def _items(self, product_ids: Iterable[str]) -> list[Item]:
        keys = [key for product_id in product_ids if (key := self._key(product_id)) is not None]
        read = partial(get_all, self._client, self._tables.products, keys)
        return [item for item in self._retry(read, "reconcile") if self._names.is_product(item)]

    def _key(self, product_id: str) -> dict[str, Any] | None:
        """The item's key; None for an id from before the table got another key."""
        try:
            return self._names.key.key_of(product_id)
        except NotAnID:
            return None

    def _pages(self, **request: Any) -> Iterator[list[Mapping[str, Any]]]:
        request |= {"ConsistentRead": True, "Limit": PAGE}

        def page() -> Any:
            with translated():
                return self._client.scan(**request)

        while True:
            answer = self._retry(page, "reconcile")
            yield answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
