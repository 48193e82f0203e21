"""Parts of a page are taken at once by a few threads, and none is left running.

The caller's thread takes the first part itself: a single part costs no thread at all.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Abreast:
    """At most `most` parts of a page at once; a context manager. Callable from any thread."""

    def __init__(self, most: int = 1) -> None:
        self.most = most
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="part")

    def __enter__(self) -> "Abreast":
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown()

    def __call__(self, do: Callable[[T], R], parts: Sequence[T]) -> list[R]:
        """What `do` makes of each part; an error of one only once all have ended.

        (A part that went on after its page was given up would go on under a lost lease.)
        """
        first, *others = parts
        started = [self._pool.submit(copy_context().run, do, part) for part in others]
        try:
            done = do(first)
        finally:
            wait(started)
        return [done, *(other.result() for other in started)]
