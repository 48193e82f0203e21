"""While the engine is down, clients get 503; when it is back, everything continues."""

import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest

from app.core.errors import OutcomeUnknown, StoreUnavailable
from app.store.engine import find_running
from app.web.middleware.request_guard import SECURITY_HEADERS
from tests.integration.down.kit import (
    PATIENCE,
    RECOVERED,
    REPORTED,
    Server,
    subjects,
    wait_for_readiness,
)
from tests.support.http.sse import Listener
from tests.support.waiting import until


@pytest.mark.embedded
def test_clients_get_503_while_the_engine_is_down_and_continue_afterwards(
    server: Server,
) -> None:
    assert server.create("before").status_code == 201
    with engine_kept_down(server), ThreadPoolExecutor() as threads:
        down = threads.submit(server.create, "during")
        refused = [
            threads.submit(server.http.get, "/v1/products/before"),
            threads.submit(server.http.get, "/v1/products/before/events"),
            threads.submit(server.adjust, "before", -1),
        ]
        wait_for_readiness(server.http, 503, REPORTED)
        readyz = partial(server.http.get, "/readyz")
        until(lambda: "engine" in readyz().json()["parts"]["engine"], REPORTED)
        assert server.http.get("/healthz").status_code == 200
        for answer in (call.result() for call in refused):
            assert_unavailable(answer)
            assert int(answer.headers["Retry-After"]) > 0
        assert_unavailable(down.result(), OutcomeUnknown)
        # The stream reports it at once, not with the next regular heartbeat.
        server.feed.wait_until(lambda: "engine" in store_state(server.feed), REPORTED)
    wait_for_readiness(server.http, 200, RECOVERED)
    assert server.create("after").status_code == 201
    assert server.http.get("/v1/products/before").json()["stock"] == 10
    server.feed.wait_until(lambda: "after" in subjects(server.feed), PATIENCE)
    assert not server.feed.ended
    server.feed.wait_until(lambda: store_state(server.feed) == "ok", REPORTED)
    assert subjects(server.feed) == ["before", "after"]


@pytest.mark.embedded
def test_write_that_waits_for_a_frozen_engine_is_applied_once(
    server: Server,
) -> None:
    server.create("P1")
    server.feed.changes(1)
    frozen = server.engine
    os.kill(frozen, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(server.adjust, "P1", -1)
            unready = wait_for_readiness(server.http, 503, REPORTED)
            assert "engine" in unready["parts"]["engine"]
            os.kill(frozen, signal.SIGCONT)
            wait_for_readiness(server.http, 200, RECOVERED)
            assert waiting.result().status_code == 200
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert server.create("after").status_code == 201
    server.feed.changes(3, PATIENCE)
    assert not server.feed.ended
    assert subjects(server.feed) == ["P1", "P1", "after"]
    assert server.http.get("/v1/products/P1").json()["stock"] == 9


def store_state(feed: Listener) -> str:
    """The store's state in the latest heartbeat."""
    beats = [message for message in feed.messages if message.event == "heartbeat"]
    return beats[-1].data["store"] if beats else ""


def assert_unavailable(
    answer: httpx.Response, error: type[StoreUnavailable] = StoreUnavailable
) -> None:
    assert answer.status_code == StoreUnavailable.status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (503, error.code)
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["title"]
    assert "Traceback" not in problem["detail"]
    assert all(answer.headers[name] == value for name, value in SECURITY_HEADERS.items())


@contextmanager
def engine_kept_down(server: Server) -> Iterator[None]:
    """Kill the engine and occupy its address, resetting every connection at once."""
    found = find_running(server.process.data_dir)
    assert found is not None
    parts = urlsplit(found.url)
    ended = threading.Event()
    with socket.socket() as occupant:
        occupant.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        occupant.settimeout(0.05)

        def take() -> bool:
            """Bind the address; an engine that was restarted meanwhile is killed too."""
            if running := server.engine:
                os.kill(running, signal.SIGKILL)
            try:
                occupant.bind((parts.hostname, parts.port))
                occupant.listen(128)
            except OSError:
                return False
            return True

        def reset() -> None:
            while not ended.is_set():
                try:
                    connection, _ = occupant.accept()
                except TimeoutError:
                    continue
                connection.settimeout(0.5)
                with suppress(OSError):
                    connection.recv(1)  # so that the client has sent its request
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()

        until(take, REPORTED)
        thread = threading.Thread(target=reset)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
