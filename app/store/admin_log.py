"""What admins do leaves a row, written in one transaction with what it tells, or neither is.

Rows are never changed. They lie in the Settings table under the kind `log`, and their ids
sort by time.
"""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.events import rfc3339
from app.store.client import translated
from app.store.paging import Page, decode_cursor, encode_cursor

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KIND = "log"


@dataclass(frozen=True, slots=True)
class LogRow:
    """One act of an admin: who did what when, and how it was before and after."""

    id: str
    at: str
    actor: str
    action: str
    before: Any
    after: Any


class AdminLog:
    """Makes the rows, for the writers to put into their transactions, and reads them."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def row(
        self,
        actor: str,
        action: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """An operation of `TransactWriteItems` that writes the row; never with a secret."""
        return {
            "Put": {
                "TableName": self._table,
                "Item": {
                    "Kind": {"S": KIND},
                    "ID": {"S": f"{time.time_ns() // 1000:016d}-{uuid.uuid4().hex[:8]}"},
                    "At": {"S": rfc3339(datetime.now(UTC))},
                    "Actor": {"S": actor},
                    "Action": {"S": action},
                    **({} if before is None else {"Before": {"S": _text(before)}}),
                    **({} if after is None else {"After": {"S": _text(after)}}),
                },
                "ConditionExpression": "attribute_not_exists(ID)",
            }
        }

    def page(self, limit: int, cursor: str | None = None) -> Page[LogRow]:
        """Rows newest first.

        Raises:
            InvalidCursor: no page gave out this cursor.

        """
        start: dict[str, Any] = {}
        if cursor is not None:
            start = {"ExclusiveStartKey": {"Kind": {"S": KIND}, "ID": {"S": decode_cursor(cursor)}}}
        with translated():
            answer: Any = self._client.query(
                TableName=self._table,
                KeyConditionExpression="Kind = :kind",
                ExpressionAttributeValues={":kind": {"S": KIND}},
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
                **start,
            )
        last = answer.get("LastEvaluatedKey")
        rows = [_row(item) for item in answer["Items"]]
        return Page(rows, None if last is None else encode_cursor(last["ID"]["S"]))


def _text(state: Mapping[str, Any]) -> str:
    return json.dumps(state, ensure_ascii=False, separators=(",", ":"))


def _row(item: dict[str, Any]) -> LogRow:
    def state(name: str) -> Any:
        return json.loads(item[name]["S"]) if name in item else None

    return LogRow(
        item["ID"]["S"],
        item["At"]["S"],
        item["Actor"]["S"],
        item["Action"]["S"],
        state("Before"),
        state("After"),
    )
