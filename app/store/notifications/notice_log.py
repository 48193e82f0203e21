"""Changes of alerts and troubles are logs in the settings table, read from a place of one's own.

Rows of different processes become visible up to ten seconds out of order. So the reader goes on
from ten seconds before its last row, and skips the ids that it has seen; both are stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core import json_text
from app.store.access.settings_rows import row_key
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one, get_rows
from app.store.timeline.timeline import OVERLAP_MS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PLACE = "notice-place"
REMEMBERED = 500  # ids: those of the last ten seconds


@dataclass(frozen=True, slots=True)
class LogPlace:
    """How far a log was read: a time in ms since 1970, and the newest ids that were read."""

    ms: int
    seen: tuple[str, ...] = ()

    @property
    def start(self) -> str:
        """The place from which rows may be new."""
        return place_at(self.ms - OVERLAP_MS)


class NoticeLog:
    """The rows of one kind, which have their time in ms at the start of their ids."""

    def __init__(self, client: "DynamoDBClient", table: str, kind: str) -> None:
        self._client = client
        self._table = table
        self._kind = kind

    def rows(self, start: str) -> Iterator[Any]:
        """Every row from a place on, in order; pages are read on demand.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        return get_rows(
            self._client,
            "query",
            self._table,
            KeyConditionExpression="Kind = :kind AND ID >= :start",
            ExpressionAttributeValues={":kind": {"S": self._kind}, ":start": {"S": start}},
        )

    def place(self) -> LogPlace | None:
        """How far the log was read; None: it never was. Raises as `rows`."""
        row = get_one(self._client, self._table, row_key(_PLACE, self._kind))
        if row is None:
            return None
        return LogPlace(int(row["At"]["N"]), tuple(json_text.loads(row["Seen"]["S"])))

    def save(self, place: LogPlace) -> None:
        """Store how far it was read; raises as `rows`."""
        seen = json_text.dumps(list(place.seen[-REMEMBERED:])).decode()
        row = {**row_key(_PLACE, self._kind), "At": {"N": str(place.ms)}, "Seen": {"S": seen}}
        with translated():
            self._client.put_item(TableName=self._table, Item=row)


def place_at(ms: int) -> str:
    """The place before every row of this time, in ms since 1970, and of later ones."""
    return f"{max(0, ms):013d}"
