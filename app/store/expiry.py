"""The embedded engine keeps expired rows for ever, so its owner deletes those of our own tables.

A thread walks the tables slowly, a page at a time, and deletes only what is still expired then.
Rows are kept for two days after their expiry: DynamoDB deletes them as late as that, too, and a
clock that is a day ahead then deletes nothing that is needed.

Products that expire are deleted by `app.store.products.product_expiry`, because a deletion has an
author.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed, StoreUnavailable
from app.runtime.loop_thread import LoopThread
from app.store.dynamodb.client import translated
from app.store.dynamodb.table_names import TableNames
from app.store.dynamodb.tables import expiring_tables
from app.store.dynamodb.transactions import commit

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

GRACE = 2 * 24 * 3600  # seconds from a row's expiry to its deletion
PAGE = 250  # rows of a scan: 3 ms of the engine's time
BATCH = 50  # deletions of a transaction: 5 ms of the engine's time
SOON, LATER, REST = 1.0, 5.0, 300.0  # seconds after a page with and without such rows; after a walk


class ExpirySweep:
    """Walks the tables, each a name with its key's attributes, again and again."""

    def __init__(
        self,
        client: "DynamoDBClient",
        tables: Mapping[str, Sequence[str]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._tables = list(tables.items())
        self._now = now
        self._number = 0  # of the table
        self._start: dict[str, Any] = {}  # where its next page starts

    def turn(self) -> float:
        """Do one page; returns the seconds until the next one.

        Raises:
            StoreUnavailable: the page is repeated by the next call.

        """
        table, key = self._tables[self._number]
        aliases = {f"#{place}": name for place, name in enumerate(key)}
        edge = {":edge": {"N": str(int(self._now() - GRACE))}}
        with translated():
            answer: Any = self._client.scan(
                TableName=table,
                Limit=PAGE,
                ProjectionExpression=", ".join(aliases),
                FilterExpression="ExpiresAt <= :edge",
                ExpressionAttributeNames=aliases,
                ExpressionAttributeValues=edge,
                **self._start,
            )
        rows = answer["Items"]
        for start in range(0, len(rows), BATCH):
            # A row that was written again meanwhile stops its batch; the next walk does the rest.
            with suppress(ConditionFailed):
                commit(
                    self._client,
                    [
                        {
                            "Delete": {
                                "TableName": table,
                                "Key": row,
                                "ConditionExpression": "ExpiresAt <= :edge",
                                "ExpressionAttributeValues": edge,
                            }
                        }
                        for row in rows[start : start + BATCH]
                    ],
                )
        if "LastEvaluatedKey" in answer:
            self._start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        else:
            self._start, self._number = {}, (self._number + 1) % len(self._tables)
            if self._number == 0:
                return REST
        return SOON if rows else LATER


@contextmanager
def sweeping(client: "DynamoDBClient", names: TableNames) -> Iterator[None]:
    """Delete expired rows until the block ends."""
    sweep = ExpirySweep(client, expiring_tables(names))
    with LoopThread("expiry", sweep.turn, expected=(StoreUnavailable,), first=REST):
        yield
