"""Requests to helper processes end by a deadline: a helper that is late is killed.

A helper has none of this process's settings, secrets and proxies in its environment, and is ended
when it has been idle for a while, because it takes about 60 MB.
"""

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import app
from app.core import json_text

MODULE = "app.notifications.channels.apprise.helper"
MOST = 4  # helpers at a time; further requests wait
IDLE = 60.0  # seconds after which an unused helper ends
DEADLINE = 25.0  # seconds for a request, with the wait for a free helper
_MOST_ANSWER = 64 * 1024  # bytes
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


class HelperFailed(Exception):
    """There was no answer; the message is a sentence without secrets."""


class _Helper:
    """One running process."""

    def __init__(self) -> None:
        root = str(Path(app.__file__).parents[1])
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        kept["REQUESTS_CA_BUNDLE"] = os.environ.get("SSL_CERT_FILE", "")
        path = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(  # noqa: S603 - no part comes from a request
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept | {"PYTHONPATH": os.pathsep.join(path)},
        )

    def ask(self, request: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """The answer; `deadline` is a monotonic time.

        Raises:
            HelperFailed: there is none in time, or the process ended.

        """
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise HelperFailed("Apprise could not be started")
        try:
            process.stdin.write(json_text.dumps(request) + b"\n")
            process.stdin.flush()
        except OSError:
            raise HelperFailed("Apprise could not be started") from None
        answer = b""
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], deadline - time.monotonic())
            if not ready:
                raise HelperFailed(f"the service did not answer within {DEADLINE:g} s")
            part = os.read(process.stdout.fileno(), _MOST_ANSWER)
            if not part or len(answer) > _MOST_ANSWER:
                raise HelperFailed("Apprise ended unexpectedly")
            answer += part
        found: dict[str, Any] = json_text.loads(answer)
        return found

    def end(self) -> None:
        """Kill the process; it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


class Helpers:
    """Up to `MOST` helpers, of which one is kept for later requests; thread-safe."""

    def __init__(self, seconds: float = DEADLINE) -> None:
        self._seconds = seconds
        self._free = threading.BoundedSemaphore(MOST)
        self._lock = threading.Lock()
        self._idle: _Helper | None = None
        self._timer: threading.Timer | None = None

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a helper.

        Raises:
            HelperFailed: there is none in time, or all helpers are busy.

        """
        deadline = time.monotonic() + self._seconds
        if not self._free.acquire(timeout=self._seconds / 2):
            raise HelperFailed("too many messages are being sent through Apprise at once")
        try:
            helper = self._take()
            try:
                answer = helper.ask(request, deadline)
            except BaseException:
                helper.end()
                raise
            self._keep(helper)
            return answer
        finally:
            self._free.release()

    def close(self) -> None:
        """End the helper that is kept."""
        with self._lock:
            helper, self._idle = self._idle, None
            if self._timer is not None:
                self._timer.cancel()
        if helper is not None:
            helper.end()

    def _take(self) -> _Helper:
        with self._lock:
            helper, self._idle = self._idle, None
            if self._timer is not None:
                self._timer.cancel()
        return _Helper() if helper is None else helper

    def _keep(self, helper: _Helper) -> None:
        with self._lock:
            if self._idle is None:
                self._idle, helper = helper, None  # type: ignore[assignment]
                self._timer = threading.Timer(IDLE, self.close)
                self._timer.daemon = True
                self._timer.start()
        if helper is not None:
            helper.end()
