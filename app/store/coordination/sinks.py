"""One row a sink: its lease, its cursor in the timeline, and whether it runs.

A worker saves the cursor on the condition of its lease and of the row's version. Every control
act (pause, resume, rewind) raises the version, so the save of a batch that was under way fails.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.events import rfc3339
from app.store.admin_log import AdminLog
from app.store.client import translated
from app.store.commit import commit
from app.store.coordination.sink_row import PREFIX, Health, SinkRow, State, sink_of
from app.store.cursor import Cursor, wall_ms
from app.store.errors import ConditionFailed, SinkNotFound, StoreUnavailable
from app.store.leases import Lease, LeaseLost

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ERROR_CHARACTERS = 1000
_NAME = re.compile(r"#(\w+)")  # each name gets a placeholder: many are reserved words
_TRIES = 5


class Superseded(Exception):
    """An administrator paused, resumed or rewound the sink since its row was read."""


class SinkRows:
    """The rows of one deployment's sinks, as workers read and write them."""

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
        """Save how far the sink has been delivered to.

        Raises:
            LeaseLost: the sink is another worker's now; nothing was saved.
            Superseded: an administrator moved or paused it; nothing was saved.
            StoreUnavailable: it may or may not be saved; the same call again is safe.

        """
        values: dict[str, Any] = {
            ":cursor": {"S": str(cursor)},
            ":taken": {"B": taken},
            ":seconds": {"N": f"{health.lag_seconds:.3f}"},
            ":events": {"N": str(health.lag_events)},
            ":error": {"S": health.error[:_ERROR_CHARACTERS]},
            ":head": {"S": str(health.head or cursor)},
        }
        self._update(
            lease,
            version,
            "#Cursor = :cursor, #Taken = :taken, #LagSeconds = :seconds, #LagEvents = :events, "
            "#LastError = :error, #Head = :head",
            values,
        )

    def stop(self, lease: Lease, version: int, state: State, why: str) -> None:
        """Pause or stop the sink from the worker's side; as `save`."""
        self._update(
            lease,
            version,
            "#State = :state, #Why = :why",
            {":state": {"S": state}, ":why": {"S": why[:_ERROR_CHARACTERS]}},
            "ADD #Version :one",
        )

    def redriven(self, lease: Lease, request: str) -> None:
        """Every letter that was due is done with; a request made since then stays."""
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=self.key(lease.shard_id),
                    UpdateExpression="REMOVE Redrive",
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


class SinkControl(SinkRows):
    """What administrators do to sinks; each act is in the admin trail, in one transaction."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        consumer: str,
        log: AdminLog,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_change` is called after each act, so that a worker in this process sees it soon."""
        super().__init__(client, table, consumer)
        self._log = log
        self._on_change = on_change

    def find(self, name: str) -> SinkRow:
        """One sink.

        Raises:
            SinkNotFound: the message names those that there are.

        """
        row = self.get(name)
        if row is None:
            names = ", ".join(known.name for known in self.all()) or "none"
            raise SinkNotFound(f"There is no sink named {name!r}. Known sinks: {names}.")
        return row

    def pause(self, name: str, actor: str) -> SinkRow:
        """Deliver nothing more until it is resumed.

        Raises:
            SinkNotFound: there is no such sink.

        """
        why = f"paused by {actor}"
        return self._act(name, actor, "sink.paused", {"State": "paused", "Why": why})

    def resume(self, name: str, actor: str) -> SinkRow:
        """Deliver again, from where it was; as `pause`."""
        return self._act(name, actor, "sink.resumed", {"State": "running", "Why": ""})

    def rewind(self, name: str, place: Cursor, actor: str) -> SinkRow:
        """Deliver (again) everything after a place in the timeline; as `pause`."""
        row = {"State": "running", "Why": "", "Cursor": str(place)}
        return self._act(name, actor, "sink.rewound", row, "REMOVE Taken, Head")

    def request_redrive(self, name: str, actor: str) -> None:
        """Have a worker deliver the letters that are due; nothing is marked due here."""
        commit(
            self._client,
            [
                self.redrive_request(name),
                self._log.entry(actor, "sink.redriven", after={"sink": name}),
            ],
        )
        self._on_change()

    def redrive_request(self, name: str) -> dict[str, Any]:
        """The transaction action that makes a worker look for the sink's letters that are due."""
        return {
            "Update": {
                "TableName": self._table,
                "Key": self.key(name),
                "UpdateExpression": "SET Redrive = :request",
                "ExpressionAttributeValues": {":request": {"S": secrets.token_hex(8)}},
            }
        }

    def _act(
        self, name: str, actor: str, action: str, sets: Mapping[str, str], remove: str = ""
    ) -> SinkRow:
        for _ in range(_TRIES):
            before = self.find(name)
            names = {f"#{attribute}": attribute for attribute in sets}
            update = {
                "Update": {
                    "TableName": self._table,
                    "Key": self.key(name),
                    "UpdateExpression": "SET "
                    + ", ".join(f"#{attribute} = :{attribute}" for attribute in sets)
                    + f" {remove} ADD #Version :one",
                    "ConditionExpression": "attribute_exists(#Shard)",
                    "ExpressionAttributeNames": {**names, "#Shard": "Shard", "#Version": "Version"},
                    "ExpressionAttributeValues": {
                        ":one": {"N": "1"},
                        **{f":{attribute}": {"S": value} for attribute, value in sets.items()},
                    },
                }
            }
            trail = self._log.entry(
                actor, action, before=_shown(before), after={"sink": name, **sets}
            )
            try:
                commit(self._client, [update, trail])
            except ConditionFailed:  # another transaction has the row
                continue
            self._on_change()
            return self.find(name)
        raise StoreUnavailable(f"The row of sink {name} is being written by others; try again.")


def _shown(row: SinkRow) -> dict[str, Any]:
    return {
        "sink": row.name,
        "state": row.state,
        "cursor": None if row.cursor is None else str(row.cursor),
    }
