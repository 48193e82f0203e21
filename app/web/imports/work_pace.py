"""A thread that works through an import rests after each piece, so that requests stay quick."""

import time
from collections.abc import Callable

from app.runtime.loop_thread import LoopThread

Rest = Callable[[], None]  # pauses after a piece of work; raises `Stopped` when the process ends


class Stopped(Exception):
    """The process ends; the work goes on when a process starts again."""


def resting(thread: LoopThread, part: float) -> Rest:
    """A function that pauses for a part of the time since its last call."""
    began = time.monotonic()

    def rest() -> None:
        nonlocal began
        if thread.stop.wait(part * (time.monotonic() - began)):
            raise Stopped
        began = time.monotonic()

    return rest
