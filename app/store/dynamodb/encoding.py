"""Large bodies are written and read as the JSON that they are, not by botocore's model.

Its walk over every attribute took more than half of the worker's CPU (docs/results/performance.md),
and two thirds of the time of reading a page of `Feed`. In a page of records times stay numbers
and binary stays base64, as in Lambda's events: `decode` takes either. A page of items that
holds a binary attribute is left to botocore, which decodes it.
"""

import base64
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_BINARY = re.compile(rb'"BS?"\s*:')  # within a string the quotes would be escaped
_ITEMS = "stockpulse_items"  # in the context that botocore hands from event to event of a call


def use_fast_encoding(tables: "DynamoDBClient", streams: "DynamoDBStreamsClient") -> None:
    """Take these bodies over from botocore, by its own events."""
    tables.meta.events.register("before-parameter-build.dynamodb.BatchWriteItem", _hold_items)
    tables.meta.events.register("before-call.dynamodb.BatchWriteItem", _encode_items)
    for operation in ("Query", "BatchGetItem"):
        tables.meta.events.register(f"before-parse.dynamodb.{operation}", _parse_items)
    streams.meta.events.register("before-parse.dynamodb-streams.GetRecords", _parse_records)


def _hold_items(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Leave botocore's serializer an empty batch."""
    context[_ITEMS] = params["RequestItems"]
    params["RequestItems"] = {}


def _encode_items(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Put the batch into the request, before it is signed."""
    params["body"] = orjson.dumps({"RequestItems": context.pop(_ITEMS)}, default=_base64)


def _base64(value: Any) -> str:
    return base64.b64encode(value).decode()


def _parse_items(response_dict: dict[str, Any], **more: Any) -> None:
    """Parse a page of items without binary attributes."""
    if not _BINARY.search(response_dict["body"]):
        _parse_records(response_dict, **more)


def _parse_records(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Parse the page, and leave botocore's parser an empty one."""
    if response_dict["status_code"] != 200:
        return
    with suppress(orjson.JSONDecodeError):  # what is nearly JSON is left to botocore
        customized_response_dict.update(orjson.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
