"""A reconciliation is asked for in one row, so that any process can ask and any worker can do it.

Requests are numbered: it is done when the last one answered is the last one asked. Doing one
twice is harmless (entries are written if absent); a worker at it raises `Beat`, which keeps
the others off.
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
    """What a comparison came to: products looked at, that differed, entries written, differing yet.

    `error` says why it was not carried through.
    """

    looked: int = 0
    found: int = 0
    written: int = 0
    left: int = 0
    error: str | None = None

    @property
    def equal(self) -> bool:
        """Whether the audit's last word is what the table holds."""
        return self.error is None and self.left == 0

    def plus(self, other: "Outcome") -> "Outcome":
        """The sum of two parts."""
        return Outcome(
            self.looked + other.looked,
            self.found + other.found,
            self.written + other.written,
            self.left + other.left,
            self.error or other.error,
        )


@dataclass(frozen=True, slots=True)
class State:
    """The row as it was read; `stream` is the ARN at the last one that left no difference."""

    requested: int = 0
    done: int = 0
    beat: int = 0
    busy: bool = False
    why: str = ""
    progress: str = ""
    stream: str | None = None
    done_at: datetime | None = None
    outcome: Outcome = Outcome()

    @property
    def is_due(self) -> bool:
        """Whether a request waits for its answer."""
        return self.requested > self.done

    @property
    def is_first(self) -> bool:
        """Whether none was ever carried through: histories may lack their beginnings."""
        return self.stream is None


class ReconcileRequests:
    """The row of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._key = {"Consumer": {"S": consumer}, "Shard": {"S": SHARD}}

    def state(self) -> State:
        """The row, read consistently."""
        row = get_one(self._client, self._table, self._key) or {}

        def number(name: str) -> int:
            return int(row.get(name, {}).get("N", "0"))

        def text(name: str) -> str | None:
            value: str | None = row.get(name, {}).get("S")
            return value

        done_at = text("DoneAt")
        return State(
            requested=number("Requested"),
            done=number("Done"),
            beat=number("Beat"),
            busy="Owner" in row,
            why=text("Why") or "",
            progress=text("Progress") or "",
            stream=text("Stream"),
            done_at=None if done_at is None else datetime.fromisoformat(done_at),
            outcome=Outcome(
                number("Looked"),
                number("Found"),
                number("Written"),
                number("Left"),
                text("Error") or None,
            ),
        )

    def ask(self, why: str, now: datetime) -> int:
        """Ask for one; its number. Asked twice by a lost answer, one is done for both."""
        row = self._update(
            "ADD #Requested :one SET #Why = :why, #RequestedAt = :now",
            {"one": 1, "why": why, "now": rfc3339(now)},
        )
        return int(row["Requested"]["N"])

    def claim(self, beat: int, owner: str) -> bool:
        """Take it on, unless someone's beat was raised since it was read."""
        try:
            self._update(
                "ADD #Beat :one SET #Owner = :owner",
                {"one": 1, "owner": owner, "beat": beat},
                "attribute_not_exists(#Beat) OR #Beat = :beat",
            )
        except ConditionFailed:
            return False
        return True

    def raise_beat(self, progress: str) -> None:
        """Say that it goes on, and how far it is."""
        self._update("ADD #Beat :one SET #Progress = :progress", {"one": 1, "progress": progress})

    def release(self) -> None:
        """Leave it to another at once."""
        self._update("REMOVE #Owner", {})

    def finish(self, request: int, outcome: Outcome, stream: str, now: datetime) -> None:
        """Answer every request up to this one."""
        equal: dict[str, int | str] = {"stream": stream} if outcome.equal else {}
        self._update(
            "SET #Done = :done, #DoneAt = :now, #Looked = :looked, #Found = :found, "
            "#Written = :written, #Left = :left, #Error = :error"
            f"{', #Stream = :stream' if equal else ''} REMOVE #Owner",
            equal
            | {
                "done": request,
                "now": rfc3339(now),
                "looked": outcome.looked,
                "found": outcome.found,
                "written": outcome.written,
                "left": outcome.left,
                "error": outcome.error or "",
            },
        )

    def _update(
        self, expression: str, values: Mapping[str, int | str], condition: str = ""
    ) -> dict[str, Any]:
        """Every name has its `#`: many a word is reserved to DynamoDB."""
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
