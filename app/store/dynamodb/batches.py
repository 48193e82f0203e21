"""Unprocessed items of a batch are sent again until all are written; an invalid batch fails."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from app.core.errors import StoreUnavailable
from app.runtime.backoff import Backoff
from app.runtime.portion import PortionSize
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import answer_bytes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITE_LIMIT = 25  # items in one BatchWriteItem
READ_LIMIT = 100  # keys in one BatchGetItem
_FIRST_KEYS = 10  # in a first portion; items have 400 KB at most
_PORTION_BYTES = 2 * 1024 * 1024  # a larger portion is followed by one of fewer keys
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
        "DynamoDB left items of a batch unprocessed: the table is throttled. Raise its "
        "capacity or wait."
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
        found += _get(client, table, wanted[start : start + READ_LIMIT])[0]
    return found


def get_in_portions(
    client: "DynamoDBClient", table: str, keys: Sequence[dict[str, Any]]
) -> Iterator[list[dict[str, Any]]]:
    """As `get_all`, in portions that are read on demand; all keys of one come before the next's.

    A portion is small at first, and later as large as the size of its items allows, so that large
    items never fill the memory.

    Raises:
        StoreUnavailable: as `get_all`, at any portion.

    """
    portion = PortionSize(_FIRST_KEYS, READ_LIMIT, _PORTION_BYTES)
    start = 0
    while some := keys[start : start + portion.limit]:
        start += len(some)
        items, size = _get(client, table, some)
        portion.answered(len(some), size)
        yield items


def _get(
    client: "DynamoDBClient", table: str, keys: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], int]:
    """The items under up to 100 keys, and the bytes of the answers."""
    waiting: dict[str, Any] = {table: {"Keys": keys, "ConsistentRead": True}}
    found: list[dict[str, Any]] = []
    size = 0
    for tries in range(1, _TRIES + 1):
        with translated():
            answer: Any = client.batch_get_item(RequestItems=waiting)
        found += answer["Responses"].get(table, [])
        size += answer_bytes(answer)
        waiting = answer.get("UnprocessedKeys", {})
        if not waiting:
            return found, size
        time.sleep(_pause(tries))
    raise StoreUnavailable(
        "DynamoDB left keys of a batch unprocessed: the table is throttled. Raise its "
        "capacity or wait."
    )
