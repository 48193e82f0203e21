"""Repeats, restarts and several consumers leave exactly the transitions of one straight run."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.core.events import ChangeEvent
from app.store.alerts.decision import STAYS_ABOVE_MS
from tests.support.builders import NOON_MS
from tests.unit.worker.sinks.alert_shop import MINUTE, Shop, change
from worker.sinks.alerts import Alerts

END = NOON_MS + 10**10

# Stocks around the reorder point of 5, and the minutes between the events.
histories = st.lists(st.tuples(st.sampled_from([0, 5, 6, 9]), st.sampled_from([0, 4, 9, 12])),
                     min_size=1, max_size=8)  # fmt: skip
# Which consumer reads next; from how many events back it repeats; whether time passes first, and
# whether it works with alerts that it read before the others changed them.
steps = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 8), st.booleans(), st.booleans()), max_size=12
)


def events_of(history: Sequence[tuple[int, int]]) -> list[ChangeEvent]:
    events, stock, minute = [], 9, 0
    for number, (after, pause) in enumerate(history, start=1):
        minute += pause
        events.append(change(number, minute, stock, after))
        stock = after
    return events


def read_before(consumer: Alerts, shop: Shop) -> None:
    """Let the consumer's next read of the alerts return what the row is now."""
    stale, rows = shop.rows.get("P1"), consumer._rows  # noqa: SLF001 - a slow reader
    right = rows.get_all

    def once(product_ids: Sequence[str]) -> object:
        rows.get_all = right  # type: ignore[method-assign]
        return right(product_ids) | {"P1": stale}

    rows.get_all = once  # type: ignore[method-assign,assignment]


@given(histories, steps)
def test_deliveries_in_any_pattern_leave_the_transitions_of_one_run(
    history: list[tuple[int, int]], pattern: list[tuple[int, int, bool, bool]]
) -> None:
    events = events_of(history)
    straight = Shop()
    straight.consumer().deliver(events)
    straight.consumer().pass_time(END)

    shop = Shop()
    consumers = [shop.consumer(), shop.consumer()]
    done = 0
    for which, back, time_passes, is_slow in pattern:
        if is_slow:
            read_before(consumers[1 - which], shop)
        if time_passes and done < len(events):  # no further than to the next event
            consumers[which].pass_time(int(events[done].occurred_at.timestamp() * 1000) - 1)
        batch = events[max(0, done - back) : done + 1]
        consumers[which].deliver(batch)
        done = min(done + 1, len(events))
        if back == 0:
            consumers[which] = shop.consumer()  # it was restarted
    shop.consumer().deliver(events)
    shop.consumer().pass_time(END)
    assert shop.told() == straight.told()
    assert shop.states() == straight.states()


@given(histories)
def test_an_alert_opens_once_for_each_crossing_and_none_is_missed(
    history: list[tuple[int, int]],
) -> None:
    events = events_of(history)
    shop = Shop()
    shop.consumer().deliver(events)
    opened = [key for before, _, _, key in shop.told() if before is None]
    expected, open_, above_since = [], False, 0.0
    for event in events:
        at = event.occurred_at.timestamp() * 1000
        low = (event.stock_after or 0) <= 5
        if open_ and above_since and at - above_since >= STAYS_ABOVE_MS:
            open_ = False
        if low and not open_:
            expected.append(event.event_key)
            open_ = True
        above_since = 0.0 if low or not open_ else above_since or at
    assert opened == expected
    assert MINUTE * 10 == STAYS_ABOVE_MS
