"""Several writers share one clock, the store's, and none stamps past what a row in the store says.

So a machine whose own clock is an hour off stamps within seconds of all others, well inside
the 10 s that every resume reads before its cursor; the row keeps a restart, or a store whose
clock steps back, from going backwards (ADR 0006). Since the row bounds every stamp ever given
out, a writer that raises its clock past it stamps above all of them (ADR 0013).
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

EXCHANGE = 1.0  # seconds, monotonic: no stamp is taken by an older look at the row
LEAD = 2_000  # ms that the row is written ahead of the clock
STEP = 50  # ms: room for that many stamps where a writer stands at the row's end
LATE = 7_000  # ms: a stamp that the row has left this far behind is too old to be committed
_TRIES = 20
_BELOW = "attribute_not_exists(Ms) OR Ms < :ms"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the row says (0 before the first writer), and the second of the store's own clock."""

    ms: int
    second: int | None


class ClockRow:
    """The row `~clock` of `StreamCheckpoints`; its milliseconds only ever grow."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._key = {"Consumer": {"S": consumer}, "Shard": {"S": "~clock"}}

    def read(self) -> Reading:
        """The row now."""
        with translated():
            answer: Any = self._client.get_item(
                TableName=self._table, Key=self._key, ConsistentRead=True
            )
        return _reading(answer.get("Item", {}), answer)

    def add(self, ms: int) -> Reading:
        """The row after so many ms were added to it, in one step: such calls never conflict.

        Where an answer was lost they may have been added twice, which does no harm.
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
        """Write `ms` over less.

        Raises:
            ConditionFailed: the row is there already (perhaps by this call, whose answer was lost).

        """
        with translated():
            self._client.put_item(
                TableName=self._table,
                Item={**self._key, "Ms": {"N": str(ms)}},
                ConditionExpression=_BELOW,
                ExpressionAttributeValues={":ms": {"N": str(ms)}},
            )

    def below(self, ms: int) -> dict[str, Any]:
        """An action of `TransactWriteItems` that fails unless the row is below `ms`."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": self._key,
                "ConditionExpression": _BELOW,
                "ExpressionAttributeValues": {":ms": {"N": str(ms)}},
            }
        }


class SharedClock:
    """Stamps the batches of one process life, where other processes stamp theirs.

    `newest_ms` is the newest stamp in `Feed`, which a deployment without such a row may have.
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
        self._ceiling = 0  # what the row said when we last saw or wrote it
        self._offset = 0  # ms of this clock from the monotonic one
        self._exchanged = 0.0

    def stamp(self) -> Cursor:
        """A cursor for a new batch, its first event's.

        Raises:
            StoreUnavailable: the row cannot be exchanged with now.

        """
        with self._lock:
            last = self._last
            if last is None or self._is_old() or self._after(last) > self._ceiling:
                last = self._exchange()
            self._last = min(self._after(last), self._ceiling)
            return Cursor(self._last, self._writer, 0)

    def raise_past_row(self, stamps: int = 1) -> None:
        """Make every later stamp greater than all that any writer has given out so far.

        Call it before the first stamp for products that another writer may have stamped for:
        when a shard's lease is taken, and when a Lambda invocation begins. `stamps`: how many
        will be needed soon; the row rises by so many ms at least, so callers that ask for more
        than 1,000 a second in all would drive it ahead of time.

        Raises:
            StoreUnavailable: it is not known to be done; call again.

        """
        with self._lock:
            began = self._monotonic()
            raised = self._row.add(stamps)
            self._note(began, self._offset_by(raised), raised.ms)
            last = self._newest_ms if self._last is None else self._last
            self._last = max(last, raised.ms - stamps)

    def not_late(self, stamp: Cursor) -> dict[str, Any]:
        """An action of `TransactWriteItems` that fails if the row is 7 s past the stamp.

        Readers go back 10 s from the newest stamp: what commits later would not be read.
        """
        return self._row.below(stamp.ms + LATE)

    def _is_old(self) -> bool:
        return self._monotonic() - self._exchanged > EXCHANGE

    def _after(self, last: int) -> int:
        return max(last + 1, int(self._monotonic() * 1000) + self._offset)

    def _exchange(self) -> int:
        """Read the row and raise it; returns the stamp that the next one must exceed."""
        for _ in range(_TRIES):
            began = self._monotonic()
            found = self._row.read()
            offset = self._offset_by(found)
            clock = int(self._monotonic() * 1000) + offset
            # The first time all that was found: an earlier life of ours may have stamped it.
            last = max(found.ms, self._newest_ms) if self._last is None else self._last
            ceiling = max(found.ms, clock + LEAD, last + STEP)
            try:
                if ceiling > found.ms:
                    self._row.raise_to(ceiling)
            except ConditionFailed:
                continue
            self._note(began, offset, ceiling)
            return last
        raise StoreUnavailable("The row of the writers' clock is contended.")

    def _offset_by(self, found: Reading) -> int:
        """From the monotonic clock to the time by the store, this machine and the row, in ms."""
        clock = max(within(found.second, self._now()), found.ms - LEAD)
        return clock - int(self._monotonic() * 1000)

    def _note(self, began: float, offset: int, ceiling: int) -> None:
        self._exchanged, self._offset, self._ceiling = began, offset, ceiling


def _reading(row: Any, answer: Any) -> Reading:
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    second = None if date is None else int(parsedate_to_datetime(date).timestamp())
    return Reading(int(row.get("Ms", {}).get("N", 0)), second)


def within(second: int | None, own_ms: int) -> int:
    """This machine's milliseconds, held to the second that the store's clock shows.

    Where the store shows none, the machine's clock is believed.
    """
    if second is None:
        return own_ms
    return min(max(own_ms, second * 1000), second * 1000 + 999)
