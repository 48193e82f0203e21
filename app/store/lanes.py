"""A lane is drained by whoever holds its claim, and closed only if nothing was put behind it.

A lane is one row for a sink and a product, there from the first parked record until the last
is delivered. The claim is a word that nobody else has, and a beat that is raised with each
letter: a challenger takes over what its own monotonic clock has seen still for the claim's
life, so no machine's clock time decides. `NextTry` is clock time, and only paces.

Closing is conditional on the number of parkings that was read before the lane was found
empty: the tail alone could be the same again after a shard was read twice.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.events import rfc3339
from app.store.batches import get_all
from app.store.client import translated
from app.store.cursor import wall_ms
from app.store.dead_letters import LaneID, commit
from app.store.errors import ConditionFailed, StoreUnavailable
from app.store.lane import Lane, claimed, conditional, lane_in, number
from app.store.letters import AUDIT, Letter, edges, failing, key_of, lane_key, letter_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_TRIES = 50  # of a transaction that meets others on a lane's row


class ClaimLost(Exception):
    """Another drains this lane now, or it is closed."""


class Lanes:
    """The lanes of a table of dead letters."""

    def __init__(
        self, client: "DynamoDBClient", table: str, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._client = client
        self._table = table
        self.now_ms = now_ms

    def open(self) -> Iterator[Lane]:
        """Every open lane, and every letter of the audit that is due, read consistently."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ConsistentRead=True,
            FilterExpression="attribute_exists(Tail) OR attribute_exists(Due)",
            ProjectionExpression="ProductID, SinkKey, Tail, Parks, Attempts, NextTry, Due, "
            "Claim, Beat",
        )
        with translated():
            for page in pages:
                yield from map(lane_in, page["Items"])

    def which_open(self, ids: Iterable[LaneID]) -> set[LaneID]:
        """Those of these lanes that are open, read consistently."""
        keys = [key_of(product_id, lane_key(sink)) for sink, product_id in dict.fromkeys(ids)]
        return {lane_in(row).id for row in get_all(self._client, self._table, keys)}

    def claim(self, lane: Lane, word: str) -> bool:
        """Take the lane as it was seen, with a word of one's own; False: it moved meanwhile."""
        condition: str = "attribute_not_exists(Claim)"
        values: dict[str, Any] = {}
        if lane.claim is not None:
            condition = "(Claim = :old AND Beat = :beat)"
            values = {":old": {"S": lane.claim}, ":beat": number(lane.beat)}
        return self._update(
            lane,
            "SET Claim = :word, Beat = :one",
            f"attribute_exists(SinkKey) AND ({condition} OR Claim = :word)",
            {**values, ":word": {"S": word}, ":one": number(1)},
        )

    def first(self, lane: Lane) -> Letter | None:
        """The lane's first letter; the letter itself for one of the audit."""
        if lane.sink == AUDIT:
            with translated():
                row = self._client.get_item(
                    TableName=self._table, Key=lane.key, ConsistentRead=True
                ).get("Item")
            return None if row is None else letter_of(row)
        low, high = edges(lane.sink)
        with translated():
            rows = self._client.query(
                TableName=self._table,
                KeyConditionExpression="ProductID = :p AND SinkKey BETWEEN :low AND :high",
                ExpressionAttributeValues={
                    ":p": {"S": lane.product_id},
                    ":low": {"S": low},
                    ":high": {"S": high},
                },
                ConsistentRead=True,
                Limit=1,
            )["Items"]
        return letter_of(rows[0]) if rows else None

    def parks(self, lane: Lane, word: str) -> int:
        """How often something was put behind the lane, up to now.

        Raises:
            ClaimLost: the lane is another's.

        """
        with translated():
            row = self._client.get_item(
                TableName=self._table, Key=lane.key, ConsistentRead=True
            ).get("Item", {})
        if row.get("Claim", {}).get("S") != word:
            raise ClaimLost
        return int(row.get("Parks", {}).get("N", 0))

    def delivered(self, lane: Lane, letter: Letter, word: str) -> None:
        """Take a letter out, and show that the claim is alive.

        Raises:
            ClaimLost: the lane is another's, who will deliver the letter again.

        """
        removed = {"Delete": {"TableName": self._table, "Key": letter.key}}
        if lane.sink == AUDIT:
            removed["Delete"] |= claimed(word)
            self._commit(lane, word, [removed])
            return
        beat = self._row_update(
            lane, "SET Attempts = :zero ADD Beat :one", {":zero": number(0), ":one": number(1)}
        )
        self._commit(lane, word, [removed, conditional(beat, word)])

    def failed(self, lane: Lane, letter: Letter, word: str, error: str, next_try_ms: int) -> None:
        """Note a failed try on the letter, if it is still there, and give the lane up until then.

        Raises:
            ClaimLost: the lane is another's.

        """
        now = rfc3339(datetime.fromtimestamp(self.now_ms() / 1000, UTC))
        noted = failing(self._table, letter, error, now)
        if lane.sink == AUDIT:
            noted["Update"]["UpdateExpression"] += " REMOVE Due, Claim, Beat"
            noted["Update"]["ConditionExpression"] += " AND Claim = :word"
            noted["Update"]["ExpressionAttributeValues"][":word"] = {"S": word}
            self._commit(lane, word, [noted])
            return
        given_up = self._row_update(
            lane,
            "SET NextTry = :next REMOVE Claim, Beat, Due ADD Attempts :one",
            {":next": number(next_try_ms), ":one": number(1)},
        )
        try:
            commit(self._client, [noted, conditional(given_up, word)])
        except ConditionFailed:  # the letter was deleted, or another has the lane
            self.release(lane, word, self.now_ms())

    def release(self, lane: Lane, word: str, next_try_ms: int) -> None:
        """Give the claim up; what is left is tried from then on."""
        self._update(
            lane,
            "SET NextTry = :next REMOVE Claim, Beat",
            "Claim = :word",
            {":word": {"S": word}, ":next": number(next_try_ms)},
        )

    def close(self, lane: Lane, word: str, parks: int) -> bool:
        """Remove the empty lane's row; False where something was put behind it since."""
        try:
            with translated():
                self._client.delete_item(
                    TableName=self._table,
                    Key=lane.key,
                    ConditionExpression="Claim = :word AND Parks = :parks",
                    ExpressionAttributeValues={":word": {"S": word}, ":parks": number(parks)},
                )
        except ConditionFailed:
            return False
        return True

    def _commit(self, lane: Lane, word: str, actions: list[dict[str, Any]]) -> None:
        """Apply actions that rest on the claim, also where they meet a parking on the row."""
        for _ in range(_TRIES):
            try:
                commit(self._client, actions)
            except ConditionFailed:
                self.parks(lane, word)  # raises if the claim is lost
            else:
                return
        raise StoreUnavailable("Others change a lane of dead letters at each of our tries.")

    def _row_update(self, lane: Lane, expression: str, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": lane.key,
                "UpdateExpression": expression,
                "ExpressionAttributeValues": values,
            }
        }

    def _update(self, lane: Lane, expression: str, condition: str, values: dict[str, Any]) -> bool:
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=lane.key,
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=values,
                )
        except ConditionFailed:
            return False
        return True
