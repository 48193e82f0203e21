"""A budget of requests a minute: its last one passes, the next is told when to come back."""

import pytest

from app.web.errors import RateLimited
from app.web.middleware.rate_limits import WINDOW, RateLimiter


def test_the_last_of_the_budget_passes_and_the_next_does_not() -> None:
    rates = RateLimiter("key", 3)
    left = [rates.take("ada")["RateLimit"].partition(";t=")[0] for _ in range(3)]
    assert left == ['"key";r=2', '"key";r=1', '"key";r=0']
    with pytest.raises(RateLimited) as refused:
        rates.take("ada")
    assert 1 <= int(refused.value.headers["Retry-After"]) <= WINDOW
    assert refused.value.headers["RateLimit-Policy"] == '"key";q=3;w=60'


def test_one_s_budget_is_not_another_s() -> None:
    rates = RateLimiter("key", 1)
    rates.take("ada")
    rates.take("bob")


def test_looking_takes_nothing() -> None:
    rates = RateLimiter("address", 1)
    for _ in range(5):
        rates.check("::1")
    rates.take("::1")
    with pytest.raises(RateLimited):
        rates.check("::1")


def test_no_bound_says_nothing() -> None:
    rates = RateLimiter("key", 0)
    assert {tuple(rates.take("ada")) for _ in range(100)} == {()}
