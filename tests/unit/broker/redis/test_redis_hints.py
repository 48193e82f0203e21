"""An outage of Redis is logged once by the listener, however long it lasts."""

import logging
import threading

import pytest

from app.broker.redis import hints
from app.broker.redis.connection import BrokerUnavailable
from app.broker.redis.hints import RedisHints


def test_outage_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries, enough = iter(range(5)), threading.Event()

    def gone() -> None:
        if next(tries, None) is None:
            enough.set()
        raise BrokerUnavailable("Redis cannot be used")

    monkeypatch.setattr(hints, "translated", gone)
    with (
        caplog.at_level(logging.INFO, hints.__name__),
        RedisHints("redis://127.0.0.1:1/0", "c", lambda: None, retry_interval=0.001),
    ):
        assert enough.wait(5)
    assert [record.getMessage() for record in caplog.records] == [
        "Redis is not available, so the reader gets no hints: Redis cannot be used"
    ]
