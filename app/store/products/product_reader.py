"""Products are read one by one or page by page, always consistently."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.core.errors import ProductGone, ProductNotFound
from app.core.item import AttributeNames, Item, stock
from app.core.keys import ID_BYTES, NotAnID
from app.store.dynamodb.client import translated
from app.store.dynamodb.paging import Page, PageRoom, decode_cursor, encode_cursor, value_size
from app.store.dynamodb.reads import get_one
from app.store.products.model import Product, product_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SAMPLE = 20  # items
_SCANNED = 500  # items per scan if only some items are products
_SCANS = 20  # scans per page, at most


class ProductReader:
    """Reads the products table; `was_known` returns whether an absent product has a history."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        names: AttributeNames,
        was_known: Callable[[str], bool],
    ) -> None:
        self._client = client
        self._table = table
        self._names = names
        self._was_known = was_known

    def get(self, product_id: str) -> Product:
        """The current product.

        Raises:
            ProductNotFound: it has never existed.
            ProductGone: it was deleted.

        """
        return product_of(self.read(product_id), self._names)

    def page(self, limit: int, cursor: str | None = None) -> Page[Product]:
        """Up to `limit` products in the table's own order.

        A page can be short of `limit` even if there are more (`PageRoom`): follow `next_cursor`.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        room = PageRoom(limit)
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
            room.take(sum(map(value_size, found)), len(found))
            last = answer.get("LastEvaluatedKey")
            if len(items) > limit:
                del items[limit:]
                last = self._names.key.of_item(items[-1])
            if last is None:
                return Page([product_of(item, self._names) for item in items], None)
            request["ExclusiveStartKey"] = last
            if room.full:
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

    def _key_of_cursor(self, cursor: str) -> dict[str, Any]:
        def fits(product_id: str) -> bool:
            try:
                return bool(self._names.key.key_of(product_id))
            except NotAnID:
                return False

        return self._names.key.key_of(decode_cursor(cursor, fits, ID_BYTES))

    def read(self, product_id: str) -> Item:
        """The product's item.

        Raises:
            ProductNotFound: it has never existed.
            ProductGone: it was deleted.

        """
        item = self.find(product_id)
        if item is not None:
            return item
        if self._was_known(product_id):
            raise ProductGone("The product was deleted. Its history can still be read.")
        raise ProductNotFound("No product has this id. Look it up in the list of products.")

    def find(self, product_id: str) -> Item | None:
        """The product's item; None if there is no such product."""
        item = self.find_item(product_id)
        return item if self._names.is_product(item) else None

    def find_item(self, product_id: str) -> Item | None:
        """The item, whether it is a product or not; None if there is none."""
        try:
            key = self._names.key.key_of(product_id)
        except NotAnID:
            return None
        return get_one(self._client, self._table, key)
