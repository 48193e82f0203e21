"""What rules sent by each channel, and what waits: one row for the System page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from app.core import json_text
from app.store.access.settings_rows import row_key
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST = 100  # rules and channels; those in need come first
_KEY = ("notice-totals", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTotal:
    """One rule's messages by one channel, since the worker took over.

    `waiting`: notices, of which the first arrived at `oldest_ms` (in ms since 1970; 0: none waits).
    `failed`: tries; each is repeated.
    """

    channel: str
    rule_id: str
    rule_name: str
    waiting: int = 0
    oldest_ms: int = 0
    delivered: int = 0
    failed: int = 0
    rejected: int = 0


class NoticeTotals:
    """The row in the settings table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def save(self, totals: Sequence[RuleTotal]) -> None:
        """Replace the totals.

        Raises:
            StoreUnavailable: they may not be stored.

        """
        text = json_text.dumps([asdict(one) for one in totals[:MOST]]).decode()
        with translated():
            self._client.put_item(
                TableName=self._table, Item={**row_key(*_KEY), "Totals": {"S": text}}
            )

    def read(self) -> list[RuleTotal]:
        """The totals; none if no rule has sent anything, or another version wrote them."""
        row: Any = get_one(self._client, self._table, row_key(*_KEY))
        try:
            return [RuleTotal(**one) for one in json_text.loads(row["Totals"]["S"])] if row else []
        except (KeyError, TypeError, ValueError):
            return []
