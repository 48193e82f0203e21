"""What an administrator did leaves a row in the same transaction as the deed itself."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.events import rfc3339
from app.store.client import translated
from app.store.cursor import wall_ms
from app.store.paging import Page, decode_cursor, encode_cursor

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KIND = "log"
_DOCUMENT_CHARACTERS = 20_000  # of what was before or after; the deed is what counts


@dataclass(frozen=True, slots=True)
class AdminAction:
    """One deed: who, what, and how it was before and after (JSON values)."""

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
        """The action of `TransactWriteItems` that records a deed, to go with the deed's own."""
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
        """Up to `limit` deeds, newest first.

        Raises:
            InvalidCursor: the cursor is not one that a page gave out.

        """
        request: dict[str, Any] = {}
        if cursor is not None:
            request["ExclusiveStartKey"] = {
                "Kind": {"S": _KIND},
                "ID": {"S": decode_cursor(cursor)},
            }
        with translated():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="Kind = :kind",
                ExpressionAttributeValues={":kind": {"S": _KIND}},
                ConsistentRead=True,
                ScanIndexForward=False,
                Limit=limit,
                **request,
            )
        last = answer.get("LastEvaluatedKey")
        following = None if last is None else encode_cursor(last["ID"]["S"])
        return Page([_deed(row) for row in answer["Items"]], following)


def _deed(row: Any) -> AdminAction:
    return AdminAction(
        row["ID"]["S"],
        row["At"]["S"],
        row["Actor"]["S"],
        row["Action"]["S"],
        _document(row, "Before"),
        _document(row, "After"),
    )


def _document(row: Any, name: str) -> Any:
    """The value, or the text where it was too long to be kept whole."""
    text = row.get(name, {}).get("S")
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
