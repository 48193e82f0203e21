"""Each shard has one straight loop: page → work → checkpoint → advance.

The page's effects come before its checkpoint, and the checkpoint never passes what every sink
has done. An empty page is neither the end nor a sign of having caught up (FACTS §1.10).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.metrics import ITERATOR_AGE, RETRIES
from app.store.errors import StoreUnavailable
from worker.retry import Retry, pause
from worker.stream.pace import Pace, Wake
from worker.stream.pages import ShardPages, Trimmed
from worker.stream.progress import Progress
from worker.stream.work import Work, last_number

CATCH_UP = 0.1  # seconds between looks at sinks that hold up the end of a shard


class Save(Protocol):
    """Notes a shard's position; raises LeaseLost where the shard is another's."""

    def __call__(self, sequence_number: str | None, *, finished: bool) -> None:
        """Note it."""


class ShardReader:
    """Reads one shard from a position to its end, or until it is told to stop or to leave.

    `guard` returns while the lease is surely held, or raises LeaseLost. `report_gap` notes that
    what followed a sequence number is lost, and why.
    """

    def __init__(
        self,
        pages: ShardPages,
        work: Work,
        save: Save,
        retry: Retry,
        wake: Wake,
        pace: Pace,
        *,
        guard: Callable[[], None] = lambda: None,
        report_gap: Callable[[str | None, str], None] = lambda _after, _why: None,
    ) -> None:
        self._pages = pages
        self._work = work
        self._save = save
        self._retry = retry
        self._wake = wake
        self._pace = pace
        self._guard = guard
        self._report_gap = report_gap
        self._leaving = threading.Event()
        self._read: str | None = None  # the last record handed to the work
        self.saved = pages.after
        self.progress = Progress()

    def leave(self) -> None:
        """End after the page under way, its checkpoint included."""
        self._leaving.set()

    def end(self) -> None:
        """Have nothing more begun: the shard is about to be let go, or is lost."""
        self._work.end()

    def run(self, stop: threading.Event) -> None:
        """Read until the shard is finished, or `stop` is set, or it is told to leave.

        Raises:
            ShardGone: the shard vanished before its end.
            LeaseLost: the shard is another worker's.
            Stopped: in the middle of a batch.

        """
        try:
            self._run(stop)
        finally:
            ITERATOR_AGE.forget(self._pages.shard_id)

    def _run(self, stop: threading.Event) -> None:
        failures = 0
        while not self._ends(stop):
            hints = self._wake.hints
            try:
                page = self._pages.next()
            except StoreUnavailable as error:
                RETRIES.labels("stream").inc()
                self.progress.failed(error.detail)
                stop.wait(pause(failures))
                failures += 1
                continue
            except Trimmed:
                self._go_on_after_gap()
                continue
            failures = 0
            self.progress.saw(page.records)
            ITERATOR_AGE.note(self._pages.shard_id, self.progress.lag)
            self._take(page.records)
            if page.last:
                self.finish(stop)
                return
            if self._wake.wait(hints, self._pace.delay(found=bool(page.records))):
                self._pace.hinted()
        self._note()

    def _ends(self, stop: threading.Event) -> bool:
        return stop.is_set() or self._leaving.is_set()

    def _take(self, records: Sequence[Any]) -> None:
        if records:
            self._retry(self._guard, "lease")
            self._work.process(records)
            number = last_number(records)
            if number is not None:
                self._pages.after = number
                self._read = _further(self._read, number)
            self.progress.made()
        self._note()

    def _note(self) -> None:
        """Save the position, if it has moved."""
        durable = self._work.durable()
        if durable is not None and durable != self.saved:
            self._retry(lambda: self._save(durable, finished=False), "checkpoint")
            self.saved = durable

    def settle(self, stop: threading.Event) -> bool:
        """Wait until every sink is done with what was read; False where the end came first."""
        while self._work.durable() != self._read:
            if self._ends(stop):
                return False
            stop.wait(CATCH_UP)
            self.progress.made()
            self._note()
        return True

    def finish(self, stop: threading.Event) -> None:
        """Note that the shard holds nothing more, once every sink is done with all of it."""
        if self.settle(stop):
            number = self._read or self.saved
            self._retry(lambda: self._save(number, finished=True), "checkpoint")

    def give_up(self, stop: threading.Event) -> None:
        """The shard vanished: what it still held is lost, which is said once."""
        after = self._pages.after
        why = "the shard vanished before its end was read: its records were over a day old"
        self._retry(lambda: self._report_gap(after, why), "gaps")
        self.finish(stop)

    def _go_on_after_gap(self) -> None:
        after = self._pages.after
        which = "first records" if after is None else "records that followed"
        why = f"the stream no longer held the {which}: they were over a day old"
        self._retry(lambda: self._report_gap(after, why), "gaps")
        self._pages.rewind()


def _further(read: str | None, number: str) -> str:
    """The greater of two numbers: a page that comes again takes nothing back."""
    if read is not None and read.isdecimal() and number.isdecimal() and int(number) < int(read):
        return read
    return number
