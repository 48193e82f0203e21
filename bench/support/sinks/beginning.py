"""A new deployment is measured once it has done what it does at its first start."""

import httpx

from app.store.coordination.reconcile_requests import ReconcileRequests
from app.store.deployment import CONSUMER
from app.store.dynamodb.table_names import table_names
from app.store.engine import find_running
from bench.support.store import bare
from tests.support.processes.process import Process
from tests.support.waiting import until

ALWAYS = 2  # sinks that every deployment has: alerts and notifications


def until_begun(server: Process) -> None:
    """Wait until a new deployment's sinks have begun, and its first comparison is done."""
    engine = find_running(server.data_dir)
    assert engine is not None
    names = table_names("", None)
    comparisons = ReconcileRequests(bare(engine.url).tables, names.checkpoints, CONSUMER)
    until(lambda: not comparisons.state().is_first, 60)
    until(lambda: len(httpx.get(f"{server.url}/v1/sinks").json()["items"]) == ALWAYS)
