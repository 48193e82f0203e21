"""A process that signs with an audit key which the workers lack does not start.

The workers would not believe its stamps, and show its changes as made outside Stockpulse. One row
lists the id of every key that has signed, and the keys of the worker that started last: their ids
with a fingerprint each, never the keys.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.core.stamps import Signatures
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

SHARD = "~keys"
_PURPOSE = b"stockpulse key fingerprint 1"


class AuditKeysDiffer(Exception):
    """The workers would not believe what is signed here. The message says what to set."""


class AuditKeyIDs:
    """The row of one consumer."""

    def __init__(self, client: "DynamoDBClient", table: str, consumer: str) -> None:
        self._client = client
        self._table = table
        self._key = {"Consumer": {"S": consumer}, "Shard": {"S": SHARD}}

    def register_reader(self, keys: Mapping[str, bytes], scope: str) -> None:
        """Record a worker's keys and the scope of its stamps; warn about listed ids that it lacks.

        Raises:
            StoreUnavailable: they may not be recorded; call again.

        """
        before = self._update(
            "SET Held = :held, StampScope = :scope ADD KeyIDs :id",
            {
                ":held": {"SS": _fingerprints(keys)},
                ":scope": {"S": scope},
                ":id": {"SS": [next(iter(keys))]},
            },
        )
        if lacking := set(before.get("KeyIDs", {}).get("SS", ())) - set(keys):
            _log.warning(
                "STOCKPULSE_AUDIT_KEYS lacks keys that have signed (%s): audit entries signed with "
                "them are shown, but cannot be verified, and changes of a process that still signs "
                "with them are shown as made outside Stockpulse. Add the keys after the first one.",
                ", ".join(sorted(lacking)),
            )

    def register_writer(self, keys: Mapping[str, bytes], scope: str | None = None) -> None:
        """Check that the workers believe what is signed here, and list the id of the key.

        `scope` is that of the stamps (`Stamps.scope`); None if none are written. Until a worker has
        started, any key will do: the worker then warns if it lacks it.

        Raises:
            AuditKeysDiffer: the worker that started last lacks the key, or there is none; or it
                reads another table, or other attributes.
            StoreUnavailable: the row cannot be read or written now.

        """
        row = get_one(self._client, self._table, self._key) or {}
        held = row.get("Held", {}).get("SS", [])
        signing = next(iter(_fingerprints(keys)), None)
        if held and signing not in held:
            mine = "none" if signing is None else f"one named {next(iter(keys))!r}"
            theirs = ", ".join(repr(known.partition(":")[0]) for known in sorted(held))
            raise AuditKeysDiffer(
                f"the audit key that signs here ({mine}) is not among those of the worker "
                f"({theirs}), so what is signed here would not be believed: set the same "
                "STOCKPULSE_AUDIT_KEYS for every process, or use the same STOCKPULSE_DATA_DIR. "
                "(To change the key, first add the new one after the first in every process.)"
            )
        if held and scope not in {None, row.get("StampScope", {}).get("S")}:
            raise AuditKeysDiffer(
                "the worker reads the products table with other attribute names than those set "
                "here, so changes made here would be shown as made outside Stockpulse: set the "
                "same STOCKPULSE_…_ATTRIBUTE settings for every process"
            )
        if signing is not None:
            self._update("ADD KeyIDs :id", {":id": {"SS": [next(iter(keys))]}})

    def _update(self, expression: str, values: dict[str, Any]) -> Any:
        """Change the row; returns it as it was."""
        with translated():
            answer = self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression=expression,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_OLD",
            )
        return answer.get("Attributes", {})


def _fingerprints(keys: Mapping[str, bytes]) -> list[str]:
    """Each key as `id:fingerprint`, in order: two keys under one id differ in it."""
    return [str(Signatures({name: key}, _PURPOSE).sign(b"")) for name, key in keys.items()]
