"""`stockpulse worker` with two sinks that turn bad together, for tests only.

While the file `bad` is in the folder SINKS names, deliveries to `hangs` do not come back and
those to `fails` raise. What a sink accepts it writes down in a file of its name: product, stock
and event id, a line each. A delivery that hung takes effect when the sink is well again.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app import logs
from app.events import ChangeEvent
from app.settings import load
from app.signals import end_by_signals
from app.standalone import telling_by_redis
from worker.sinks.sink import Deliver, Sink

HANGS, FAILS = "hangs", "fails"


def sinks(folder: Path) -> list[Sink]:
    """The two, with their files in the folder."""
    bad = folder / "bad"

    def hang() -> None:
        while bad.exists():
            time.sleep(0.2)

    def fail() -> None:
        if bad.exists():
            raise ConnectionError("there is nobody here")

    return [
        Sink(HANGS, noting(folder / HANGS, hang)),
        Sink(FAILS, noting(folder / FAILS, fail)),
    ]


def noting(file: Path, mood: Callable[[], None]) -> Deliver:
    """A delivery that asks its mood first, and then notes the event in one write."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def deliver(event: ChangeEvent) -> None:
        mood()
        os.write(opened, f"{event.product_id} {event.stock_after} {event.id}\n".encode())

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
