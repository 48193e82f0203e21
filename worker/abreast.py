"""Parts of a page are taken at once, a thread each, and none is left running.

The caller's thread takes the first part itself: a single part costs no thread at all.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def abreast(do: Callable[[T], R], parts: Sequence[T]) -> list[R]:
    """What `do` makes of each part; an error of one only once all have ended.

    (A part that went on after its page was given up would go on under a lost lease.)
    """
    first, *others = parts
    outcomes = [Future[R]() for _ in others]
    threads = [
        threading.Thread(
            target=copy_context().run, args=(_settle, outcome, do, part), name="part", daemon=True
        )
        for outcome, part in zip(outcomes, others, strict=True)
    ]
    for thread in threads:
        thread.start()
    try:
        done = do(first)
    finally:
        for thread in threads:
            thread.join()
    return [done, *(outcome.result() for outcome in outcomes)]


def _settle(outcome: "Future[R]", do: Callable[[T], R], part: T) -> None:
    try:
        outcome.set_result(do(part))
    except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
        outcome.set_exception(error)
