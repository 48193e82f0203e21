"""Parking is one transaction: the letters, their lanes' tails, and the lease that they rest on.

So whoever closes a lane sees every letter that was put behind it, and a worker that lost its
shard leaves no letter. What is parked twice is kept once.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.events import rfc3339
from app.metrics import PARKED
from app.store.client import translated
from app.store.cursor import wall_ms
from app.store.errors import ConditionFailed, ItemTooLarge, StoreUnavailable
from app.store.leases import Hold, Unleased
from app.store.letters import AUDIT, Letter, distinct, key_of, lane_key, parking, size_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIRST_TRY = 1_000  # ms from the opening of a lane to the first try to drain it

# A transaction holds 100 actions and 4 MB (FACTS §2b): a letter takes two, the lease one.
_LETTERS, _BYTES = 49, 3_000_000
_TRIES = 12  # of a transaction that meets another on a lane's row

LaneID = tuple[str, str]  # sink, product id


class DeadLetters:
    """Keeps what a sink did not accept."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        now_ms: Callable[[], int] = wall_ms,
        *,
        first_try: int = FIRST_TRY,
    ) -> None:
        self._client = client
        self._table = table
        self._now_ms = now_ms
        self._first_try = first_try

    def park(
        self,
        letters: Sequence[Letter],
        hold: Hold | None = None,
        claims: dict[LaneID, str] | None = None,
    ) -> None:
        """Keep letters, and open or lengthen their lanes.

        `claims` are for lanes whose first record is still being delivered here: nobody may
        drain them until that has ended (or its claim is seen to be dead).

        Raises:
            LeaseLost: the shard is another's; none of the last transaction's is kept.
            StoreUnavailable: not all is kept yet; the same call again is safe.

        """
        for group in _groups(distinct(letters)):
            self._park(group, hold or Unleased(), claims or {})
            for letter in group:
                PARKED.labels(letter.sink).inc()

    def _park(self, letters: Sequence[Letter], hold: Hold, claims: dict[LaneID, str]) -> None:
        now_ms = self._now_ms()
        now = rfc3339(datetime.fromtimestamp(now_ms / 1000, UTC))
        condition = hold.condition()
        actions = [
            *([] if condition is None else [condition]),
            *(parking(self._table, letter, now) for letter in letters),
            *self._raised(letters, now_ms, claims),
        ]
        for attempt in range(_TRIES):
            try:
                commit(self._client, actions)
            except ConditionFailed:
                hold.check()  # says so if that was it; else another met us on a lane's row
                time.sleep(random.uniform(0.5, 1) * 0.005 * 2 ** min(attempt, 6))  # noqa: S311
            except ItemTooLarge:
                if len(letters) == 1:
                    raise
                self._park(letters[: len(letters) // 2], hold, claims)
                self._park(letters[len(letters) // 2 :], hold, claims)
                return
            else:
                return
        raise StoreUnavailable("Others change a lane of dead letters at each of our tries.")

    def _raised(
        self, letters: Sequence[Letter], now_ms: int, claims: dict[LaneID, str]
    ) -> list[dict[str, Any]]:
        """The actions that put a tail on each lane."""
        tails = {(x.sink, x.product_id): x.event_key for x in letters if x.sink != AUDIT}
        actions = []
        for (sink, product_id), tail in tails.items():
            sets = "Tail = :tail, NextTry = if_not_exists(NextTry, :next)"
            values = {
                ":tail": {"S": tail},
                ":next": {"N": str(now_ms + self._first_try)},
                ":one": {"N": "1"},
            }
            if (claim := claims.get((sink, product_id))) is not None:
                sets += ", Claim = if_not_exists(Claim, :claim), Beat = if_not_exists(Beat, :one)"
                values[":claim"] = {"S": claim}
            actions.append(
                {
                    "Update": {
                        "TableName": self._table,
                        "Key": key_of(product_id, lane_key(sink)),
                        "UpdateExpression": f"SET {sets} ADD Parks :one",
                        "ExpressionAttributeValues": values,
                    }
                }
            )
        return actions


def commit(client: "DynamoDBClient", actions: Sequence[dict[str, Any]]) -> None:
    """Apply actions together; botocore's own repeats carry one token, so they apply once.

    Raises:
        ConditionFailed: a condition does not hold, or another transaction has a row.
        StoreUnavailable: they may or may not have been applied.

    """
    with translated():
        client.transact_write_items(
            ClientRequestToken=uuid.uuid4().hex,
            TransactItems=list(actions),  # type: ignore[arg-type]
        )


def _groups(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """As many letters together as one transaction holds, in order."""
    group: list[Letter] = []
    size = 0
    for letter in letters:
        more = size_of(letter.record)
        if group and (len(group) == _LETTERS or size + more > _BYTES):
            yield group
            group, size = [], 0
        group.append(letter)
        size += more
    if group:
        yield group
