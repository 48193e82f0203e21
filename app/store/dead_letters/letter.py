"""A sink's dead letter refers to its audit entry; the audit's own letters keep the raw record.

The key is product id and `<sink>#<event key>`, so each event has at most one letter per sink.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.events import event_id, split_id
from app.core.keys import full_id, id_in, row_id

_RECORD_BYTES = 350_000  # an item holds 400 KB; the rest is for keys and error
_OVERHEAD_BYTES = 4096  # of a letter without its record: key, error, expression
_ERROR_CHARACTERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An event that a sink rejected, or a record that could not be audited (sink `audit`).

    `due`: a redrive was requested. `record` and `stream_arn` are set for the audit's letters only.
    `record` is None if it was too large to keep; `digest` (SHA-256, hex) then identifies it.
    """

    sink: str
    product_id: str
    event_key: str
    error: str
    attempts: int = 1
    first_seen: str = ""
    last_seen: str = ""
    due: bool = False
    record: Any = None
    stream_arn: str = ""
    digest: str | None = None

    @property
    def id(self) -> str:
        """The letter's public id: base64url of both halves of its key."""
        return event_id(self.product_id, self.sink_key)

    @property
    def sink_key(self) -> str:
        """The letter's sort key."""
        return f"{self.sink}#{self.event_key}"

    @property
    def key(self) -> dict[str, Any]:
        """The letter's key in the table."""
        return key_of(self.product_id, self.sink_key)


def key_of(product_id: str, sink_key: str) -> dict[str, Any]:
    """A row's key as DynamoDB JSON."""
    return {"ProductID": {"S": row_id(product_id)}, "SinkKey": {"S": sink_key}}


def split_letter_id(identifier: str) -> tuple[str, str] | None:
    """(product id, sort key) of a letter's id; None if it is not a letter's id."""
    key = split_id(identifier)
    sink, _, event_key = key[1].partition("#") if key is not None else ("", "", "")
    return key if sink and event_key else None


def letter_of(row: Mapping[str, Any]) -> Letter:
    """The letter in a row."""
    sink, _, event_key = row["SinkKey"]["S"].partition("#")
    return Letter(
        sink=sink,
        product_id=id_in(row),
        event_key=event_key,
        error=_text(row, "Error"),
        attempts=int(row.get("Attempts", {}).get("N", 1)),
        first_seen=_text(row, "FirstSeenAt"),
        last_seen=_text(row, "LastSeenAt"),
        due="Due" in row,
        record=_record(row),
        stream_arn=_text(row, "StreamARN"),
        digest=row.get("RecordSHA256", {}).get("S"),
    )


def park_action(table: str, letter: Letter, now: str) -> dict[str, Any]:
    """The transaction action that stores a letter.

    Repeated for the same letter, it keeps the first error and time, and adds up the attempts.
    """
    kept = full_id(letter.product_id)
    if letter.record is not None:
        kept |= _stored(letter.record)
    if letter.stream_arn:
        kept["StreamARN"] = {"S": letter.stream_arn}
    return {
        "Update": {
            "TableName": table,
            "Key": letter.key,
            "UpdateExpression": "SET "
            + "".join(f"#{name} = :{name}, " for name in kept)
            + "#e = if_not_exists(#e, :error), FirstSeenAt = if_not_exists(FirstSeenAt, :now), "
            "LastSeenAt = :now, Attempts = if_not_exists(Attempts, :zero) + :attempts",
            "ExpressionAttributeNames": {"#e": "Error", **{f"#{name}": name for name in kept}},
            "ExpressionAttributeValues": {
                **{f":{name}": value for name, value in kept.items()},
                ":error": {"S": letter.error[:_ERROR_CHARACTERS]},
                ":now": {"S": now},
                ":zero": {"N": "0"},
                ":attempts": {"N": str(letter.attempts)},
            },
        }
    }


def redrive_failure(error: str, now: str) -> dict[str, Any]:
    """Parameters of the update that records a failed redrive; the letter is no longer due."""
    return {
        "UpdateExpression": "SET #e = :error, LastSeenAt = :now REMOVE Due ADD Attempts :one",
        "ConditionExpression": "attribute_exists(SinkKey)",
        "ExpressionAttributeNames": {"#e": "Error"},
        "ExpressionAttributeValues": {
            ":error": {"S": error[:_ERROR_CHARACTERS]},
            ":now": {"S": now},
            ":one": {"N": "1"},
        },
    }


def size_of(letter: Letter) -> int:
    """The approximate size of a letter in a request, in bytes."""
    if letter.record is None:
        return _OVERHEAD_BYTES
    return min(_RECORD_BYTES, len(json.dumps(letter.record, default=_raw))) + _OVERHEAD_BYTES


def distinct(letters: Iterable[Letter]) -> list[Letter]:
    """The letters without duplicates: a transaction may name a row only once."""
    by_key: dict[tuple[str, str], Letter] = {}
    for letter in letters:
        by_key.setdefault((letter.product_id, letter.sink_key), letter)
    return list(by_key.values())


def _stored(record: Any) -> dict[str, Any]:
    """The record in the first form that fits into an item: plain, compressed, or only its hash."""
    raw = json.dumps(record, default=_raw).encode()
    if len(raw) <= _RECORD_BYTES:
        return {"Record": {"S": raw.decode()}}
    packed = zlib.compress(raw, 9)
    if len(packed) <= _RECORD_BYTES:
        return {"RecordZ": {"B": packed}}
    return {"RecordSHA256": {"S": hashlib.sha256(raw).hexdigest()}}


def _record(row: Mapping[str, Any]) -> Any:
    if "Record" in row:
        return json.loads(row["Record"]["S"])
    if "RecordZ" in row:
        return json.loads(zlib.decompress(bytes(row["RecordZ"]["B"])))
    return None


def _raw(value: Any) -> Any:
    """A value that JSON does not have, in the shape of Lambda's events.

    Bytes become base64, times seconds since 1970, and sets sorted lists, so that the same record
    always has the same hash. Anything else becomes its `str`.
    """
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    return sorted(value, key=repr) if isinstance(value, (set, frozenset)) else str(value)


def _text(row: Mapping[str, Any], name: str) -> str:
    value: str = row.get(name, {}).get("S", "")
    return value
