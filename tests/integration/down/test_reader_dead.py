"""A shard reader that died is reported and restarted automatically."""

import ctypes
import gc
import threading
from collections.abc import Iterator

import pytest

from tests.integration.down.kit import RECOVERED, REPORTED, subjects, wait_for_readiness
from tests.support.http.sse import Listener
from tests.support.processes.running import App

# A thread that dies at an arbitrary instruction may leave a socket open.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def others() -> Iterator[set[threading.Thread]]:
    """The threads that run before the application starts, possibly from other tests."""
    yield set(threading.enumerate())
    gc.collect()  # so that the warning about an open socket is raised in this test


def test_dead_reader_is_reported_and_restarted(others: set[threading.Thread], app: App) -> None:
    with Listener(app.url) as feed:
        app.create("before")
        feed.changes(1)
        end_thread("shard-", others)
        unready = wait_for_readiness(app.http, 503, REPORTED)
        assert "crashed" in unready["parts"]["worker"]
        app.create("during")
        wait_for_readiness(app.http, 200, RECOVERED)
        app.create("after")
        feed.changes(3)
        assert subjects(feed) == ["before", "during", "after"]


def test_reader_is_restarted_even_if_the_coordinator_died(
    others: set[threading.Thread], app: App
) -> None:
    with Listener(app.url) as feed:
        app.create("before")
        feed.changes(1)
        end_thread("stream-coordinator", others)  # takes effect when it wakes, as a reader ends
        end_thread("shard-", others)
        wait_for_readiness(app.http, 503, REPORTED)
        wait_for_readiness(app.http, 200, RECOVERED)
        app.create("after")
        feed.changes(2, RECOVERED)
        assert subjects(feed) == ["before", "after"]


def end_thread(prefix: str, others: set[threading.Thread]) -> None:
    """Make a thread raise SystemExit at its next instruction."""
    own = set(threading.enumerate()) - others
    (thread,) = (found for found in own if found.name.startswith(prefix))
    number = ctypes.c_ulong(thread.ident or 0)
    raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
    assert raised == 1
