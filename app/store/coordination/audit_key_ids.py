"""The id of every key that has signed is listed, so that a process warns if it lacks one.

Only ids are stored, never keys. An entry whose key is lost can be read, but not verified. The row
also has what the worker's stamps depend on, so that no process writes stamps that it disbelieves.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.table_names import TableError

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

    def register(self, known: Sequence[str], proofs: Sequence[str]) -> None:
        """Add the first id, whose key signs here; warn about listed ids that are unknown here.

        `proofs` are those of the stamps that this worker believes.

        Raises:
            StoreUnavailable: the id may not be listed; call again.

        """
        row, signing = self._row(), known[0]
        listed = set(row.get("KeyIDs", {}).get("SS", []))
        if signing not in listed or {*proofs} != {*row.get("StampProofs", {}).get("SS", [])}:
            with translated():
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key,
                    UpdateExpression="ADD KeyIDs :id SET StampProofs = :proofs",
                    ExpressionAttributeValues={
                        ":id": {"SS": [signing]},
                        ":proofs": {"SS": list(proofs)},
                    },
                )
        if lacking := listed - set(known):
            _log.warning(
                "STOCKPULSE_AUDIT_KEYS lacks keys that have signed audit entries (%s): those "
                "entries are shown, but cannot be verified. Add the keys after the first one.",
                ", ".join(sorted(lacking)),
            )

    def check_writer(self, proof: str) -> None:
        """Return if the worker believes stamps with this proof, or if none has ever started.

        Raises:
            TableError: it would show this process's changes as made outside Stockpulse.

        """
        proofs = self._row().get("StampProofs", {}).get("SS")
        if proofs is not None and proof not in proofs:
            raise TableError(
                "the worker would show the changes of this process as made outside Stockpulse: set "
                "STOCKPULSE_AUDIT_KEYS and the names of the attributes as for the worker (to "
                "rotate keys, restart the workers with the new key first)"
            )

    def _row(self) -> dict[str, Any]:
        return get_one(self._client, self._table, self._key) or {}
