"""`stockpulse worker` with two sinks that break at the same time.

While the file `bad` exists in the folder that SINKS names, calls of `hangs` do not return and
calls of `fails` raise. Each sink appends what it accepts to a file of its own name: product,
stock and event id, one line per event.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app import logs
from app.events import ChangeEvent
from app.settings import load
from app.signals import end_by_signals
from app.standalone import telling_by_redis
from worker.consumers.sink import Deliver, Rejected, Sink, Unavailable

HANGS, FAILS = "hangs", "fails"


def sinks(folder: Path) -> list[Sink]:
    """Both sinks, with their files in the folder."""
    bad = folder / "bad"

    def hang() -> None:
        while bad.exists():
            time.sleep(0.2)

    def fail() -> None:
        if bad.exists():
            raise Unavailable("connection refused")

    return [Sink(HANGS, writing(folder / HANGS, hang)), Sink(FAILS, writing(folder / FAILS, fail))]


def writing(file: Path, first: Callable[[], None]) -> Deliver:
    """A delivery that calls `first`, then appends its events to the file in one write."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def deliver(events: Sequence[ChangeEvent]) -> Sequence[Rejected]:
        first()
        lines = (f"{event.product_id} {event.stock_after} {event.id}\n" for event in events)
        os.write(opened, "".join(lines).encode())
        return []

    return deliver


def main() -> int:
    """Work until a signal."""
    settings = load()
    logs.configure(settings.log_format)
    end_by_signals()
    try:
        with telling_by_redis(settings, sinks=sinks(Path(os.environ["SINKS"]))):
            signal.pause()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
