"""The sink runs in a process of its own, which may hang, or be killed at a line of the sink."""

import multiprocessing
from collections.abc import Sequence
from typing import Any, Self

from app.core.events import ChangeEvent
from worker.sinks.conformance.work import Delivered, Described, serve

LONGEST_CALL = 10.0  # seconds; a lease lasts as long
_START = 30.0  # seconds for the process to start and to load the sink

Calls = Sequence[Sequence[ChangeEvent]]


class Broken(Exception):
    """The sink cannot be tried. The message says why."""


class Child:
    """A process that has loaded one object, `module:name`; a context manager that ends it."""

    def __init__(self, reference: str) -> None:
        self._reference = reference

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")  # a fork would share open connections
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._reference), daemon=True)
        self._process.start()
        theirs.close()
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def describe(self) -> Described:
        """Describe the sink.

        Raises:
            Broken: it cannot be loaded, or is no sink.

        """
        found: Described = self._ask(_START, "describe")
        return found

    def deliver(self, calls: Calls, *, side_by_side: bool = False) -> list[Delivered]:
        """Make these calls one after another, or each product's beside those of the others.

        Raises:
            Broken: the sink cannot be loaded, or a call takes longer than a lease lasts.

        """
        limit = _START + LONGEST_CALL * len(calls)
        done: list[Delivered] = self._ask(limit, "deliver", calls, side_by_side)
        return done

    def die_delivering(self, call: Sequence[ChangeEvent], line: int) -> None:
        """Make a call, and kill the process in it before that line of the sink's module is run.

        Raises:
            Broken: the sink cannot be loaded, or the call takes longer than a lease lasts.

        """
        self._ask(_START + LONGEST_CALL, "die", call, line)

    def result(self) -> Any:
        """What the loaded function returns, called without arguments.

        Raises:
            Broken: it cannot be loaded, or raises an error.

        """
        return self._ask(_START + LONGEST_CALL, "result")

    def _ask(self, seconds: float, *request: Any) -> Any:
        """The answer of the process; None if it died."""
        try:
            self._pipe.send(request)
            if not self._pipe.poll(seconds):
                limit = f"a lease lasts {LONGEST_CALL:.0f} s, so set timeouts"
                raise Broken(f"a call does not end: {limit}")
            answer, error = self._pipe.recv()
        except (EOFError, ConnectionError):
            if request[0] == "die":
                return None
            raise Broken("its process ended in a call") from None
        if error is not None:
            raise Broken(error)
        return answer
