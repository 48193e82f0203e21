"""What `bench/sinks.py` measures of one kind of sink."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from app.core.events import ChangeEvent


@dataclass(frozen=True)
class Trial:
    """A sink and its bare loop, on targets of their own.

    `environment` switches the sink on in a process. `bare` writes one batch of up to `batch`
    events with the same client, and nothing else: no retries, no checks. `later`: how many of the
    newest events the sink need not have yet, such as those of a file that is not due.
    """

    sink: str
    environment: Mapping[str, str]
    bare: Callable[[Sequence[ChangeEvent]], None]
    batch: int
    later: int = 0


# Opens a trial in a folder until the block ends, with its real target running.
Opened = Callable[[Path], AbstractContextManager[Trial]]
