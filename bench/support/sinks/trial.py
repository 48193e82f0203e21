"""What `bench/sinks.py` measures of one kind of sink."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from app.core.events import ChangeEvent

# Where each sink's trial is: the module in this folder, and the function that opens it.
TRIALS = {
    "sqs": "fan_out",
    "sns": "fan_out",
    "eventbridge": "fan_out",
    "replica": "databases",
    "replica_sqlite": "databases",
    "search": "search",
    "archive": "files",
}


def at_once() -> bool:
    """Nothing but events has to be brought."""
    return True


@dataclass(frozen=True)
class Trial:
    """A sink and its bare loop, on targets of their own.

    `environment` switches the sink on in a process. `bare` writes one batch of up to `batch`
    events with the same client, and nothing else: no retries, no checks. `later`: how many of the
    newest events the sink need not have yet, such as those of a file that is not due. `complete`:
    whether the target has what the sink brings apart from events; another process calls it.
    """

    sink: str
    environment: Mapping[str, str]
    bare: Callable[[Sequence[ChangeEvent]], None]
    batch: int
    later: int = 0
    complete: Callable[[], bool] = at_once


# Opens a trial in a folder until the block ends, with its real target running.
Opened = Callable[[Path], AbstractContextManager[Trial]]


def trial_of(name: str) -> Opened:
    """The function that opens a sink's trial."""
    found: Opened = getattr(importlib.import_module(f"bench.support.sinks.{TRIALS[name]}"), name)
    return found
