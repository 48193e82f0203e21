"""What browsers show their people: a row for each message, for a week, newest first.

| Kind | ID | |
|---|---|---|
| `inbox <address>` | ms of the write, hash of the message's id | title, text, and where it leads |

A message that is sent again after a crash is one more row with the same hash, and is shown once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from app.store.access.settings_rows import row_key
from app.store.dynamodb.client import translated
from app.store.dynamodb.paging import Page, decode_cursor, encode_cursor
from app.store.dynamodb.reads import newest_first
from app.store.feed.cursor import wall_ms

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 7 * 24 * 3600
_TEXT, _TITLE, _PATH = 4_000, 200, 2_000  # characters; the rest is cut off, a path is left out
_ID = re.compile(r"\d{13}-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message to a browser; `at` is in ms since 1970.

    `key` is the same if the message is sent again. `path` is where it leads, below the site's base
    path; empty: nowhere.
    """

    key: str
    at: int
    title: str
    text: str
    path: str = ""


class Inbox:
    """The rows of the kinds `inbox <address>` in the settings table."""

    def __init__(
        self, client: "DynamoDBClient", table: str, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._client = client
        self._table = table
        self._now_ms = now_ms

    def put(self, address: str, message_id: str, title: str, text: str, path: str = "") -> None:
        """Store a message for whoever looks at this address.

        Raises:
            StoreUnavailable: it may not be stored.

        """
        now = self._now_ms()
        digest = sha256(message_id.encode(errors="surrogatepass")).hexdigest()[:32]
        texts = {
            "Title": title[:_TITLE],
            "Text": text[:_TEXT],
            "Path": path if len(path) <= _PATH else "",
        }
        row = {
            **row_key(_kind(address), f"{now:013d}-{digest}"),
            **{name: {"S": one} for name, one in texts.items() if one},
            "ExpiresAt": {"N": str(now // 1000 + KEPT_SECONDS)},
        }
        with translated():
            self._client.put_item(TableName=self._table, Item=row)

    def page(self, address: str, limit: int, cursor: str | None = None) -> Page[InboxMessage]:
        """Up to `limit` messages that are not expired, newest first.

        Raises:
            InvalidCursor: no page returned this cursor.
            StoreUnavailable: they cannot be read now.

        """
        before = None if cursor is None else decode_cursor(cursor, _is_id)
        partition = ("Kind", _kind(address))
        rows, last = newest_first(self._client, self._table, partition, "ID", limit, before)
        oldest = self._now_ms() - KEPT_SECONDS * 1000
        found = [one for one in map(_message, rows) if one.at >= oldest]
        has_more = last is not None and len(found) == len(rows)
        return Page(found, encode_cursor(last) if has_more and last is not None else None)


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _kind(address: str) -> str:
    return f"inbox {address}"


def _message(row: dict[str, Any]) -> InboxMessage:
    at, _, digest = row["ID"]["S"].partition("-")
    return InboxMessage(
        key=digest,
        at=int(at),
        title=row.get("Title", {}).get("S", ""),
        text=row.get("Text", {}).get("S", ""),
        path=row.get("Path", {}).get("S", ""),
    )
