"""What lies between one life of a worker and the services: every call is a place to fail at.

Before each call the others may go on. A crash ends the whole process in the midst of it.
"""

from collections.abc import Callable
from typing import Any, Literal, get_args

from botocore.exceptions import BotoCoreError, ClientError

from tests.support.fake_errors import fault, lost_answer
from tests.support.fake_tables import Paginator
from tests.support.simulation import Crash, Hub, Process

Trouble = Literal[
    "crash before", "crash after", "crash within", "throttle", "error", "lost", "part", "pause"
]
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)
THROTTLED = "ProvisionedThroughputExceededException"


class Wire:
    """Calls of one life, in the order in which it makes them."""

    def __init__(self, hub: Hub, process: Callable[[], Process]) -> None:
        self._hub = hub
        self._process = process
        self._calls = 0
        self._due: dict[int, Trouble] = {}

    def arm(self, trouble: Trouble, after: int) -> None:
        """Let the call that follows on `after` others meet trouble."""
        self._due[self._calls + after] = trouble

    def calm(self) -> None:
        """No trouble is due any more."""
        self._due.clear()

    def call(self, operation: str, effect: Callable[..., Any]) -> Any:
        """Make a call, whatever it meets."""
        self._hub.wait(None, 0)
        trouble = self._due.pop(self._calls, None)
        self._calls += 1
        if trouble == "part" and operation != "batch_write_item":
            self.arm(trouble, 0)  # it waits for a batch
            trouble = None
        if trouble in {"throttle", "error", "lost"} and operation == "publish":
            trouble = None  # a broker queues what it cannot send
        try:
            return self._meet(trouble, operation, effect)
        except (ClientError, BotoCoreError, Crash):
            raise
        except BaseException as error:
            self._hub.failures.append(error)  # whoever called might swallow it
            raise

    def _meet(self, trouble: Trouble | None, operation: str, effect: Callable[..., Any]) -> Any:
        batch = operation == "batch_write_item"
        match trouble:
            case "throttle":
                raise fault(THROTTLED)
            case "error":
                raise fault("InternalServerError")
            case "lost":
                effect()
                raise lost_answer()
            case "pause":
                self._process().paused = True
                self._hub.wait(None, 0)
            case "part":
                return effect(only=lambda number: number % 2 == 0)
            case "crash before" | "crash after" | "crash within":
                if trouble == "crash after":
                    effect()
                elif trouble == "crash within" and batch:
                    effect(only=lambda number: number % 2 == 1)
                self._hub.kill(self._process())
                raise Crash
        return effect()


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
