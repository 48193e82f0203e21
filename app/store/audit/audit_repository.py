"""An audit entry is written with its feed row in one call; no entry is dropped for its size.

A batch that DynamoDB rejects as invalid is halved until one entry is left. An entry too large for
an item is written with compressed images, and if still too large with only their hashes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, ItemTooLarge, StoreRefused, StoreUnavailable
from app.core.events import RESERVED, ChangeEvent
from app.core.keys import id_in, row_id
from app.store.audit.chain_reader import ChainReader
from app.store.audit.damaged import MALFORMED, readable_entries
from app.store.audit.entry import ImageForm, Signer, event_of
from app.store.audit.history import HistoryReader
from app.store.coordination.hold import Hold, Unleased
from app.store.dynamodb.batches import get_all, get_in_portions, put_all
from app.store.dynamodb.client import translated
from app.store.dynamodb.transactions import commit
from app.store.feed.cursor import Cursor
from app.store.feed.feed import ROW_LIMIT, EventRef, Feed
from app.store.feed.shared_clock import SharedClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 4  # of a transaction whose stamp was late, or that conflicted with another one

Arrived = tuple[Cursor, ChangeEvent]


@dataclass(frozen=True, slots=True)
class Appended:
    """The events that are durable now, with their cursors, and those rejected in every form.

    A rejected event comes with DynamoDB's error text.
    """

    arrived: list[Arrived]
    refused: list[tuple[ChangeEvent, str]]


class AuditRepository:
    """The append-only audit table, and the feed rows that go with it."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        feed: Feed,
        signer: Signer,
        stamp: Callable[[], Cursor],
        clock: SharedClock | None = None,
    ) -> None:
        """`stamp` returns stamps of `clock`; `clock` is None if this process is the only writer."""
        self._client = client
        self._table = table
        self._feed = feed
        self._signer = signer
        self._stamp = stamp
        self._clock = clock
        self.chains = ChainReader(client, table)
        self.histories = HistoryReader(client, table, self.chains)

    def append(self, events: Sequence[ChangeEvent]) -> Appended:
        """Write up to 24 events with different keys.

        Raises:
            StoreUnavailable: the events may or may not be written; the call can be repeated.

        """
        if len(events) > ROW_LIMIT:
            raise ValueError(f"at most {ROW_LIMIT} events in one batch")
        if len(events) == 1:
            return self._append_one(events)
        try:
            return Appended(self._write(events, ImageForm.PLAIN), [])
        except (StoreRefused, ItemTooLarge):
            middle = len(events) // 2
            first, second = self.append(events[:middle]), self.append(events[middle:])
            return Appended(first.arrived + second.arrived, first.refused + second.refused)

    def append_if_absent(self, event: ChangeEvent, hold: Hold | None = None) -> Arrived | None:
        """Write a `gap` or `reconciled` entry and its feed row; None if its key exists.

        If several processes write, the transaction also checks that the stamp is recent.

        Raises:
            LeaseLost: another worker holds the lease under which the entry was prepared.
            StoreUnavailable: the entry may or may not be written; the call can be repeated.
            StoreRefused: DynamoDB rejects it in every form.

        """
        forms = [ImageForm.OMITTED] if event.images_omitted else list(ImageForm)
        for form in forms:
            try:
                return self._write_if_absent(event, form, hold or Unleased())
            except (StoreRefused, ItemTooLarge) as error:
                refusal = error.detail
        raise StoreRefused(refusal)

    def restamp(self, events: Sequence[ChangeEvent]) -> list[Arrived]:
        """Write a new feed row, with a new stamp, for events whose publication was delayed."""
        stamp = self._stamp()
        self._feed.mark_day(stamp)
        put_all(self._client, [self._feed.row(stamp, [_ref(event) for event in events])])
        return _arrived(stamp, events)

    def get(self, ref: EventRef) -> ChangeEvent | None:
        """One event; None if it has no readable entry."""
        return next(iter(self.get_many([ref]).values()), None)

    def get_many(self, refs: Sequence[EventRef]) -> dict[EventRef, ChangeEvent]:
        """The events that have a readable entry, read consistently."""
        keys = [_key(ref) for ref in dict.fromkeys(refs)]
        events = readable_entries(event_of, get_all(self._client, self._table, keys))
        return {_ref(event): event for event in events}

    def each(self, refs: Sequence[EventRef]) -> Iterator[ChangeEvent]:
        """As `get_many`, in the given order and on demand, with few large images in memory."""
        order = {(row_id(product_id), key): n for n, (product_id, key) in enumerate(refs)}
        keys = [_key(ref) for ref in dict.fromkeys(refs)]
        for rows in get_in_portions(self._client, self._table, keys):
            rows.sort(key=lambda row: order[row["ProductID"]["S"], row["EventKey"]["S"]])
            yield from readable_entries(event_of, rows)  # on demand: images may be compressed

    def read(
        self, refs: Sequence[EventRef]
    ) -> tuple[dict[EventRef, ChangeEvent], dict[EventRef, str]]:
        """The events that have an entry, and an error for each damaged entry; read consistently."""
        events: dict[EventRef, ChangeEvent] = {}
        damaged: dict[EventRef, str] = {}
        for row in get_all(self._client, self._table, [_key(ref) for ref in dict.fromkeys(refs)]):
            try:
                event = event_of(row)
            except MALFORMED as error:
                ref = id_in(row), row["EventKey"]["S"]
                damaged[ref] = f"the audit entry is damaged ({type(error).__name__}: {error})"
            else:
                events[_ref(event)] = event
        return events, damaged

    def knows(self, product_id: str) -> bool:
        """Whether a product with this id has any audit entry."""
        if product_id.startswith(RESERVED):
            return False  # a shard's gaps, not a product's history
        with translated():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="ProductID = :p",
                ExpressionAttributeValues={":p": {"S": row_id(product_id)}},
                ProjectionExpression="EventKey",
                Limit=1,
            )
        return bool(answer["Items"])

    def _write(self, events: Sequence[ChangeEvent], form: ImageForm) -> list[Arrived]:
        stamp = self._stamp()
        self._feed.mark_day(stamp)
        entries = [(self._table, self._signer.entry(event, form)) for event in events]
        row = self._feed.row(stamp, [_ref(event) for event in events])
        put_all(self._client, [*entries, row])
        return _arrived(stamp, events)

    def _write_if_absent(self, event: ChangeEvent, form: ImageForm, hold: Hold) -> Arrived | None:
        entry = {
            "Put": {
                "TableName": self._table,
                "Item": self._signer.entry(event, form),
                "ConditionExpression": "attribute_not_exists(EventKey)",
            }
        }
        held = hold.condition()
        for _ in range(_TRIES):
            stamp = self._stamp()
            actions = [entry, *self._stamped(event, stamp), *([] if held is None else [held])]
            try:
                commit(self._client, actions)
            except ConditionFailed:
                if get_all(self._client, self._table, [_key(_ref(event))]):
                    return None
                hold.check()  # raises if the lease is lost; else a late stamp or a conflict
                if self._clock is not None:
                    self._clock.raise_past_row()
            else:
                return stamp, event
        raise StoreUnavailable(
            "Other writes kept conflicting with the audit entry's transaction. Try again."
        )

    def _stamped(self, event: ChangeEvent, stamp: Cursor) -> list[dict[str, Any]]:
        """The actions that put an event into the feed and check that its stamp is recent."""
        self._feed.mark_day(stamp)
        rows = [self._feed.row(stamp, [_ref(event)])]
        if event.kind == "gap":
            rows.append(self._feed.gap_row(stamp, _ref(event)))
        puts = [{"Put": {"TableName": table, "Item": row}} for table, row in rows]
        return puts if self._clock is None else [*puts, self._clock.not_late(stamp)]

    def _append_one(self, events: Sequence[ChangeEvent]) -> Appended:
        """Write one entry in the largest form that fits into an item."""
        refusal = ""
        for form in ImageForm:
            try:
                return Appended(self._write(events, form), [])
            except (StoreRefused, ItemTooLarge) as error:
                refusal = error.detail
        return Appended([], [(events[0], refusal)])


def _ref(event: ChangeEvent) -> EventRef:
    return (event.product_id, event.event_key)


def _key(ref: EventRef) -> dict[str, Any]:
    product_id, event_key = ref
    return {"ProductID": {"S": row_id(product_id)}, "EventKey": {"S": event_key}}


def _arrived(stamp: Cursor, events: Sequence[ChangeEvent]) -> list[Arrived]:
    return [(stamp.at(n), event) for n, event in enumerate(events)]
