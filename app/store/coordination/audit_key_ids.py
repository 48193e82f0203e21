"""The id of every key that has signed is listed, so that a process warns if it lacks one.

Only ids are stored, never keys. An entry whose key is lost can be read, but not verified.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

SHARD = "~keys"


class AuditKeyIDs:
    """The row of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._key = {"Consumer": {"S": consumer}, "Shard": {"S": SHARD}}

    def register(self, known: Sequence[str]) -> None:
        """Add the first id, whose key signs here; warn about listed ids that are unknown here.

        Raises:
            StoreUnavailable: the id may not be listed; call again.

        """
        listed, signing = self._listed(), known[0]
        if signing not in listed:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key,
                    UpdateExpression="ADD KeyIDs :id",
                    ExpressionAttributeValues={":id": {"SS": [signing]}},
                )
        if lacking := listed - set(known):
            _log.warning(
                "STOCKPULSE_AUDIT_KEYS lacks keys that have signed audit entries (%s): those "
                "entries are shown, but cannot be verified. Add the keys after the first one.",
                ", ".join(sorted(lacking)),
            )

    def _listed(self) -> set[str]:
        row = get_one(self._client, self._table, self._key) or {}
        return set(row.get("KeyIDs", {}).get("SS", []))
