"""`Feed` says which events arrived in which order; its rows point at audit entries, 24 a row.

Rows of one UTC day share a partition. The partition `days` lists the days that may have
rows (ADR 0002), so that going back past an idle month costs one read, not thirty; the partition
`gaps` lists the arrivals of gaps once more, so that the newest need not be looked for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.store.batches import Put
from app.store.client import translated
from app.store.cursor import Cursor, day_of, parse_cursor

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROW_LIMIT = 24  # events a row: their audit entries and the row fill one batch of 25
_PAGE_LIMIT = 250  # rows a query
_FIRST_PAGE = 10  # rows of a query whose reader may stop early; each page after it is twice as long
_DAYS, _GAPS = "days", "gaps"

EventRef = tuple[str, str]  # product id, event key: an audit entry's key


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event's place in the timeline."""

    cursor: Cursor
    ref: EventRef


class Feed:
    """The arrival log."""

    def __init__(
        self, client: "DynamoDBClient", table: str, retention: timedelta | None = None
    ) -> None:
        self._client = client
        self._table = table
        self._retention = retention
        self._marked_day: str | None = None

    def mark_day(self, stamp: Cursor) -> None:
        """List the stamp's day, once per process, before its first row; again does no harm."""
        if self._marked_day == stamp.day:
            return
        with translated():
            self._client.put_item(
                TableName=self._table, Item={"Day": {"S": _DAYS}, "Cursor": {"S": stamp.day}}
            )
        self._marked_day = stamp.day

    def row(self, stamp: Cursor, refs: list[EventRef]) -> Put:
        """The row of a batch of up to 24 events, for the same call as their audit entries."""
        return self._row(stamp.day, stamp, refs)

    def gap_row(self, stamp: Cursor, ref: EventRef) -> Put:
        """The row of a gap in the list of gaps, for the same call as its row of the day."""
        return self._row(_GAPS, stamp, [ref])

    def newest_gaps(self, limit: int) -> list[Arrival]:
        """Arrivals of the newest gaps, newest first."""
        rows = islice(self._rows(_GAPS, None, forward=False, page=limit), limit)
        return [arrival for row in rows for arrival in _arrivals(row)]

    def _row(self, partition: str, stamp: Cursor, refs: list[EventRef]) -> Put:
        row: dict[str, Any] = {
            "Day": {"S": partition},
            "Cursor": {"S": str(stamp)},
            "Events": {"L": [{"L": [{"S": product}, {"S": key}]} for product, key in refs]},
        }
        if self._retention is not None:
            expires = stamp.ms // 1000 + int(self._retention.total_seconds())
            row["ExpiresAt"] = {"N": str(expires)}
        return (self._table, row)

    def since(self, ms: int) -> Iterator[Arrival]:
        """Arrivals stamped at or after `ms`, oldest first, read consistently."""
        start = f"{max(ms, 0):013d}"
        for day in self._days(f">= {day_of(max(ms, 0))}", forward=True):
            for row in self._rows(day, f">= {start}", forward=True):
                yield from _arrivals(row)

    def before(self, cursor: Cursor | None) -> Iterator[Arrival]:
        """Arrivals before `cursor` (None: the newest), newest first, read consistently."""
        days = self._days(None if cursor is None else f"<= {cursor.day}", forward=False)
        for day in days:
            edge = None if cursor is None else f"<= {cursor}"
            for row in self._rows(day, edge, forward=False, page=_FIRST_PAGE):
                for arrival in reversed(_arrivals(row)):
                    if cursor is None or arrival.cursor < cursor:
                        yield arrival

    def newest_ms(self) -> int:
        """The newest stamp; 0 where nothing ever arrived."""
        newest = next(self.before(None), None)
        return 0 if newest is None else newest.cursor.ms

    def _days(self, edge: str | None, *, forward: bool) -> Iterable[str]:
        return (row["Cursor"]["S"] for row in self._rows(_DAYS, edge, forward=forward))

    def _rows(
        self, day: str, edge: str | None, *, forward: bool, page: int = _PAGE_LIMIT
    ) -> Iterator[dict[str, Any]]:
        """Rows of a partition; `edge` is a comparison with the sort key, such as `>= x`."""
        condition, values = "#d = :d", {":d": {"S": day}}
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
            request["Limit"] = min(2 * request["Limit"], _PAGE_LIMIT)


def _arrivals(row: dict[str, Any]) -> list[Arrival]:
    first = parse_cursor(row["Cursor"]["S"])
    refs = (pair["L"] for pair in row["Events"]["L"])
    return [Arrival(first.at(n), (product["S"], key["S"])) for n, (product, key) in enumerate(refs)]
