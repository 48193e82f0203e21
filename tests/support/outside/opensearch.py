"""A real OpenSearch node that a test starts, kills and hangs."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.paths import ROOT
from tests.support.processes.process import free_port

START = 120.0  # seconds, of which a first download takes most


@dataclass
class OpenSearch:
    """A node whose documents stay in `folder`; it can be started repeatedly."""

    folder: Path
    port: int = field(default_factory=free_port)
    _child: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """The document in the answer to one request."""
        answer = httpx.request(
            method, f"{self.url}{path}", json=body, params=params, timeout=30, trust_env=False
        )
        return answer.json()

    def start(self) -> None:
        """Start it, and wait until it has opened its indices."""
        with (self.folder / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [ROOT / "scripts/opensearch.sh", "run", str(self.port), self.folder / "data"],
                stdout=log,
                stderr=log,
                env={**os.environ, "LANG": "C.UTF-8"},
            )
        deadline = time.monotonic() + START
        while not self._is_ready():
            assert self._child.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the node did not start"
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            health = self.call("GET", "/_cluster/health", wait_for_status="yellow", timeout="5s")
        except httpx.HTTPError:
            return False
        return health.get("status") in {"yellow", "green"}

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        self._signal(signal.SIGKILL)
        assert self._child is not None
        self._child.wait(10)

    def hang(self) -> None:
        """Make it accept connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it answer again."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def __enter__(self) -> "OpenSearch":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self.kill()
