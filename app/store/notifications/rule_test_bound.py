"""A rule sends a few tests a minute at most, however many processes are asked for them.

| Kind | ID | |
|---|---|---|
| `rule-tests` | rule, minute | how many tests it sent in this minute; the row is kept for an hour |
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.errors import ConditionFailed
from app.store.access.settings_rows import row_key
from app.store.dynamodb.client import translated
from app.store.feed.cursor import wall_ms
from app.store.notifications.rule_errors import TooManyTests

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST = 5  # tests of one rule in one minute; each goes to all of its recipients
_MINUTE = 60_000  # ms
_KIND = "rule-tests"


class RuleTestBound:
    """The counts in the settings table."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        most: int = MOST,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._client = client
        self._table = table
        self._most = most
        self._now_ms = now_ms

    def take(self, rule_id: str) -> None:
        """Count one test of a rule.

        Raises:
            TooManyTests: it has sent as many as it may in this minute.
            StoreUnavailable: it may be counted or not.

        """
        now = self._now_ms()
        minute = now // _MINUTE
        try:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=row_key(_KIND, f"{rule_id} {minute}"),
                    UpdateExpression="ADD #Count :one SET ExpiresAt = :expires",
                    ConditionExpression="attribute_not_exists(#Count) OR #Count < :most",
                    ExpressionAttributeNames={"#Count": "Count"},
                    ExpressionAttributeValues={
                        ":one": {"N": "1"},
                        ":most": {"N": str(self._most)},
                        ":expires": {"N": str((minute + 60) * 60)},
                    },
                )
        except ConditionFailed:
            raise self._too_many(now) from None

    def _too_many(self, now: int) -> TooManyTests:
        wait = -(-(_MINUTE - now % _MINUTE) // 1000)
        return TooManyTests(
            f"This rule has sent {self._most} tests in this minute. Nothing was sent; try again "
            f"in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )
