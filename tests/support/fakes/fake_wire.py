"""Every call from a worker to a fake service can fail, be delayed or crash the worker.

Other tasks may run before each call. A crash kills the whole process in the middle of the call.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Never

from botocore.exceptions import BotoCoreError, ClientError

from app.core.errors import ServiceUnavailable
from tests.support.fakes.fake_errors import fault, lost_answer
from tests.support.fakes.fake_tables import Paginator
from tests.support.simulation.hub import Crash, Hub, Process

Trouble = Literal[
    "crash before",
    "crash after",
    "crash within",
    "throttle",
    "error",
    "lost",
    "part",
    "row first",
    "row last",
    "pause",
    "slow",
]
Order = Literal["row first", "row last"]  # of a batch's feed row and its other items
SLOW = 6.0  # seconds: longer than a stamp stays valid
READ = 1.0  # seconds that a query takes while reads are slow
APART = 3.0  # seconds between a batch's feed row and its other items
THROTTLED = "ProvisionedThroughputExceededException"


@dataclass(eq=False)
class _Armed:
    """A fault for a later call."""

    trouble: Trouble
    after: int  # calls of the operation that succeed first
    operation: str | None  # None: any


class Wire:
    """The calls of one worker, in order."""

    def __init__(self, hub: Hub, process: Callable[[], Process], tally: Counter[str]) -> None:
        """`tally` counts the faults by operation."""
        self._hub = hub
        self.tally = tally
        self._process = process
        self.slow_reads = False  # each query takes a while, so that others can write meanwhile
        self.batches: Order | None = None  # the order in which a batch is written; None: at once
        self._armed: list[_Armed] = []

    def arm(self, trouble: Trouble, after: int, operation: str | None = None) -> None:
        """Let a call of the operation (None: any) fail after `after` such calls have succeeded."""
        self._armed.append(_Armed(trouble, after, operation))

    def calm(self) -> None:
        """Cancel all faults and delays."""
        self._armed.clear()
        self.batches, self.slow_reads = None, False

    def call(self, operation: str, effect: Callable[..., Any]) -> Any:
        """Make a call, with the fault that is due, if any."""
        self._hub.wait(None, READ if self.slow_reads and operation == "query" else 0)
        trouble = self._next_trouble(operation)
        if trouble is not None:
            self.tally[f"{trouble}: {operation}"] += 1
        try:
            return self._meet(trouble, operation, effect)
        except (ClientError, BotoCoreError, ServiceUnavailable, Crash):
            raise
        except BaseException as error:
            self._hub.failures.append(error)  # the caller might swallow it
            raise
        finally:
            if trouble is not None:
                self._process().unhindered_since = self._hub.now

    def _next_trouble(self, operation: str) -> Trouble | None:
        found: Trouble | None = None
        for armed in [one for one in self._armed if one.operation in {operation, None}]:
            armed.after -= 1
            if armed.after < 0 and found is None:
                found = armed.trouble
                self._armed.remove(armed)
        return found

    def _meet(self, trouble: Trouble | None, operation: str, effect: Callable[..., Any]) -> Any:
        batch = operation == "batch_write_item"
        match trouble:
            case "throttle" | "error" if operation == "publish":
                raise ServiceUnavailable("the broker is unavailable")
            case "throttle":
                raise fault(THROTTLED)
            case "error":
                raise fault("InternalServerError")
            case "lost":
                effect()
                raise ServiceUnavailable("no answer") if operation == "publish" else lost_answer()
            case "pause":
                self._process().paused = True
                self._hub.wait(None, 0)
            case "slow":
                self._hub.wait(None, SLOW)
            case "part" | "row first" | "row last" if batch:
                return self._part(trouble, effect)
            case "crash before" | "crash after" | "crash within":
                self._crash(trouble, effect, batch=batch)
        if batch and self.batches is not None:
            return self._in_steps(effect, self.batches, 0.0)
        return effect()

    def _part(self, trouble: Literal["part", "row first", "row last"], effect: Any) -> Any:
        if trouble == "part":
            return effect(only=lambda number: number % 2 == 0)
        return self._in_steps(effect, trouble, APART)

    def _in_steps(self, effect: Callable[..., Any], order: Order, apart: float) -> Any:
        """Write a batch item by item, with `apart` seconds between the feed row and the rest."""
        left = effect(only=lambda _: False)["UnprocessedItems"]
        count = sum(map(len, left.values()))  # the feed row is the last of them
        others = range(count - 1)
        for number in (count - 1, *others) if order == "row first" else (*others, count - 1):
            effect(only=lambda one, number=number: one == number)
            before_the_gap = number == (count - 1 if order == "row first" else count - 2)
            self._hub.wait(None, apart if before_the_gap else 0.0)
        return {"UnprocessedItems": {}}

    def _crash(self, moment: Trouble, effect: Callable[..., Any], *, batch: bool) -> Never:
        if moment == "crash after":
            effect()
        elif moment == "crash within" and batch:
            effect(only=lambda number: number % 2 == 1)
        self._hub.kill(self._process())
        raise Crash


class FakeClient:
    """A boto3 client of a fake service, through a wire."""

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
