"""Each shard has one straight loop: page → work → checkpoint → advance.

A page's effects are complete before its checkpoint is saved. An empty page is neither the end of
the shard nor a sign that the reader has caught up (stream fact 10).
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.core.errors import StoreUnavailable
from app.observability.metrics import ITERATOR_AGE, RETRIES
from app.runtime.retry import Retry, pause
from app.runtime.wake import Wake
from worker.stream.decode import last_number
from worker.stream.shards.polling import Polling
from worker.stream.shards.progress import Progress
from worker.stream.shards.shard_iterator import ShardPages, Trimmed

# Processes a page: when it returns, the records are audited and published, or parked. Raises
# LeaseLost if the shard belongs to another worker, and Stopped if the worker is stopping: the page
# will be read again.
Work = Callable[[Sequence[Any]], None]


class Save(Protocol):
    """Saves a shard's position; raises LeaseLost if the shard belongs to another worker."""

    def __call__(self, sequence_number: str | None, *, finished: bool) -> None:
        """Save the position."""


class ShardReader:
    """Reads one shard from a position to its end, or until it is asked to stop or to leave.

    `guard` returns while the lease is certainly held, and raises LeaseLost if not. `report_gap`
    records that the records after a sequence number are lost, and why.
    """

    def __init__(
        self,
        pages: ShardPages,
        work: Work,
        save: Save,
        retry: Retry,
        wake: Wake,
        pace: Polling,
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
        self.saved = pages.after
        self.progress = Progress()

    def leave(self) -> None:
        """Stop after the current page and its checkpoint."""
        self._leaving.set()

    def run(self, stop: threading.Event) -> None:
        """Read until the shard is finished, `stop` is set, or `leave` is called.

        Raises:
            ShardGone: the shard vanished before its end.
            LeaseLost: the shard belongs to another worker.
            Stopped: in the middle of a batch.

        """
        try:
            self._run(stop)
        finally:
            ITERATOR_AGE.forget(self._pages.shard_id)

    def _run(self, stop: threading.Event) -> None:
        failures = 0
        while not (stop.is_set() or self._leaving.is_set()):
            hints = self._wake.hints
            self.progress.asked()
            try:
                page = self._pages.next()
            except StoreUnavailable as error:
                RETRIES.labels("stream").inc()
                self.progress.trouble = error.detail
                failures += 1
                stop.wait(pause(failures))
                continue
            except Trimmed:
                self._resume_after_gap()
                continue
            failures = 0
            self.progress.received(page.records)
            ITERATOR_AGE.note(self._pages.shard_id, self.progress.lag)
            self._take(page.records)
            if page.last:
                self._save_position(finished=True)
                return
            if self._wake.wait(hints, self._pace.delay(found=bool(page.records))):
                self._pace.hinted()
        self._save_position()

    def _take(self, records: Sequence[Any]) -> None:
        if records:
            self._retry(self._guard, "lease")
            self._work(records)
            self._pages.after = last_number(records) or self._pages.after
            self.progress.done()
        self._save_position()

    def _save_position(self, *, finished: bool = False) -> None:
        """Save the position if it has moved or the shard is finished."""
        number = _greater(self.saved, self._pages.after)
        if number == self.saved and not finished:
            return
        self._retry(lambda: self._save(number, finished=finished), "checkpoint")
        self.saved = number

    def give_up(self) -> None:
        """Report that the vanished shard's remaining records are lost, and mark it finished."""
        after = self._pages.after
        why = "the shard vanished before its end was read: its records were over a day old"
        self._retry(lambda: self._report_gap(after, why), "gaps")
        self._save_position(finished=True)

    def _resume_after_gap(self) -> None:
        after = self._pages.after
        which = "first records" if after is None else "records that followed"
        why = f"the stream no longer held the {which}: they were over a day old"
        self._retry(lambda: self._report_gap(after, why), "gaps")
        self._pages.rewind()


def _greater(saved: str | None, read: str | None) -> str | None:
    """The greater of two sequence numbers: reading a page again never moves the position back."""
    if saved is None or read is None:
        return saved or read
    return max(saved, read, key=int)
