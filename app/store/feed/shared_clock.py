"""Several writers share the store's clock, and no stamp exceeds the value in one row of the store.

So a machine whose clock is an hour off still stamps within seconds of all others, well inside the
10 s that every resume reads before its cursor. The row keeps stamps from going backwards after a
restart, or if the store's clock steps back (ADR 0006). As the row is an upper bound of all stamps,
a writer that raises its clock past the row stamps above all earlier ones (ADR 0013).
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.dynamodb.client import translated
from app.store.feed.cursor import Cursor, wall_ms

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EXCHANGE = 1.0  # seconds; no stamp is based on an older exchange with the row
LEAD = 2_000  # ms by which the row is written ahead of the clock
STEP = 50  # ms; room for that many stamps if a writer has used up the row's value
LATE = 7_000  # ms; a stamp this far below the row is too old to be committed
_TRIES = 20
_BELOW = "attribute_not_exists(Ms) OR Ms < :ms"


@dataclass(frozen=True, slots=True)
class Reading:
    """The row's value in ms (0 before the first writer), and the second of the store's clock.

    The second is None if the response has no `Date` header.
    """

    ms: int
    second: int | None


class ClockRow:
    """The row `~clock` of `StreamCheckpoints`; its milliseconds never decrease."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._key = {"Consumer": {"S": consumer}, "Shard": {"S": "~clock"}}

    def read(self) -> Reading:
        """Read the row."""
        with translated():
            answer: Any = self._client.get_item(
                TableName=self._table, Key=self._key, ConsistentRead=True
            )
        return _reading(answer.get("Item", {}), answer)

    def add(self, ms: int) -> Reading:
        """Add milliseconds to the row, and return it; concurrent calls never conflict.

        After a lost response they may be added twice, which is harmless.
        """
        with translated():
            answer: Any = self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="ADD Ms :ms",
                ExpressionAttributeValues={":ms": {"N": str(ms)}},
                ReturnValues="ALL_NEW",
            )
        return _reading(answer["Attributes"], answer)

    def raise_to(self, ms: int) -> None:
        """Set the row to `ms` if its value is lower.

        Raises:
            ConditionFailed: it is not lower, perhaps after this call's own lost response.

        """
        with translated():
            self._client.put_item(
                TableName=self._table,
                Item={**self._key, "Ms": {"N": str(ms)}},
                ConditionExpression=_BELOW,
                ExpressionAttributeValues={":ms": {"N": str(ms)}},
            )

    def below(self, ms: int) -> dict[str, Any]:
        """A `TransactWriteItems` action that fails unless the row is below `ms`."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": self._key,
                "ConditionExpression": _BELOW,
                "ExpressionAttributeValues": {":ms": {"N": str(ms)}},
            }
        }


class SharedClock:
    """Stamps one process's batches while other processes stamp theirs.

    `newest_ms` is the newest stamp in `Feed`, for a deployment that has no clock row yet.
    """

    def __init__(
        self,
        row: ClockRow,
        newest_ms: int = 0,
        *,
        now_ms: Callable[[], int] = wall_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._row = row
        self._now = now_ms
        self._monotonic = monotonic
        self._writer = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._newest_ms = newest_ms
        self._last: int | None = None
        self._ceiling = 0  # the row's value when last read or written
        self._offset = 0  # ms from the monotonic clock to this one
        self._exchanged = 0.0

    def stamp(self) -> Cursor:
        """The cursor of a new batch's first event.

        Raises:
            StoreUnavailable: the row cannot be read or written now.

        """
        with self._lock:
            last = self._last
            if last is None or self._is_old() or self._after(last) > self._ceiling:
                last = self._exchange()
            self._last = min(self._after(last), self._ceiling)
            return Cursor(self._last, self._writer, 0)

    def raise_past_row(self, stamps: int = 1) -> None:
        """Make every later stamp greater than all stamps of any writer so far.

        Call it before the first stamp for products that another writer may have stamped: when a
        shard's lease is taken, and when a Lambda invocation begins. `stamps` is the number needed
        soon; the row rises by at least as many ms, so more than 1,000 a second in total would make
        it run ahead of the time.

        Raises:
            StoreUnavailable: the row may or may not have been raised; call again.

        """
        with self._lock:
            began = self._monotonic()
            raised = self._row.add(stamps)
            self._note(began, self._offset_by(raised), raised.ms)
            last = self._newest_ms if self._last is None else self._last
            self._last = max(last, raised.ms - stamps)

    def not_late(self, stamp: Cursor) -> dict[str, Any]:
        """A `TransactWriteItems` action that fails if the row is 7 s or more past the stamp.

        Readers go back 10 s from the newest stamp, so a row that commits later could be missed.
        """
        return self._row.below(stamp.ms + LATE)

    def _is_old(self) -> bool:
        return self._monotonic() - self._exchanged > EXCHANGE

    def _after(self, last: int) -> int:
        return max(last + 1, int(self._monotonic() * 1000) + self._offset)

    def _exchange(self) -> int:
        """Read and raise the row; returns the value that the next stamp must exceed."""
        for _ in range(_TRIES):
            began = self._monotonic()
            found = self._row.read()
            offset = self._offset_by(found)
            clock = int(self._monotonic() * 1000) + offset
            # The first time, exceed everything found: an earlier process may have stamped it.
            last = max(found.ms, self._newest_ms) if self._last is None else self._last
            ceiling = max(found.ms, clock + LEAD, last + STEP)
            try:
                if ceiling > found.ms:
                    self._row.raise_to(ceiling)
            except ConditionFailed:
                continue
            self._note(began, offset, ceiling)
            return last
        raise StoreUnavailable("Too many writers change the shared clock's row. Try again.")

    def _offset_by(self, found: Reading) -> int:
        """The ms from the monotonic clock to the time by the store, this machine and the row."""
        clock = max(within(found.second, self._now()), found.ms - LEAD)
        return clock - int(self._monotonic() * 1000)

    def _note(self, began: float, offset: int, ceiling: int) -> None:
        self._exchanged, self._offset, self._ceiling = began, offset, ceiling


def _reading(row: Any, answer: Any) -> Reading:
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    second = None if date is None else int(parsedate_to_datetime(date).timestamp())
    return Reading(int(row.get("Ms", {}).get("N", 0)), second)


def within(second: int | None, own_ms: int) -> int:
    """This machine's milliseconds, limited to the second of the store's clock.

    Without a second from the store (None), this machine's clock is used as it is.
    """
    if second is None:
        return own_ms
    return min(max(own_ms, second * 1000), second * 1000 + 999)
