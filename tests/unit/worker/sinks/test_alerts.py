"""The consumer of alerts: what it reads and what it writes."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from app.core.errors import StoreUnavailable
from app.store.alerts.levels import KINDS
from tests.support.builders import NOON_MS, an_item
from tests.unit.worker.sinks.alert_shop import MINUTE, Shop, change
from worker.consumers.sink import Unavailable

LATER = NOON_MS + 10**9


def test_an_event_that_can_change_no_alert_is_not_delivered() -> None:
    wants = Shop().consumer().wants
    assert not wants(change(1, 0, 12, 9))
    assert not wants(change(1, 0, 12, 9, before=None, kind="inserted"))
    assert wants(change(1, 0, 12, 5))
    assert wants(change(1, 0, 5, 12))
    assert wants(change(1, 0, 5, 12, kind="deleted"))
    assert wants(change(1, 0, 12, 9, before=None)), "it may have been low"
    assert wants(change(1, 0, 12, 9, after=None)), "it may be low"
    assert wants(change(1, 0, 12, 9, kind="reconciled"))


def test_each_change_of_state_leaves_one_row_with_the_event_that_caused_it() -> None:
    shop = Shop()
    events = [change(1, 1, 9, 5), change(2, 2, 5, 4), change(3, 3, 4, 6)]
    shop.consumer().deliver(events)
    assert shop.told() == [(None, "open", 1.0, events[0].event_key)]
    shop.consumer().pass_time(LATER)
    assert shop.told()[1:] == [("open", "resolved", 13.0, None)]
    assert shop.states() == {"low": "resolved"}
    assert shop.settings("alert-due") == []


def test_an_alert_that_opens_again_before_its_end_was_noticed_is_listed_as_resolved() -> None:
    shop = Shop()
    consumer = shop.consumer()
    consumer.deliver([change(1, 1, 9, 5), change(2, 2, 5, 9)])
    consumer.deliver([change(3, 12.1, 9, 4)])  # time has not been applied since minute 2
    assert shop.states() == {"low": "open"}
    assert [len(shop.settings(f"alert {state} low")) for state in ("open", "resolved")] == [1, 1]
    (resolved,) = shop.settings("alert resolved low")
    assert "ExpiresAt" in resolved


def test_alerts_that_are_resolved_in_the_same_second_are_both_listed() -> None:
    shop = Shop()
    stocks = [9, 0, 7, 0, 7]
    events = [change(n, 1, *stocks[n - 1 : n + 1]) for n in range(1, len(stocks))]
    shop.consumer().deliver(events)
    assert shop.states() == {"low": "open", "out": "resolved"}
    assert len(shop.settings("alert resolved out")) == 2


def test_a_stock_that_only_falls_further_writes_nothing() -> None:
    shop = Shop()
    consumer = shop.consumer()
    consumer.deliver([change(1, 1, 9, 5)])
    writes: list[Any] = []
    shop.tables.watchers.append(lambda *change: writes.append(change))
    consumer.deliver([change(2, 2, 5, 4), change(3, 3, 4, 3)])
    assert writes == []


@pytest.mark.parametrize(
    "lacking",
    [
        {"before": None, "after": None, "view_type": "KEYS_ONLY"},
        {"after": None, "view_type": "OLD_IMAGE"},
        {"before": None, "after": None, "images_omitted": True},
        {"before": None, "after": None, "kind": "gap"},
    ],
    ids=["keys only", "old images", "images omitted", "gap"],
)
def test_a_product_that_the_event_does_not_show_is_read(lacking: dict[str, Any]) -> None:
    shop = Shop()
    shop.put("P1", Stock=3, ReorderPoint=5)
    shop.consumer().deliver([change(1, 1, 9, 3, **lacking)])
    assert shop.states() == {"low": "open"}


def test_a_product_that_is_gone_has_its_alerts_resolved() -> None:
    shop = Shop()
    shop.consumer().deliver([change(1, 1, 9, 3), change(2, 2, 3, 3, after=None, kind="gap")])
    assert shop.states() == {"low": "resolved"}


@pytest.mark.parametrize(
    ("reason", "actor", "states"),
    [
        ("sold", "ada", {"out": "open"}),
        (None, None, {"out": "open"}),
        ("damaged", "ada", {}),
        (None, "ada", {}),
    ],
)
def test_a_product_without_a_reorder_point_is_out_if_its_history_has_a_sale(
    reason: str | None, actor: str | None, states: dict[str, str]
) -> None:
    shop = Shop()
    shop.audit(change(1, 0, 9, 3, point=0, reason=reason, actor=actor))
    last = change(2, 60, 3, 0, point=0, reason="lost")
    shop.audit(last)
    shop.consumer().deliver([last])
    assert shop.states() == states


def test_a_sale_of_last_year_does_not_make_a_product_out() -> None:
    shop = Shop()
    shop.audit(change(1, -366 * 24 * 60, 9, 3, point=0))
    shop.consumer().deliver([change(2, 0, 3, 0, point=0, reason="counted")])
    assert shop.states() == {}


def test_time_passes_for_as_many_products_as_one_turn_takes_and_then_for_the_others() -> None:
    shop = Shop()
    consumer = shop.consumer()
    for number in range(120):
        consumer.deliver(
            [
                change(1, 1, 9, 5, product_id=f"P{number}"),
                change(2, 2, 5, 9, product_id=f"P{number}"),
            ]
        )
    while consumer.pass_time(LATER) == 0.0:
        pass
    assert shop.settings("alert-due") == []
    assert len(shop.settings("alert resolved low")) == 120


def test_the_next_turn_is_when_the_first_alert_is_due() -> None:
    shop = Shop()
    consumer = shop.consumer()
    consumer.pass_time(0)  # the first scan
    consumer.deliver([change(1, 1, 9, 5), change(2, 2, 5, 9)])
    assert consumer.pass_time(NOON_MS + 12 * MINUTE - 4000) == pytest.approx(4.0)


def test_time_that_stands_still_just_before_an_alert_is_due_is_looked_at_once_a_second() -> None:
    shop = Shop()
    consumer = shop.consumer()
    consumer.pass_time(0)  # the first scan
    consumer.deliver([change(1, 1, 9, 5), change(2, 2, 5, 9)])
    assert consumer.pass_time(NOON_MS + 12 * MINUTE - 5) == 1.0


def test_a_store_that_does_not_answer_delays_the_events() -> None:
    shop = Shop()

    def fail(**_: Any) -> Any:
        raise StoreUnavailable("throttled")

    shop.tables.batch_get_item = fail
    with pytest.raises(Unavailable, match="throttled"):
        shop.consumer().deliver([change(1, 1, 9, 5)])


def test_a_write_whose_answer_was_lost_leaves_one_transition() -> None:
    """An engine that was restarted has forgotten the request's token."""
    shop = Shop()
    right, lost = shop.tables.transact_write_items, [1]

    def losing(**request: Any) -> Any:
        answer = right(**request | {"ClientRequestToken": None})
        if lost:
            lost.pop()
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
        return answer

    shop.tables.transact_write_items = losing
    shop.consumer().deliver([change(1, 1, 9, 5)])
    assert [one[:2] for one in shop.told()] == [(None, "open")]
    assert shop.states() == {"low": "open"}


def test_an_id_longer_than_a_sort_key_has_alerts() -> None:
    shop, long = Shop(), "x" * 2048
    shop.consumer().deliver([change(1, 1, 9, 5, product_id=long)])
    assert shop.rows.get(long).alerts["low"].state == "open"


def test_a_name_that_is_no_valid_unicode_is_kept() -> None:
    shop = Shop()
    half = an_item(Stock=3, ReorderPoint=5, ProductName="Mug \ud83d")
    shop.consumer().deliver([change(1, 1, 9, 3, after=half)])
    assert shop.rows.get("P1").levels.name == "Mug \ud83d"
    assert shop.rows.page(["open"], KINDS, 10).items[0].levels.name == "Mug \ud83d"
