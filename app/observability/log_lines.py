"""Lines that come close together are written together; a warning takes what waits along at once.

A write gives up the interpreter's lock, and the event loop has to get it back from the threads
that compute: it should not do so for each request (docs/performance.md). A line
waits for a twentieth of a second, and none is left behind by a process that ends in order.
"""

import logging
import threading
from typing import TextIO

GATHER = 0.05  # seconds


class GatheringHandler(logging.StreamHandler[TextIO]):
    """A stream's handler, with a thread that writes what was gathered."""

    def __init__(self, stream: TextIO | None = None, gather: float = GATHER) -> None:
        super().__init__(stream)
        self._gather = gather
        self._lines: list[str] = []
        self._some = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line; the caller holds the handler's lock."""
        try:
            self._lines.append(self.format(record) + self.terminator)
        except Exception:  # noqa: BLE001 - as every handler does: logging must not fail
            self.handleError(record)
            return
        if record.levelno >= logging.WARNING:
            self.flush()
        elif not self._some.is_set():
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-lines", daemon=True)
                self._thread.start()
            self._some.set()

    def flush(self) -> None:
        """Write what waits."""
        self.acquire()
        try:
            lines, self._lines = self._lines, []
            if lines:
                self.stream.write("".join(lines))
            super().flush()
        finally:
            self.release()

    def close(self) -> None:
        """Write what waits, and no more."""
        self._closing.set()
        self._some.set()
        self.flush()
        super().close()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._some.wait()
            self._closing.wait(self._gather)
            self._some.clear()
            self.flush()
