"""How often a recipient is tried, whichever rules send to it."""

from tests.unit.worker.notifications.noticing import NOW, steady
from worker.notifications.state.rates import LONGEST, LONGEST_ASKED, MINUTE


def test_ten_messages_in_any_minute() -> None:
    rates = steady()
    for number in range(10):
        assert rates.opens("ann", NOW + number, capped=True) == NOW + number
        rates.sending("ann", NOW + number)
    assert rates.opens("ann", NOW + 10, capped=True) == NOW + MINUTE
    assert rates.opens("ann", NOW + 10, capped=False) == NOW + 10
    assert rates.opens("ben", NOW + 10, capped=True) == NOW + 10
    assert rates.opens("ann", NOW + MINUTE, capped=True) == NOW + MINUTE


def test_failures_wait_longer_and_longer_until_one_succeeds() -> None:
    rates = steady()
    assert rates.failed("ann", 1, NOW) == NOW + 5
    assert rates.is_failing("ann", NOW + 4)
    assert not rates.is_failing("ann", NOW + 5)
    assert rates.failed("ann", 2, NOW) == NOW + 10
    assert rates.failed("ann", 50, NOW) == NOW + LONGEST
    assert rates.opens("ann", NOW, capped=False) == NOW + LONGEST
    assert rates.succeeded("ann")
    assert not rates.succeeded("ann")
    assert rates.opens("ann", NOW, capped=False) == NOW


def test_retry_after_is_obeyed_within_bounds() -> None:
    rates = steady()
    assert rates.failed("ann", 1, NOW, 120.0) == NOW + 120
    assert rates.failed("ann", 1, NOW, 0.0) == NOW + 1
    assert rates.failed("ann", 1, NOW, 1e9) == NOW + LONGEST_ASKED
