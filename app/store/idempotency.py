"""A request that carries a key is applied once: its answer is kept in the write's own transaction.

So there is no claim to clean up: either both are there or neither. A repeat finds the answer
and is given it again; a repeat that runs beside the first fails on the answer's row.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

from app.core.errors import IdempotencyKeyReused, ItemTooLarge
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a write leaves behind, of which its answer tells.
Left = TypeVar("Left", contravariant=True)

KEPT = timedelta(hours=24)  # Stripe's: a client that repeats later means another request
_BODY_BYTES = 350_000  # compressed, of the 400 KB that an item holds


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered, as it went out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Replayed(Exception):
    """The request was applied before; `answer` is what it was answered."""

    def __init__(self, answer: Answer, *, again: bool) -> None:
        """`again` is False where the first answer of this very request was lost inside."""
        super().__init__("the request was applied before")
        self.answer = answer
        self.again = again


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Whose key for which route, what the request said, and its id."""

    actor: str
    route: str
    key: str
    said: bytes
    request_id: str

    @property
    def row(self) -> str:
        """The partition key of the answer's row: one length, however long its parts are."""
        return sha256(orjson.dumps([self.actor, self.route, self.key])).hexdigest()

    @property
    def fingerprint(self) -> str:
        """What tells a repeat from another request under the same key."""
        return sha256(self.said).hexdigest()


class IdempotencyKeyRows:
    """The table of kept answers."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._table = table
        self._now = now

    def recall(self, request: RequestKey) -> None:
        """Return where the request is new.

        Raises:
            Replayed: it was applied before.
            IdempotencyKeyReused: the key was used for another request.

        """
        row = get_one(self._client, self._table, {"RequestKey": {"S": request.row}})
        # DynamoDB removes expired rows when it gets to it: until then they count as gone.
        if row is None or int(row["ExpiresAt"]["N"]) <= self._now().timestamp():
            return
        if row["Fingerprint"]["S"] != request.fingerprint:
            raise IdempotencyKeyReused(
                "This Idempotency-Key was used for another request within the last 24 hours. "
                "Make a new key for each request; repeat a key only with the same body."
            )
        answer = Answer(
            int(row["Status"]["N"]),
            {name: value["S"] for name, value in row["Headers"]["M"].items()},
            zlib.decompress(bytes(row["Body"]["B"])),
        )
        raise Replayed(answer, again=row["RequestID"]["S"] != request.request_id)

    def put(self, request: RequestKey, answer: Answer) -> dict[str, Any]:
        """The action, for the write's own transaction, that keeps the answer.

        Raises:
            ItemTooLarge: the answer does not fit.

        """
        body = zlib.compress(answer.body)
        if len(body) > _BODY_BYTES:
            raise ItemTooLarge(
                "The product is too large for its answer to be kept: repeat the request without "
                "Idempotency-Key."
            )
        now = self._now()
        return {
            "Put": {
                "TableName": self._table,
                "Item": {
                    "RequestKey": {"S": request.row},
                    "Route": {"S": request.route[:1000]},
                    "Actor": {"S": request.actor},
                    "Fingerprint": {"S": request.fingerprint},
                    "RequestID": {"S": request.request_id},
                    "Status": {"N": str(answer.status)},
                    "Headers": {"M": {name: {"S": v} for name, v in answer.headers.items()}},
                    "Body": {"B": body},
                    "ExpiresAt": {"N": str(int((now + KEPT).timestamp()))},
                },
                "ConditionExpression": "attribute_not_exists(RequestKey) OR ExpiresAt <= :now",
                "ExpressionAttributeValues": {":now": {"N": str(int(now.timestamp()))}},
            }
        }


class Once(Generic[Left]):
    """One request and its idempotency keys: read before each try, written with the change.

    It is found under each of its keys: its client's, and that of a deed which is done once.
    """

    def __init__(
        self,
        idempotency_keys: IdempotencyKeyRows,
        requests: Sequence[RequestKey],
        answer: Callable[[Left], Answer],
    ) -> None:
        """`answer` says what the request will be answered by what the write leaves."""
        self._receipts = idempotency_keys
        self._requests = requests
        self._answer = answer

    def recall(self) -> None:
        """Return where the request is new.

        Raises:
            Replayed: it was applied before.
            IdempotencyKeyReused: the key was used for another request.

        """
        for request in self._requests:
            self._receipts.recall(request)

    def kept(self, left: Left) -> list[dict[str, Any]]:
        """The actions that keep the answer of a write that leaves this."""
        answer = self._answer(left)
        return [self._receipts.put(request, answer) for request in self._requests]
