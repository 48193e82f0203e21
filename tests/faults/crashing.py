"""`stockpulse serve` that dies by SIGKILL at a fault point, for tests only.

`CRASH_AT` names the point and `CRASH_AFTER` how many passes of it are survived. The
application takes the listener as an argument; no setting of a user's can reach it.
`CLOCK_FILE` holds seconds by which the wall clock seems to be off, and may change.
"""

import os
import signal
import sys
import time
from pathlib import Path

from app import logs
from app.serve import serve
from app.settings import load


def main() -> int:
    """Serve, and crash where told."""
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

    settings = load()
    logs.configure(settings.log_format)
    serve(settings, reached)
    return 0


if __name__ == "__main__":
    sys.exit(main())
