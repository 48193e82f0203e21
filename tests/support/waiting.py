"""A test waits for what it wants to see, never for a time; what does not come fails it."""

import time
from collections.abc import Callable
from typing import Any

SOON = 15.0  # seconds within which a busy machine gets anything done


def until(what: Callable[[], Any], seconds: float = SOON) -> Any:
    """Wait until it is so; what it was."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return found
