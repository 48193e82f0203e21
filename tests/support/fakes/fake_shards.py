"""A table's change log as DynamoDB keeps it: shards that split, hide, end and lose their past.

Products lie on a ring of 64 places; an open shard takes the places of its range, and a
child takes over its parent's (FACTS §1.1-7).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
PLACES = 64


@dataclass
class FakeShard:
    """One shard: its records, and which of them are still there."""

    id: str
    parent: str | None
    places: range
    start: str  # its first sequence number
    records: list[Record] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    trimmed: int = 0  # how many records at its beginning are gone
    open: bool = True
    listed: bool = True
    gone: bool = False  # nothing of it is left: it is not listed, and cannot be read
    shown: int | None = None  # how many records are served; None: all, at once

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
        """Append the record, which gets its sequence number here, to its product's shard."""
        place = zlib.crc32(product_id.encode()) % PLACES
        shard = next(s for s in self.shards.values() if s.open and place in s.places)
        number = self._number()
        record["dynamodb"]["SequenceNumber"] = number
        shard.records.append(record)
        shard.numbers.append(int(number))
        return shard

    def rotate(self, shard: FakeShard, *, listed: bool = True) -> FakeShard:
        """Close the shard; one child goes on, perhaps not yet to be seen."""
        shard.open = False
        return self._add(shard, shard.places, listed=listed)

    def split(self, shard: FakeShard, *, listed: bool = True) -> list[FakeShard]:
        """Close the shard; each of two children takes half of its range."""
        shard.open = False
        middle = (shard.places.start + shard.places.stop) // 2
        halves = range(shard.places.start, middle), range(middle, shard.places.stop)
        return [self._add(shard, half, listed=listed) for half in halves]

    def trim(self, shard: FakeShard, count: int) -> list[Record]:
        """Lose the shard's oldest records, up to `count` in all; those newly lost."""
        lost = shard.records[shard.trimmed : count]
        shard.trimmed = max(shard.trimmed, min(count, len(shard.records)))
        return lost

    def forget(self, shard: FakeShard) -> list[Record]:
        """A closed shard is a day old: it vanishes with its records; those newly lost."""
        shard.gone = True
        return self.trim(shard, len(shard.records))

    def reveal(self) -> None:
        """Every shard is listed now."""
        for shard in self.shards.values():
            shard.listed = True

    def disable(self) -> None:
        """The table was re-created, or its stream switched off: no shard gets a child any more.

        That takes longer than a child stays hidden.
        """
        self.enabled = False
        self.reveal()
        for shard in self.shards.values():
            shard.open = False

    def _add(self, parent: FakeShard | None, places: range, *, listed: bool = True) -> FakeShard:
        """A shard does not show before its parent does."""
        listed = listed and (parent is None or parent.listed)
        name = f"shardId-{len(self.shards):020d}-{zlib.crc32(self.arn.encode()):08x}"
        shard = FakeShard(name, parent and parent.id, places, self._number(), listed=listed)
        self.shards[name] = shard
        return shard
