"""A real Redis server of a test's own: killed, hung and emptied as the test likes."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.support.processes.process import free_port

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


def needed() -> str:
    """The program; where there is none the test is skipped, in CI it fails."""
    if PROGRAM is None:
        message = "no redis-server: scripts/redis.sh installs it for root on Debian or Ubuntu"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return PROGRAM


@dataclass
class RedisServer:
    """A server that keeps nothing on disk, as often as it is started."""

    folder: Path
    port: int = field(default_factory=free_port)
    _child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """A client of the test's own."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        with (self.folder / "redis.log").open("ab") as log:
            self._child = subprocess.Popen(
                [
                    *(needed(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                    *("--appendonly", "no", "--dir", str(self.folder), "--daemonize", "no"),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 10
        with self.client() as client:
            while True:
                try:
                    if client.ping():
                        return
                except redis.RedisError:
                    assert self._child.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.01)

    def kill(self) -> None:
        """As a power cut would."""
        self._signal(signal.SIGKILL)
        assert self._child is not None
        self._child.wait(10)

    def hang(self) -> None:
        """It takes connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self.kill()
