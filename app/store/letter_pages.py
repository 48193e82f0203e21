"""Dead letters are read a page at a time: a product's in the order of its events, or the table's.

The table is read as it lies, so a page for one sink can be short of letters.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.store.client import translated
from app.store.letters import Letter, key_of, letter_of
from app.store.paging import Page, decode_cursor, encode_cursor

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY_BYTES, _SORT_KEY_BYTES = 2048, 1024  # DynamoDB's limits
_READS = 5  # of the table for one page, at the most
_SCANNED = 1_000  # rows of such a read, where only one sink's letters are wanted


class LetterPages:
    """Pages of a table of dead letters."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def page(
        self,
        limit: int,
        cursor: str | None = None,
        *,
        sink: str | None = None,
        product_id: str | None = None,
    ) -> Page[Letter]:
        """Up to `limit` letters; a product's own in their order, else in the table's.

        A page can be short: `next_cursor` says where to go on.

        Raises:
            InvalidCursor: the cursor is not one that a page gave out.

        """
        start = None if cursor is None else _position(cursor, sink, product_id)
        letters: list[Letter] = []
        for _ in range(_READS):
            rows, start = self._some(limit - len(letters), start, sink, product_id)
            letters += map(letter_of, rows)
            if len(letters) > limit:  # a scan for one sink looks further than it needs
                del letters[limit:]
                start = letters[-1].key
            if start is None or len(letters) == limit:
                break
        if start is None:
            return Page(letters, None)
        return Page(letters, encode_cursor(f"{start['ProductID']['S']}\0{start['SinkKey']['S']}"))

    def all(self, sink: str | None = None) -> Iterator[Letter]:
        """Every letter, page by page."""
        cursor: str | None = None
        while True:
            page = self.page(200, cursor, sink=sink)
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def _some(
        self, limit: int, start: Any, sink: str | None, product_id: str | None
    ) -> tuple[list[Any], Any]:
        """Some letters' rows, lane rows left out, and where to go on."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "Limit": limit,
            "FilterExpression": "attribute_not_exists(Tail)",
        }
        if start is not None:
            request["ExclusiveStartKey"] = start
        values: dict[str, Any] = {}
        if sink is not None:
            values[":sink"] = {"S": f"{sink}#"}
        if product_id is None:
            if sink is not None:
                request["FilterExpression"] += " AND begins_with(SinkKey, :sink)"
                request["Limit"] = _SCANNED
                request["ExpressionAttributeValues"] = values
            with translated():
                answer: Any = self._client.scan(**request)
        else:
            condition = "ProductID = :p"
            condition += "" if sink is None else " AND begins_with(SinkKey, :sink)"
            with translated():
                answer = self._client.query(
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues={**values, ":p": {"S": product_id}},
                    **request,
                )
        return answer["Items"], answer.get("LastEvaluatedKey")


def _position(cursor: str, sink: str | None, product_id: str | None) -> dict[str, Any]:
    """Where a page with the same filters left off."""

    def is_of_it(text: str) -> bool:
        product, _, sink_key = text.rpartition("\0")
        return (
            bool(product)
            and "#" in sink_key
            and fits(product, sink_key)
            and product_id in {None, product}
            and (sink is None or sink_key.startswith(f"{sink}#"))
        )

    product, _, sink_key = decode_cursor(cursor, is_of_it, 2 * _KEY_BYTES).rpartition("\0")
    return key_of(product, sink_key)


def fits(product_id: str, sink_key: str) -> bool:
    """Whether DynamoDB takes this for a key."""
    return len(product_id.encode()) <= _KEY_BYTES and len(sink_key.encode()) <= _SORT_KEY_BYTES
