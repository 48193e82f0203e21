"""What was written is known here, and every effect of a worker is held against it as it happens.

A promise that is broken fails at the very write that breaks it, with the whole history of
the example above it.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.events import ChangeEvent
from app.store.audit import Arrived
from app.store.cursor import parse_cursor
from app.store.timeline import OVERLAP_MS
from tests.support.fake_shards import FakeShard
from worker.stream.decode import event_key

AUDIT, FEED, CHECKPOINTS = "ProductEvents", "Feed", "StreamCheckpoints"
EXTRA = "extra"  # the optional sink
PARKED, PRODUCTS, SETTINGS = "DeadLetters", "Products", "Settings"

Ref = tuple[str, str]
Item = dict[str, Any]


@dataclass(eq=False)
class Written:
    """A change that a writer made, and what has become of it."""

    ref: Ref
    number: int
    place: int  # among the changes of its product
    arn: str
    shard: FakeShard
    ledger: "Ledger"
    audited: bool = False
    published: bool = False
    parked: bool = False
    delivered: bool = False  # to the optional sink
    parked_extra: bool = False
    lost: bool = False  # trimmed before it was audited: only a gap can tell of it

    @property
    def settled(self) -> bool:
        return self.parked or self.lost or (self.audited and self.published)

    @property
    def done(self) -> bool:
        """Whether every sink has accepted or parked it."""
        extra = self.parked or self.lost or self.delivered or self.parked_extra
        return self.settled and (extra or not self.ledger.has_extra)

    @property
    def durable(self) -> bool:
        return self.parked or self.lost or self.audited


@dataclass
class Ledger:
    """Every change, and the promises about them."""

    changes: dict[Ref, Written] = field(default_factory=dict)
    by_product: dict[str, list[Written]] = field(default_factory=lambda: defaultdict(list))
    by_shard: dict[tuple[str, str], list[Written]] = field(
        default_factory=lambda: defaultdict(list)
    )
    shards: dict[tuple[str, str], FakeShard] = field(default_factory=dict)
    gaps: list[Item] = field(default_factory=list)
    anew: list[str] = field(default_factory=list)  # streams that followed another
    finished: set[tuple[str, str]] = field(default_factory=set)
    holders: dict[tuple[str, str], str | None] = field(default_factory=dict)
    newest_ms: int = 0
    one_clock: bool = True
    has_extra: bool = True  # whether there is an optional sink
    caller: Callable[[], str] = str  # the name of the life whose call is under way
    batch: Callable[[], set[tuple[str, tuple[str, ...]]]] = set  # what that call is to write

    def wrote(self, product_id: str, arn: str, shard: FakeShard) -> Written:
        """Note the shard's newest record."""
        number = str(shard.records[-1]["dynamodb"]["SequenceNumber"])
        ref = (product_id, event_key(arn, number))
        chain = self.by_product[product_id]
        written = Written(ref, int(number), len(chain), arn, shard, self)
        self.changes[ref] = written
        chain.append(written)
        self.by_shard[arn, shard.id].append(written)
        self.shards[arn, shard.id] = shard
        return written

    def lost(self, arn: str, shard: FakeShard) -> None:
        """Records that are trimmed now and were not audited can only be told of by a gap."""
        gone = shard.numbers[: shard.trimmed]
        for written in self.by_shard[arn, shard.id]:
            if written.number in gone and not written.done:
                written.lost = not written.parked

    def watch(self, table: str, before: Item | None, after: Item | None) -> None:
        """A row changed."""
        match table:
            case "ProductEvents":
                self._audited(before, after)
            case "Feed" if after is not None and after["Day"]["S"] not in {"days", "gaps"}:
                self._arrived(after)
            case "DeadLetters" if after is not None:
                self._parked(before, after)
            case "StreamCheckpoints" if after is not None and " " in after["Shard"]["S"]:
                if not after["Shard"]["S"].startswith("~"):
                    self._checkpointed(before or {}, after)

    def published(self, arrived: Sequence[Arrived], feed: dict[tuple[str, ...], Item]) -> None:
        """A batch reached the broker: it is durable, in the feed, and in its products' order."""
        for cursor, event in arrived:
            row = feed.get((cursor.day, str(cursor.at(0))))
            assert row is not None, f"{cursor} was published without a row in the feed"
            pair = row["Events"]["L"][cursor.n]["L"]
            assert (pair[0]["S"], pair[1]["S"]) == (event.product_id, event.event_key)
            self._published(event)

    def _published(self, event: ChangeEvent) -> None:
        ref = (event.product_id, event.event_key)
        if ref not in self.changes:
            assert is_note(event.event_key), f"{ref} was published and never written"
            return
        written = self.changes[ref]
        assert written.audited, f"{ref} was published before it was audited"
        if not written.published:
            for earlier in self.by_product[event.product_id][: written.place]:
                assert earlier.settled, f"{ref} was published before {earlier.ref}"
        written.published = True

    def delivered(self, event: ChangeEvent) -> None:
        """The optional sink accepted an event: audited, and in its product's order."""
        written = self.changes.get((event.product_id, event.event_key))
        if written is None:
            return
        assert written.audited, f"{written.ref} was delivered before it was audited"
        if not written.delivered:
            for earlier in self.by_product[event.product_id][: written.place]:
                waits = earlier.delivered or earlier.parked or earlier.lost
                assert waits, f"{written.ref} was delivered before {earlier.ref}"
        written.delivered = True

    def _audited(self, before: Item | None, after: Item | None) -> None:
        assert after is not None, f"an audit entry was removed: {before}"
        ref = (after["ProductID"]["S"], after["EventKey"]["S"])
        if is_note(ref[1]) or ref[0].startswith("\0"):
            self.gaps.append(after)
            return
        assert ref in self.changes, f"an entry of what was never written: {ref}"
        assert before is None or before == after, f"{ref} was written again, otherwise"
        written = self.changes[ref]
        if written.audited:
            return
        for earlier in self.by_product[ref[0]][: written.place]:
            together = (AUDIT, earlier.ref) in self.batch()  # a batch is written in any order
            assert earlier.durable or together, f"{ref} was audited before {earlier.ref}"
        for parent in self.ancestors(written.arn, written.shard):
            for older in self.by_shard[written.arn, parent.id]:
                assert older.durable, f"{ref} was audited before its parent's {older.ref}"
        written.audited = True

    def _arrived(self, row: Item) -> None:
        """A client resumes from 10 s before its cursor: no row may be stamped earlier than that."""
        stamp = parse_cursor(row["Cursor"]["S"])
        assert row["Day"]["S"] == stamp.day
        assert not self.one_clock or stamp.ms >= self.newest_ms - OVERLAP_MS, (
            f"stamped {self.newest_ms - stamp.ms} ms before what clients have seen"
        )
        self.newest_ms = max(self.newest_ms, stamp.ms)

    def _parked(self, before: Item | None, row: Item) -> None:
        """A paused worker that wakes parks nothing that its successor took (DESIGN §5)."""
        sink, _, key = row["SinkKey"]["S"].partition("#")
        for written in self.by_product[row["ProductID"]["S"]]:
            if written.ref[1] != key:
                continue
            if before is None:
                holder = self.holders.get((written.arn, written.shard.id))
                assert holder == self.caller(), f"{self.caller()} parked what {holder} holds"
            if sink == EXTRA:
                written.parked_extra = True
            else:
                written.parked = True

    def _checkpointed(self, before: Item, after: Item) -> None:
        arn, _, shard_id = after["Shard"]["S"].partition(" ")
        self.holders[arn, shard_id] = after.get("Owner", {}).get("S")
        number = int(after.get("SequenceNumber", {}).get("S", "0"))
        finished = after.get("Finished", {}).get("BOOL", False)
        earlier = int(before.get("SequenceNumber", {}).get("S", "0"))
        assert number >= earlier, f"{shard_id} went back from {earlier} to {number}"
        if before.get("Finished", {}).get("BOOL"):
            assert finished, f"{shard_id} was finished and is not any more"
        if (number, finished) == (earlier, before.get("Finished", {}).get("BOOL", False)):
            return
        owners = {row.get("Owner", {}).get("S", "nobody") for row in (before, after)}
        assert owners == {self.caller()}, f"{self.caller()} saved {shard_id} of {owners}"
        shard = self.shards.get((arn, shard_id))
        if finished:
            self.finished.add((arn, shard_id))
        assert not finished or shard is None or not shard.open, f"{shard_id} is still open"
        for written in self.by_shard[arn, shard_id]:
            if finished or written.number <= number:
                assert written.done, f"{shard_id} skips {written.ref}"

    def ancestors(self, arn: str, shard: FakeShard) -> list[FakeShard]:
        """Parent, grandparent and so on."""
        found = []
        while shard.parent is not None and (arn, shard.parent) in self.shards:
            shard = self.shards[arn, shard.parent]
            found.append(shard)
        return found

    def unsettled(self) -> list[Ref]:
        """Changes that nothing tells of: not audit and broker, nor a dead letter, nor a gap."""
        return [
            written.ref
            for written in self.changes.values()
            if not written.done or (written.lost and not self._covered(written))
        ]

    def untold(self) -> list[str]:
        """Streams that were made anew and are read, though no gap says so (FACTS §1.14)."""
        told = [e["EventKey"]["S"] for e in self.gaps if e["ProductID"]["S"] == "\0shard#stream"]
        begun = {arn for arn, _ in self.holders}
        labels = {arn: arn.rpartition("/")[2] for arn in self.anew if arn in begun}
        return [arn for arn, label in labels.items() if not any(label in key for key in told)]

    def _covered(self, lost: Written) -> bool:
        """Whether a gap names the product, or the shard or a relative of it."""
        if lost.audited:
            return True
        family = {lost.shard.id, *(one.id for one in self.ancestors(lost.arn, lost.shard))}
        family |= {
            shard.id
            for (arn, _), shard in self.shards.items()
            if arn == lost.arn and lost.shard in self.ancestors(arn, shard)
        }
        told = {entry["ProductID"]["S"] for entry in self.gaps}
        return lost.ref[0] in told or any(f"\0shard#{name}" in told for name in family)


def is_note(key: str) -> bool:
    """Whether it is the key of a gap or a reconciled entry."""
    return "~g" in key or "~r" in key
