"""A test waits for a condition, never for a fixed time, and fails if it stays false."""

import time
from collections.abc import Callable
from typing import Any

SOON = 15.0  # seconds: enough for anything on a busy machine


def until(what: Callable[[], Any], seconds: float = SOON) -> Any:
    """Wait until `what()` is true; returns its value."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"still false after {seconds} s"
        time.sleep(0.02)
    return found
