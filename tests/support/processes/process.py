"""The whole application as a process that a test kills and restarts."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.http.plain import Client
from tests.support.http.sse import messages
from tests.support.paths import ROOT
from tests.support.processes.forked import Forked


def free_port() -> int:
    """A port that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def with_settings(given: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with only the given Stockpulse settings."""
    clean = {name: value for name, value in os.environ.items() if name[:11] != "STOCKPULSE_"}
    return clean | dict(given)


def _spawned(
    module: str, command: str, environment: Mapping[str, str], output: Path, files: int | None
) -> "subprocess.Popen[bytes]":
    limit = [] if files is None else ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"]
    with output.open("ab") as file:
        return subprocess.Popen(
            [*limit, sys.executable, "-m", module, command],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@dataclass
class Process:
    """`stockpulse serve`, or another command, on a data folder; it can be started repeatedly."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    module: str = "app"
    environment: dict[str, str] = field(default_factory=dict)
    command: str = "serve"
    forked: bool = True  # from a process that has already imported the application
    files: int | None = None  # limit of open files, if it is not forked
    _child: "Forked | subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self, *, ready: bool = True) -> None:
        """Start it and, if `ready`, wait until `/readyz` answers 200."""
        own = {"STOCKPULSE_DATA_DIR": str(self.data_dir), "STOCKPULSE_PORT": str(self.port)}
        environment, output = with_settings(own | self.environment), self.data_dir.parent / "out"
        if self.forked:
            self._child = Forked(self.module, self.command, environment=environment, output=output)
        else:
            self._child = _spawned(self.module, self.command, environment, output, self.files)
        if ready:
            try:
                self.wait_ready()
            except BaseException:
                self.kill()
                raise

    def wait_ready(self, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        with Client(base_url=self.url, timeout=2) as http:
            while time.monotonic() < deadline:
                assert self._child is None or self._child.poll() is None, self.output
                try:
                    if http.get("/readyz").status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(0.05)
        raise AssertionError(f"not ready after {seconds} s: {self.output}")

    def kill(self) -> None:
        """Kill it without a chance to clean up, as a power cut does."""
        assert self._child is not None
        self._child.send_signal(signal.SIGKILL)
        self._child.wait(10)

    def pause(self) -> None:
        """Stop its execution (SIGSTOP) until it is resumed."""
        assert self._child is not None
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue its execution (SIGCONT)."""
        assert self._child is not None
        self._child.send_signal(signal.SIGCONT)

    def wait_dead(self, seconds: float = 20) -> int:
        """Wait for it to exit by itself; returns the exit status, negative for a signal."""
        assert self._child is not None
        return self._child.wait(seconds)

    def stop(self) -> int:
        """Stop it as Ctrl-C does; returns the exit status."""
        assert self._child is not None
        self._child.send_signal(signal.SIGINT)
        return self._child.wait(30)

    @property
    def output(self) -> str:
        return (self.data_dir.parent / "out").read_text()[-4000:]

    def __enter__(self) -> "Process":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self.resume()
            self.stop()


@dataclass
class Follower:
    """A client that reconnects with its last cursor, as a browser does, and records all events.

    It reconnects after `patience` seconds without data.
    """

    url: str
    patience: float = 1
    ids: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    last: str = ""

    def follow(self, seconds: float, until: int | None = None) -> None:
        """Follow until the stream ends, `until` distinct events have arrived, or time is up."""
        deadline = time.monotonic() + seconds
        headers = {"Accept": "text/event-stream"}
        if self.last:
            headers["Last-Event-ID"] = self.last
        try:
            with (
                Client(timeout=httpx.Timeout(2, read=self.patience)) as client,
                client.stream("GET", f"{self.url}/v1/events", headers=headers) as answer,
            ):
                for message in messages(answer.iter_lines()):
                    self.last = message.id or self.last
                    if message.event == "change":
                        self.ids.append(message.data["id"])
                        self.cursors.append(message.id)
                        self.at.append(message.at)
                    if time.monotonic() > deadline or (until and len(set(self.ids)) >= until):
                        return
        except (httpx.HTTPError, OSError):
            pass
