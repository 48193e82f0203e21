"""Saving a sink's cursor is conditional on the worker's lease and on the row's version.

Every admin action (pause, resume, rewind) raises the version, so that the save of a batch in
progress fails.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.core.events import rfc3339
from app.store.coordination.leases import Lease, LeaseLost
from app.store.coordination.sink_row import PREFIX, Health, SinkRow, State, sink_of
from app.store.dynamodb.client import translated
from app.store.feed.cursor import Cursor, wall_ms

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ERROR_CHARACTERS = 1000
_NAME = re.compile(r"#(\w+)")  # each name gets a placeholder: many are reserved words


class Superseded(Exception):
    """An administrator has paused, resumed or rewound the sink since its row was read."""


class SinkCursors:
    """Reads and writes the rows of one deployment's sinks, for workers."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        consumer: str,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._client = client
        self._table = table
        self._consumer = consumer
        self._now_ms = now_ms

    def all(self) -> list[SinkRow]:
        """Every sink's row, read consistently."""
        with translated():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="Consumer = :consumer AND begins_with(#shard, :sink)",
                ExpressionAttributeNames={"#shard": "Shard"},
                ExpressionAttributeValues={
                    ":consumer": {"S": self._consumer},
                    ":sink": {"S": PREFIX},
                },
                ConsistentRead=True,
            )
            found = (sink_of(row) for page in pages for row in page["Items"])
            return [row for row in found if row is not None]

    def get(self, name: str) -> SinkRow | None:
        """One sink's row, read consistently."""
        with translated():
            row = self._client.get_item(
                TableName=self._table, Key=self.key(name), ConsistentRead=True
            ).get("Item")
        return None if row is None else sink_of(row)

    def save(
        self, lease: Lease, version: int, cursor: Cursor, taken: bytes, health: Health
    ) -> None:
        """Save how far events have been delivered.

        Raises:
            LeaseLost: another worker holds the sink; nothing was saved.
            Superseded: an administrator paused, resumed or rewound the sink; nothing was saved.
            StoreUnavailable: it may or may not be saved; the call can be repeated.

        """
        values: dict[str, Any] = {
            ":cursor": {"S": str(cursor)},
            ":taken": {"B": taken},
            ":seconds": {"N": f"{health.lag_seconds:.3f}"},
            ":events": {"N": str(health.lag_events)},
            ":error": {"S": health.error[:_ERROR_CHARACTERS]},
            ":head": {"S": str(health.head or cursor)},
        }
        sets = (
            "#Cursor = :cursor, #Taken = :taken, #LagSeconds = :seconds, #LagEvents = :events, "
            "#LastError = :error, #Head = :head"
        )
        last = health.last  # what this worker does not know stays as another one has saved it
        if last.accepted_at:
            sets += ", #AcceptedAt = :accepted"
            values[":accepted"] = {"N": str(last.accepted_at)}
        if last.failed_at:
            sets += ", #FailedAt = :failed, #Failure = :failure"
            values[":failed"] = {"N": str(last.failed_at)}
            values[":failure"] = {"S": last.failure[:_ERROR_CHARACTERS]}
        self._update(lease, version, sets, values)

    def stop(self, lease: Lease, version: int, state: State, why: str) -> None:
        """Pause or stop the sink on the worker's behalf; raises as `save`."""
        self._update(
            lease,
            version,
            "#State = :state, #Why = :why",
            {":state": {"S": state}, ":why": {"S": why[:_ERROR_CHARACTERS]}},
            "REMOVE #PausedBy ADD #Version :one",
        )

    def redriven(self, lease: Lease, request: str) -> None:
        """Remove a completed redrive request; a request made since then stays."""
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=self.key(lease.shard_id),
                    UpdateExpression="REMOVE Redrive, RedriveAll",
                    ConditionExpression="Redrive = :request",
                    ExpressionAttributeValues={":request": {"S": request}},
                )
        except ConditionFailed:
            pass

    def key(self, name: str) -> dict[str, Any]:
        """A sink's key in the table."""
        return {"Consumer": {"S": self._consumer}, "Shard": {"S": PREFIX + name}}

    def _update(
        self,
        lease: Lease,
        version: int,
        sets: str,
        values: dict[str, Any],
        more: str = "",
    ) -> None:
        condition = "#Owner = :owner AND #Counter = :counter"
        values = values | {
            ":owner": {"S": lease.owner},
            ":counter": {"N": str(lease.counter)},
            ":now": {"S": rfc3339(datetime.fromtimestamp(self._now_ms() / 1000, UTC))},
        }
        if version == 0:
            condition += " AND attribute_not_exists(#Version)"
        else:
            condition += " AND #Version = :version"
            values[":version"] = {"N": str(version)}
        if ":one" in more:
            values[":one"] = {"N": "1"}
        expression = f"SET {sets}, #SavedAt = :now {more}"
        names = _NAME.findall(f"{expression} {condition}")
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=self.key(lease.shard_id),
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeNames={f"#{name}": name for name in names},
                    ExpressionAttributeValues=values,
                )
        except ConditionFailed:
            row = self.get(lease.shard_id)
            if row is None or (row.owner, row.counter) != (lease.owner, lease.counter):
                raise LeaseLost from None
            raise Superseded from None
