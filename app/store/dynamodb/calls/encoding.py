"""Large and frequent bodies are encoded and parsed as plain JSON, without botocore's model.

Botocore walks over every attribute, which took more than half of the worker's CPU time
(docs/results/performance.md) and two thirds of the time to read a page of `Feed`. In a page of
records, times stay numbers and binary stays base64, as in Lambda's events; `decode` accepts both.
A page of items with a binary attribute is left to botocore, which decodes it.
"""

import base64
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from app.core import json_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_BINARY = re.compile(rb'"BS?"\s*:')  # inside a string, the quotes would be escaped
_REQUEST = "stockpulse_request"  # key in the context that botocore passes between a call's events


def use_fast_encoding(tables: "DynamoDBClient", streams: "DynamoDBStreamsClient") -> None:
    """Register handlers of botocore events that encode and parse these bodies."""
    for operation in ("BatchWriteItem", "TransactWriteItems"):
        tables.meta.events.register(f"before-parameter-build.dynamodb.{operation}", _hold_request)
        tables.meta.events.register(f"before-call.dynamodb.{operation}", _encode_request)
    for operation in ("GetItem", "Query", "Scan", "BatchGetItem"):
        tables.meta.events.register(f"before-parse.dynamodb.{operation}", _parse_items)
    streams.meta.events.register("before-parse.dynamodb-streams.GetRecords", _parse_records)


def _hold_request(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Set the request aside, and leave botocore's serializer next to nothing to do.

    The members stay, empty: botocore's choice of the endpoint expects them.
    """
    context[_REQUEST] = dict(params)
    params.update((name, type(value)()) for name, value in context[_REQUEST].items())


def _encode_request(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Put the request into its body before it is signed."""
    # What botocore serialised may hold a token that it added itself.
    request = {**orjson.loads(params["body"]), **context.pop(_REQUEST)}
    params["body"] = json_text.dumps(request, default=_base64)


def _base64(value: Any) -> str:
    return base64.b64encode(value).decode()


def has_binary(body: bytes) -> bool:
    """Whether a page of items may have a binary attribute."""
    return _BINARY.search(body) is not None


def _parse_items(response_dict: dict[str, Any], **more: Any) -> None:
    """Parse a page of items, unless it has binary attributes."""
    if not has_binary(response_dict["body"]):
        _parse_records(response_dict, **more)


def _parse_records(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Parse the page, and leave botocore's parser an empty body."""
    if response_dict["status_code"] != 200:
        return
    with suppress(orjson.JSONDecodeError):  # botocore accepts some bodies that orjson rejects
        customized_response_dict.update(orjson.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
