"""A subscription has a row only while notices wait for it; the row is a cursor, never the notices.

The row says from where the timeline is read again for this rule and this recipient, when that is
due, and why the notices wait. Each write depends on the version that was read: of two workers that
hold the sink by turns, one cannot undo what the other has stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from app.core.errors import ConditionFailed
from app.store.access.settings_rows import row_key
from app.store.dynamodb.batches import get_all
from app.store.dynamodb.reads import get_rows
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KIND = "subscription"
MOST = 100_000  # rows: 2,000 rules with 50 recipients each
_TOGETHER = 50  # rows in one transaction
_ERROR_CHARACTERS = 500

# Why notices wait: a digest is not due, quiet hours, too many in this minute, the recipient did not
# accept one, or took too long.
Why = Literal["digest", "quiet", "capped", "failing", "slow"]


class SubscriptionChanged(Exception):
    """Another worker has written the row since it was read; nothing was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """A subscription that is behind; times are in ms since 1970.

    `events` is the cursor of the first event that waits, and `taken` marks those after it that do
    not (as `app.store.timeline.position` encodes them); `alerts` and `troubles` are the places of
    the first ones in their logs. Each is empty if nothing of its kind waits. `due_at`: when it is
    tried next. `first_at`: when the first waiting notice arrived. `waiting`: how many waited when
    the row was written. `failures`: calls in a row that failed, the first of them at
    `failing_since`. `version` counts the writes; 0: not stored yet.
    """

    id: str
    rule_id: str
    recipient_id: str
    channel: str
    address: str
    events: str = ""
    taken: bytes = b""
    alerts: str = ""
    troubles: str = ""
    why: Why = "digest"
    due_at: int = 0
    first_at: int = 0
    waiting: int = 0
    failures: int = 0
    failing_since: int = 0
    error: str = ""
    version: int = 0

    @property
    def is_lag(self) -> bool:
        """Whether it is behind; waiting for a digest or for the end of quiet hours is not."""
        return self.why in {"failing", "slow"}


class Subscriptions:
    """The rows of kind `subscription` in the settings table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def all(self) -> list[SubscriptionRow]:
        """Every subscription that has a row; those without one have been sent everything.

        Raises:
            StoreUnavailable: they cannot be read now.

        """
        return self._rows("Kind = :kind", {})

    def of_rule(self, rule_id: str) -> list[SubscriptionRow]:
        """Those of one rule; raises as `all`."""
        condition = "Kind = :kind AND begins_with(ID, :rule)"
        return self._rows(condition, {":rule": {"S": f"{rule_id}-"}})

    def some(self, identifiers: Iterable[str]) -> list[SubscriptionRow]:
        """Those of these ids that have a row, in no particular order; raises as `all`."""
        keys = [row_key(KIND, one) for one in identifiers]
        return [_row(item) for item in get_all(self._client, self._table, keys)]

    def save(self, rows: Sequence[SubscriptionRow]) -> list[SubscriptionRow]:
        """Store rows as new versions, which are returned; up to 50 in one call.

        Raises:
            SubscriptionChanged: another worker has written one of them; some may not be stored.
            StoreUnavailable: some may not be stored; read them again.

        """
        after = [replace(row, version=row.version + 1) for row in rows]
        self._commit(
            {"Put": {"Item": _item(new), **_unchanged(old)}}
            for old, new in zip(rows, after, strict=True)
        )
        return after

    def delete(self, rows: Sequence[SubscriptionRow]) -> None:
        """Delete rows: these subscriptions have been sent everything; raises as `save`."""
        self._commit(
            {"Delete": {"Key": row_key(KIND, row.id), **_unchanged(row)}}
            for row in rows
            if row.version
        )

    def _commit(self, requests: Iterable[dict[str, dict[str, Any]]]) -> None:
        left = iter(requests)
        while some := list(islice(left, _TOGETHER)):
            actions = [
                {name: {"TableName": self._table, **one} for name, one in request.items()}
                for request in some
            ]
            try:
                commit(self._client, actions)
            except ConditionFailed as error:
                raise SubscriptionChanged from error

    def _rows(self, condition: str, values: dict[str, Any]) -> list[SubscriptionRow]:
        rows = get_rows(
            self._client,
            "query",
            self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={":kind": {"S": KIND}, **values},
        )
        return [_row(item) for item in islice(rows, MOST)]


def _unchanged(row: SubscriptionRow) -> dict[str, Any]:
    if not row.version:
        return {"ConditionExpression": "attribute_not_exists(ID)"}
    return {
        "ConditionExpression": "Version = :known",
        "ExpressionAttributeValues": {":known": {"N": str(row.version)}},
    }


_TEXTS = {
    "Rule": "rule_id",
    "Recipient": "recipient_id",
    "Channel": "channel",
    "Address": "address",
    "Alerts": "alerts",
    "Troubles": "troubles",
    "Why": "why",
    "LastError": "error",
    "Cursor": "events",
}
_NUMBERS = {
    "DueAt": "due_at",
    "FirstAt": "first_at",
    "Waiting": "waiting",
    "Failures": "failures",
    "FailingSince": "failing_since",
    "Version": "version",
}


def _item(row: SubscriptionRow) -> dict[str, Any]:
    texts = {name: str(getattr(row, field)) for name, field in _TEXTS.items()}
    texts["LastError"] = texts["LastError"][:_ERROR_CHARACTERS]
    return {
        **row_key(KIND, row.id),
        **({"Taken": {"B": row.taken}} if row.taken else {}),
        **{name: {"S": text} for name, text in texts.items() if text},
        **{name: {"N": str(getattr(row, field))} for name, field in _NUMBERS.items()},
    }


def _row(item: dict[str, Any]) -> SubscriptionRow:
    texts = {field: item.get(name, {}).get("S", "") for name, field in _TEXTS.items()}
    numbers = {field: int(item.get(name, {}).get("N", 0)) for name, field in _NUMBERS.items()}
    taken = bytes(item.get("Taken", {}).get("B", b""))
    fields: dict[str, Any] = {**texts, **numbers}
    return SubscriptionRow(id=item["ID"]["S"], taken=taken, **fields)
