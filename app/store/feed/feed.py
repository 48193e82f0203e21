"""`Feed` records in which order events arrived; a row refers to up to 24 audit entries.

A UTC day's rows are in one or more partitions (`DAY`, `DAY#1` and so on), because a partition
takes about 1,000 small rows a second. Each writer uses one of them, and readers merge them. The
partition `days` lists the days that may have rows, with their numbers of partitions, so that
reading back over an idle month takes one call, not thirty. The partition `gaps` lists the arrivals
of gaps a second time, so that the newest are found without reading all arrivals.
"""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.dynamodb.batches import Put
from app.store.dynamodb.client import translated
from app.store.feed.cursor import Cursor, day_of, parse_cursor

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROW_LIMIT = 24  # events per row: their audit entries and the row fill one batch of 25
_DAYS, _GAPS = "days", "gaps"
_PAGE, _DAYS_PAGE = 250, 31  # rows per call, at most
_DAY_MS = 86_400_000
_FIRST_PAGE = 10  # rows, if the reader may stop early; each further page is twice as long

EventRef = tuple[str, str]  # product id, event key: an audit entry's key


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event's position in the timeline."""

    cursor: Cursor
    ref: EventRef


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A batch of events that arrived together; `cursor` is the first event's."""

    cursor: Cursor
    refs: tuple[EventRef, ...]

    def arrivals(self) -> list[Arrival]:
        """Its events, in order."""
        return [Arrival(self.cursor.at(n), ref) for n, ref in enumerate(self.refs)]


class Feed:
    """The arrival log."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        retention: timedelta | None = None,
        partitions: int = 1,
    ) -> None:
        """`partitions`: the number of partitions per day for this process's rows.

        Writers need not agree: a day's number is the greatest that any of them uses.
        """
        self._client = client
        self._table = table
        self._retention = retention
        self._partitions = partitions
        self._marked_day: str | None = None

    def mark_day(self, stamp: Cursor) -> None:
        """List the stamp's day and its partitions; call it before the first row of a day.

        Further calls for the same day return at once.
        """
        if self._marked_day == stamp.day:
            return
        count = {"N": str(self._partitions)}
        # Without an expiry, readers would look into every day that was ever used.
        row = {"Day": {"S": _DAYS}, "Cursor": {"S": stamp.day}, "PartitionCount": count}
        row |= self._expiry(stamp.ms + _DAY_MS)
        with suppress(ConditionFailed), translated():  # the day has at least as many partitions
            self._client.put_item(
                TableName=self._table,
                Item=row,
                ConditionExpression="attribute_not_exists(#count) OR #count < :count",
                ExpressionAttributeNames={"#count": "PartitionCount"},
                ExpressionAttributeValues={":count": count},
            )
        self._marked_day = stamp.day

    def row(self, stamp: Cursor, refs: list[EventRef]) -> Put:
        """The row of a batch of up to 24 events, for the same call as their audit entries."""
        # A writer's name is random, so writers spread evenly over the partitions.
        number = int(stamp.writer, 16) % self._partitions
        return self._row(_partition(stamp.day, number), stamp, refs)

    def gap_row(self, stamp: Cursor, ref: EventRef) -> Put:
        """A gap's row in the list of gaps, for the same call as its row in the day."""
        return self._row(_GAPS, stamp, [ref])

    def _row(self, partition: str, stamp: Cursor, refs: list[EventRef]) -> Put:
        row: dict[str, Any] = {
            "Day": {"S": partition},
            "Cursor": {"S": str(stamp)},
            "Events": {"L": [{"L": [{"S": product}, {"S": key}]} for product, key in refs]},
        }
        return (self._table, row | self._expiry(stamp.ms))

    def _expiry(self, ms: int) -> dict[str, Any]:
        """The attribute after whose time a row of that time is deleted."""
        if self._retention is None:
            return {}
        return {"ExpiresAt": {"N": str(ms // 1000 + int(self._retention.total_seconds()))}}

    # Every read below is consistent.

    def newest_gaps(self, limit: int) -> list[Arrival]:
        """The arrivals of the newest gaps, newest first."""
        items = islice(self._items(_GAPS, None, forward=False, page=limit), limit)
        return [arrival for item in items for arrival in _feed_row(item).arrivals()]

    def after(self, cursor: Cursor | None, limit_rows: int) -> list[FeedRow]:
        """Up to `limit_rows` rows after the row of this cursor (None: all rows), oldest first.

        Rows become visible out of order: a row committed later may sort before these.
        """
        days, edge = (None, None) if cursor is None else (f">= {cursor.day}", f"> {cursor}")
        rows = self._rows(days, edge, forward=True, most=limit_rows)
        return list(islice(rows, limit_rows))

    def since(self, ms: int, *, few: bool = False) -> Iterator[Arrival]:
        """Arrivals stamped at or after `ms`, oldest first; `few` says that the reader may stop."""
        start, first = max(ms, 0), _FIRST_PAGE if few else None
        for row in self._rows(f">= {day_of(start)}", f">= {start:013d}", forward=True, first=first):
            yield from row.arrivals()

    def before(self, cursor: Cursor | None, *, few: bool = True) -> Iterator[Arrival]:
        """Arrivals before `cursor` (None: the newest), newest first; `few` as for `since`."""
        days, edge = (None, None) if cursor is None else (f"<= {cursor.day}", f"<= {cursor}")
        first = _FIRST_PAGE if few else None
        for row in self._rows(days, edge, forward=False, first=first):
            for arrival in reversed(row.arrivals()):
                if cursor is None or arrival.cursor < cursor:
                    yield arrival

    def newest(self) -> Cursor | None:
        """The newest row's cursor; None if there is no row. Reads one row per partition."""
        newest = next(self._rows(None, None, forward=False, most=1), None)
        return None if newest is None else newest.cursor

    def oldest(self, now_ms: int) -> Cursor | None:
        """The cursor of the first row within its retention at `now_ms`; None if there is none."""
        start = 0
        if self._retention is not None:  # DynamoDB deletes expired rows up to two days late
            start = max(0, now_ms - int(self._retention.total_seconds() * 1000))
        rows = self._rows(f">= {day_of(start)}", f">= {start:013d}", forward=True, most=1)
        oldest = next(rows, None)
        return None if oldest is None else oldest.cursor

    def newest_ms(self) -> int:
        """The newest stamp in milliseconds; 0 if there is no row."""
        newest = self.newest()
        return 0 if newest is None else newest.ms

    def has_day(self, first: str, end: str) -> bool:
        """Whether anything arrived on a UTC day from `first` to before `end`."""
        days = self._items(_DAYS, f">= {first}", forward=True, page=1)
        return any(item["Cursor"]["S"] < end for item in islice(days, 1))

    def _rows(
        self,
        days: str | None,
        edge: str | None,
        *,
        forward: bool,
        most: int | None = None,
        first: int | None = None,
    ) -> Iterator[FeedRow]:
        """Rows of all days, each day's partitions merged; the caller uses at most `most`.

        `days` and `edge` are comparisons with the sort keys of days and rows, such as `>= x`.
        `first` is the number of rows in a partition's first page. The list of days is read each
        time, because another writer may have added a partition.
        """
        for item in self._items(_DAYS, days, forward=forward, page=_DAYS_PAGE):
            day, count = item["Cursor"]["S"], int(item.get("PartitionCount", {"N": "1"})["N"])
            page = min(first or most or _PAGE, max(_PAGE // count, 25))
            parts = [
                map(_feed_row, self._items(_partition(day, k), edge, forward=forward, page=page))
                for k in range(count)
            ]
            yield from heapq.merge(*parts, key=attrgetter("cursor"), reverse=not forward)

    def _items(
        self, partition: str, edge: str | None, *, forward: bool, page: int
    ) -> Iterator[dict[str, Any]]:
        """Items of a partition; pages are read on demand."""
        condition, values = "#d = :d", {":d": {"S": partition}}
        names = {"#d": "Day"}
        if edge is not None:
            operator, _, value = edge.partition(" ")
            condition += f" AND #c {operator} :c"
            names["#c"] = "Cursor"
            values[":c"] = {"S": value}
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
            "ScanIndexForward": forward,
            "Limit": page,
        }
        while True:
            with translated():
                answer = self._client.query(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            request["Limit"] = min(2 * request["Limit"], _PAGE)


def _partition(day: str, number: int) -> str:
    # The first has the day's plain name, as in data from when a day had only one partition.
    return f"{day}#{number}" if number else day


def _feed_row(item: dict[str, Any]) -> FeedRow:
    refs = (pair["L"] for pair in item["Events"]["L"])
    return FeedRow(
        parse_cursor(item["Cursor"]["S"]), tuple((product["S"], key["S"]) for product, key in refs)
    )
