"""Each shard has one straight loop: iterator → page → pipeline → checkpoint → advance.

The page's effects come before its checkpoint, and an iterator that was lost is taken
again after the last checkpoint (FACTS §1.11).
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.logs import about
from app.metrics import GAPS, GET_RECORDS_CALLS, ITERATOR_AGE, RETRIES
from app.store.checkpoints import Checkpoints
from app.store.client import error_code, translated
from app.store.errors import StoreUnavailable
from worker.retry import Retry, pause
from worker.stream.decode import UNKNOWN, identify
from worker.stream.lineage import Position
from worker.stream.pace import Pace, Wake
from worker.stream.shape import age

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_log = logging.getLogger(__name__)

PAGE_LIMIT = 1000  # records: the service's maximum

Process = Callable[[Sequence[Any], str], None]


class ShardGone(Exception):
    """The shard is not there any more; its end was never seen."""


@dataclass(slots=True)
class Progress:
    """When a reader last got an answer or finished a batch, by the monotonic clock, in seconds."""

    at: float = field(default_factory=time.monotonic)
    trouble: str = ""
    age: float = 0.0  # of the last record of the last page, in seconds

    def made(self) -> None:
        """All is well."""
        self.at = time.monotonic()
        self.trouble = ""


@dataclass(frozen=True, slots=True)
class ShardState:
    """What a reader tells of its shard: how old its last page was, and seconds since then."""

    shard_id: str
    stream_arn: str
    position: str | None
    finished: bool
    lag: float
    last_page: float
    trouble: str


class ShardReader:
    """Reads one shard from a position to its end, or until it is told to stop."""

    def __init__(
        self,
        streams: "DynamoDBStreamsClient",
        stream_arn: str,
        position: Position,
        process: Process,
        checkpoints: Checkpoints,
        retry: Retry,
        wake: Wake,
        pace: Pace,
    ) -> None:
        self._streams = streams
        self._arn = stream_arn
        self._shard = position.shard_id
        self._after = position.after
        self._process = process
        self._checkpoints = checkpoints
        self._retry = retry
        self._wake = wake
        self._pace = pace
        self.progress = Progress()

    def state(self) -> ShardState:
        """How it goes."""
        return ShardState(
            shard_id=self._shard,
            stream_arn=self._arn,
            position=self._after,
            finished=False,
            lag=self.progress.age,
            last_page=time.monotonic() - self.progress.at,
            trouble=self.progress.trouble,
        )

    def run(self, stop: threading.Event) -> None:
        """Read until the shard is finished or `stop` is set.

        Raises:
            ShardGone: the shard vanished before its end.
            Stopped: in the middle of a batch.

        """
        try:
            with about(shard=self._shard):
                self._run(stop)
        finally:
            ITERATOR_AGE.forget(self._shard)

    def _run(self, stop: threading.Event) -> None:
        iterator: str | None = None
        failures = 0
        while not stop.is_set():
            hints = self._wake.hints
            try:
                page = self._page(iterator or self._iterator())
            except StoreUnavailable as error:
                self.progress.trouble = error.detail
                RETRIES.labels("stream").inc()
                iterator = None  # it may have expired meanwhile
                stop.wait(pause(failures))
                failures += 1
                continue
            failures = 0
            self.progress.made()
            if page is None:
                iterator = None
                continue
            records, iterator = page["Records"], page.get("NextShardIterator")
            self.progress.age = age(records, time.time())
            ITERATOR_AGE.note(self._shard, self.progress.age)
            if records:
                self._take(records)
            if iterator is None:
                self._save(finished=True)
                return
            if self._wake.wait(hints, self._pace.delay(found=bool(records))):
                self._pace.hinted()

    def _take(self, records: list[Any]) -> None:
        self._process(records, self._arn)
        numbers = (identify(record)[1] for record in reversed(records))
        number = next((number for number in numbers if number != UNKNOWN), None)
        if number is not None:
            self._after = number
            self._save(finished=False)
        self.progress.made()

    def _save(self, *, finished: bool) -> None:
        self._retry(
            lambda: self._checkpoints.save(self._arn, self._shard, self._after, finished=finished),
            "checkpoint",
        )

    def _iterator(self) -> str:
        """An iterator at the position; never LATEST, which can miss the next write (FACTS §1.4)."""
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if self._after is not None:
            start = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": self._after,
            }
        with translated():
            try:
                answer = self._streams.get_shard_iterator(
                    StreamArn=self._arn, ShardId=self._shard, **start
                )
            except ClientError as error:
                self._meet(error)
                return self._iterator()
        return answer["ShardIterator"]

    def _page(self, iterator: str) -> Any:
        """A page of records; None where the iterator must be taken anew."""
        GET_RECORDS_CALLS.inc()
        with translated():
            try:
                return self._streams.get_records(ShardIterator=iterator, Limit=PAGE_LIMIT)
            except ClientError as error:
                self._meet(error)
                return None

    def _meet(self, error: ClientError) -> None:
        """Adjust the position to what the service said, or raise."""
        match error_code(error):
            case "ExpiredIteratorException":
                return
            case "TrimmedDataAccessException" if self._after is not None:
                _log.error("records after %s of %s were trimmed unread", self._after, self._shard)
                GAPS.inc()
                self._after = None
            case "ResourceNotFoundException":
                raise ShardGone(self._shard) from error
            case _:
                raise error
