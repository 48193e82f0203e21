"""A test waits for a condition, never for a fixed time, and fails if it stays false."""

import time
from collections.abc import Callable
from typing import Any

SOON = 15.0  # seconds: enough for anything on a busy machine
_SHORTEST, _LONGEST = 0.01, 0.05  # seconds between checks


def until(what: Callable[[], Any], seconds: float = SOON) -> Any:
    """Wait until `what()` is true; returns its value.

    The longer it waits, the less often it checks: most checks are requests, and their CPU time is
    taken from what they wait for.
    """
    began = time.monotonic()
    while not (found := what()):
        waited = time.monotonic() - began
        assert waited < seconds, f"still false after {seconds} s"
        time.sleep(min(max(waited / 5, _SHORTEST), _LONGEST))
    return found
