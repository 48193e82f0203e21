"""A shard is the worker's who holds its lease; what that worker writes is conditional on it.

The lease lies in the checkpoint's row: its owner, and a counter raised by each take. An owner's
name is unique to a process life, so a write of ours whose answer was lost is known again.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from app.core.errors import ConditionFailed
from app.core.events import rfc3339
from app.observability.metrics import LEASE_MOVES
from app.store.coordination.checkpoints import Checkpoint, ShardKey, leased
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

_HELD = "#owner = :owner AND #counter = :counter"
_NAMES = {"#owner": "Owner", "#counter": "Counter"}  # both are reserved words


class Held(Protocol):
    """A row under lease as it was read: a checkpoint's, or a sink's."""

    @property
    def owner(self) -> str | None:
        """The worker that holds the lease; None where it was let go."""

    @property
    def counter(self) -> int:
        """The number of the last take."""


class LeaseLost(Exception):
    """Another worker has the shard now: what is under way here must leave no trace."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A take of a shard: by which worker (`owner`), and which take of this shard it is."""

    consumer: str
    stream_arn: str
    shard_id: str
    owner: str
    counter: int


class Hold(Protocol):
    """What the pipeline needs to know of the lease that a page was read under."""

    def check(self) -> None:
        """Return while the lease is held, by a read of its row.

        Raises:
            LeaseLost: it is another's.
            StoreUnavailable: that cannot be known now.

        """

    def condition(self) -> dict[str, Any] | None:
        """An action of `TransactWriteItems` that fails once it is lost; None for no lease."""


class Unleased:
    """The hold of a host whose shards are given to it by another: Lambda, a past that is told."""

    def check(self) -> None:
        """Nothing can be lost."""

    def condition(self) -> dict[str, Any] | None:
        """Nothing to hold on to."""
        return None


class Leases:
    """Takes, renews by use and lets go of the shards of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._consumer = consumer

    def take(
        self,
        shard: ShardKey,
        owner: str,
        seen: Held | None,
        inherited: str | None = None,
        *,
        deadline: int | None = None,
    ) -> Checkpoint | None:
        """Take a shard from the state that it was seen in; None where another was faster.

        `inherited` is the position of a row that has none. `deadline`: seconds since 1970 when this
        owner's time is up, where it has no heartbeat. The answer is the row as taken: its position
        may be further than what was seen.
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
        try:
            with translated():
                row: Any = self._client.update_item(
                    TableName=self._table,
                    Key=self._key(shard),
                    UpdateExpression=f"SET {', '.join(changes)}",
                    ConditionExpression=condition,
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )["Attributes"]
        except ConditionFailed:  # another's, or our own try whose answer was lost
            row = self._row(shard)
        taken = leased(row) if row else None
        if taken is None or (taken.owner, taken.counter) != (owner, counter):
            return None
        if seen is not None and seen.owner not in {None, owner}:
            LEASE_MOVES.inc()
            _log.warning("took over %s from %s, which shows no sign of life", shard[1], seen.owner)
        return taken

    def save(self, lease: Lease, sequence_number: str | None, *, finished: bool = False) -> None:
        """Note the position after a batch, or that a shard's last page is durable.

        Raises:
            LeaseLost: the shard is another's now; nothing was noted.
            StoreUnavailable: it may or may not be noted; say it again.

        """
        changes = ["Finished = :finished"]
        values: dict[str, Any] = {":finished": {"BOOL": finished}}
        if sequence_number is not None:
            changes.append("SequenceNumber = :number")
            values[":number"] = {"S": sequence_number}
        self._update(lease, f"SET {', '.join(changes)}", values)

    def release(self, lease: Lease) -> None:
        """Let the shard go, so that another may take it at once.

        Raises:
            LeaseLost: it is not ours any more (nor after a release whose answer was lost).
            StoreUnavailable: it may or may not be let go.

        """
        self._update(lease, "REMOVE #owner, Since", {})

    def forget(self, checkpoint: Checkpoint) -> None:
        """Remove the row of a shard that is gone for good, unless it has changed."""
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
        """What the pipeline asks whether the lease is still held."""
        return _LeaseHold(self, lease)

    def check(self, lease: Lease) -> None:
        """As `Hold.check`."""
        row = self._row((lease.stream_arn, lease.shard_id))
        found = leased(row) if row else None
        if found is None or (found.owner, found.counter) != (lease.owner, lease.counter):
            raise LeaseLost

    def condition(self, lease: Lease) -> dict[str, Any]:
        """As `Hold.condition`."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": self._key((lease.stream_arn, lease.shard_id)),
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
                    Key=self._key((lease.stream_arn, lease.shard_id)),
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
        return {"Consumer": {"S": self._consumer}, "Shard": {"S": " ".join(shard)}}


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
    """A condition that the row's owner and counter are as they were seen."""
    values: dict[str, Any] = {}
    owner = counter = "attribute_not_exists({})"
    if seen is not None and seen.owner is not None:
        owner, values[":was_owner"] = "{} = :was_owner", {"S": seen.owner}
    if seen is not None and seen.counter:
        counter, values[":was_counter"] = "{} = :was_counter", {"N": str(seen.counter)}
    return f"{owner.format('#owner')} AND {counter.format('#counter')}", values
