"""A table's change log as DynamoDB keeps it: shards split, close, appear late and are trimmed.

Products hash to 64 places. An open shard takes the records of a range of places, and its children
take over that range (stream facts 1 to 7).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
PLACES = 64


@dataclass
class FakeShard:
    """One shard: its records, and how many of them are trimmed."""

    id: str
    parent: str | None
    places: range
    start: str  # its first sequence number
    records: list[Record] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    trimmed: int = 0  # how many of its oldest records are gone
    open: bool = True
    listed: bool = True
    gone: bool = False  # it is no longer listed and cannot be read
    shown: int | None = None  # how many records are readable; None: all

    @property
    def last_number(self) -> str:
        return str(self.records[-1]["dynamodb"]["SequenceNumber"]) if self.records else self.start


class FakeStream:
    """The shards of one stream ARN."""

    def __init__(self, arn: str, number: Callable[[], str]) -> None:
        self.arn = arn
        self.enabled = True
        self._number = number
        self.shards: dict[str, FakeShard] = {}
        self._add(None, range(PLACES))

    def write(self, product_id: str, record: Record) -> FakeShard:
        """Give the record a sequence number, and append it to its product's shard."""
        place = zlib.crc32(product_id.encode()) % PLACES
        shard = next(s for s in self.shards.values() if s.open and place in s.places)
        number = self._number()
        record["dynamodb"]["SequenceNumber"] = number
        shard.records.append(record)
        shard.numbers.append(int(number))
        return shard

    def rotate(self, shard: FakeShard, *, listed: bool = True) -> FakeShard:
        """Close the shard; one child takes over, not listed yet if `listed` is false."""
        shard.open = False
        return self._add(shard, shard.places, listed=listed)

    def split(self, shard: FakeShard, *, listed: bool = True) -> list[FakeShard]:
        """Close the shard; two children take half of its range each."""
        shard.open = False
        middle = (shard.places.start + shard.places.stop) // 2
        halves = range(shard.places.start, middle), range(middle, shard.places.stop)
        return [self._add(shard, half, listed=listed) for half in halves]

    def trim(self, shard: FakeShard, count: int) -> list[Record]:
        """Trim the shard's oldest records, `count` in all; returns those newly trimmed."""
        lost = shard.records[shard.trimmed : count]
        shard.trimmed = max(shard.trimmed, min(count, len(shard.records)))
        return lost

    def forget(self, shard: FakeShard) -> list[Record]:
        """Remove a closed shard, as after a day; returns the records newly trimmed."""
        shard.gone = True
        return self.trim(shard, len(shard.records))

    def reveal(self) -> None:
        """List every shard."""
        for shard in self.shards.values():
            shard.listed = True

    def disable(self) -> None:
        """Close every shard without children, as when the table is deleted or the stream disabled.

        This takes longer than a child stays hidden, so every shard is listed.
        """
        self.enabled = False
        self.reveal()
        for shard in self.shards.values():
            shard.open = False

    def _add(self, parent: FakeShard | None, places: range, *, listed: bool = True) -> FakeShard:
        """Add a shard; it is not listed before its parent is."""
        listed = listed and (parent is None or parent.listed)
        name = f"shardId-{len(self.shards):020d}-{zlib.crc32(self.arn.encode()):08x}"
        shard = FakeShard(name, parent and parent.id, places, self._number(), listed=listed)
        self.shards[name] = shard
        return shard
