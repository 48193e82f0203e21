"""A batch from an event source mapping is taken until its time is nearly up, then answered for.

The audit is retried for ever on any host; here "for ever" ends before Lambda would kill the
function in the middle, and the answer names the first record that is not durable. Being
killed all the same is safe: the batch comes again whole, and an audit entry is a pure
function of its record.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from math import ceil
from typing import Any

from app.runtime.retry import Stopped
from app.store.feed.feed import ROW_LIMIT
from worker.aws_lambda.batch_response import Answer, done, failed_from, stream_arn

_log = logging.getLogger(__name__)

# Seconds left for the call under way, which waits up to 5 s for an answer and repeats what
# DynamoDB left unprocessed for 2; and at most this share of a short timeout.
MARGIN, MARGIN_SHARE = 10.0, 0.25

# Raises `Stopped` when told to stop before the records were durable or parked.
Process = Callable[[Sequence[Any], str], None]

# Called first in each invocation, with how many stamps its records need if no batch is split.
Begin = Callable[[int], None]

# Does what is due until about this moment of `time.monotonic()`, or until `stop` is set.
Tick = Callable[[float], None]


class LambdaHost:
    """One container: it takes one invocation at a time, as Lambda promises.

    `stop` is the event that ends the retries of the pipeline and of what a tick does.
    """

    def __init__(
        self,
        process: Process,
        stop: threading.Event,
        ticks: Mapping[str, Tick] | None = None,
        begin: Begin = lambda _stamps: None,
    ) -> None:
        """`ticks`: by name, what is done on a schedule."""
        self._process = process
        self._stop = stop
        self._ticks = ticks or {}
        self._begin = begin

    def take(self, records: Sequence[Any], seconds: float) -> Answer:
        """Process a batch in the `seconds` left; the answer of `ReportBatchItemFailures`.

        Raises:
            Unanswerable: only an error makes Lambda hand the batch over again.

        """
        with self._stopping_in(budget(seconds)):
            try:
                self._begin(ceil(len(records) / ROW_LIMIT))
            except Stopped:
                _log.warning("time is up before the first of %d records was taken", len(records))
                return failed_from(records, 0)
            for start in range(0, len(records), ROW_LIMIT):
                failed = self._first_failure(records[start : start + ROW_LIMIT])
                if failed is not None:
                    return failed_from(records, start + failed)
        return done()

    def tick(self, name: str, seconds: float) -> Answer:
        """Do what is due on a schedule.

        Raises:
            Exception: it failed, for Lambda's error metric.

        """
        with self._stopping_in(budget(seconds)):
            try:
                self._begin(1)
                self._ticks[name](time.monotonic() + budget(seconds))
            except Stopped:
                _log.warning("time is up: the rest is left for the next schedule")
        return {"done": name}

    def _first_failure(self, records: Sequence[Any]) -> int | None:
        """The place of the first record that is not durable; None where all are.

        Time that is up says that of the whole batch; any other fault is pinned to its record.
        """
        try:
            self._process_all(records)
        except Stopped:
            _log.warning("time is up: a batch of %d is left for the next invocation", len(records))
            return 0
        except Exception:  # noqa: BLE001 - whatever it is, it is pinned to its record
            _log.exception("a batch failed; its records are tried one by one")
        else:
            return None
        for place, record in enumerate(records):
            try:
                self._process_all([record])
            except Stopped:
                return place
            except Exception:  # noqa: BLE001 - Lambda is told of it, and keeps it
                _log.exception("a record failed: it and what follows are left for a retry")
                return place
        return None

    def _process_all(self, records: Sequence[Any]) -> None:
        for arn, run in groupby(records, key=stream_arn):
            self._process(list(run), arn)

    @contextmanager
    def _stopping_in(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._stop.set)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # it must not stop the next invocation
            self._stop.clear()


def budget(seconds: float) -> float:
    """How long to go on, of the seconds that Lambda still gives."""
    return max(0.0, seconds - min(MARGIN, seconds * MARGIN_SHARE))
