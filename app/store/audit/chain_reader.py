"""A product's chain is read a few links at a time, consistently."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.core.errors import PastOutOfReach
from app.core.events import ChangeEvent, rfc3339
from app.core.keys import row_id
from app.store.audit.chain import LINK_FIELDS, Link, link_of
from app.store.audit.damaged import readable_entries
from app.store.audit.entry import event_of
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Pages read at most to find one moment. The first are small, because most requests ask for a
# recent time. DynamoDB ends a page at 1 MB of entries.
PAGES = 25
FIRST_PAGE = 25  # entries; each of the next four pages has four times as many

_LINK_ONLY: dict[str, Any] = {
    "ProjectionExpression": ", ".join(LINK_FIELDS),
    "ExpressionAttributeNames": LINK_FIELDS,
}


class ChainReader:
    """Reads the audit table as one chain per product, internal entries included."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def links(self, product_id: str, after: str, before: str) -> list[Link]:
        """The links between two event keys, oldest first, both ends excluded."""
        # `BETWEEN` includes its ends. No key continues with U+0001, so that sorts just above.
        values = {":p": {"S": row_id(product_id)}, ":a": {"S": f"{after}\x01"}, ":b": {"S": before}}
        found = self._query(
            "ProductID = :p AND EventKey BETWEEN :a AND :b", values, _LINK_ONLY, forward=True
        )
        return [link for link in readable_entries(link_of, found) if link.key != before]

    def beside(self, product_id: str, key: str, limit: int, *, newer: bool) -> list[Link]:
        """Up to `limit` links next to an event key, the nearest first."""
        values = {":p": {"S": row_id(product_id)}, ":k": {"S": key}}
        found = self._query(
            f"ProductID = :p AND EventKey {'>' if newer else '<'} :k",
            values,
            _LINK_ONLY | {"Limit": limit},
            forward=newer,
        )
        return list(readable_entries(link_of, found))

    def at_or_before(self, product_id: str, moment: datetime) -> Iterator[Link]:
        """The links of changes up to the end of the moment's second, newest first.

        Pages are read on demand.

        Raises:
            PastOutOfReach: there are so many later changes that `PAGES` do not reach back.

        """
        # Only some times have milliseconds, so as text they sort correctly by whole seconds only.
        next_second = rfc3339(moment.replace(microsecond=0) + timedelta(seconds=1))[:19]
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "ProductID = :p",
            "FilterExpression": "OccurredAt < :t",
            "ExpressionAttributeValues": {
                ":p": {"S": row_id(product_id)},
                ":t": {"S": next_second},
            },
            "ConsistentRead": True,
            "ScanIndexForward": False,
            **_LINK_ONLY,
        }
        for number in range(PAGES):
            with translated():
                answer = self._client.query(**request, Limit=FIRST_PAGE * 4 ** min(number, 4))
            yield from readable_entries(link_of, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        raise PastOutOfReach(
            "The product has changed too often since then. Page through its history to the last "
            "event before that time: the event's `after` image is the product's state."
        )

    def newest_link(self, product_id: str) -> Link | None:
        """The last link of a product's chain; None if it has no entry."""
        values = {":p": {"S": row_id(product_id)}}
        for limit in ({"Limit": 1}, {}):  # reads further back only if the last entry is damaged
            found = self._query("ProductID = :p", values, _LINK_ONLY | limit, forward=False)
            link = next(readable_entries(link_of, found), None)
            if link is not None or not found:
                return link
        return None

    def oldest(self, product_id: str) -> ChangeEvent | None:
        """A product's first event; None if it has no entry."""
        values = {":p": {"S": row_id(product_id)}}
        found = self._query("ProductID = :p", values, {"Limit": 1}, forward=True)
        return next(readable_entries(event_of, found), None)

    def _query(
        self, condition: str, values: dict[str, Any], more: dict[str, Any], *, forward: bool
    ) -> list[dict[str, Any]]:
        """One page of a product's entries, at most 1 MB."""
        with translated():
            return self._client.query(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
                ScanIndexForward=forward,
                **more,
            )["Items"]
