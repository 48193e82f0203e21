"""An idle worker costs next to nothing: AWS bills each call (stream fact 24)."""

import time
from collections import Counter
from typing import Any

import pytest

from app.bootstrap.worker import reading
from app.config.settings import Settings
from app.runtime.wake import Wake
from app.store.coordination.reconcile_requests import ReconcileRequests
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import Clients, connect
from tests.support.waiting import until
from worker.leasing.assignment import LEASE_TIME
from worker.reconcile.comparison import Comparison

WATCHED = 3.5  # seconds


def reconciled(settings: Settings) -> bool:
    """Whether the comparison of the first start is finished."""
    table = settings.table_names.checkpoints
    tables = connect(settings.dynamodb).tables
    return ReconcileRequests(tables, table, CONSUMER).state().stream is not None


def is_quiet(calls: Counter[str]) -> bool:
    """Whether nothing but pages is asked for in half a second."""
    others = calls.total() - calls["GetRecords"]
    time.sleep(0.5)
    return calls.total() - calls["GetRecords"] == others


def test_besides_pages_an_idle_worker_makes_few_calls(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How often the pages are read is tested in `test_polling.py`."""
    calls: Counter[str] = Counter()

    def counted(endpoint: str | None, **given: Any) -> Clients:
        clients = connect(endpoint, **given)

        def count(model: Any, **_: Any) -> None:
            calls[model.name] += 1

        for client in (clients.tables, clients.streams):
            client.meta.events.register("before-call", count)
        return clients

    monkeypatch.setattr("app.store.location.connect", counted)
    monkeypatch.setitem(Comparison.__init__.__kwdefaults__, "settle", 0.1)  # otherwise a minute
    with reading(settings, lambda _arrived: None, Wake()) as worker:
        until(worker.shards)
        until(lambda: reconciled(settings))
        until(lambda: is_quiet(calls))  # sinks that have just begun read what they have to know
        calls.clear()
        time.sleep(WATCHED)
        calls_made = calls.copy()
        assert worker.problem() is None
    assert calls_made.pop("GetRecords") >= 3
    # The alerts read the timeline every 15 s, and what is due every minute.
    assert calls_made <= Counter(PutItem=2, Query=3, GetItem=1, GetShardIterator=1), calls_made
    assert calls_made.total() <= 4 * WATCHED / LEASE_TIME + 5
