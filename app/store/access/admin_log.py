"""What an administrator does is logged in the same transaction as the action itself."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.core.events import rfc3339
from app.store.dynamodb.paging import Page, decode_cursor, encode_cursor
from app.store.dynamodb.reads import newest_first
from app.store.feed.cursor import wall_ms

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KIND = "log"
_DOCUMENT_CHARACTERS = 20_000  # of the state before or after; the rest is cut off


@dataclass(frozen=True, slots=True)
class AdminAction:
    """Who did what, and the state before and after (JSON values)."""

    id: str
    at: str
    actor: str
    action: str
    before: Any
    after: Any


class AdminLog:
    """The rows of kind `log` in the settings table."""

    def __init__(
        self, client: "DynamoDBClient", table: str, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._client = client
        self._table = table
        self._now_ms = now_ms

    def entry(
        self, actor: str, action: str, *, before: Any = None, after: Any = None
    ) -> dict[str, Any]:
        """The `TransactWriteItems` action that logs what the transaction's other actions do."""
        now = self._now_ms()
        at = rfc3339(datetime.fromtimestamp(now / 1000, UTC))
        documents = {
            name: {"S": json.dumps(value, default=str)[:_DOCUMENT_CHARACTERS]}
            for name, value in (("Before", before), ("After", after))
            if value is not None
        }
        return {
            "Put": {
                "TableName": self._table,
                "Item": {
                    "Kind": {"S": _KIND},
                    "ID": {"S": f"{now:013d}-{secrets.token_hex(4)}"},
                    "At": {"S": at},
                    "Actor": {"S": actor},
                    "Action": {"S": action},
                    **documents,
                },
            }
        }

    def page(self, limit: int, cursor: str | None = None) -> Page[AdminAction]:
        """Up to `limit` actions, newest first.

        Raises:
            InvalidCursor: no page returned this cursor.

        """
        before = None if cursor is None else decode_cursor(cursor)
        rows, last = newest_first(self._client, self._table, ("Kind", _KIND), "ID", limit, before)
        return Page([_action(row) for row in rows], None if last is None else encode_cursor(last))


def _action(row: Any) -> AdminAction:
    return AdminAction(
        row["ID"]["S"],
        row["At"]["S"],
        row["Actor"]["S"],
        row["Action"]["S"],
        _document(row, "Before"),
        _document(row, "After"),
    )


def _document(row: Any, name: str) -> Any:
    """The value, or its cut-off text if it was too long."""
    text = row.get(name, {}).get("S")
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
