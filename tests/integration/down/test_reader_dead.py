"""A reader that died is named, and comes back by itself."""

import ctypes
import gc
import threading
from collections.abc import Iterator

import pytest

from tests.integration.down.kit import RECOVERED, TOLD, subjects, wait_for_readiness
from tests.support.http.sse import Listener
from tests.support.processes.running import App

# A thread that dies at any of its instructions may leave a socket that it had just opened.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def others() -> Iterator[set[threading.Thread]]:
    """What runs before the application does: one of other tests may be among it."""
    yield set(threading.enumerate())
    gc.collect()  # what it left is no other test's


def test_a_dead_reader_is_named_and_comes_back_by_itself(
    others: set[threading.Thread], app: App
) -> None:
    with Listener(app.url) as feed:
        app.create("before")
        feed.changes(1)
        end_thread("shard-", others)
        unready = wait_for_readiness(app.http, 503, TOLD)
        assert "crashed" in unready["parts"]["worker"]
        app.create("during")
        wait_for_readiness(app.http, 200, RECOVERED)
        app.create("after")
        feed.changes(3)
        assert subjects(feed) == ["before", "during", "after"]


def test_a_reader_comes_back_though_the_coordinator_died_too(
    others: set[threading.Thread], app: App
) -> None:
    with Listener(app.url) as feed:
        app.create("before")
        feed.changes(1)
        end_thread("stream-coordinator", others)  # takes effect when it wakes: when a reader ends
        end_thread("shard-", others)
        wait_for_readiness(app.http, 503, TOLD)
        wait_for_readiness(app.http, 200, RECOVERED)
        app.create("after")
        feed.changes(2, RECOVERED)
        assert subjects(feed) == ["before", "after"]


def end_thread(prefix: str, others: set[threading.Thread]) -> None:
    """Have a thread raise SystemExit at the next of its instructions."""
    own = set(threading.enumerate()) - others
    (thread,) = (found for found in own if found.name.startswith(prefix))
    number = ctypes.c_ulong(thread.ident or 0)
    raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
    assert raised == 1
