"""A product's chain is read a few links at a time, consistently."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from app.core.errors import PastOutOfReach
from app.core.events import ChangeEvent, event_id
from app.core.keys import row_id
from app.store.audit.chain import LINK_FIELDS, Link, is_record, link_of
from app.store.audit.damaged import readable_entries
from app.store.audit.entry import event_of
from app.store.audit.moment_search import first_later
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NEAR = 25  # links in one page around a moment; most requests ask for a recent one
_PAGES = 10  # such pages, at most
_END = "\x7f"  # sorts after every event key

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

    def around(self, product_id: str, moment: datetime) -> Iterator[Link]:
        """Links newest first: the newest few, then those from just after `moment` on.

        Pages are read on demand. Their number does not grow with the history: the place of the
        moment is found by halving.

        Raises:
            PastOutOfReach: too many entries there are not records of the stream.

        """
        key = _END
        for number in range(_PAGES):
            links = self.beside(product_id, key, _NEAR, newer=False)
            yield from links
            if not links:
                return
            key = links[-1].key
            if number == 0 and links[-1].occurred_at > moment:
                read = partial(self._record_beside, product_id)
                key = first_later(
                    partial(read, newer=True), partial(read, newer=False), key, moment
                )
        raise PastOutOfReach(
            "Around that time, the product's history has too many entries that are not changes. "
            "Page through it to the last event before that time: the event's `after` image is the "
            "product's state."
        )

    def _record_beside(self, product_id: str, key: str, *, newer: bool) -> Link | None:
        """The record of a stream next to an event key; None if none is near."""
        for limit in (1, 2 * _NEAR):  # more only if the nearest entry is not a record, or damaged
            links = self.beside(product_id, key, limit, newer=newer)
            record = next((link for link in links if is_record(link.key)), None)
            if record is not None:
                return record
        return None

    def newest_link(self, product_id: str) -> Link | None:
        """The last link of a product's chain; None if it has no entry."""
        values = {":p": {"S": row_id(product_id)}}
        for limit in ({"Limit": 1}, {}):  # reads further back only if the last entry is damaged
            found = self._query("ProductID = :p", values, _LINK_ONLY | limit, forward=False)
            link = next(readable_entries(link_of, found), None)
            if link is not None or not found:
                return link
        return None

    def event_of_request(self, product_id: str, request_id: str) -> str | None:
        """The id of the event that a request made; None if it is not among the newest few."""
        links = self.beside(product_id, _END, _NEAR, newer=False)
        found = (link.key for link in links if link.request_id == request_id)
        return next((event_id(product_id, key) for key in found), None)

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
