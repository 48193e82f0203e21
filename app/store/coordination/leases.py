"""A shard belongs to the worker that holds its lease; that worker's writes are conditional on it.

The lease is part of the checkpoint's row: its owner, and a counter that every take increments.
Each process has a new owner name, so it recognises its own write after a lost response.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from app.core.errors import ConditionFailed
from app.core.events import rfc3339
from app.observability.metrics import LEASE_MOVES
from app.store.coordination.checkpoints import Checkpoint, ShardKey, leased
from app.store.coordination.hold import Hold
from app.store.coordination.workers import Workers
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

_HELD = "#owner = :owner AND #counter = :counter"
_NAMES = {"#owner": "Owner", "#counter": "Counter"}  # both are reserved words


class Held(Protocol):
    """A leased row as it was read: a checkpoint, or a sink."""

    @property
    def owner(self) -> str | None:
        """The worker that holds the lease; None if it was released."""

    @property
    def counter(self) -> int:
        """How often the lease was taken."""


class LeaseLost(Exception):
    """Another worker holds the lease now; the work in progress must be dropped."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as one worker (`owner`) took it; `counter` distinguishes it from others."""

    consumer: str
    stream_arn: str
    shard_id: str
    owner: str
    counter: int

    @property
    def shard(self) -> ShardKey:
        """The key of the leased row."""
        return self.stream_arn, self.shard_id


class Leases:
    """Takes, checks and releases the leases of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self.consumer = consumer

    def take(
        self,
        shard: ShardKey,
        owner: str,
        seen: Held | None,
        inherited: str | None = None,
        *,
        deadline: int | None = None,
    ) -> Checkpoint | None:
        """Take a shard if its lease is unchanged since it was `seen`; None if another was faster.

        `inherited` is the position for a row that has none. `deadline` is for an owner without a
        heartbeat: when its time is up, in seconds since 1970. Returns the row as taken; its
        position may be higher than what was seen.

        A lease is taken from a dead worker only while that worker has no heartbeat row. So one that
        was paused and continues either finds its lease lost, or has written its row, and then
        nobody takes the lease because of what it observed before.
        """
        counter = (seen.counter if seen else 0) + 1
        condition, values = _as_seen(seen)
        changes = [
            "#owner = :owner",
            "#counter = :counter",
            "Since = :since",
            "Finished = if_not_exists(Finished, :no)",
        ]
        values |= {
            ":owner": {"S": owner},
            ":counter": {"N": str(counter)},
            ":since": {"S": rfc3339(datetime.now(UTC))},
            ":no": {"BOOL": False},
        }
        if inherited is not None:
            changes.append("SequenceNumber = if_not_exists(SequenceNumber, :inherited)")
            values[":inherited"] = {"S": inherited}
        if deadline is not None:
            changes.append("Deadline = :deadline")
            values[":deadline"] = {"N": str(deadline)}
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": self._key(shard),
            "UpdateExpression": f"SET {', '.join(changes)}",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": values,
        }
        try:
            if seen is None or seen.owner in {None, owner} or deadline is not None:
                with translated():
                    answer = self._client.update_item(**update, ReturnValues="ALL_NEW")
                row: Any = answer["Attributes"]
            else:
                gone = Workers(self._client, self._table, self.consumer).gone(seen.owner)
                commit(self._client, [{"Update": update}, gone])
                row = self._row(shard)
        except ConditionFailed:  # another worker's take, or our own whose response was lost
            row = self._row(shard)
        taken = leased(row) if row else None
        if taken is None or (taken.owner, taken.counter) != (owner, counter):
            return None
        if seen is not None and seen.owner not in {None, owner}:
            LEASE_MOVES.inc()
            _log.warning("took over %s from %s, whose lease expired", shard[1], seen.owner)
        return taken

    def save(self, lease: Lease, sequence_number: str | None, *, finished: bool = False) -> None:
        """Save the position after a batch, or that the shard's last page is durable.

        Raises:
            LeaseLost: another worker holds the shard; nothing was saved.
            StoreUnavailable: it may or may not be saved; the call can be repeated.

        """
        changes = ["Finished = :finished"]
        values: dict[str, Any] = {":finished": {"BOOL": finished}}
        if sequence_number is not None:
            changes.append("SequenceNumber = :number")
            values[":number"] = {"S": sequence_number}
        self._update(lease, f"SET {', '.join(changes)}", values)

    def release(self, lease: Lease) -> None:
        """Release the shard, so that another worker can take it at once.

        Raises:
            LeaseLost: the lease is no longer held (perhaps released by a call whose response was
                lost).
            StoreUnavailable: it may or may not be released.

        """
        self._update(lease, "REMOVE #owner, Since", {})

    def forget(self, checkpoint: Checkpoint) -> None:
        """Delete the row of a shard that no longer exists, unless its lease has changed."""
        condition, values = _as_seen(checkpoint)
        try:
            with translated():
                self._client.delete_item(
                    TableName=self._table,
                    Key=self._key((checkpoint.stream_arn, checkpoint.shard_id)),
                    ConditionExpression=condition,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues=values,
                )
        except ConditionFailed:
            pass

    def hold(self, lease: Lease) -> Hold:
        """The hold on this lease, for the pipeline."""
        return _LeaseHold(self, lease)

    def check(self, lease: Lease) -> None:
        """As `Hold.check`."""
        row = self._row(lease.shard)
        found = leased(row) if row else None
        if found is None or (found.owner, found.counter) != (lease.owner, lease.counter):
            raise LeaseLost

    def condition(self, lease: Lease) -> dict[str, Any]:
        """As `Hold.condition`."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": self._key(lease.shard),
                "ConditionExpression": _HELD,
                "ExpressionAttributeNames": _NAMES,
                "ExpressionAttributeValues": _held_by(lease),
            }
        }

    def _update(self, lease: Lease, expression: str, values: dict[str, Any]) -> None:
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key(lease.shard),
                    UpdateExpression=expression,
                    ConditionExpression=_HELD,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues=values | _held_by(lease),
                )
        except ConditionFailed:
            raise LeaseLost from None

    def _row(self, shard: ShardKey) -> Any:
        return get_one(self._client, self._table, self._key(shard))

    def _key(self, shard: ShardKey) -> dict[str, Any]:
        return {"Consumer": {"S": self.consumer}, "Shard": {"S": " ".join(shard)}}


@dataclass(frozen=True, slots=True)
class _LeaseHold:
    leases: Leases
    lease: Lease

    def check(self) -> None:
        self.leases.check(self.lease)

    def condition(self) -> dict[str, Any] | None:
        return self.leases.condition(self.lease)


def _held_by(lease: Lease) -> dict[str, Any]:
    return {":owner": {"S": lease.owner}, ":counter": {"N": str(lease.counter)}}


def _as_seen(seen: Held | None) -> tuple[str, dict[str, Any]]:
    """A condition that the row's owner and counter are unchanged since they were read."""
    values: dict[str, Any] = {}
    owner = counter = "attribute_not_exists({})"
    if seen is not None and seen.owner is not None:
        owner, values[":was_owner"] = "{} = :was_owner", {"S": seen.owner}
    if seen is not None and seen.counter:
        counter, values[":was_counter"] = "{} = :was_counter", {"N": str(seen.counter)}
    return f"{owner.format('#owner')} AND {counter.format('#counter')}", values
