"""A record that cannot be understood is kept whole, with what was wrong; the rest goes on."""

import hashlib
import json
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.events import rfc3339
from app.metrics import PARKED
from app.store.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_RECORD_BYTES = 350_000  # of the 400 KB that an item holds; the rest is for keys and error


class DeadLetters:
    """Parked stream records; lanes and redrive come with the optional sinks."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def park(self, record: Any, *, sink: str, product_id: str, key: str, error: str) -> None:
        """Keep a raw record; the same one again overwrites itself.

        Raises:
            StoreUnavailable: it is not kept yet; try again.

        """
        now = rfc3339(datetime.now(UTC))
        with translated():
            self._client.put_item(
                TableName=self._table,
                Item={
                    "ProductID": {"S": product_id},
                    "SinkKey": {"S": f"{sink}#{key}"},
                    **_stored(json.dumps(record, default=_raw).encode()),
                    "Error": {"S": error[:2000]},
                    "SeenAt": {"S": now},
                },
            )
        PARKED.labels(sink).inc()


def _stored(record: bytes) -> dict[str, Any]:
    """The record as large as an item allows: whole, compressed, or its hash alone."""
    if len(record) <= _RECORD_BYTES:
        return {"Record": {"S": record.decode()}}
    packed = zlib.compress(record, 9)
    if len(packed) <= _RECORD_BYTES:
        return {"RecordZ": {"B": packed}}
    return {"RecordSHA256": {"S": hashlib.sha256(record).hexdigest()}}


def _raw(value: Any) -> str:
    """Bytes as hex, times as RFC 3339: readable, and enough to rebuild the record."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return rfc3339(value) if isinstance(value, datetime) else str(value)
