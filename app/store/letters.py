"""A dead letter holds a stream record as Lambda would hand it over, to be decoded again.

Its key is product and `<sink>#<event key>`: the letters of one sink and product lie in the
order of their events, and the lane's own row (`<sink>#~lane`) after them.
"""

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.events import event_id

State = Literal["parked", "waiting"]

AUDIT = "audit"  # the sink that has no lanes: what cannot be audited holds nothing up

_LANE = "~lane"
_RECORD_BYTES = 350_000  # of the 400 KB that an item holds; the rest is for keys and error
_ERROR_CHARACTERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A record that a sink did not accept.

    `parked` is what failed, `waiting` what came behind it. `record` is None where it was too
    large to be kept (`digest` names it); what was audited can be read there.
    """

    sink: str
    product_id: str
    event_key: str
    record: Any
    stream_arn: str
    error: str
    attempts: int = 0
    state: State = "parked"
    first_seen: str = ""
    last_seen: str = ""
    digest: str | None = None

    @property
    def id(self) -> str:
        """The letter's one name: base64url of both halves of its key."""
        return event_id(self.product_id, self.sink_key)

    @property
    def sink_key(self) -> str:
        """Its sort key."""
        return f"{self.sink}#{self.event_key}"

    @property
    def key(self) -> dict[str, Any]:
        """Its key in the table."""
        return key_of(self.product_id, self.sink_key)


def key_of(product_id: str, sink_key: str) -> dict[str, Any]:
    """A row's key in the low-level form."""
    return {"ProductID": {"S": product_id}, "SinkKey": {"S": sink_key}}


def lane_key(sink: str) -> str:
    """The sort key of a product's lane row."""
    return f"{sink}#{_LANE}"


def edges(sink: str) -> tuple[str, str]:
    """Sort keys below and above every letter of a sink, its lane row left out."""
    return f"{sink}#", f"{sink}#~"


def split_letter_id(identifier: str) -> tuple[str, str] | None:
    """(product id, sort key) of a letter's id; None where it is not one."""
    try:
        raw = base64.b64decode(
            identifier + "=" * (-len(identifier) % 4), altchars=b"-_", validate=True
        )
        product_id, _, sink_key = raw.decode().rpartition("\0")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    _, hash_sign, event_key = sink_key.partition("#")
    if not (product_id and hash_sign and event_key) or event_key.startswith("~"):
        return None
    return (product_id, sink_key) if event_id(product_id, sink_key) == identifier else None


def letter_of(row: Mapping[str, Any]) -> Letter:
    """The letter in a row."""
    sink, _, event_key = row["SinkKey"]["S"].partition("#")
    state: State = "waiting" if _text(row, "State") == "waiting" else "parked"
    seen = _text(row, "SeenAt")  # of letters from before there were lanes
    return Letter(
        sink=sink,
        product_id=row["ProductID"]["S"],
        event_key=event_key,
        record=_record(row),
        stream_arn=_text(row, "StreamARN"),
        error=_text(row, "Error"),
        attempts=int(row.get("Attempts", {}).get("N", 1)),
        state=state,
        first_seen=_text(row, "FirstSeenAt") or seen,
        last_seen=_text(row, "LastSeenAt") or seen,
        digest=row.get("RecordSHA256", {}).get("S"),
    )


def parking(table: str, letter: Letter, now: str) -> dict[str, Any]:
    """The action that keeps a letter; the same again keeps when and why it was first seen."""
    stored = _stored(json.dumps(letter.record, default=_raw).encode())
    values = {
        **{f":{name}": value for name, value in stored.items()},
        ":arn": {"S": letter.stream_arn},
        ":error": {"S": letter.error[:_ERROR_CHARACTERS]},
        ":state": {"S": letter.state},
        ":now": {"S": now},
        ":zero": {"N": "0"},
        ":attempts": {"N": str(letter.attempts)},
    }
    return {
        "Update": {
            "TableName": table,
            "Key": letter.key,
            "UpdateExpression": "SET "
            + ", ".join(f"#{name} = :{name}" for name in stored)
            + ", StreamARN = :arn, #e = if_not_exists(#e, :error), #s = if_not_exists(#s, :state)"
            ", FirstSeenAt = if_not_exists(FirstSeenAt, :now), LastSeenAt = :now"
            ", Attempts = if_not_exists(Attempts, :zero) + :attempts",
            "ExpressionAttributeNames": {
                "#e": "Error",
                "#s": "State",
                **{f"#{name}": name for name in stored},
            },
            "ExpressionAttributeValues": values,
        }
    }


def failing(table: str, letter: Letter, error: str, now: str) -> dict[str, Any]:
    """The action that notes another failed attempt on a letter that is still there."""
    return {
        "Update": {
            "TableName": table,
            "Key": letter.key,
            "UpdateExpression": "SET #e = :error, #s = :parked, LastSeenAt = :now"
            " ADD Attempts :one",
            "ConditionExpression": "attribute_exists(SinkKey)",
            "ExpressionAttributeNames": {"#e": "Error", "#s": "State"},
            "ExpressionAttributeValues": {
                ":error": {"S": error[:_ERROR_CHARACTERS]},
                ":parked": {"S": "parked"},
                ":now": {"S": now},
                ":one": {"N": "1"},
            },
        }
    }


def size_of(record: Any) -> int:
    """About how many bytes a record takes in a request."""
    return min(_RECORD_BYTES, len(json.dumps(record, default=_raw))) + 4096


def _stored(record: bytes) -> dict[str, Any]:
    """The record as large as an item allows: whole, compressed, or its hash alone."""
    if len(record) <= _RECORD_BYTES:
        return {"Record": {"S": record.decode()}}
    packed = zlib.compress(record, 9)
    if len(packed) <= _RECORD_BYTES:
        return {"RecordZ": {"B": packed}}
    return {"RecordSHA256": {"S": hashlib.sha256(record).hexdigest()}}


def _record(row: Mapping[str, Any]) -> Any:
    if "Record" in row:
        return json.loads(row["Record"]["S"])
    if "RecordZ" in row:
        return json.loads(zlib.decompress(bytes(row["RecordZ"]["B"])))
    return None


def _raw(value: Any) -> Any:
    """Bytes as base64, times as seconds since 1970: the shape of Lambda's events."""
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    return list(value) if isinstance(value, (set, frozenset)) else str(value)


def _text(row: Mapping[str, Any], name: str) -> str:
    value: str = row.get(name, {}).get("S", "")
    return value


def distinct(letters: Iterable[Letter]) -> list[Letter]:
    """Each letter once: a transaction may name a row only once."""
    by_key: dict[tuple[str, str], Letter] = {}
    for letter in letters:
        by_key.setdefault((letter.product_id, letter.sink_key), letter)
    return list(by_key.values())
