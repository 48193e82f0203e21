"""What the process of a sink does on request: it loads the sink, makes calls, and times them."""

import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NamedTuple

from app.core.events import ChangeEvent
from worker.consumers.sink import Sink, sink_of

Call = Sequence[ChangeEvent]


class Described(NamedTuple):
    """What the trials need to know of a sink."""

    batch_size: int
    parallelization_factor: int
    internal: bool


class Delivered(NamedTuple):
    """One call: its seconds, the lines of the sink's package that it ran, and how it ended.

    `lines`: for each line of the source, when it was run first and last, as a count of lines.
    `error` is what it raised, or why its answer is wrong. `skipped` are the ids of events that the
    sink's own filter does not let through.
    """

    seconds: float
    lines: Sequence[tuple[int, int]]
    rejected: dict[str, str]
    skipped: frozenset[str]
    error: str | None


def serve(pipe: Connection, reference: str) -> None:
    """Answer requests with (result, error in words), until the other end is closed."""
    while True:
        try:
            action, *arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = _ACTIONS[action](reference, *arguments)
        except Exception as error:  # noqa: BLE001 - the sink may raise any error
            pipe.send((None, f"{type(error).__name__}: {error}"))
        else:
            pipe.send((answer, None))


def _describe(reference: str) -> Described:
    sink, _ = _sink(reference)
    return Described(sink.batch_size, sink.parallelization_factor, sink.internal)


def _deliver(reference: str, calls: Sequence[Call], side_by_side: bool) -> list[Delivered]:  # noqa: FBT001 - sent as a tuple
    sink, package = _sink(reference)
    if not side_by_side:
        return [_counted(sink, package, call, None) for call in calls]
    by_product: dict[str, list[Call]] = {}
    for call in calls:
        by_product.setdefault(call[0].product_id, []).append(call)
    with ThreadPoolExecutor(len(by_product)) as pool:
        groups = pool.map(lambda group: [_call(sink, call) for call in group], by_product.values())
        return [one for group in groups for one in group]


def _die(reference: str, call: Call, line: int) -> None:
    sink, package = _sink(reference)
    _counted(sink, package, call, line)


def _result(reference: str) -> Any:
    return _loaded(reference)()


_ACTIONS: dict[str, Any] = {
    "describe": _describe,
    "deliver": _deliver,
    "die": _die,
    "result": _result,
}


def _counted(sink: Sink, package: str, call: Call, die_at: int | None) -> Delivered:
    with _counting(package, die_at) as lines:
        done = _call(sink, call)
    return done._replace(lines=list(lines.values()))


def _call(sink: Sink, events: Call) -> Delivered:
    wanted = [event for event in events if sink.takes(event)]
    skipped = frozenset(event.id for event in events) - {event.id for event in wanted}
    began = time.monotonic()
    rejected: dict[str, str] = {}
    error: str | None = None
    try:
        answer = sink.deliver(wanted) if wanted else ()
        rejected = {one.event.id: str(one.error) for one in answer}
        if strange := set(rejected) - {event.id for event in wanted}:
            error = f"it rejects an event that it did not get: {min(strange)}"
    except Exception as failure:  # noqa: BLE001 - a sink may raise any error
        error = f"{type(failure).__name__}: {failure}"
    return Delivered(time.monotonic() - began, (), rejected, skipped, error)


@contextmanager
def _counting(package: str, die_at: int | None) -> Iterator[dict[Any, tuple[int, int]]]:
    """Note the lines of a package that the block runs; kill this process before one of them."""
    seen: dict[Any, tuple[int, int]] = {}
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if frame.f_globals.get("__name__", "").partition(".")[0] != package:
            return None
        if event == "line":
            count += 1
            if count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            line = (frame.f_code.co_filename, frame.f_lineno)
            seen[line] = (seen.get(line, (count, 0))[0], count)
        return trace

    sys.settrace(trace)
    try:
        yield seen
    finally:
        sys.settrace(None)


def _sink(reference: str) -> tuple[Sink, str]:
    """The sink, and the name of the top package that its code is in."""
    found = _loaded(reference)
    sink = sink_of("conform" if not isinstance(found, Sink) else found.name, found)
    code = getattr(sink.deliver, "__module__", None) or reference.partition(":")[0]
    return sink, code.partition(".")[0]


def _loaded(reference: str) -> Any:
    module, _, path = reference.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found
