"""The published example clients follow the stream across a killed server and miss nothing."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.http import plain
from tests.support.paths import ROOT
from tests.support.processes.process import Process
from tests.support.waiting import until

pytestmark = pytest.mark.embedded

CLIENTS: dict[str, list[str]] = {
    "python": [sys.executable, "docs/use/clients/follow.py"],
    "fetch": ["node", "docs/use/clients/follow.mjs"],
    "curl": ["bash", "docs/use/clients/follow.sh"],
}


class Client:
    """An example client in its own process, and the changes that it printed."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        kept = [str(folder / "cursor")] if name == "curl" else []
        self.printed: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            [*CLIENTS[name], url, *kept],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed.append(json.loads(line))

    @property
    def stocks(self) -> list[int]:
        """The stocks that it printed, each event once."""
        return [
            change["data"]["stock_after"] for change in {c["id"]: c for c in self.printed}.values()
        ]

    def end(self) -> None:
        os.killpg(self._process.pid, 9)
        self._process.wait(10)
        self._thread.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def test_each_client_resumes_after_the_server_is_killed(tmp_path: Path) -> None:
    app = Process(tmp_path / "data")
    clients: dict[str, Client] = {}
    with app:
        product = {"product_id": "P1", "name": "n", "stock": 0}
        plain.post(f"{app.url}/v1/products", json=product).raise_for_status()
        for name in CLIENTS:
            (folder := tmp_path / name).mkdir()
            clients[name] = Client(name, app.url, folder)
        try:
            # A client without a first event has no cursor to resume from, so wait for all of them.
            until(lambda: move(app) and all(c.printed for c in clients.values()))
            app.kill()
            app.start()
            for _ in range(5):
                move(app)
            last = int(plain.get(f"{app.url}/v1/products/P1").json()["stock"])
            for name, client in clients.items():
                until(lambda c=client: c.stocks[-1:] == [last])
                first = client.stocks[0]
                assert client.stocks == list(range(first, last + 1)), name
        finally:
            for client in clients.values():
                client.end()


def move(app: Process) -> bool:
    answer = plain.post(
        f"{app.url}/v1/products/P1/adjustments", json={"delta": 1, "reason": "received"}
    )
    return answer.status_code == 200
