"""A trouble begins once and ends once: its row and the line in the log are one transaction.

| Kind | ID | |
|---|---|---|
| `trouble` | what it is about | a trouble that goes on |
| `trouble-log` | time of the write, and a hash | its beginning or its end, for 90 days |
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.store.access.settings_rows import row_key
from app.store.dynamodb.reads import get_rows, newest_first
from app.store.dynamodb.transactions import commit
from app.store.feed.cursor import wall_ms

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

GOING_ON, LOG = "trouble", "trouble-log"
UNREADABLE = "rule "  # the beginning of what the trouble of a rule is about that cannot be read
OF_RULES = ("recipient ", "channel ", UNREADABLE)  # beginnings of what troubles of rules are about
KEPT_SECONDS = 90 * 24 * 3600
_TEXT_CHARACTERS = 500


class TroubleLog:
    """What keeps Stockpulse from working, in the settings table."""

    def __init__(
        self, client: "DynamoDBClient", table: str, now_ms: Callable[[], int] = wall_ms
    ) -> None:
        self._client = client
        self._table = table
        self._now_ms = now_ms

    def going_on(self) -> dict[str, str]:
        """The sentences of the troubles that have begun and not ended, by what they are about.

        Raises:
            StoreUnavailable: they cannot be read now; so do the other methods.

        """
        rows = get_rows(
            self._client,
            "query",
            self._table,
            KeyConditionExpression="Kind = :kind",
            ExpressionAttributeValues={":kind": {"S": GOING_ON}},
        )
        return {row["ID"]["S"]: row["Text"]["S"] for row in rows}

    def newest(self, since_ms: int, limit: int) -> list[Any]:
        """Up to `limit` rows of the log that were written since then, newest first."""
        rows, _ = newest_first(self._client, self._table, ("Kind", LOG), "ID", limit)
        return [row for row in rows if row["ID"]["S"] >= f"{since_ms:013d}"]

    def begin(self, about: str, text: str) -> None:
        """Note that a trouble has begun, unless it has already."""
        row = {**row_key(GOING_ON, about), "Text": {"S": text[:_TEXT_CHARACTERS]}}
        self._commit("Put", {"Item": row}, "attribute_not_exists(ID)", about, text)

    def end(self, about: str, text: str) -> None:
        """Note that a trouble has ended, unless it has already."""
        key = {"Key": row_key(GOING_ON, about)}
        self._commit("Delete", key, "attribute_exists(ID)", about, text)

    def happened(self, about: str, text: str) -> None:
        """Note what has happened, and does not go on."""
        line = self._line(about, text, self._now_ms())
        commit(self._client, [{"Put": {"TableName": self._table, "Item": line}}])

    def _commit(
        self, action: str, request: dict[str, Any], condition: str, about: str, text: str
    ) -> None:
        line = {"Item": self._line(about, text, self._now_ms())}
        changes = [(action, {**request, "ConditionExpression": condition}), ("Put", line)]
        with suppress(ConditionFailed):
            commit(
                self._client,
                [{name: {"TableName": self._table, **one}} for name, one in changes],
            )

    def _line(self, about: str, text: str, at_ms: int) -> dict[str, Any]:
        return {
            **row_key(LOG, f"{at_ms:013d}-{digest_of(about, text)}"),
            "Text": {"S": text[:_TEXT_CHARACTERS]},
            "ExpiresAt": {"N": str(at_ms // 1000 + KEPT_SECONDS)},
        }


def digest_of(about: str, text: str) -> str:
    """What the id of a line ends with, after its time."""
    return sha256(f"{about}\0{text}".encode(errors="surrogatepass")).hexdigest()[:32]
