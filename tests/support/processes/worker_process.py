"""A standalone worker as a process of its own, to be paused and killed: `python -m` this.

It takes its settings from the environment, and prints the product of each event that it
publishes, a line each.
"""

import signal
import sys
from collections.abc import Sequence

from app.bootstrap.process import end_by_signals
from app.bootstrap.worker import reading
from app.config.settings import load
from app.runtime.wake import Wake
from app.store.audit.audit_repository import Arrived


def tell(arrived: Sequence[Arrived]) -> None:
    """Publish to whoever reads our output."""
    for _, event in arrived:
        sys.stdout.write(f"{event.product_id}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    end_by_signals()
    try:
        with reading(load(), tell, Wake(), lease_time=float(sys.argv[1])):
            signal.pause()
    except KeyboardInterrupt:
        pass
