"""The chart of a product's stock has few steps, whatever the length of its history."""

from datetime import timedelta
from random import Random
from typing import Any

from app.readmodel.schema import NO_NUMBER
from app.readmodel.trends.stock_steps import MOST_STEPS, Step, first_change, stock_steps, thinned
from tests.support.builders import NOON
from tests.unit.readmodel.kit import Copy, changed, deleted, inserted, product

MINUTE = timedelta(minutes=1)


def at(minutes: int) -> int:
    return round((NOON + minutes * MINUTE).timestamp() * 1000)


def left(number: int, stock: int, minutes: int, **fields: Any) -> Any:
    """An event after which the product has so much stock."""
    fields = {"stock_after": stock, "occurred_at": NOON + minutes * MINUTE} | fields
    return changed(number, product("P", stock), **fields)


def steps(copy: Copy, since: int, until: int, product_id: str = "P") -> list[Step]:
    with copy.database.reading() as connection:
        return stock_steps(connection, product_id, NOON + since * MINUTE, NOON + until * MINUTE)


def test_steps_begin_with_the_stock_before_the_period(copy: Copy) -> None:
    copy.apply(left(1, 10, 0), left(2, 7, 5), left(3, 4, 9), left(4, 1, 30))
    assert steps(copy, 6, 20) == [(at(6), 7), (at(9), 4)]
    assert steps(copy, 15, 20) == [(at(15), 4)]
    assert steps(copy, -20, -10) == []


def test_steps_of_another_product_are_left_out(copy: Copy) -> None:
    other = changed(2, product("Q", 99), stock_after=99, occurred_at=NOON)
    copy.apply(left(1, 10, 0), other)
    assert steps(copy, -1, 1) == [(at(0), 10)]


def test_deleted_product_has_no_stock_until_it_is_there_again(copy: Copy) -> None:
    item = product("P", 5)
    copy.apply(
        left(1, 5, 0),
        deleted(2, item, event_name="REMOVE", stock_after=None, occurred_at=NOON + MINUTE),
        inserted(3, item, stock_after=5, occurred_at=NOON + 2 * MINUTE),
    )
    assert steps(copy, -1, 9) == [(at(0), 5), (at(1), NO_NUMBER), (at(2), 5)]


def test_event_that_does_not_show_the_stock_makes_no_step(copy: Copy) -> None:
    unseen = left(2, 0, 1, stock_after=None, before=None, after=None, view_type="KEYS_ONLY")
    copy.apply(left(1, 5, 0), unseen)
    assert steps(copy, -1, 9) == [(at(0), 5)]


def test_times_never_fall_when_a_clock_was_set_back(copy: Copy) -> None:
    copy.apply(left(1, 5, 10), left(2, 4, 3), left(3, 3, 12))
    assert steps(copy, -1, 20) == [(at(10), 5), (at(10), 4), (at(12), 3)]


def test_first_change_is_the_begin_of_all_time(copy: Copy) -> None:
    copy.apply(left(1, 5, 3), left(2, 4, 8))
    with copy.database.reading() as connection:
        assert first_change(connection, "P") == NOON + 3 * MINUTE
        assert first_change(connection, "unknown") is None


def test_long_history_is_thinned_to_the_extremes_of_its_parts() -> None:
    random = Random(7)
    stock, history = 500, []
    for number in range(20_000):
        stock += random.choice((-3, -1, 4))
        history.append((number * 1000, float(stock)))
    found = thinned(iter(history), 0, 20_000_000)
    assert len(found) <= MOST_STEPS
    assert found == sorted(found)
    assert found[-1] == history[-1]
    for extreme in (min, max):
        assert extreme(value for _, value in found) == extreme(value for _, value in history)


def test_short_history_keeps_every_step() -> None:
    history = [(number % 7, float(number)) for number in range(MOST_STEPS)]
    assert thinned(iter(history), 0, 10) == history
