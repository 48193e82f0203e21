"""A stream of one shard and no pauses for readers; silence for the state machine."""

import logging
from collections.abc import Iterator

import pytest

from tests.support.stub_streams import StubShard, StubStreams


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.retry.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("worker.stream.reader.CATCH_UP", 0.0)


@pytest.fixture
def streams() -> StubStreams:
    """A stream of one shard."""
    streams = StubStreams()
    streams.new_stream("2026-11-03T09:00:00.000")
    streams.add(StubShard("s1"))
    return streams


@pytest.fixture
def quiet() -> Iterator[None]:
    """Failures are the machine's daily bread: their warnings would drown its own words."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
