"""A sink's status is its row and a lag that includes what arrived since the last save."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.store.coordination.sink_row import AUDIT, SinkRow
from app.store.feed.cursor import wall_ms
from app.store.feed.feed import Feed
from app.store.sinks.sink_cursors import SinkCursors
from app.store.sinks.sink_errors import SinkNotFound
from app.store.sinks.sink_lag import SinkView, Unseen, is_reported, view_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_COUNTED = 100  # feed rows read to count the events that a sink has not seen


class SinkStatuses(SinkCursors):
    """The sinks of a deployment; the audit's row (for its redrives) does not count as a sink."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        consumer: str,
        feed: Feed,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        super().__init__(client, table, consumer, now_ms)
        self._feed = feed

    def views(self) -> list[SinkView]:
        """Every sink, by name."""
        return [self._view(row) for row in self._sinks()]

    def view(self, name: str) -> SinkView:
        """One sink; raises as `find`."""
        return self._view(self.find(name))

    def find(self, name: str) -> SinkRow:
        """One sink's row.

        Raises:
            SinkNotFound: there is no such sink; the message lists the known ones.

        """
        row = self.get(name) if _NAME.fullmatch(name) and name != AUDIT else None
        if row is None:
            names = ", ".join(known.name for known in self._sinks())
            raise SinkNotFound(
                f"There is no sink named {name[:100]!r}. Known sinks: {names or 'none'}."
            )
        return row

    def _sinks(self) -> list[SinkRow]:
        return [row for row in self.all() if row.name != AUDIT]

    def _view(self, row: SinkRow) -> SinkView:
        now_ms, unseen = self._now_ms(), None
        seen = row.health.head or row.cursor
        if seen is not None and not is_reported(row, now_ms):
            rows = self._feed.after(seen, _COUNTED)
            if rows:
                unseen = Unseen(rows[0].cursor.ms, sum(len(found.refs) for found in rows))
        return view_of(row, unseen, now_ms)
