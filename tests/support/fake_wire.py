"""What lies between one life of a worker and the services: every call is a place to fail at.

A crash is a `BaseException` that no `except Exception` catches, and after it the life is
dead: whatever its `finally` blocks still call, nothing takes effect any more.
"""

from collections.abc import Callable
from typing import Any, Literal

from tests.support.fake_errors import fault, lost_answer
from tests.support.fake_tables import Paginator

Trouble = Literal[
    "crash before", "crash after", "crash within", "throttle", "error", "lost", "part", "pause"
]
THROTTLED = "ProvisionedThroughputExceededException"


class Crash(BaseException):
    """The process was killed."""


class Wire:
    """Calls of one life, in the order in which it makes them."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        """`meanwhile` is what happens elsewhere while a pause holds this life."""
        self.dead = False
        self.calls = 0
        self._meanwhile = meanwhile
        self._due: dict[int, Trouble] = {}

    def arm(self, trouble: Trouble, after: int) -> None:
        """Let the call that follows on `after` others meet trouble."""
        self._due[self.calls + after] = trouble

    def calm(self) -> None:
        """No trouble is due any more."""
        self._due.clear()

    def call(self, operation: str, effect: Callable[..., Any]) -> Any:
        """Make a call, whatever it meets."""
        if self.dead:
            raise Crash
        trouble = self._due.pop(self.calls, None)
        self.calls += 1
        match trouble:
            case None:
                return effect()
            case "throttle":
                raise fault(THROTTLED)
            case "error":
                raise fault("InternalServerError")
            case "lost":
                effect()
                raise lost_answer()
            case "pause":
                self._meanwhile()
                return effect()
            case "part" if operation == "batch_write_item":
                return effect(only=lambda number: number % 2 == 0)
            case "part":
                return effect()
        self.dead = True
        if trouble == "crash after":
            effect()
        elif trouble == "crash within" and operation == "batch_write_item":
            effect(only=lambda number: number % 2 == 1)
        raise Crash


class FakeClient:
    """A boto3 client over a service, through a wire."""

    def __init__(self, service: Any, wire: Wire) -> None:
        self._service = service
        self._wire = wire

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._service, operation)

        def call(**request: Any) -> Any:
            return self._wire.call(operation, lambda **more: method(**request, **more))

        return call

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator(getattr(self, operation))
