"""A caller may send a limited number of requests per minute; then it gets `Retry-After`."""

import pytest

from app.web.errors import RateLimited
from app.web.middleware.rate_limits import WINDOW, RateLimiter


def test_last_request_within_the_limit_passes_and_the_next_is_rejected() -> None:
    rates = RateLimiter("key", 3)
    remaining = [rates.take("ada")["RateLimit"].partition(";t=")[0] for _ in range(3)]
    assert remaining == ['"key";r=2', '"key";r=1', '"key";r=0']
    with pytest.raises(RateLimited) as refused:
        rates.take("ada")
    assert 1 <= int(refused.value.headers["Retry-After"]) <= WINDOW
    assert refused.value.headers["RateLimit-Policy"] == '"key";q=3;w=60'


def test_each_caller_has_its_own_limit() -> None:
    rates = RateLimiter("key", 1)
    rates.take("ada")
    rates.take("bob")


def test_check_does_not_count_a_request() -> None:
    rates = RateLimiter("address", 1)
    for _ in range(5):
        rates.check("::1")
    rates.take("::1")
    with pytest.raises(RateLimited):
        rates.check("::1")


def test_unlimited_rate_has_no_headers() -> None:
    rates = RateLimiter("key", 0)
    assert {tuple(rates.take("ada")) for _ in range(100)} == {()}
