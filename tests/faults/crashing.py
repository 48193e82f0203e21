"""`stockpulse serve` that kills itself with SIGKILL at a fault point.

`CRASH_AT` names the point, `CRASH_AFTER` how many times the process passes it first. The points
are set in this process (`tests/support/processes/fault_points.py`). `CLOCK_FILE` holds the error
of the wall clock in seconds, and may change at any time.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.bootstrap import web
from app.config.settings import load
from app.observability import logs
from app.store import store
from app.store.products.product_repository import ProductRepository
from tests.support.processes.fault_points import Reached, set_points


def main() -> int:
    """Serve until the process is killed or interrupted."""
    point, left = os.environ.get("CRASH_AT", ""), int(os.environ.get("CRASH_AFTER", "0"))

    def reached(name: str) -> None:
        nonlocal left
        if name != point:
            return
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    clock, real_ns = os.environ.get("CLOCK_FILE"), time.time_ns
    if clock:
        time.time_ns = lambda: real_ns() + int(Path(clock).read_text()) * 10**9

    set_points(reached)
    set_commit_point(reached)
    settings = load()
    logs.configure(settings.log_format)
    web.serve(settings)
    return 0


def set_commit_point(reached: Reached) -> None:
    """Report `between commit and answer` after each write of a product."""

    def repository(
        *arguments: Any, on_commit: Callable[[], None], **named: Any
    ) -> ProductRepository:
        def committed() -> None:
            reached("between commit and answer")
            on_commit()

        return ProductRepository(*arguments, on_commit=committed, **named)

    store.ProductRepository = repository  # type: ignore[assignment,misc]


if __name__ == "__main__":
    sys.exit(main())
