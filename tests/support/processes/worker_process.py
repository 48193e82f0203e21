"""A standalone worker in its own process that a test pauses and kills (run with `python -m`).

It takes its settings from the environment, and its lease time in seconds as an argument. It prints
the product id of each event that it publishes, one per line.
"""

import signal
import sys
from collections.abc import Sequence

from app.bootstrap.process import end_by_signals
from app.bootstrap.worker import reading
from app.config.settings import load
from app.runtime.wake import Wake
from app.store.audit.audit_repository import Arrived


def print_products(arrived: Sequence[Arrived]) -> None:
    """Publish events to standard output."""
    for _, event in arrived:
        sys.stdout.write(f"{event.product_id}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    end_by_signals()
    try:
        with reading(load(), print_products, Wake(), lease_time=float(sys.argv[1])):
            signal.pause()
    except KeyboardInterrupt:
        pass
