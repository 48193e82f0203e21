# ruff: noqa: N803 - the arguments are named as boto3 names them
"""An in-memory DynamoDB Streams that behaves as docs/operate/dynamodb-streams.md describes.

Each call is atomic. Behaviour that the service leaves open (an ending number on an open shard, an
empty page in the middle, a last page with records) is an option.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.fakes.fake_errors import fault
from tests.support.fakes.fake_shards import FakeShard, FakeStream

ITERATOR_LIFE = 15 * 60.0  # seconds


@dataclass
class StreamOptions:
    """Behaviour that the service leaves open."""

    page: int = 1000  # records per page
    listing: int = 100  # shards per page of a listing
    ends_on_open: bool = False  # open shards have an EndingSequenceNumber (stream fact 6)
    ends_hidden: bool = False  # closed shards have none, so parent and child both look open
    last_page_full: bool = True  # the last records come without a next iterator (stream fact 2)
    strict_horizon: bool = True  # a position is trimmed once its own record is


class FakeStreams:
    """The service, with the client methods that boto3 has."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self._now = now
        self.options = StreamOptions()
        self.streams: dict[str, FakeStream] = {}
        self.empty_pages = 0  # this many of the next pages are empty although there are records
        self.repeats = 0  # this many of the next pages with records are served again
        self._issued = 0
        self._void_before = 0
        self.latest_asked = 0
        self.tally: Counter[str] = Counter()  # unusual responses, by kind

    def expire_iterators(self) -> None:
        """Expire every iterator issued so far."""
        self._void_before = self._issued + 1

    # The methods that a reader calls, named as in boto3.

    def list_streams(self, *, TableName: str | None = None, **_: Any) -> dict[str, Any]:
        arns = [arn for arn in self.streams if TableName is None or f"/{TableName}/" in arn]
        return {"Streams": [{"StreamArn": arn, "TableName": TableName} for arn in arns]}

    def describe_stream(
        self,
        *,
        StreamArn: str,
        ExclusiveStartShardId: str | None = None,
        Limit: int = 100,
    ) -> dict[str, Any]:
        stream = self._stream(StreamArn)
        listed = [shard for shard in stream.shards.values() if shard.listed and not shard.gone]
        if ExclusiveStartShardId is not None:
            listed = [shard for shard in listed if shard.id > ExclusiveStartShardId]
        limit = min(Limit, self.options.listing)
        description: dict[str, Any] = {
            "StreamArn": StreamArn,
            "StreamStatus": "ENABLED" if stream.enabled else "DISABLED",
            "Shards": [self._shown(shard) for shard in listed[:limit]],
        }
        if len(listed) > limit:
            description["LastEvaluatedShardId"] = listed[limit - 1].id
        return {"StreamDescription": description}

    def get_shard_iterator(
        self,
        *,
        StreamArn: str,
        ShardId: str,
        ShardIteratorType: str,
        SequenceNumber: str | None = None,
    ) -> dict[str, Any]:
        shard = self._shard(StreamArn, ShardId)
        match ShardIteratorType:
            case "TRIM_HORIZON":
                place = shard.trimmed
            case "LATEST":
                self.latest_asked += 1
                place = len(shard.records)
            case "AFTER_SEQUENCE_NUMBER" | "AT_SEQUENCE_NUMBER" if SequenceNumber is not None:
                place = self._place(shard, int(SequenceNumber), ShardIteratorType)
            case _:
                raise fault("ValidationException", ShardIteratorType)
        return {"ShardIterator": self._iterator(StreamArn, shard, place)}

    def get_records(self, *, ShardIterator: str, Limit: int = 1000) -> dict[str, Any]:
        arn, shard_id, place_text, issued, at = ShardIterator.split("|")
        if int(issued) < self._void_before or self._now() - float(at) > ITERATOR_LIFE:
            self.tally["iterator called expired"] += 1
            raise fault("ExpiredIteratorException")
        shard, place = self._shard(arn, shard_id), int(place_text)
        if place < shard.trimmed:
            self.tally["position called trimmed"] += 1
            raise fault("TrimmedDataAccessException")
        if self.empty_pages > 0:
            self.empty_pages -= 1
            return {"Records": [], "NextShardIterator": self._iterator(arn, shard, place)}
        count = min(Limit, self.options.page)
        records = shard.records[place : shard.shown][:count]
        if records and self.repeats > 0:
            self.repeats -= 1
            self.tally["page served again"] += 1
            next_place = place
        else:
            next_place = place + len(records)
        answer: dict[str, Any] = {"Records": list(records)}
        at_end = not shard.open and next_place == len(shard.records)
        if not at_end or (records and not self.options.last_page_full):
            answer["NextShardIterator"] = self._iterator(arn, shard, next_place)
        return answer

    def _place(self, shard: FakeShard, number: int, kind: str) -> int:
        """Index of the first record at or after (or only after) a sequence number."""
        if shard.trimmed:
            last_lost = shard.numbers[shard.trimmed - 1]
            if number < last_lost or (number == last_lost and self.options.strict_horizon):
                self.tally["position called trimmed"] += 1
                raise fault("TrimmedDataAccessException")
        after = kind == "AFTER_SEQUENCE_NUMBER"
        return sum(known < number or (after and known == number) for known in shard.numbers)

    def _iterator(self, arn: str, shard: FakeShard, place: int) -> str:
        self._issued += 1
        return f"{arn}|{shard.id}|{place}|{self._issued}|{self._now()}"

    def _stream(self, arn: str) -> FakeStream:
        stream = self.streams.get(arn)
        if stream is None:
            raise fault("ResourceNotFoundException", f"Requested resource not found: {arn}")
        return stream

    def _shard(self, arn: str, shard_id: str) -> FakeShard:
        shard = self._stream(arn).shards.get(shard_id)
        if shard is None or shard.gone:
            raise fault("ResourceNotFoundException", f"Requested resource not found: {shard_id}")
        return shard

    def _shown(self, shard: FakeShard) -> dict[str, Any]:
        numbers = {"StartingSequenceNumber": shard.start}
        if self.options.ends_on_open or not (shard.open or self.options.ends_hidden):
            numbers["EndingSequenceNumber"] = shard.last_number
        shown: dict[str, Any] = {"ShardId": shard.id, "SequenceNumberRange": numbers}
        if shard.parent is not None:
            shown["ParentShardId"] = shard.parent
        return shown
