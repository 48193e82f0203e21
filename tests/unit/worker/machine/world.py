"""Everything outside the workers: one table, its stream, its writers and the sinks' receivers.

Time advances only when no task can run (`tests.support.simulation.hub`).
"""

from typing import Any

from tests.support.fakes.fake_shards import FakeShard, FakeStream
from tests.support.fakes.fake_stream import FakeStreams
from tests.support.fakes.fake_tables import FakeTables
from tests.support.simulation.hub import Hub
from tests.unit.worker.machine.checks.ledger import (
    AUDIT,
    CHECKPOINTS,
    FEED,
    PARKED,
    PRODUCTS,
    SETTINGS,
    Ledger,
)
from tests.unit.worker.machine.items import a_product, noise
from tests.unit.worker.machine.sinks.sinks import Sinks

Item = dict[str, Any]

START = 1_793_620_800  # seconds since 1970, a noon in November 2026
KEY_ID, KEY = "k", b"key"
ENTRY_LIMIT = 4_000  # bytes of an audit entry, so that oversized items are cheap to make
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/Products"
PRODUCTS_KNOWN = [f"P{number}" for number in range(8)]


class World:
    """The fake services and everything that happens outside the workers."""

    def __init__(self) -> None:
        self.hub = Hub(START)
        self.skew = 0.0  # error of the store's own clock, in seconds
        self.tables = FakeTables(
            {
                PRODUCTS: ("ProductID",),
                AUDIT: ("ProductID", "EventKey"),
                FEED: ("Day", "Cursor"),
                CHECKPOINTS: ("Consumer", "Shard"),
                PARKED: ("ProductID", "SinkKey"),
                SETTINGS: ("Kind", "ID"),
            },
            limits={AUDIT: ENTRY_LIMIT},
            now=self._clock,
        )
        self.streams = FakeStreams(lambda: self.hub.now)
        self.ledger = Ledger(
            caller=self._caller, batch=lambda: self.tables.batch, now=lambda: self.hub.now
        )
        self.streams.tally = self.ledger.tally
        self.tables.watchers.append(self.ledger.watch)
        self.sinks = Sinks(self)
        self._number = 10**21 - 40  # soon gains a digit (stream fact 16)
        self._made = 0
        self._writes = 0
        self.stream = self._new_stream()

    def set_clock(self, skew: float) -> None:
        """Set the error of the store's own clock, in seconds."""
        self._clock()
        if skew > self.skew:
            self.ledger.stamps.clock_steps_forward(self.hub.now)
        self.skew = skew

    # Writers

    def write_unrecorded(self, product_id: str) -> None:
        """Add a product that is older than the stream."""
        self._writes += 1
        self.tables.put_item(TableName=PRODUCTS, Item=a_product(product_id, self._writes))
        self.ledger.old[product_id] = self.stream.arn

    def write(self, product_id: str, *, delete: bool = False, size: int = 0) -> None:
        """Write or delete a product; `size` adds that many characters of incompressible text."""
        before = self.tables.rows[PRODUCTS].get((product_id,))
        if delete and before is None:
            return  # it makes no record (stream fact 19)
        self._writes += 1
        after = None
        if not delete:
            after = a_product(product_id, self._writes)
            if size:
                after["Text"] = {"S": noise(size, self._writes)}
            self.tables.put_item(TableName=PRODUCTS, Item=after)
        else:
            self.tables.delete_item(TableName=PRODUCTS, Key={"ProductID": {"S": product_id}})
        name = "REMOVE" if after is None else "INSERT" if before is None else "MODIFY"
        self._record(product_id, name, before, after)

    def mark(self, product_id: str) -> None:
        """Write a delete mark of Stockpulse without the deletion."""
        before = self.tables.rows[PRODUCTS].get((product_id,))
        if before is not None:
            self._writes += 1
            after = before | {"DeletedRequestID": {"S": f"r{self._writes}"}}
            self.tables.put_item(TableName=PRODUCTS, Item=after)
            self._record(product_id, "MODIFY", before, after)

    def write_poison(self, product_id: str) -> None:
        """Append a record that cannot be decoded."""
        same = self.tables.rows[PRODUCTS].get((product_id,))
        self._record(product_id, "UPSERT", same, same)

    def _record(self, product_id: str, name: str, before: Item | None, after: Item | None) -> None:
        change: Item = {
            "Keys": {"ProductID": {"S": product_id}},
            "ApproximateCreationDateTime": int(START + self.hub.now),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        change |= {} if before is None else {"OldImage": before}
        change |= {} if after is None else {"NewImage": after}
        record = {"eventID": "e", "eventName": name, "eventSource": "aws:dynamodb"}
        shard = self.stream.write(product_id, record | {"dynamodb": change})
        self.ledger.add_change(product_id, self.stream.arn, shard)

    # The stream

    def part(self, choose: int, *, split: bool, listed: bool) -> None:
        """Close an open shard, which gets two children (`split`) or one."""
        shard = self._pick(choose, [one for one in self.stream.shards.values() if one.open])
        if shard is None:
            return
        if split and len(shard.places) > 1:
            self.stream.split(shard, listed=listed)
        else:
            self.stream.rotate(shard, listed=listed)
        self.know_shards()

    def hold_back(self, choose: int | None = None) -> None:
        """Hide records written from now on into one open shard, or into all (None)."""
        shards = [one for one in self.stream.shards.values() if one.open]
        chosen = shards if choose is None else [shards[choose % len(shards)]]
        for shard in chosen:
            shard.shown = len(shard.records) if shard.shown is None else shard.shown

    def let_held_records_show(self) -> None:
        """Make every record readable."""
        for _, shard in self.all_shards():
            late = shard.shown is not None and shard.shown < len(shard.records)
            self.ledger.tally["records shown late"] += late
            shard.shown = None

    def know_shards(self) -> None:
        """Register every shard with the ledger, with records or without."""
        for arn, stream in self.streams.streams.items():
            for shard in stream.shards.values():
                self.ledger.shards[arn, shard.id] = shard

    def recreate(self) -> None:
        """Recreate the table, empty and with a new stream; the old stream is disabled."""
        self.stream.disable()
        for product_id, *_ in self.tables.rows[PRODUCTS]:
            self.ledger.notes.holds(product_id, None, self.hub.now)
        self.tables.rows[PRODUCTS].clear()
        self.stream = self._new_stream()
        self.ledger.recreated_streams.append(self.stream.arn)

    def trim(self, arn: str, shard: FakeShard, count: int, *, forget: bool = False) -> None:
        """Trim the shard's oldest records; `forget` removes a closed shard and its ancestors."""
        stream = self.streams.streams[arn]
        vanishes = forget and not shard.open
        for one in (shard, *self.ledger.ancestors(arn, shard)) if vanishes else (shard,):
            begun = self.consumed(arn, one) > 0
            if vanishes:
                stream.forget(one)
            else:
                stream.trim(one, count)
            self.ledger.lost(arn, one, begun=begun)

    def trim_all(self, product_id: str) -> None:
        """Trim every record of the shard that holds the product's last change."""
        shard = self.ledger.by_product[product_id][-1].shard
        self.trim(self.stream.arn, shard, len(shard.records))

    def all_shards(self) -> list[tuple[str, FakeShard]]:
        """(Stream ARN, shard) of every shard that still exists."""
        return [
            (arn, shard)
            for arn, stream in self.streams.streams.items()
            for shard in stream.shards.values()
            if not shard.gone
        ]

    def calm(self) -> None:
        """Stop hiding, delaying and repeating records and shards."""
        for stream in self.streams.streams.values():
            stream.reveal()
        self.let_held_records_show()
        self.streams.empty_pages = self.streams.repeats = 0

    def settled(self) -> bool:
        """Whether every change is settled and every closed shard of the stream is finished."""
        return not self.ledger.unsettled() and all(
            shard.open or shard.gone or (self.stream.arn, shard.id) in self.ledger.finished
            for shard in self.stream.shards.values()
        )

    def consumed(self, arn: str, shard: FakeShard) -> int:
        """How many of the shard's records its checkpoint covers."""
        for row in self.tables.rows[CHECKPOINTS].values():
            if row["Shard"]["S"] == f"{arn} {shard.id}":
                done = int(row.get("SequenceNumber", {}).get("S", "0"))
                return sum(number <= done for number in shard.numbers)
        return 0

    def _new_stream(self) -> FakeStream:
        self._made += 1
        arn = f"{TABLE}/stream/2026-11-03T09:00:{self._made:02d}.000"
        if self._made % 2 == 0:
            self._number = 0  # a new table may count from 1 again (stream fact 16)
        stream = FakeStream(arn, self._next_number)
        self.streams.streams[arn] = stream
        self.tables.descriptions[PRODUCTS] = {
            "LatestStreamArn": arn,
            "StreamSpecification": {
                "StreamEnabled": True,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
        self.know_shards()
        return stream

    def _clock(self) -> float:
        """Time of the store's own clock, in seconds since 1970."""
        time = START + self.hub.now + self.skew
        self.ledger.stamps.clock_shows(time)
        return time

    def _caller(self) -> str:
        return "a writer" if self.hub.current is None else self.hub.current.process.name

    def _next_number(self) -> str:
        self._number += 1
        return f"{self._number:021d}"

    @staticmethod
    def _pick(choose: int, shards: list[FakeShard]) -> FakeShard | None:
        return shards[choose % len(shards)] if shards else None
