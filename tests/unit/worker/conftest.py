"""What the state machine needs: pauses that pass no real time, and silence."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Failures are the machine's daily bread: their warnings would drown its own words."""
    monkeypatch.setattr("worker.retry.pause", lambda _attempt: 0.0)
    monkeypatch.setattr("worker.stream.reader.pause", lambda _attempt: 0.0)
    monkeypatch.setattr("app.store.batches._pause", lambda _attempt: None)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
