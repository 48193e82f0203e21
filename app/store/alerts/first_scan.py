"""The first scan opens the alerts of products that were low before the consumer first ran.

It goes on page by page between the reads of the timeline, and saves its place with each page, so a
restart continues there. A product that already has alerts, or that has changed since its page was
read, is left alone: events set its alerts.
"""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.core.errors import ConditionFailed
from app.core.item import AttributeNames, Item, stock
from app.core.paths import path_of
from app.store.access.settings_rows import row_key
from app.store.alerts.alert_repository import AlertRepository
from app.store.alerts.decision import Seen, after_event
from app.store.alerts.levels import levels_of, may_hold
from app.store.dynamodb.client import translated
from app.store.dynamodb.reads import get_one
from app.store.dynamodb.table_names import TableNames
from app.store.products.expressions import compared

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

PAGE = 100  # items: all of them may open alerts, within the time of a lease
NEVER = 3600.0  # seconds
_REPORT = 50  # pages between lines in the log


class FirstScan:
    """The scan of one products table; `with_sale` adds the last sale if that decides."""

    def __init__(
        self,
        client: "DynamoDBClient",
        tables: TableNames,
        names: AttributeNames,
        rows: AlertRepository,
        with_sale: Callable[[str, Seen], Seen],
    ) -> None:
        self._client = client
        self._tables = tables
        self._key = row_key("alert-scan", tables.products)
        self._names = names
        self._rows = rows
        self._with_sale = with_sale
        self._state: dict[str, Any] | None = None  # as it was saved
        self._pages = 0

    def advance(self) -> float:
        """Read the next page, if there is one; returns the seconds until the next call.

        Raises:
            StoreUnavailable, StoreRefused: call it again.

        """
        if self._state is None:
            self._state = get_one(self._client, self._tables.settings, self._key) or {}
        if "Done" in self._state:
            return NEVER
        began = time.monotonic()
        place = self._state.get("Place", {}).get("M")
        start: Any = {} if place is None else {"ExclusiveStartKey": place}
        with translated():
            answer: Any = self._client.scan(
                TableName=self._tables.products, ConsistentRead=True, Limit=PAGE, **start
            )
        opened = self._open(answer["Items"])
        self._save(answer, opened)
        return time.monotonic() - began  # so that events are applied as well

    def _open(self, items: list[Item]) -> int:
        """Open the alerts of one page; returns of how many products."""
        found = {
            self._names.key.id_of(item): item
            for item in items
            if self._names.is_product(item)
            and may_hold(stock(item, self._names), item, self._names)
        }
        opened = 0
        stored = self._rows.get_all(found)
        for product_id, item in found.items():
            known = stored[product_id]
            if known.version:
                continue
            levels = levels_of(item, self._names)
            seen = self._with_sale(product_id, Seen("", self._rows.now_ms(), levels))
            decided = after_event(known, seen)
            if not decided.transitions:
                continue
            try:
                self._rows.save(known, decided, [self._unchanged(item)])
            except ConditionFailed:  # the product has just changed: its event sets them
                continue
            opened += 1
        return opened

    def _unchanged(self, item: Item) -> dict[str, Any]:
        """The action that fails if what decides about alerts is no longer as in the item."""
        names = self._names
        fields = (names.stock, names.reorder_point, names.no_reorder)
        check = compared(item, map(path_of, fields)).request(names.key)
        key = names.key.of_item(item)
        return {"ConditionCheck": {"TableName": self._tables.products, "Key": key, **check}}

    def _save(self, answer: Any, opened: int) -> None:
        """Save the place after a page, and report the progress."""
        before = self._state or {}
        state = {
            name: {"N": str(int(before.get(name, {}).get("N", 0)) + more)}
            for name, more in (("Scanned", len(answer["Items"])), ("Opened", opened))
        }
        last = answer.get("LastEvaluatedKey")
        row = {**self._key, **state, **({"Done": {"BOOL": True}} if last is None else {})}
        row |= {} if last is None else {"Place": {"M": last}}
        with translated():
            self._client.put_item(TableName=self._tables.settings, Item=row)
        self._state, self._pages = row, self._pages + 1
        if last is None or self._pages % _REPORT == 0:
            _log.info(
                "first scan for alerts%s: read %s products, %s of them have alerts",
                " is done" if last is None else "",
                state["Scanned"]["N"],
                state["Opened"]["N"],
            )
