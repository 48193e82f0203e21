"""A request with an idempotency key is applied once; its response is stored with the write.

Both are in one transaction, so either both exist or neither does, and no lock is left behind. A
repeat gets the stored response. A repeat that runs at the same time fails on the response's row.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

from app.core.errors import (
    ConditionFailed,
    IdempotencyKeyReused,
    ItemTooLarge,
    StockpulseError,
    StoreUnavailable,
)
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The result of a write, from which its response is made.
Result = TypeVar("Result", contravariant=True)

KEPT = timedelta(hours=24)  # as at Stripe: after that, the same key means a new request
_BODY_BYTES = 350_000  # compressed; an item holds 400 KB


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a request, as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Replayed(Exception):
    """The request has already been applied; `answer` is the stored response."""

    def __init__(self, answer: Answer, *, again: bool) -> None:
        """`again` is False if this same request wrote the response but never saw it confirmed."""
        super().__init__("the request has already been applied")
        self.answer = answer
        self.again = again


@dataclass(frozen=True, slots=True)
class RequestKey:
    """An idempotency key: who sent it for which route, the request's body, and the request's id.

    After `kept`, the same key means a new request. With `spent`, it stands for an action that can
    be done only once: its row is never deleted, and `spent` returns the error for other requests,
    from the id of the request that did it.
    """

    actor: str
    route: str
    key: str
    body: bytes
    request_id: str
    spent: Callable[[str], StockpulseError] | None = None
    kept: timedelta = KEPT

    @property
    def row(self) -> str:
        """The partition key of the response's row: a hash, so its length is fixed."""
        return sha256(orjson.dumps([self.actor, self.route, self.key])).hexdigest()

    @property
    def fingerprint(self) -> str:
        """A hash of the body: a repeat has the same one, another request does not."""
        return sha256(self.body).hexdigest()


class IdempotencyKeyRows:
    """The table of stored responses."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._table = table
        self._now = now

    def recall(self, request: RequestKey, sent: Answer | None = None) -> StockpulseError | None:
        """Return None if the request is new; `sent` is the answer that it has tried to store.

        Returns the error of `request.spent` if another request did what can be done only once.

        Raises:
            Replayed: it has already been applied.
            IdempotencyKeyReused: the key was used for another request.

        """
        row = get_one(self._client, self._table, {"RequestKey": {"S": request.row}})
        if row is None:
            return None
        if request.spent is not None:
            done_by = row["RequestID"]["S"]
            if sent is not None and done_by == request.request_id:
                raise Replayed(sent, again=False)
            return request.spent(done_by)
        # DynamoDB deletes expired rows some time later, so the expiry is checked here.
        if int(row["ExpiresAt"]["N"]) <= self._now().timestamp():
            return None
        if row["Fingerprint"]["S"] != request.fingerprint:
            raise IdempotencyKeyReused(
                "This Idempotency-Key was used for a different request within the last 24 hours. "
                "Use a new key for each request, and repeat a key only with the same body."
            )
        answer = Answer(
            int(row["Status"]["N"]),
            {name: value["S"] for name, value in row["Headers"]["M"].items()},
            zlib.decompress(bytes(row["Body"]["B"])),
        )
        raise Replayed(answer, again=row["RequestID"]["S"] != request.request_id)

    def commit(self, actions: Sequence[dict[str, Any]]) -> None:
        """Store responses alone; raises as `transactions.commit` does."""
        commit(self._client, actions)

    def put(self, request: RequestKey, answer: Answer) -> dict[str, Any]:
        """The action that stores the response, for the write's own transaction.

        Of an action that can be done only once, it stores which request did it.

        Raises:
            ItemTooLarge: the response does not fit into an item.

        """
        now = self._now()
        item: dict[str, Any] = {
            "RequestKey": {"S": request.row},
            "Route": {"S": request.route[:1000]},
            "Actor": {"S": request.actor},
            "RequestID": {"S": request.request_id},
        }
        if request.spent is None:
            item |= self._response(request, answer, now)
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(RequestKey) OR ExpiresAt <= :now",
                "ExpressionAttributeValues": {":now": {"N": str(int(now.timestamp()))}},
            }
        }

    def _response(self, request: RequestKey, answer: Answer, now: datetime) -> dict[str, Any]:
        body = zlib.compress(answer.body)
        if len(body) > _BODY_BYTES:
            raise ItemTooLarge(
                "The response is too large to be stored for a repeat of this request. Send the "
                "request without an Idempotency-Key."
            )
        return {
            "Fingerprint": {"S": request.fingerprint},
            "Status": {"N": str(answer.status)},
            "Headers": {"M": {name: {"S": v} for name, v in answer.headers.items()}},
            "Body": {"B": body},
            "ExpiresAt": {"N": str(int((now + request.kept).timestamp()))},
        }


class Once(Generic[Result]):
    """One request with its idempotency keys: read before each attempt, written with the change.

    A repeat is found under any of the keys: the client's own, or the key of an action that can be
    done only once.
    """

    def __init__(
        self,
        idempotency_keys: IdempotencyKeyRows,
        requests: Sequence[RequestKey],
        answer: Callable[[Result], Answer],
    ) -> None:
        """`answer` makes the response from the result of the write.

        What can be done only once comes first in `requests`: if its row is there, so is the row of
        the client's own key, in case this is a repeat.
        """
        self._rows = idempotency_keys
        self._requests = requests
        self._answer = answer
        self._sent: Answer | None = None

    def recall(self) -> None:
        """Return if the request is new.

        Raises:
            Replayed: it has already been applied.
            IdempotencyKeyReused: the key was used for another request.
            StockpulseError: what can be done only once was done by another request.

        """
        spent = [self._rows.recall(request, self._sent) for request in self._requests]
        for error in spent:
            if error is not None:
                raise error

    def record(self, result: Result) -> None:
        """Store the response to something that is not a write to the store.

        Raises:
            Replayed: the same request ran at the same time and was recorded first.
            StoreUnavailable: the response was not stored.

        """
        try:
            self._rows.commit(self.actions(result))
        except ConditionFailed:
            self.recall()
            raise StoreUnavailable(
                "Another request holds the row of this Idempotency-Key. Try again in a moment."
            ) from None

    def actions(self, result: Result) -> list[dict[str, Any]]:
        """The transaction actions that store the response to a write with this result."""
        self._sent = answer = self._answer(result)
        return [self._rows.put(request, answer) for request in self._requests]
