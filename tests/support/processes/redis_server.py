"""A real Redis server that a test starts, kills, hangs and empties."""

import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.support.processes.process import free_port
from tests.support.processes.servers import found, needed

PROGRAM = found("redis-server", "valkey-server")


@dataclass
class RedisServer:
    """A server without persistence; it can be started repeatedly."""

    folder: Path
    port: int = field(default_factory=free_port)
    _child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """A client for the test."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> None:
        program = needed(PROGRAM, "redis-server")
        with (self.folder / "redis.log").open("ab") as log:
            self._child = subprocess.Popen(
                [
                    *(
                        program,
                        "--port",
                        str(self.port),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                    ),
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
        """Kill it, as a power cut does."""
        self._signal(signal.SIGKILL)
        assert self._child is not None
        self._child.wait(10)

    def hang(self) -> None:
        """Make it accept connections and answer nothing."""
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
