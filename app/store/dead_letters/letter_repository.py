"""A dead letter is parked in one transaction with a check of the lease, and stored only once.

A worker that has lost its shard or its sink therefore leaves no letter behind.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, ItemTooLarge, StoreUnavailable
from app.core.events import rfc3339
from app.core.keys import ID_BYTES, PARTITION_BYTES, SORT_BYTES, row_id
from app.observability.metrics import PARKED
from app.runtime.backoff import Backoff
from app.store.coordination.hold import Hold, Unleased
from app.store.dead_letters.letter import (
    Letter,
    distinct,
    key_of,
    letter_of,
    park_action,
    redrive_failure,
    size_of,
    split_letter_id,
)
from app.store.dynamodb.client import translated
from app.store.dynamodb.paging import Page, PageRoom, decode_cursor, encode_cursor
from app.store.dynamodb.reads import get_one, get_rows
from app.store.dynamodb.transactions import commit
from app.store.feed.cursor import wall_ms
from app.store.sinks.sink_errors import LetterNotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A transaction holds 100 actions and 4 MB; the lease takes one action.
_LETTERS, _BYTES = 99, 3_000_000
_TRIES = 8  # of a transaction that conflicts with another one
_pause = Backoff(0.005, 1.0)

_READS = 5  # calls for one page, at most
_SCANNED = 1_000  # rows per call of a scan for one sink


class DeadLetters:
    """The table of dead letters."""

    def __init__(
        self, client: "DynamoDBClient", table: str, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._client = client
        self._table = table
        self._now_ms = now_ms

    def park(self, letters: Sequence[Letter], hold: Hold | None = None) -> None:
        """Store letters.

        Raises:
            LeaseLost: another worker holds the shard or the sink; the letters of the failed
                transaction are not stored.
            StoreUnavailable: some may not be stored; the call can be repeated.

        """
        for group in _groups(distinct(letters)):
            self._park(group, hold or Unleased())
            for letter in group:
                PARKED.labels(letter.sink).inc()

    def get(self, letter_id: str) -> Letter:
        """One letter.

        Raises:
            LetterNotFound: it does not exist.

        """
        key = split_letter_id(letter_id)
        if key is None or not _fits(*key):
            raise LetterNotFound("This is not a dead letter's id.")
        row = get_one(self._client, self._table, key_of(*key))
        if row is None:
            raise LetterNotFound(
                "This dead letter does not exist, or it was delivered in the meantime. "
                "Look it up in the list of dead letters."
            )
        return letter_of(row)

    def page(
        self,
        limit: int,
        cursor: str | None = None,
        *,
        sink: str | None = None,
        product_id: str | None = None,
    ) -> Page[Letter]:
        """Up to `limit` letters; those of one product are in the order of its events.

        A page can be short of `limit` even if there are more letters: follow `next_cursor`.

        Raises:
            InvalidCursor: no page with these filters returned this cursor.

        """
        start = None if cursor is None else _position(cursor, sink, product_id)
        letters: list[Letter] = []
        room = PageRoom(limit)
        for _ in range(_READS):
            rows, start = self._some(room.items, start, sink, product_id)
            for row in rows:  # a scan for one sink reads further than it needs
                letters.append(letter_of(row))
                room.take(size_of(letters[-1]))
                if room.full and row is not rows[-1]:
                    start = letters[-1].key
                    break
            if start is None or room.full:
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

    def due(self, sink: str, *, everything: bool = False) -> Iterator[Letter]:
        """The sink's letters for which a redrive was requested, or all; this scans the table."""
        condition = "begins_with(SinkKey, :sink)"
        if not everything:
            condition += " AND attribute_exists(Due)"
        rows = get_rows(
            self._client,
            "scan",
            self._table,
            FilterExpression=condition,
            ExpressionAttributeValues={":sink": {"S": f"{sink}#"}},
        )
        return map(letter_of, rows)

    def failed(self, letter: Letter, error: str) -> None:
        """Record a failed redrive on the letter, if it still exists."""
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table, Key=letter.key, **redrive_failure(error, self._now())
                )
        except ConditionFailed:
            pass

    def remove(self, letter: Letter) -> None:
        """Delete a letter that was delivered."""
        with translated():
            self._client.delete_item(TableName=self._table, Key=letter.key)

    def _park(self, letters: Sequence[Letter], hold: Hold) -> None:
        now, condition = self._now(), hold.condition()
        actions = [
            *([] if condition is None else [condition]),
            *(park_action(self._table, letter, now) for letter in letters),
        ]
        for tries in range(1, _TRIES + 1):
            try:
                commit(self._client, actions)
            except ConditionFailed:
                hold.check()  # raises if the lease is lost; else another transaction conflicts
                time.sleep(_pause(tries))
            except ItemTooLarge:
                if len(letters) == 1:
                    raise
                self._park(letters[: len(letters) // 2], hold)
                self._park(letters[len(letters) // 2 :], hold)
                return
            else:
                return
        raise StoreUnavailable("Other transactions kept changing the dead letters. Try again.")

    def _some(
        self, limit: int, start: Any, sink: str | None, product_id: str | None
    ) -> tuple[list[Any], Any]:
        """Some rows, and the key to continue after (None: the end)."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "Limit": limit,
        }
        values: dict[str, Any] = {}
        if start is not None:
            request["ExclusiveStartKey"] = start
        if sink is not None:
            values[":sink"] = {"S": f"{sink}#"}
        if product_id is not None:
            condition = "ProductID = :p"
            condition += "" if sink is None else " AND begins_with(SinkKey, :sink)"
            request["KeyConditionExpression"] = condition
            request["ExpressionAttributeValues"] = {**values, ":p": {"S": row_id(product_id)}}
        elif sink is not None:
            request["FilterExpression"] = "begins_with(SinkKey, :sink)"
            request["ExpressionAttributeValues"] = values
            request["Limit"] = _SCANNED
        read = self._client.scan if product_id is None else self._client.query
        with translated():
            answer: Any = read(**request)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def _now(self) -> str:
        return rfc3339(datetime.fromtimestamp(self._now_ms() / 1000, UTC))


def _groups(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """The letters in order, in groups that each fit into one transaction."""
    group: list[Letter] = []
    size = 0
    for letter in letters:
        more = size_of(letter)
        if group and (len(group) == _LETTERS or size + more > _BYTES):
            yield group
            group, size = [], 0
        group.append(letter)
        size += more
    if group:
        yield group


def _position(cursor: str, sink: str | None, product_id: str | None) -> dict[str, Any]:
    """The key in the cursor of a page with the same filters."""

    def fits_filters(text: str) -> bool:
        product, _, sink_key = text.rpartition("\0")
        return (
            bool(product)
            and "#" in sink_key
            and _fits(product, sink_key)
            and (product_id is None or row_id(product_id) == product)
            and (sink is None or sink_key.startswith(f"{sink}#"))
        )

    product, _, sink_key = decode_cursor(cursor, fits_filters, 2 * PARTITION_BYTES).rpartition("\0")
    return key_of(product, sink_key)


def _fits(product_id: str, sink_key: str) -> bool:
    """Whether DynamoDB accepts this as a key."""
    return len(product_id.encode()) <= ID_BYTES and len(sink_key.encode()) <= SORT_BYTES
