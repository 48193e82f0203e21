"""When alerts open, are quiet and are resolved; times are minutes, the reorder point is 5."""

import pytest

from app.store.alerts.decision import due
from tests.unit.store.alerts.product import DAY, MINUTE, Product

OPENED = (None, "open", 1.0)


def low() -> Product:
    return Product().event(0, 9).event(1, 5)


def test_low_opens_at_the_reorder_point_and_only_once() -> None:
    assert low().event(2, 4).event(3, 3).told() == [OPENED]


def test_low_is_resolved_ten_minutes_after_the_stock_rose_above_the_point() -> None:
    product = low().event(5, 6)
    assert due(product.known) == 15 * MINUTE
    assert product.wait(14.9).told() == [OPENED]
    assert product.wait(90).told() == [OPENED, ("open", "resolved", 15.0)]


def test_stock_that_falls_again_within_ten_minutes_opens_nothing_and_resolves_nothing() -> None:
    product = low().event(5, 6).event(14, 5).wait(90)
    assert product.told() == [OPENED]
    assert product.event(100, 6).wait(111).told()[1:] == [("open", "resolved", 110.0)]


def test_stock_that_falls_again_later_opens_a_new_alert() -> None:
    product = low().event(5, 6).event(20, 5)
    assert product.told()[1:] == [("open", "resolved", 15.0), (None, "open", 20.0)]
    assert product.alert().number == 2


def test_an_event_that_comes_again_or_late_changes_nothing() -> None:
    product = low().event(5, 6).wait(20)
    known = product.known
    assert product.again(2, stock=5).again(3, stock=0).known == known


def test_an_event_from_before_the_first_scan_changes_nothing() -> None:
    product = Product().scan(100, 3)
    known = product.known
    assert product.event(40, 20).event(70, 3).event(98.9, 20).known == known
    assert product.event(99.1, 20).wait(120).told()[1:] == [("open", "resolved", 109.1)]


@pytest.mark.parametrize(
    ("stock", "point"), [(3, None), (6, 4)], ids=["no point counts", "a lower point"]
)
def test_low_is_resolved_at_once_if_the_threshold_was_edited(stock: int, point: int | None) -> None:
    product = Product().event(1, stock, 8).event(2, stock, point, may_flap=False)
    assert product.told() == [OPENED, ("open", "resolved", 2.0)]


def test_low_opens_if_the_threshold_was_raised_to_the_stock() -> None:
    assert Product().event(0, 9).event(1, 9, 9, may_flap=False).told() == [OPENED]


def test_a_deleted_product_has_no_open_alert() -> None:
    product = Product().event(1, -1).event(2, None, exists=False)
    assert {alert.state for alert in product.known.alerts.values()} == {"resolved"}


def test_a_product_with_a_reorder_point_is_out_at_zero_and_back_at_once() -> None:
    assert Product().event(1, 0).event(2, 1).told("out") == [OPENED, ("open", "resolved", 2.0)]


def test_without_a_reorder_point_a_product_is_out_only_for_90_days_after_a_sale() -> None:
    assert Product().event(1, 0, None).told("out") == []
    product = Product().event(1, 0, None, sold_at=1)
    assert product.told("out") == [OPENED]
    assert product.wait(100 * DAY).told("out")[1:] == [("open", "resolved", 90.0 * DAY + 1)]


def test_stock_below_zero_is_negative_until_it_is_zero() -> None:
    product = Product().event(0, 0, None).event(1, -2, None).event(2, 0, None)
    assert product.told("negative") == [OPENED, ("open", "resolved", 2.0)]


def test_an_acknowledged_alert_stays_quiet_until_it_is_resolved() -> None:
    product = low().act(2, "acknowledged").event(3, 2).event(4, 20).wait(30)
    assert product.told()[1:] == [("open", "acknowledged", 2.0), ("acknowledged", "resolved", 14.0)]
    assert product.alert().actor == "anna"


def test_a_snoozed_alert_opens_again_when_its_time_is_up() -> None:
    product = low().act(2, "snoozed", until=60 * MINUTE).wait(61)
    assert product.told()[1:] == [("open", "snoozed", 2.0), ("snoozed", "open", 60.0)]
    assert (product.alert().actor, product.alert().snoozed_until) == (None, None)


def test_a_snoozed_alert_that_is_resolved_does_not_open_again() -> None:
    product = low().act(2, "snoozed", until=60 * MINUTE).event(3, 20).wait(90)
    assert product.told()[2:] == [("snoozed", "resolved", 13.0)]


def test_an_overdue_order_opens_the_alert_again_once() -> None:
    product = low().order(2, 20, overdue=DAY).wait(DAY).wait(2 * DAY)
    assert product.told()[1:] == [("open", "ordered", 2.0), ("ordered", "open", 1.0 * DAY)]


def test_an_order_that_was_received_in_parts_opens_the_alert_if_it_was_not_enough() -> None:
    product = low().order(2, 4, overdue=DAY).event(3, 1)
    product.event(4, 3, received=2).event(5, 5, received=2)
    assert product.told()[2:] == [("ordered", "open", 5.0)]
    order = product.alert().order
    assert order is not None
    assert order.received == order.quantity


def test_an_order_that_lifts_the_stock_above_the_point_resolves_the_alert_quietly() -> None:
    product = low().order(2, 20, overdue=DAY).event(10, 25, received=20).wait(30)
    assert product.told()[2:] == [("ordered", "resolved", 20.0)]


def test_stock_that_falls_again_after_an_order_came_is_loud_again() -> None:
    product = low().order(2, 20, overdue=DAY).event(10, 25, received=20).event(15, 4)
    assert product.told()[2:] == [("ordered", "open", 15.0)]


def test_goods_that_came_in_the_minute_of_the_order_count() -> None:
    """DynamoDB Local gives records the time of the minute's beginning."""
    product = low().order(10.4, 2, overdue=DAY).event(10, 3, received=2)
    assert product.told()[2:] == [("ordered", "open", 10.0)]


def test_goods_that_came_before_the_order_do_not_count() -> None:
    product = low().order(10, 2, overdue=DAY).event(9, 3, received=2)
    assert product.told()[2:] == []


def test_the_same_action_again_changes_nothing() -> None:
    product = low().act(2, "acknowledged")
    for state, more in (("snoozed", {"until": 60 * MINUTE}), ("open", {})):
        product.act(3, state, **more)  # type: ignore[arg-type]
        known = product.known
        assert product.act(4, state, **more).known == known  # type: ignore[arg-type]
    product.order(5, 3, overdue=DAY)
    known = product.known
    assert product.order(6, 3, overdue=DAY).known == known
    assert product.order(7, 4, overdue=DAY).told()[-1] == ("ordered", "ordered", 7.0)


def test_order_that_is_corrected_keeps_what_has_come_of_it() -> None:
    product = low().order(2, 20, overdue=DAY).event(5, 4, received=6).order(7, 18, overdue=2 * DAY)
    order = product.alert().order
    assert order is not None
    assert (order.quantity, order.received) == (18, 6)
    again = product.act(8, "open").order(9, 30, overdue=DAY).alert().order
    assert again is not None
    assert again.received == 0, "it is another order"


def test_time_that_has_nothing_to_change_is_never_due() -> None:
    assert due(Product().event(1, 3).known) is None
