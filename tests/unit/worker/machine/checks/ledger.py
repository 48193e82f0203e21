"""Every write and publication of a worker is checked against the known changes as it happens.

The assertion fails in the call that breaks the invariant, so the traceback shows the cause.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.events import ChangeEvent
from app.store.audit.audit_repository import Arrived
from app.store.feed.cursor import Cursor
from tests.support.fakes.fake_shards import FakeShard
from tests.unit.worker.machine.checks.notes import SHARD, Notes
from tests.unit.worker.machine.checks.stamps import Stamps
from tests.unit.worker.machine.checks.written import Ref, Written
from worker.hosts.in_process import NEW_STREAM
from worker.leasing.assignment import LEASE_TIME
from worker.stream.decode import event_key

AUDIT, FEED, CHECKPOINTS = "ProductEvents", "Feed", "StreamCheckpoints"
PARKED, PRODUCTS, SETTINGS = "DeadLetters", "Products", "Settings"

Item = dict[str, Any]


@dataclass
class Ledger:
    """Every change, and the invariants about it."""

    changes: dict[Ref, Written] = field(default_factory=dict)
    by_product: dict[str, list[Written]] = field(default_factory=lambda: defaultdict(list))
    by_shard: dict[tuple[str, str], list[Written]] = field(
        default_factory=lambda: defaultdict(list)
    )
    shards: dict[tuple[str, str], FakeShard] = field(default_factory=dict)
    old: dict[str, str] = field(default_factory=dict)  # products older than a stream, and its ARN
    notes: Notes = field(default_factory=Notes)
    recreated_streams: list[str] = field(default_factory=list)  # ARNs that replaced another
    finished: set[tuple[str, str]] = field(default_factory=set)
    holders: dict[tuple[str, str], str | None] = field(default_factory=dict)
    leases: dict[tuple[str, str], str] = field(default_factory=dict)  # shard and lease counter
    stamps: Stamps = field(default_factory=Stamps)
    stamped: dict[str, Cursor] = field(default_factory=dict)  # each product's newest stamp
    tally: Counter[str] = field(default_factory=Counter)
    caller: Callable[[], str] = str  # the worker that makes the current call
    now: Callable[[], float] = float  # seconds
    batch: Callable[[], set[tuple[str, tuple[str, ...]]]] = set  # keys of the current batch write

    def add_change(self, product_id: str, arn: str, shard: FakeShard) -> Written:
        """Register the shard's newest record."""
        number = str(shard.records[-1]["dynamodb"]["SequenceNumber"])
        ref = (product_id, event_key(arn, number))
        chain = self.by_product[product_id]
        written = Written(ref, int(number), len(chain), arn, shard)
        self.changes[ref] = written
        chain.append(written)
        self.by_shard[arn, shard.id].append(written)
        self.shards[arn, shard.id] = shard
        return written

    def lost(self, arn: str, shard: FakeShard, *, begun: bool) -> None:
        """Mark trimmed records that were not audited as lost: only a gap can cover them."""
        gone = shard.numbers[: shard.trimmed]
        for written in self.by_shard[arn, shard.id]:
            if written.number in gone and not written.done:
                written.unbegun = not (begun or written.lost)
                written.lost = not written.parked
                self.tally["record lost unread"] += not written.audited

    def watch(self, table: str, before: Item | None, after: Item | None) -> None:
        """Check a changed row; `before` or `after` is None where the row does not exist."""
        match table:
            case "Products":
                row = after or before or {}
                self.notes.holds(row["ProductID"]["S"], after, self.now())
            case "ProductEvents":
                self._audited(before, after)
            case "Feed" if after is not None and after["Day"]["S"] not in {"days", "gaps"}:
                self.stamps.arrived(after)
            case "DeadLetters" if after is not None:
                self._parked(before, after)
            case "StreamCheckpoints" if after is not None and " " in after["Shard"]["S"]:
                if not after["Shard"]["S"].startswith("~"):
                    self._checkpointed(before or {}, after)

    def published(
        self, arrived: Sequence[Arrived], feed: dict[tuple[str, ...], Item], waited: float = 0.0
    ) -> None:
        """Check that published events are durable, in the feed, and in order per product.

        `waited`: seconds since the call began. A call that was paused inside cannot be fenced.
        """
        unfenced = waited > LEASE_TIME / 3
        for cursor, event in arrived:
            row = feed.get((cursor.day, str(cursor.at(0))))
            assert row is not None, f"{cursor} was published without a row in the feed"
            pair = row["Events"]["L"][cursor.n]["L"]
            assert (pair[0]["S"], pair[1]["S"]) == (event.product_id, event.event_key)
            late = self.stamps.published(cursor.ms, self.now())
            self.tally["published with an old stamp"] += late
            self._published(cursor, event, late=late, unfenced=unfenced)

    def _published(self, cursor: Cursor, event: ChangeEvent, *, late: bool, unfenced: bool) -> None:
        ref = (event.product_id, event.event_key)
        if ref not in self.changes:
            assert is_note(event.event_key), f"{ref} was published, but no writer made it"
            return
        written = self.changes[ref]
        assert written.audited, f"{ref} was published before it was audited"
        if not written.published:
            for earlier in self.by_product[event.product_id][: written.place]:
                assert earlier.settled, f"{ref} was published before {earlier.ref}"
            before = self.stamped.get(event.product_id)
            rises = before is None or before < cursor
            assert late or unfenced or rises, f"{ref}: {cursor} after {before}"
            self.stamped[event.product_id] = max(cursor, before or cursor)
        self.tally["published again"] += written.published
        written.late = late and (written.late or not written.published)  # a repeat is harmless
        written.published = True

    def _audited(self, before: Item | None, after: Item | None) -> None:
        assert after is not None, f"an audit entry was removed: {before}"
        ref = (after["ProductID"]["S"], after["EventKey"]["S"])
        if is_note(ref[1]) or ref[0].startswith("\0"):
            assert before is None, f"{ref} was overwritten"
            chain = self.by_product[ref[0]]
            missing = any(one.lost for one in chain) or len({one.arn for one in chain}) > 1
            self.tally[self.notes.add(after, self.now(), missing=missing)] += 1
            return
        assert ref in self.changes, f"audit entry of a change that no writer made: {ref}"
        assert before is None or before == after, f"{ref} was overwritten with another entry"
        written = self.changes[ref]
        if written.audited:
            return
        for earlier in self.by_product[ref[0]][: written.place]:
            together = (AUDIT, earlier.ref) in self.batch()  # a batch has no order
            assert earlier.durable or together, f"{ref} was audited before {earlier.ref}"
            if not earlier.durable:
                written.ahead_of.append(earlier)
        for parent in self.ancestors(written.arn, written.shard):
            for older in self.by_shard[written.arn, parent.id]:
                assert older.durable, f"{ref} was audited before its parent's {older.ref}"
        written.audited = True
        where = written.arn, written.shard.id
        if self.holders.get(where) == self.caller():
            written.under = self.caller(), self.leases[where]

    def _parked(self, before: Item | None, row: Item) -> None:
        """Check a dead letter of the audit: only the shard's lease holder may write it."""
        sink, _, key = row["SinkKey"]["S"].partition("#")
        if sink != "audit":
            return  # `sinks/sinks.py` checks these
        for written in self.by_product[row["ProductID"]["S"]]:
            if written.ref[1] != key:
                continue
            if before is None:
                holder = self.holders.get((written.arn, written.shard.id))
                assert holder == self.caller(), (
                    f"{self.caller()} wrote a dead letter for a shard of {holder}"
                )
            written.parked = True
            self.tally[f"dead letter: {sink}"] += before is None

    def _checkpointed(self, before: Item, after: Item) -> None:
        arn, _, shard_id = after["Shard"]["S"].partition(" ")
        counter = after.get("Counter", {}).get("N", "0")
        self._taken(arn, shard_id, after.get("Owner", {}).get("S"), counter)
        owner, held_by = (row.get("Owner", {}).get("S") for row in (after, before))
        assert owner != held_by or owner in {None, self.caller()}, (
            f"{self.caller()} overwrote {shard_id} of {owner}"
        )
        number = int(after.get("SequenceNumber", {}).get("S", "0"))
        finished = after.get("Finished", {}).get("BOOL", False)
        earlier = int(before.get("SequenceNumber", {}).get("S", "0"))
        assert number >= earlier, f"{shard_id} went back from {earlier} to {number}"
        if before.get("Finished", {}).get("BOOL"):
            assert finished, f"{shard_id} is no longer finished"
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

    def _taken(self, arn: str, shard_id: str, owner: str | None, counter: str) -> None:
        """Record the shard's lease holder, and count takeovers and children that begin."""
        begun = (arn, shard_id) in self.holders
        before = self.holders.get((arn, shard_id))
        self.holders[arn, shard_id] = owner
        self.leases[arn, shard_id] = f"{shard_id} {counter}"
        shard = self.shards.get((arn, shard_id))
        if not begun and shard is not None and shard.parent is not None:
            siblings = [one for (of, _), one in self.shards.items()
                        if of == arn and one.parent == shard.parent]  # fmt: skip
            self.tally["child of a split begun" if len(siblings) > 1 else "child begun"] += 1
        if before is not None and owner not in {before, None}:
            self.tally["shard taken from another"] += 1

    def ancestors(self, arn: str, shard: FakeShard) -> list[FakeShard]:
        """Parent, grandparent and so on."""
        found = []
        while shard.parent is not None and (arn, shard.parent) in self.shards:
            shard = self.shards[arn, shard.parent]
            found.append(shard)
        return found

    def unsettled(self) -> list[Ref]:
        """Changes that are neither audited and published, nor dead-lettered, nor under a gap."""
        return [
            written.ref
            for written in self.changes.values()
            if not written.done or (written.lost and not self._covered(written))
        ]

    def unreported_streams(self) -> list[str]:
        """Replacement streams that are read without a gap that reports them (stream fact 14)."""
        begun = {arn for arn, _ in self.holders}
        reported = self.notes.keys_of(NEW_STREAM)
        labels = {arn: arn.rpartition("/")[2] for arn in self.recreated_streams if arn in begun}
        return [arn for arn, label in labels.items() if not any(label in key for key in reported)]

    def _covered(self, lost: Written) -> bool:
        """Whether a gap names the product, its shard, or an ancestor or descendant of the shard."""
        if lost.audited or lost.unbegun:
            return True
        family = {lost.shard.id, *(one.id for one in self.ancestors(lost.arn, lost.shard))}
        family |= {
            shard.id
            for (arn, _), shard in self.shards.items()
            if arn == lost.arn and lost.shard in self.ancestors(arn, shard)
        }
        noted = self.notes.products()
        return lost.ref[0] in noted or any(SHARD + name in noted for name in family)


def is_note(key: str) -> bool:
    """Whether the event key is that of a gap or a reconciled entry."""
    return "~g" in key or "~r" in key
