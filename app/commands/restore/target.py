"""The table that products are restored to: it must be empty, and is read back in the end."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.commands.common import CommandError
from app.commands.restore.choice import State
from app.core.item import Item, canonical
from app.core.keys import KeySchema
from app.store.dynamodb.batches import WRITE_LIMIT, put_all
from app.store.dynamodb.client import error_code, translated
from app.store.dynamodb.products_table import key_of
from app.store.dynamodb.reads import get_rows

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

THREADS = 4  # that write at once
_WAIT: Any = {"Delay": 1, "MaxAttempts": 300}


class Target:
    """A table that gets the products, and what was written to it."""

    def __init__(
        self, client: "DynamoDBClient", table: str, key: KeySchema, say: Callable[[str], None]
    ) -> None:
        self._client = client
        self._table = table
        self._key = key
        self._say = say
        self._written: dict[str, bytes] = {}  # hashes by product id

    def prepare(self) -> None:
        """Create the table, without a stream, unless it is there.

        Raises:
            CommandError: the table has another key, or is not empty.
            StoreUnavailable: DynamoDB cannot be used now.

        """
        with translated():
            try:
                found = key_of(self._client.describe_table(TableName=self._table)["Table"])
            except ClientError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise
                self._create()
                return
            items = self._client.scan(TableName=self._table, Limit=1)["Items"]
        if found != [(part.name, part.kind) for part in self._key.parts]:
            shown = ", ".join(f"{name} ({kind})" for name, kind in found)
            wanted = ", ".join(f"{part.name} ({part.kind})" for part in self._key.parts)
            raise CommandError(
                f"table {self._table} has the key {shown}, but the products have {wanted}. Name "
                "another table with --to; one that does not exist is created."
            )
        if items:
            raise CommandError(
                f"table {self._table} is not empty, and a restore overwrites nothing. Name another "
                "table with --to (one that does not exist is created), or empty this one."
            )

    def refusal(self, state: State) -> str:
        """Why the table cannot hold a product; "" if it can."""
        try:
            if state.item is None or self._key.id_of(state.item) == state.product_id:
                return ""
        except (KeyError, ValueError):
            pass
        return "its image is from before the products table got another key"

    def write(self, items: Iterable[tuple[str, Item]]) -> int:
        """Write products, each with its id; returns their number.

        Raises:
            StoreRefused, StoreUnavailable: some were not written.

        """
        pairs, count = iter(items), 0
        room = threading.BoundedSemaphore(2 * THREADS)  # batches in memory
        failures: list[BaseException] = []

        def done(future: "Future[None]") -> None:
            room.release()
            if (error := future.exception()) is not None:
                failures.append(error)

        with ThreadPoolExecutor(THREADS) as pool:
            while not failures and (batch := list(islice(pairs, WRITE_LIMIT))):
                count += len(batch)
                self._say(f"{count:,} products written")
                room.acquire()
                pool.submit(self._put, batch).add_done_callback(done)
        if failures:
            raise failures[0]
        return count

    def differences(self) -> Iterator[str]:
        """Read the table back; a sentence for each product that differs from what was written."""
        left = dict(self._written)
        for count, item in enumerate(get_rows(self._client, "scan", self._table), 1):
            product_id = self._key.id_of(item)
            expected = left.pop(product_id, None)
            if expected is None:
                yield f"{product_id!r} is in the table, and was not restored"
            elif expected != _hash(item):
                yield f"{product_id!r} differs from what was written"
            self._say(f"{count:,} of {len(self._written):,} products read back")
        yield from (f"{product_id!r} is not in the table" for product_id in left)

    def _put(self, batch: list[tuple[str, Item]]) -> None:
        put_all(self._client, [(self._table, dict(item)) for _, item in batch])
        for product_id, item in batch:
            self._written[product_id] = _hash(item)

    def _create(self) -> None:
        parts = self._key.parts
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeySchema": [
                {"AttributeName": part.name, "KeyType": role}
                for part, role in zip(parts, ("HASH", "RANGE"), strict=False)
            ],
            "AttributeDefinitions": [
                {"AttributeName": part.name, "AttributeType": part.kind} for part in parts
            ],
            "BillingMode": "PAY_PER_REQUEST",
        }
        self._client.create_table(**request)
        self._client.get_waiter("table_exists").wait(TableName=self._table, WaiterConfig=_WAIT)


def _hash(item: Item) -> bytes:
    return sha256(canonical(item)).digest()
