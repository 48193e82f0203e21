"""Fixtures: a stream of one shard, no retry pauses, and scenes with the state machine's world."""

import logging
from collections.abc import Iterator

import pytest

from app.runtime.backoff import Backoff
from tests.support.fakes.stub_streams import StubShard, StubStreams
from tests.unit.worker.machine.scene import Scene

NO_WAIT = Backoff(0.0, 0.0)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("app.runtime.retry", "worker.stream.shards.reader"):
        monkeypatch.setattr(f"{module}.pause", NO_WAIT)


@pytest.fixture
def streams() -> StubStreams:
    """A stream of one shard."""
    streams = StubStreams()
    streams.new_stream("2026-11-03T09:00:00.000")
    streams.add(StubShard("s1"))
    return streams


@pytest.fixture
def quiet() -> Iterator[None]:
    """Disable logging: the state machine injects failures all the time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def scene(quiet: None) -> Iterator[Scene]:
    """A scene for one test."""
    scene = Scene()
    yield scene
    scene.close()
