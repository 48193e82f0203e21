"""A product's alerts change in one transaction that is conditional on what was read.

So an event, the passing of time and a person can change the same alerts at the same time, from any
process: one of them is applied, and the others read again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, StoreUnavailable
from app.store.access.settings_rows import row_key
from app.store.alerts.alert import AlertState, ProductAlerts
from app.store.alerts.alert_rows import (
    DUE,
    AlertView,
    Row,
    is_place,
    listed,
    listed_kind,
    product_alerts,
    state_key,
    writes,
)
from app.store.alerts.decision import Decided, due
from app.store.alerts.levels import AlertKind
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.client import translated
from app.store.dynamodb.paging import Page, decode_cursor, encode_cursor
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.transactions import commit
from app.store.feed.cursor import wall_ms

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5

Decide = Callable[[ProductAlerts], Decided]


class AlertRepository:
    """The alerts in the settings table."""

    def __init__(
        self, client: "DynamoDBClient", table: str, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._client = client
        self._table = table
        self.now_ms = now_ms

    def get(self, product_id: str) -> ProductAlerts:
        """A product's alerts."""
        return product_alerts(product_id, get_one(self._client, self._table, state_key(product_id)))

    def get_all(self, product_ids: Iterable[str]) -> dict[str, ProductAlerts]:
        """The alerts of several products, by product id."""
        ids = list(product_ids)
        rows = get_all(self._client, self._table, [state_key(one) for one in ids])
        found = {row["ProductID"]["S"]: row for row in rows}
        return {one: product_alerts(one, found.get(one)) for one in ids}

    def apply(self, known: ProductAlerts, decide: Decide) -> tuple[ProductAlerts, bool]:
        """Apply a decision to a product's alerts as they were read, or as they are by now.

        Returns the alerts, and whether a state changed. A decision that changes nothing is not
        stored.

        Raises:
            StoreUnavailable: it may not be applied; apply it again.

        """
        for _ in range(_TRIES):
            decided = decide(known)
            if decided.after.alerts == known.alerts and due(decided.after) == due(known):
                return known, False
            try:
                self.save(known, decided)
            except ConditionFailed:
                known = self.get(known.product_id)
                continue
            after = replace(decided.after, version=known.version + 1)
            return after, bool(decided.transitions)
        raise busy(known.product_id)

    def save(
        self, known: ProductAlerts, decided: Decided, more: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Store a decision, in one transaction with `more` actions.

        Raises:
            ConditionFailed: the alerts have changed since they were read.
            StoreUnavailable: it may or may not have been stored.

        """
        actions = [
            {name: {"TableName": self._table, **request}}
            for name, request in writes(known, decided, self.now_ms())
        ]
        commit(self._client, [*actions, *more])

    def page(
        self,
        states: Sequence[AlertState],
        kinds: Sequence[AlertKind],
        limit: int,
        cursor: str | None = None,
    ) -> Page[AlertView]:
        """Up to `limit` alerts in these states, the newest state first.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        before = "~" if cursor is None else decode_cursor(cursor, is_place)
        found = [
            row
            for state in states
            for kind in kinds
            for row in self._before(listed_kind(state, kind), before, limit + 1)[0]
        ]
        found.sort(key=lambda row: str(row["ID"]["S"]), reverse=True)
        last = found[limit - 1]["ID"]["S"] if len(found) > limit else None
        return Page(
            [listed(row) for row in found[:limit]], None if last is None else encode_cursor(last)
        )

    def newest(self, state: AlertState, kind: AlertKind, most: int) -> tuple[list[AlertView], bool]:
        """Up to `most` alerts of a kind in a state, and whether there are more.

        They are those of the newest state. One query reads them, so that fewer come if their rows
        exceed its 1 MB.
        """
        rows, ends_early = self._before(listed_kind(state, kind), "~", most + 1)
        return [listed(row) for row in rows[:most]], ends_early or len(rows) > most

    def count_open(self, kind: AlertKind) -> int:
        """The number of open alerts of a kind, counted up to the 1 MB that one query reads."""
        with translated():
            answer = self._client.query(
                TableName=self._table,
                Select="COUNT",
                KeyConditionExpression="Kind = :kind",
                ExpressionAttributeValues={":kind": {"S": listed_kind("open", kind)}},
            )
        return answer["Count"]

    def due(self, limit: int) -> list[Row]:
        """The rows of kind `alert-due` that are due first, in order (`due_at`)."""
        with translated():
            answer: Any = self._client.query(
                TableName=self._table,
                KeyConditionExpression="Kind = :kind",
                ExpressionAttributeValues={":kind": {"S": DUE}},
                ConsistentRead=True,
                Limit=limit,
            )
        rows: list[Row] = answer["Items"]
        return rows

    def forget_due(self, row: Row) -> None:
        """Delete a row of kind `alert-due` whose time has been applied."""
        with translated():
            self._client.delete_item(TableName=self._table, Key=row_key(DUE, row["ID"]["S"]))

    def _before(self, kind: str, place: str, limit: int) -> tuple[list[Row], bool]:
        """The rows before a place, and whether the query ended before all `limit` of them."""
        with translated():
            answer: Any = self._client.query(
                TableName=self._table,
                KeyConditionExpression="Kind = :kind AND ID < :place",
                ExpressionAttributeValues={":kind": {"S": kind}, ":place": {"S": place}},
                ConsistentRead=True,
                ScanIndexForward=False,
                Limit=limit,
            )
        rows: list[Row] = answer["Items"]
        return rows, len(rows) < limit and "LastEvaluatedKey" in answer


def busy(product_id: str) -> StoreUnavailable:
    """The error for alerts that others keep changing."""
    return StoreUnavailable(f"Others keep changing the alerts of {product_id[:200]}. Try again.")
