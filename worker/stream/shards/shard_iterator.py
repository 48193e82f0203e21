"""A shard's pages follow one another from a position; a lost iterator is taken again after it.

Never from LATEST, which can miss the next write (FACTS §1.4).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.core.errors import StoreRefused, StoreUnavailable
from app.observability.metrics import GET_RECORDS_CALLS
from app.store.dynamodb.client import error_code, translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

PAGE_LIMIT = 1000  # records: the service's maximum
_FRESH_ITERATORS = 3  # that may be called expired in a row


class ShardGone(Exception):
    """The shard is not there any more; its end was never seen."""


class Trimmed(Exception):
    """Records after the position are not there any more."""


class _Expired(Exception):
    """The iterator is older than 15 minutes (FACTS §1.11)."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one call gave; `last` only by a missing next iterator (FACTS §1.2, §1.6)."""

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
        """`after`: the last sequence number not to be read again; None begins at the oldest.

        `start`: the shard's first number, where nothing of it may be missing at the oldest.
        """
        self._streams = streams
        self._arn = stream_arn
        self.shard_id = shard_id
        self._iterator: str | None = None
        self.after = after
        self._start = start

    def next(self) -> Page:
        """The next page.

        Raises:
            ShardGone: the shard vanished before its end.
            Trimmed: what follows `after`, or the shard's beginning, is lost; `rewind` goes on
                with what is left.
            StoreUnavailable: throttled or failing; try again later.

        """
        for _ in range(_FRESH_ITERATORS):
            iterator, self._iterator = self._iterator or self._fresh(), None
            GET_RECORDS_CALLS.inc()
            try:
                answer = self._call("get_records", ShardIterator=iterator, Limit=PAGE_LIMIT)
            except _Expired:
                continue
            self._iterator = answer.get("NextShardIterator")
            return Page(answer["Records"], last=self._iterator is None)
        raise StoreUnavailable("DynamoDB calls every shard iterator expired.")

    def rewind(self) -> None:
        """Go on with the oldest record that there is."""
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
            self._look_for(self._start)
        iterator: str = answer["ShardIterator"]
        return iterator

    def _look_for(self, number: str) -> None:
        """Have the service say whether the shard still goes back to a number.

        Its oldest record does not tell: a shard's first number need be no record's. Asked after
        the iterator was made, so that nothing is lost between.
        """
        with suppress(StoreRefused):  # an engine that judges such a number knows of no loss
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
                    # DynamoDB Local raises it without cause: it says something only to one who
                    # held a position, or was promised the beginning (FACTS §1.12).
                    case "TrimmedDataAccessException" if self.after or self._start:
                        raise Trimmed from error
                    case "ResourceNotFoundException":
                        raise ShardGone from error
                    case _:
                        raise
