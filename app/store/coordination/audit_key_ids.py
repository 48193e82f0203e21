"""Every key id that ever signed is listed, so that a process without one of them says so at once.

Ids only, never keys. An entry whose key is nowhere known can be read, but no longer verified.
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
        """List the first id, whose key signs here; say which listed ones are not known here.

        Raises:
            StoreUnavailable: it is not listed; call again.

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
                "audit entries are signed with keys that STOCKPULSE_AUDIT_KEYS lacks (%s): they "
                "can be shown, but not verified. Put those keys behind the first.",
                ", ".join(sorted(lacking)),
            )

    def _listed(self) -> set[str]:
        row = get_one(self._client, self._table, self._key) or {}
        return set(row.get("KeyIDs", {}).get("SS", []))
