"""A long sequence is processed a part at a time, so that it is never all in memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def parts(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` things, read on demand."""
    remaining = iter(things)
    while part := list(islice(remaining, size)):
        yield part


def in_threads(
    threads: ThreadPoolExecutor, do: Callable[[T], R], things: Iterable[T], at_once: int
) -> Iterator[R]:
    """The result of `do` for each thing, in order; `at_once` of them are begun before any is read.

    Raises:
        Exception: the first that `do` raises.

    """
    for part in parts(things, at_once):
        yield from threads.map(do, part)
