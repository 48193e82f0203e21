"""A start waits for a store under load, says so, and continues when the store answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http.throttling import ThrottlingProxy, throttling
from tests.support.processes.process import Process
from tests.support.processes.starts import on
from tests.support.waiting import until


@pytest.fixture(params=["ListTables", "DescribeTable", "PutItem"])
def store(endpoint: str, request: pytest.FixtureRequest) -> Iterator[ThrottlingProxy]:
    """A store that throttles an operation of the start."""
    with throttling(endpoint, request.param) as proxy:
        proxy.throttled = True
        yield proxy


def test_start_waits_for_a_store_under_load(store: ThrottlingProxy, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with_store = Process(folder, environment=on(store.url, tmp_path))
    with_store.start(ready=False)
    try:
        until(lambda: "the start waits" in with_store.output, 30)
        store.throttled = False
        with_store.wait_ready()
    finally:
        with_store.stop()
