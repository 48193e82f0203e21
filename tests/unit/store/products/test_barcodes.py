"""A check of a barcode ends at its bounds in time, pages and number, and then nobody knows."""

from collections.abc import Iterator
from itertools import count
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from app.core.item import DEFAULT_NAMES
from app.store.products import barcodes
from app.store.products.barcodes import BarcodeChecks, SameBarcode
from tests.support.builders import an_item

UNKNOWN = SameBarcode(known=False)


class Table:
    """A table of endless pages; `at` holds the items of some of them. A scan waits for `go`."""

    def __init__(self) -> None:
        self.at: dict[int, list[Any]] = {}
        self.scans = 0
        self.down = False
        self.go = Event()
        self.go.set()

    def scan(self, **request: Any) -> dict[str, Any]:
        assert self.go.wait(10)
        if self.down:
            raise EndpointConnectionError(endpoint_url="http://gone")
        page = request.get("ExclusiveStartKey", 0)
        self.scans += 1
        return {"Items": self.at.get(page, []), "LastEvaluatedKey": page + 1}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def checks(table: Table) -> Iterator[BarcodeChecks]:
    with BarcodeChecks(table, "Products", DEFAULT_NAMES) as checks:  # type: ignore[arg-type]
        yield checks
        table.go.set()


def test_check_reads_on_past_its_own_product_until_it_finds_others(
    table: Table, checks: BarcodeChecks
) -> None:
    table.at = {0: [an_item("P1")], 3: [an_item(f"Q{number}") for number in range(5)]}
    assert checks.start("1", "P1").result == SameBarcode(("Q0", "Q1", "Q2"))
    assert table.scans == 4


def test_check_reads_a_bounded_number_of_pages(table: Table, checks: BarcodeChecks) -> None:
    assert checks.start("1", "P1").result == UNKNOWN
    assert table.scans == barcodes.PAGES


def test_check_reads_no_page_after_its_time(table: Table) -> None:
    seconds = count(0, 0.2)
    with BarcodeChecks(
        table,  # type: ignore[arg-type]
        "Products",
        DEFAULT_NAMES,
        monotonic=lambda: next(seconds),
    ) as checks:
        checks.start("1", "P1")
    assert table.scans < barcodes.PAGES


def test_request_does_not_wait_for_a_scan_without_an_answer(
    table: Table, checks: BarcodeChecks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barcodes, "SECONDS", 0.05)
    table.at = {0: [an_item("Q")]}
    table.go.clear()
    check = checks.start("1", "P1")
    assert check.result == UNKNOWN
    table.go.set()
    assert checks.start("1", "P1").result == SameBarcode(("Q",))
    assert check.result == UNKNOWN  # what was answered once stays


def test_third_check_at_a_time_does_not_wait(table: Table, checks: BarcodeChecks) -> None:
    table.at = {0: [an_item("Q")]}
    table.go.clear()
    first, second = checks.start("1", "P1"), checks.start("1", "P2")
    assert checks.start("1", "P3").result == UNKNOWN
    table.go.set()
    assert first.result == second.result == SameBarcode(("Q",))


def test_failed_scan_is_no_error_and_makes_room(table: Table, checks: BarcodeChecks) -> None:
    table.down = True
    assert [checks.start("1", "P1").result for _ in range(3)] == [UNKNOWN] * 3
    table.down, table.at = False, {0: [an_item("Q")]}
    assert checks.start("1", "P1").result == SameBarcode(("Q",))


def test_write_without_a_barcode_scans_nothing(table: Table, checks: BarcodeChecks) -> None:
    assert checks.start(None, "P1").result == SameBarcode()
    assert table.scans == 0
