"""The command requests a reconciliation, and a live worker runs it."""

import logging
import threading
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from app.commands import reconcile
from app.config.settings import Settings
from app.runtime.loop_thread import LoopThread
from app.store.coordination.reconcile_requests import ReconcileRequests
from app.store.deployment import CONSUMER
from app.store.dynamodb.client import connect
from tests.support.audited import verify
from tests.support.processes.running import App, item
from tests.support.reconciling import Parts
from worker.reconcile.reconciler import Reconciler, Timing


@pytest.fixture
def parts(app: App) -> Parts:
    return Parts(app.clients, app.services.settings, app.services.broker.publish)


@pytest.fixture
def reconciling(settings: Settings) -> Iterator[Parts]:
    """Tables on which only the reconciler's thread runs."""
    parts = Parts(connect(settings.dynamodb), settings)
    requests = ReconcileRequests(parts.clients.tables, parts.names.checkpoints, CONSUMER)
    reconciler = Reconciler(
        requests,
        lambda: parts.stream_arn,
        lambda _, state: parts.comparison(first=state.is_first),
        parts.stop,
        Timing(poll=0.05, beat=0.05, dead=0.3, log=0.0),
    )

    def notice() -> float:  # as the coordinator does
        reconciler.notice(requests.state())
        return 0.05

    with reconciler, LoopThread("rows", notice):
        yield parts


def test_the_command_has_a_worker_reconcile(
    reconciling: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    reconciling.clients.tables.put_item(
        TableName=reconciling.names.products, Item=item(ProductID="P1", Stock=1)
    )
    assert reconcile.run(Namespace(timeout=60.0), reconciling.settings) == 0
    assert "Products compared: 1;" in capsys.readouterr().out
    assert verify(reconciling).findings == []


def test_progress_of_a_comparison_is_logged(
    reconciling: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reconcile.run(Namespace(timeout=60.0), reconciling.settings)
    assert "comparing the table with the audit: 0 products compared, 0 differ" in caplog.text


def test_a_dead_reconciler_is_replaced(reconciling: Parts) -> None:
    requests = ReconcileRequests(
        reconciling.clients.tables, reconciling.names.checkpoints, CONSUMER
    )
    pause = threading.Event()
    while (state := requests.state()).stream is None:
        pause.wait(0.02)
    assert requests.claim(state.heartbeat, "dead")
    number = requests.ask("a test", datetime.now(UTC))
    while requests.state().done < number:
        pause.wait(0.02)
    assert not requests.state().busy
