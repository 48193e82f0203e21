"""The fill scans the products table, and saves its place with each page: a restart continues there.

It rests after each page for as long as the page took, so that the web process stays quick.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.item import AttributeNames, Item, canonical, from_canonical
from app.readmodel.database import Database, save, saved
from app.readmodel.products.product_row import ProductRow
from app.readmodel.products.product_table import set_row
from app.store.dynamodb.client import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 500  # items
_STATE, _DONE = "fill", "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the fill is: items read, and roughly how many there are (None: not known)."""

    scanned: int
    expected: int | None


class Fill:
    """Copies the items that the table has."""

    def __init__(
        self, client: "DynamoDBClient", table: str, names: AttributeNames, database: Database
    ) -> None:
        self._client = client
        self._table = table
        self._names = names
        self._database = database
        self.progress = Progress(0, None)
        self._done: object = database.made if self._state() == _DONE else None

    @property
    def is_done(self) -> bool:
        """Whether every page was copied into the file that is used now."""
        return self._done is self._database.made

    def run(self, stop: threading.Event, made: object) -> None:
        """Copy page after page until the last one, until `stop` is set or the file is replaced.

        `made` identifies the file (`Database.made`).

        Raises:
            StoreUnavailable: a page cannot be read now; call again to continue there.
            sqlite3.Error: a page cannot be written.

        """
        state = self._state()
        if state == _DONE:
            self._done = made
            return
        place = None if state is None else from_canonical(state)
        expected = expected_items(self._client, self._table)
        self.progress = Progress(0 if place is None else self.progress.scanned, expected)
        while not stop.is_set():
            began = time.monotonic()
            items, place = self._read(place)
            if not self._write(items, place, made):
                return
            self.progress = Progress(self.progress.scanned + len(items), self.progress.expected)
            if place is None:
                self._done = made
                return
            stop.wait(time.monotonic() - began)

    def _state(self) -> Any:
        """The saved place: None before the first page, `_DONE` after the last."""
        with self._database.reading() as connection:
            return saved(connection, _STATE)

    def _read(self, place: Item | None) -> tuple[Sequence[Item], Item | None]:
        start: Any = {} if place is None else {"ExclusiveStartKey": place}
        with translated():
            answer = self._client.scan(
                TableName=self._table, ConsistentRead=True, Limit=PAGE, **start
            )
        return answer["Items"], answer.get("LastEvaluatedKey")

    def _write(self, items: Sequence[Item], place: Item | None, made: object) -> bool:
        """Copy a page and save the place after it; False if the file was replaced."""
        rows = [ProductRow(item, self._names) for item in items if self._names.is_product(item)]
        with self._database.writing() as connection:
            if self._database.made is not made:
                return False
            for row in rows:
                set_row(connection, row, "")
            save(connection, _STATE, _DONE if place is None else canonical(place))
        return True


def expected_items(client: "DynamoDBClient", table: str) -> int | None:
    """A table's number of items, which DynamoDB updates every six hours; None if not known.

    Raises:
        StoreUnavailable: the table cannot be described now.

    """
    with translated():
        described = client.describe_table(TableName=table)["Table"]
    return described.get("ItemCount") or None
