"""The last hour, and the stock now."""

from datetime import timedelta
from decimal import Decimal

from app.readmodel.trends.last_hour import LastHour, StockSums
from app.store.feed.cursor import Cursor
from tests.support.builders import NOON, NOON_MS, an_event
from tests.unit.readmodel.trends.kit import Shop


def test_last_hour_says_which_events_it_counts(shop: Shop) -> None:
    shop.sale(NOON - timedelta(minutes=2), 5, unit="kg")
    shop.sale(NOON, 1)
    with shop.reading() as connection:
        hour = LastHour(connection)
        assert hour.minutes(int(NOON.timestamp()) // 60 - 1) == [(int(NOON.timestamp()) // 60, 1)]
        event = an_event(1)
        assert hour.has("P1", event.event_key)
        assert not hour.has("P1", an_event(3).event_key)
        later = hour.after(str(Cursor(NOON_MS + 1, "0000abcd", 0)))
        assert [event.event_key for event in later] == [an_event(2).event_key]


def test_stock_now_sums_all_products(shop: Shop) -> None:
    shop.stock("P1", 5, ReorderPoint={"N": "5"})
    shop.stock("P2", 0, ReorderPoint={"N": "1"}, Price="?")
    shop.stock("P3", {"N": "0.1"})
    shop.stock("P4", {"N": "0.2"})
    shop.stock("P5", "many")
    shop.stock("P6", -2)
    with shop.reading() as connection:
        assert LastHour(connection).stock() == StockSums(6, {"": Decimal("3.3")}, low=2, out=2)


def test_delay_is_from_a_change_to_its_arrival(shop: Shop) -> None:
    shop.sale(NOON - timedelta(seconds=5))
    shop.sale(NOON - timedelta(seconds=2))
    shop.keep(an_event(9, kind="gap", occurred_at=NOON - timedelta(hours=1)))
    minute = int(NOON.timestamp()) // 60
    with shop.reading() as connection:
        hour = LastHour(connection)
        assert hour.delays(minute) == {minute: 5001}
        assert hour.delays(minute + 1) == {}
