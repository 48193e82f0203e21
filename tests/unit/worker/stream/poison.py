"""Invalid stream records: each lacks or breaks one part that decoding needs."""

from typing import Any

from tests.support.builders import an_item, as_boto3, as_lambda, inserted

_GOOD = as_boto3(inserted(an_item(Stock=9)))


def _with(**parts: Any) -> dict[str, Any]:
    """A good record with parts of its change replaced; "-" removes a part."""
    change = {name: value for name, value in (_GOOD["dynamodb"] | parts).items() if value != "-"}
    return _GOOD | {"dynamodb": change}


POISON: dict[str, Any] = {
    "nothing": None,
    "text": "record",
    "a list": [],
    "empty": {},
    "no change": {"eventName": "INSERT"},
    "null change": _GOOD | {"dynamodb": None},
    "text for change": _GOOD | {"dynamodb": "change"},
    "empty change": _GOOD | {"dynamodb": {}},
    "no event name": {name: part for name, part in _GOOD.items() if name != "eventName"},
    "unknown event name": _GOOD | {"eventName": "UPSERT"},
    "no sequence number": _with(SequenceNumber="-"),
    "empty sequence number": _with(SequenceNumber=""),
    "lettered sequence number": _with(SequenceNumber="49-b"),
    "signed sequence number": _with(SequenceNumber="-1"),
    "sequence number of 41 digits": _with(SequenceNumber="1" * 41),
    "sequence number as a number": _with(SequenceNumber=1),
    "no keys": _with(Keys="-"),
    "null keys": _with(Keys=None),
    "other keys": _with(Keys={"SKU": {"S": "P1"}}),
    "numeric key": _with(Keys={"ProductID": {"N": "1"}}),
    "untyped key": _with(Keys={"ProductID": "P1"}),
    "null key": _with(Keys={"ProductID": None}),
    "null key value": _with(Keys={"ProductID": {"S": None}}),
    "empty key": _with(Keys={"ProductID": {"S": ""}}),
    "binary key": _with(Keys={"ProductID": {"B": b"1"}}),
    "key of two attributes": _with(Keys={"ProductID": {"S": "P1"}, "Size": {"S": "M"}}),
    "no time": _with(ApproximateCreationDateTime="-"),
    "null time": _with(ApproximateCreationDateTime=None),
    "text for time": _with(ApproximateCreationDateTime="noon"),
    "time in the year 50000": _with(ApproximateCreationDateTime=1.5e15),
    "time out of range": _with(ApproximateCreationDateTime=1e300),
    "infinite time": _with(ApproximateCreationDateTime=float("inf")),
    "time that is no number": _with(ApproximateCreationDateTime=float("nan")),
    "text for image": _with(NewImage="image"),
    "untyped attribute": _with(NewImage={"ProductID": "P1"}),
    "attribute of no type": _with(NewImage={"ProductID": {}}),
    "attribute of two types": _with(NewImage={"ProductID": {"S": "P1", "N": "1"}}),
    "attribute of an unknown type": _with(NewImage={"ProductID": {"X": "P1"}}),
    "binary that is not base64": _with(NewImage={"Photo": {"B": "ä!"}}),
    "text for a map": _with(NewImage={"Extra": {"M": "x"}}),
    "text for identity": as_lambda(inserted(an_item()))
    | {"eventName": "REMOVE", "userIdentity": "dynamodb.amazonaws.com"},
}
