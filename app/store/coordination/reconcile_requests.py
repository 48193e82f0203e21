"""Reconciliation is requested in one row: any process can request it, any worker can run it.

Requests are numbered; all are done when `Done` equals `Requested`. Running one twice is harmless
(entries are written only if absent). The worker that runs it increments the heartbeat counter
`Beat`, which keeps other workers from starting.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.core.events import rfc3339
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SHARD = "~reconcile"
_NAME = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a comparison of the audit with the table, in numbers.

    Products `compared`, products that differed (`found`), entries `written`, and products that
    still differ (`left`). `error` says why the comparison was not completed.
    """

    compared: int = 0
    found: int = 0
    written: int = 0
    left: int = 0
    error: str | None = None

    @property
    def equal(self) -> bool:
        """Whether the audit's last state of every product equals the table."""
        return self.error is None and self.left == 0

    def plus(self, other: "Outcome") -> "Outcome":
        """The sum of two parts."""
        return Outcome(
            self.compared + other.compared,
            self.found + other.found,
            self.written + other.written,
            self.left + other.left,
            self.error or other.error,
        )


@dataclass(frozen=True, slots=True)
class State:
    """The row as it was read.

    `stream` is the stream's ARN at the last reconciliation that left no difference.
    """

    requested: int = 0
    done: int = 0
    heartbeat: int = 0
    busy: bool = False
    why: str = ""
    progress: str = ""
    stream: str | None = None
    requested_at: datetime | None = None
    done_at: datetime | None = None
    outcome: Outcome = Outcome()

    @property
    def is_due(self) -> bool:
        """Whether a request has not been completed."""
        return self.requested > self.done

    @property
    def is_first(self) -> bool:
        """Whether none has ever been completed: histories may lack their baselines."""
        return self.stream is None


def state_of(row: Mapping[str, Any]) -> State:
    """The state that a row holds; an empty row is that of a new deployment."""

    def number(name: str) -> int:
        return int(row.get(name, {}).get("N", "0"))

    def text(name: str) -> str | None:
        value: str | None = row.get(name, {}).get("S")
        return value

    def moment(name: str) -> datetime | None:
        value = text(name)
        return None if value is None else datetime.fromisoformat(value)

    return State(
        requested=number("Requested"),
        done=number("Done"),
        heartbeat=number("Beat"),
        busy="Owner" in row,
        why=text("Why") or "",
        progress=text("Progress") or "",
        stream=text("Stream"),
        requested_at=moment("RequestedAt"),
        done_at=moment("DoneAt"),
        outcome=Outcome(
            number("Looked"),
            number("Found"),
            number("Written"),
            number("Left"),
            text("Error") or None,
        ),
    )


class ReconcileRequests:
    """The row of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._key = {"Consumer": {"S": consumer}, "Shard": {"S": SHARD}}

    def state(self) -> State:
        """The row, read consistently."""
        return state_of(get_one(self._client, self._table, self._key) or {})

    def ask(self, why: str, now: datetime) -> int:
        """Request one, and return its number; a request repeated after a lost response is harmless.

        One run completes all requests up to its own.
        """
        row = self._update(
            "ADD #Requested :one SET #Why = :why, #RequestedAt = :now",
            {"one": 1, "why": why, "now": rfc3339(now)},
        )
        return int(row["Requested"]["N"])

    def claim(self, heartbeat: int, owner: str) -> bool:
        """Start running it, unless the heartbeat has changed since it was read; True if started."""
        try:
            self._update(
                "ADD #Beat :one SET #Owner = :owner",
                {"one": 1, "owner": owner, "beat": heartbeat},
                "attribute_not_exists(#Beat) OR #Beat = :beat",
            )
        except ConditionFailed:
            return False
        return True

    def raise_heartbeat(self, progress: str) -> None:
        """Increment the heartbeat, and store the progress."""
        self._update("ADD #Beat :one SET #Progress = :progress", {"one": 1, "progress": progress})

    def release(self) -> None:
        """Stop running it, so that another worker can start at once."""
        self._update("REMOVE #Owner", {})

    def finish(self, request: int, outcome: Outcome, stream: str, now: datetime) -> None:
        """Complete every request up to this one."""
        equal: dict[str, int | str] = {"stream": stream} if outcome.equal else {}
        self._update(
            "SET #Done = :done, #DoneAt = :now, #Looked = :looked, #Found = :found, "
            "#Written = :written, #Left = :left, #Error = :error"
            f"{', #Stream = :stream' if equal else ''} REMOVE #Owner",
            equal
            | {
                "done": request,
                "now": rfc3339(now),
                "looked": outcome.compared,
                "found": outcome.found,
                "written": outcome.written,
                "left": outcome.left,
                "error": outcome.error or "",
            },
        )

    def _update(
        self, expression: str, values: Mapping[str, int | str], condition: str = ""
    ) -> dict[str, Any]:
        """Update the row; every name has a `#`, because many words are reserved in DynamoDB."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": self._key,
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {
                f"#{name}": name for name in _NAME.findall(f"{expression} {condition}")
            },
            "ReturnValues": "ALL_NEW",
        }
        if values:
            request["ExpressionAttributeValues"] = {
                f":{name}": {"S": value} if isinstance(value, str) else {"N": str(value)}
                for name, value in values.items()
            }
        if condition:
            request["ConditionExpression"] = condition
        with translated():
            return self._client.update_item(**request)["Attributes"]
