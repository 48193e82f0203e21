"""A shard's pages are read in order from a position; an expired iterator is replaced there.

Iterators never start at LATEST, which can miss the next write (stream fact 4). A page begins small
and grows while pages are full: the embedded engine does not limit a page's bytes, as AWS does.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.core.errors import StoreRefused, StoreUnavailable
from app.observability.metrics import GET_RECORDS_CALLS
from app.runtime.portion import PortionSize
from app.store.dynamodb.client import error_code, translated
from app.store.dynamodb.reads import answer_bytes

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

PAGE_LIMIT = 1000  # records; the service's maximum
_FIRST_LIMIT = 100  # records of a first page; they can have 800 KB each
_PAGE_BYTES = 8 * 1024 * 1024  # a larger page is followed by one with fewer records
_FRESH_ITERATORS = 3  # attempts before iterators that expire at once are an error


class ShardGone(Exception):
    """The shard no longer exists; its end was never read."""


class Trimmed(Exception):
    """Records after the position no longer exist."""


class _Expired(Exception):
    """The iterator is older than 15 minutes (stream fact 11)."""


@dataclass(frozen=True, slots=True)
class Page:
    """The result of one call; `last` only if there is no next iterator (stream facts 2 and 6)."""

    records: Sequence[Any]
    last: bool


class ShardPages:
    """Reads one shard's pages."""

    def __init__(
        self,
        streams: "DynamoDBStreamsClient",
        stream_arn: str,
        shard_id: str,
        after: str | None,
        start: str | None = None,
    ) -> None:
        """`after`: the last sequence number not to read again; None starts at the oldest record.

        `start`: the shard's first number, if no record may be missing at its beginning.
        """
        self._streams = streams
        self._arn = stream_arn
        self.shard_id = shard_id
        self._iterator: str | None = None
        self._size = PortionSize(_FIRST_LIMIT, PAGE_LIMIT, _PAGE_BYTES)
        self.after = after
        self._start = start

    def next(self) -> Page:
        """Return the next page.

        Raises:
            ShardGone: the shard vanished before its end.
            Trimmed: the records after `after`, or the shard's beginning, are lost; call `rewind` to
                continue with what is left.
            StoreUnavailable: throttled or failing; try again later.

        """
        for _ in range(_FRESH_ITERATORS):
            iterator, self._iterator = self._iterator or self._fresh(), None
            GET_RECORDS_CALLS.inc()
            try:
                answer = self._call("get_records", ShardIterator=iterator, Limit=self._size.limit)
            except _Expired:
                continue
            except StoreUnavailable:
                self._size.failed()
                raise
            self._size.answered(len(answer["Records"]), answer_bytes(answer))
            self._iterator = answer.get("NextShardIterator")
            return Page(answer["Records"], last=self._iterator is None)
        raise StoreUnavailable("DynamoDB reports each new shard iterator as expired.")

    def rewind(self) -> None:
        """Continue with the oldest record that exists."""
        self.after = self._start = None

    def _fresh(self) -> str:
        start: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if self.after is not None:
            start = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": self.after,
            }
        answer = self._call(
            "get_shard_iterator", StreamArn=self._arn, ShardId=self.shard_id, **start
        )
        if self.after is None and self._start is not None:
            self._check_start(self._start)
        iterator: str = answer["ShardIterator"]
        return iterator

    def _check_start(self, number: str) -> None:
        """Ask the service whether the shard still goes back to a sequence number.

        Its oldest record does not show this, because a shard's first number need not be a record's.
        Asked after the iterator was created, so that nothing can be lost in between.
        """
        with suppress(StoreRefused):  # an engine that rejects the number does not report a loss
            self._call(
                "get_shard_iterator",
                StreamArn=self._arn,
                ShardId=self.shard_id,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=number,
            )

    def _call(self, name: str, **request: Any) -> Any:
        with translated():
            try:
                return getattr(self._streams, name)(**request)
            except ClientError as error:
                match error_code(error):
                    case "ExpiredIteratorException":
                        raise _Expired from error
                    # DynamoDB Local raises it spuriously: it proves a loss only if a position was
                    # held, or the beginning must exist (stream fact 12).
                    case "TrimmedDataAccessException" if self.after or self._start:
                        raise Trimmed from error
                    case "ResourceNotFoundException":
                        raise ShardGone from error
                    case _:
                        raise
