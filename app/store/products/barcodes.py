"""Other products with a barcode are looked for beside the write that sets it, within bounds.

The table has no index of barcodes, so each check is a scan. It takes no more than `SECONDS` of a
request and `PAGES` of the table; two checks run at a time, and a third does not wait. Where a bound
is reached, or the scan fails, the answer is that nobody knows.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from app.core.errors import StockpulseError
from app.core.item import AttributeNames
from app.core.paths import path_of
from app.store.dynamodb.client import translated
from app.store.products.expressions import placeholder

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

SECONDS = 0.5
PAGES = 8  # of 1 MB, which is about 15,000 products; 128 read units each
ITEMS = 2_000  # in a page: without a limit, dynoxide reads the whole rest of the table for it
MOST_SHOWN = 3  # other products
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class SameBarcode:
    """Ids of other products with the barcode, up to three; `known` is False if nobody knows."""

    product_ids: tuple[str, ...] = ()
    known: bool = True


_UNKNOWN = SameBarcode(known=False)


class BarcodeCheck:
    """A check that may still be running."""

    def __init__(
        self, scan: "Future[SameBarcode]", deadline: float, monotonic: Callable[[], float]
    ) -> None:
        self._scan = scan
        self._deadline = deadline
        self._monotonic = monotonic

    @cached_property
    def result(self) -> SameBarcode:
        """What was found by the deadline; the same at each call."""
        try:
            return self._scan.result(max(0.0, self._deadline - self._monotonic()))
        except TimeoutError:
            return _UNKNOWN


class BarcodeChecks:
    """Starts checks in threads of its own, which end with the block."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        names: AttributeNames,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._table = table
        self._names = names
        self._monotonic = monotonic
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="barcodes")
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    def start(self, barcode: str | None, product_id: str) -> BarcodeCheck:
        """Look for products with the barcode that a write gives to a product; None: for nothing."""
        deadline = self._monotonic() + SECONDS
        if barcode is None:
            scan = _done(SameBarcode())
        elif self._free.acquire(blocking=False):
            scan = self._threads.submit(self._find, barcode, product_id, deadline)
        else:
            scan = _done(_UNKNOWN)
        return BarcodeCheck(scan, deadline, self._monotonic)

    def _find(self, barcode: str, product_id: str, deadline: float) -> SameBarcode:
        try:
            return self._scan(barcode, product_id, deadline)
        except StockpulseError as error:  # the write goes on without it
            _log.info("barcodes could not be compared: %s", error.detail)
            return _UNKNOWN
        except Exception:  # noqa: BLE001 - a hint must not fail a write that was applied
            _log.exception("barcodes could not be compared")
            return _UNKNOWN
        finally:
            self._free.release()

    def _scan(self, barcode: str, product_id: str, deadline: float) -> SameBarcode:
        aliases: dict[str, str] = {}
        place = placeholder(aliases, "#barcode", path_of(self._names.barcode))
        request: dict[str, Any] = {
            "TableName": self._table,
            "Limit": ITEMS,
            "FilterExpression": f"{place} = :barcode",
            "ExpressionAttributeNames": aliases,
            "ExpressionAttributeValues": {":barcode": {"S": barcode}},
        }
        for _ in range(PAGES):
            with translated():
                answer = self._client.scan(**request)
            products = [item for item in answer["Items"] if self._names.is_product(item)]
            found = [self._names.key.id_of(item) for item in products]
            others = [other for other in found if other != product_id]
            if others:
                return SameBarcode(tuple(others[:MOST_SHOWN]))
            if "LastEvaluatedKey" not in answer:
                return SameBarcode()
            if self._monotonic() >= deadline:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return _UNKNOWN


def _done(result: SameBarcode) -> "Future[SameBarcode]":
    future: Future[SameBarcode] = Future()
    future.set_result(result)
    return future
