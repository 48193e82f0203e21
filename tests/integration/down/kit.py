"""A running Stockpulse whose parts a test can kill, and helpers to read its status."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.store.engine import find_running
from tests.support.http.sse import Listener
from tests.support.processes.process import Process

REPORTED = 5.0  # seconds until /readyz names a part that is down
RECOVERED = 10.0  # seconds until /readyz answers 200 again
PATIENCE = 30.0  # seconds for steps without a specified limit, on a loaded machine


@dataclass
class Server:
    """A running Stockpulse, its engine and a client that follows the feed from the start."""

    process: Process
    http: httpx.Client
    feed: Listener

    @property
    def engine(self) -> int:
        """The process id of the engine."""
        return engine_of(self.process.data_dir)

    def create(self, product_id: str, stock: int = 10) -> httpx.Response:
        body = {"product_id": product_id, "name": "n", "stock": stock}
        return self.http.post("/v1/products", json=body)

    def adjust(self, product_id: str, delta: int) -> httpx.Response:
        return self.http.post(
            f"/v1/products/{product_id}/adjustments", json={"delta": delta, "reason": "sold"}
        )


def subjects(feed: Listener) -> list[str]:
    return [message.data["subject"] for message in feed.seen]


def wait_for_readiness(http: httpx.Client, status: int, seconds: float) -> Any:
    """The body of /readyz once it answers with this status, within so many seconds."""
    answer = http.get("/readyz")
    deadline = time.monotonic() + seconds
    while answer.status_code != status and time.monotonic() < deadline:
        time.sleep(0.02)
        answer = http.get("/readyz")
    assert answer.status_code == status, answer.text
    if status != 200:
        assert "Retry-After" in answer.headers
    return answer.json()


def engine_of(data_dir: Path) -> int:
    """The process id of the folder's engine; 0 if none is running."""
    found = find_running(data_dir)
    return 0 if found is None else found.pid
