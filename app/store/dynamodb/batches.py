"""Unprocessed items of a batch are sent again until all are written; an invalid batch fails."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITE_LIMIT = 25  # items in one BatchWriteItem
READ_LIMIT = 100  # keys in one BatchGetItem
_TRIES = 6  # for unprocessed items; about 2 s with the pauses
_pause = Backoff(0.04, 2.0)

Put = tuple[str, dict[str, Any]]  # table, item


def put_all(client: "DynamoDBClient", puts: Iterable[Put]) -> None:
    """Put up to 25 items with different keys, and send unprocessed ones again.

    Raises:
        StoreRefused: an item is invalid; no item of the failed call was written.
        ItemTooLarge: an item is too large; no item of the failed call was written.
        StoreUnavailable: some items are still unprocessed after several tries.

    """
    waiting: dict[str, Any] = {}
    for table, item in puts:
        waiting.setdefault(table, []).append({"PutRequest": {"Item": item}})
    for tries in range(1, _TRIES + 1):
        with translated():
            waiting = client.batch_write_item(RequestItems=waiting).get("UnprocessedItems", {})
        if not waiting:
            return
        time.sleep(_pause(tries))
    raise StoreUnavailable(
        "DynamoDB left items of a batch unprocessed: the table is throttled. Try again later."
    )


def get_all(
    client: "DynamoDBClient", table: str, keys: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The items that exist under these keys, in no particular order, read consistently.

    Raises:
        StoreUnavailable: some keys are still unprocessed after several tries.

    """
    wanted = list(keys)
    found: list[dict[str, Any]] = []
    for start in range(0, len(wanted), READ_LIMIT):
        found += _get(client, table, wanted[start : start + READ_LIMIT])
    return found


def _get(client: "DynamoDBClient", table: str, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    waiting: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}}
    found: list[dict[str, Any]] = []
    for tries in range(1, _TRIES + 1):
        with translated():
            answer = client.batch_get_item(RequestItems=waiting)
        found += answer["Responses"].get(table, [])
        waiting = answer.get("UnprocessedKeys", {})
        if not waiting:
            return found
        time.sleep(_pause(tries))
    raise StoreUnavailable(
        "DynamoDB left keys of a batch unprocessed: the table is throttled. Try again later."
    )
