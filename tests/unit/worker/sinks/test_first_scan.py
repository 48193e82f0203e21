"""The first scan opens the alerts of products that were low before the consumer first ran."""

from typing import Any

import pytest

from app.core.errors import StoreRefused
from app.store.alerts.first_scan import PAGE
from tests.support.builders import NOON_MS, an_item
from tests.unit.worker.sinks.alert_shop import Shop, change

LATER = NOON_MS + 10**9


def test_the_first_start_opens_the_alerts_of_all_products_once() -> None:
    shop = Shop()
    for number in range(PAGE + 50):
        shop.put(f"P{number}", Stock=number % 2 * 9, ReorderPoint=5)
    opened = (PAGE + 50) // 2
    shop.consumer().pass_time(0)
    assert 0 < len(shop.settings("alert")) < opened, "it goes on page by page"
    restarted = shop.consumer()
    assert restarted.pass_time(0) < 1
    assert restarted.pass_time(0) > 1, "it is done"
    assert len(shop.settings("alert")) == opened
    assert len(shop.settings("alert open low")) == len(shop.settings("alert open out")) == opened
    assert shop.settings("alert-scan")[0]["Scanned"]["N"] == str(PAGE + 50)


def test_the_first_scan_leaves_products_alone_that_events_have_set() -> None:
    shop = Shop()
    shop.put("P1", Stock=3, ReorderPoint=5)
    consumer = shop.consumer()
    consumer.deliver([change(1, 1, 9, 3)])
    consumer.pass_time(0)
    assert len(shop.told()) == 1


@pytest.mark.parametrize(
    "after",
    [
        {"Stock": 50, "ReorderPoint": 5},
        {"Stock": 3, "ReorderPoint": 2},
        {"Stock": 3, "ReorderPoint": 5, "NoReorder": True},
        None,
    ],
    ids=["restocked", "lower point", "not to be reordered", "deleted"],
)
def test_the_first_scan_leaves_a_product_alone_that_changes_after_its_page_was_read(
    after: dict[str, Any] | None,
) -> None:
    shop = Shop()
    shop.put("P1", Stock=3, ReorderPoint=5)
    consumer, read = shop.consumer(), shop.tables.scan

    def scan(**request: Any) -> Any:
        page = read(**request)
        if after is None:
            shop.tables.delete_item(TableName="Products", Key={"ProductID": {"S": "P1"}})
        else:
            shop.put("P1", **after)
        item = None if after is None else an_item(**after)
        consumer.deliver([change(1, 0, 3, 3, after=item, kind="updated" if after else "deleted")])
        return page

    shop.tables.scan = scan
    consumer.pass_time(NOON_MS)
    assert shop.states() == {}


def test_a_first_scan_that_fails_stops_nothing_else() -> None:
    shop = Shop()

    def fail(**_: Any) -> Any:
        raise StoreRefused("The provided starting key is invalid")

    shop.tables.scan = fail
    consumer = shop.consumer()
    consumer.deliver([change(1, 1, 9, 5), change(2, 2, 5, 9)])
    with pytest.raises(StoreRefused):
        consumer.pass_time(LATER)
    assert shop.states() == {"low": "resolved"}


def test_each_products_table_has_a_first_scan_of_its_own() -> None:
    shop = Shop()
    shop.consumer().pass_time(0)
    shop.put("P1", Stock=3, ReorderPoint=5)
    shop.consumer().pass_time(0)
    assert shop.states() == {}, "it is done"
    for row in shop.settings("alert-scan"):  # as if it had been of another table
        shop.tables.delete_item(
            TableName="Settings", Key={"Kind": row["Kind"], "ID": {"S": "Products"}}
        )
        shop.tables.put_item(TableName="Settings", Item=row | {"ID": {"S": "Others"}})
    shop.consumer().pass_time(0)
    assert shop.states() == {"low": "open"}


def test_items_that_are_no_products_have_no_alerts() -> None:
    shop = Shop()
    shop.tables.put_item(TableName="Products", Item=an_item("X", Other=1))
    shop.consumer().pass_time(0)
    assert shop.settings("alert") == []
