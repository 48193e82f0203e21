"""A batch is processed until the time is nearly up; the response names what is not durable.

The audit is retried for ever on any host. Here the retries end before Lambda kills the function,
and the response names the first record that is not durable. If Lambda kills the function anyway,
nothing is lost: the whole batch is retried, and an audit entry is a pure function of its record.

Lambda retries everything from the lowest sequence number returned. An empty, null or unknown
`itemIdentifier` fails the whole batch (stream fact 23), so none is ever returned.
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
from worker.stream.record_shapes import is_sequence_number

_log = logging.getLogger(__name__)

# Seconds reserved for the running call, which waits up to 5 s for a response and retries what
# DynamoDB left unprocessed for 2 s; and at most this share of a short timeout.
MARGIN, MARGIN_SHARE = 10.0, 0.25

BatchResponse = dict[str, Any]

# Raises `Stopped` if it must stop before the records are durable or parked.
Process = Callable[[Sequence[Any], str], None]

# Called first in each invocation, with the number of stamps that its records need if no batch is
# split.
Begin = Callable[[int], None]

# Runs a scheduled task until this moment of `time.monotonic()`, or until `stop` is set.
Tick = Callable[[float], None]


class Unanswerable(Exception):
    """No record up to the failed one has a sequence number: only an error makes Lambda retry."""


class LambdaHost:
    """One container, which handles one invocation at a time, as Lambda guarantees.

    `stop` is the event that ends the retries of the pipeline and of the scheduled tasks.
    """

    def __init__(
        self,
        process: Process,
        stop: threading.Event,
        ticks: Mapping[str, Tick] | None = None,
        begin: Begin = lambda _stamps: None,
    ) -> None:
        """`ticks`: the scheduled tasks, by name."""
        self._process = process
        self._stop = stop
        self._ticks = ticks or {}
        self._begin = begin

    def handle_batch(self, records: Sequence[Any], seconds: float) -> BatchResponse:
        """Process a batch in the `seconds` left; returns a response for `ReportBatchItemFailures`.

        Raises:
            Unanswerable: only an error makes Lambda retry the batch.

        """
        with self._stopping_in(budget(seconds)):
            try:
                self._begin(ceil(len(records) / ROW_LIMIT))
            except Stopped:
                _log.warning(
                    "time is up before the first of %d records was processed", len(records)
                )
                return failed_from(records, 0)
            for start in range(0, len(records), ROW_LIMIT):
                failed = self._first_failure(records[start : start + ROW_LIMIT])
                if failed is not None:
                    return failed_from(records, start + failed)
        return {"batchItemFailures": []}

    def tick(self, name: str, seconds: float) -> BatchResponse:
        """Run a scheduled task.

        Raises:
            Exception: the task failed; raised so that Lambda's error metric counts it.

        """
        with self._stopping_in(budget(seconds)):
            try:
                self._begin(1)
                self._ticks[name](time.monotonic() + budget(seconds))
            except Stopped:
                _log.warning("time is up: the rest is left for the next scheduled run")
        return {"done": name}

    def _first_failure(self, records: Sequence[Any]) -> int | None:
        """Return the index of the first record that is not durable; None if all are durable.

        If time is up, that is the first record of the batch; any other error is traced to its
        record.
        """
        try:
            self._process_all(records)
        except Stopped:
            _log.warning("time is up: a batch of %d is left for the next invocation", len(records))
            return 0
        except Exception:  # noqa: BLE001 - any error is traced to its record
            _log.exception("a batch failed; its records are retried one by one")
        else:
            return None
        for place, record in enumerate(records):
            try:
                self._process_all([record])
            except Stopped:
                return place
            except Exception:  # noqa: BLE001 - returned to Lambda, which retries it
                _log.exception("a record failed: it and the records after it are left for a retry")
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
    """The seconds to work, out of the seconds that Lambda still allows."""
    return max(0.0, seconds - min(MARGIN, seconds * MARGIN_SHARE))


def failed_from(records: Sequence[Any], first: int) -> BatchResponse:
    """The response for a batch whose records from index `first` on are not durable.

    If that record has no usable sequence number, the record before it is returned: processing it
    again writes the same bytes.

    Raises:
        Unanswerable: no record up to this one has a usable sequence number.

    """
    for record in reversed(records[: first + 1]):
        number = sequence_number(record)
        if number is not None:
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    raise Unanswerable(
        "the first records of this batch have no sequence number and could not be saved: "
        "the whole batch must be retried"
    )


def sequence_number(record: Any) -> str | None:
    """The record's sequence number if Lambda accepts it, else None."""
    change = record.get("dynamodb") if isinstance(record, Mapping) else None
    number = change.get("SequenceNumber") if isinstance(change, Mapping) else None
    return number if is_sequence_number(number) else None


def stream_arn(record: Any) -> str:
    """The ARN of the record's stream; empty if absent, which makes the record a dead letter."""
    arn = record.get("eventSourceARN") if isinstance(record, Mapping) else None
    return arn if isinstance(arn, str) else ""
