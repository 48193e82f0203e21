# ruff: noqa: SLF001 - bugs lie in what is private
"""Bugs in reading shards and in detecting missing records."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.core.events import ChangeEvent
from app.store.coordination.checkpoints import Checkpoint
from tests.faults.bugs.bug import Patch, bug
from worker.continuity.last_images import Break, LastImages
from worker.sharing import coordinator
from worker.stream.shards.lineage import Listing, Position, readable
from worker.stream.shards.reader import ShardReader
from worker.stream.shards.reader_pool import ReaderPool
from worker.stream.shards.shard_iterator import Page, ShardPages


@bug()
def child_is_read_from_latest(patch: Patch) -> None:
    right = ShardPages._call

    def call(self: ShardPages, name: str, **request: Any) -> Any:
        if request.get("ShardIteratorType") == "TRIM_HORIZON":
            request["ShardIteratorType"] = "LATEST"
        return right(self, name, **request)

    patch.setattr(ShardPages, "_call", call)


@bug("split", "rotate")
def child_is_read_before_its_parent(patch: Patch) -> None:
    def all_at_once(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> list[Position]:
        orphans = tuple(replace(shard, parent=None) for shard in listing.shards)
        return readable(replace(listing, shards=orphans), checkpoints)

    patch.setattr(coordinator, "readable", all_at_once)


@bug("split", "rotate", "recreate")
def last_page_is_skipped(patch: Patch) -> None:
    right = ShardPages.next

    def next_page(self: ShardPages) -> Page:
        page = right(self)
        return Page((), last=True) if page.last else page

    patch.setattr(ShardPages, "next", next_page)


@bug()
def trimmed_records_are_dropped_without_a_gap(patch: Patch) -> None:
    patch.setattr(ShardReader, "_resume_after_gap", lambda self: self._pages.rewind())


@bug("trim_unread_records")
def vanished_shard_is_dropped_without_a_gap(patch: Patch) -> None:
    patch.setattr(
        ReaderPool,
        "_give_up",
        lambda self, lease, reader: self._leases.save(lease, reader.saved, finished=True),
    )


@bug()
def expired_iterator_restarts_at_the_newest_record(patch: Patch) -> None:
    right = ShardPages._fresh

    def fresh(self: ShardPages) -> str:
        if self.after is None:
            return right(self)
        answer = self._call(
            "get_shard_iterator",
            StreamArn=self._arn,
            ShardId=self.shard_id,
            ShardIteratorType="LATEST",
        )
        return str(answer["ShardIterator"])

    patch.setattr(ShardPages, "_fresh", fresh)


@bug()
def empty_page_ends_the_shard(patch: Patch) -> None:
    right = ShardPages.next

    def next_page(self: ShardPages) -> Page:
        page = right(self)
        return page if page.records else Page((), last=True)

    patch.setattr(ShardPages, "next", next_page)


@bug("recreate")
def new_stream_gets_no_gap(patch: Patch) -> None:
    right = coordinator.Coordinator.__init__

    def init(self: Any, *args: Any, **more: Any) -> None:
        right(self, *args, **(more | {"report_new_stream": lambda _arn: None}))

    patch.setattr(coordinator.Coordinator, "__init__", init)


@bug()
def only_one_child_of_a_shard_is_read(patch: Patch) -> None:
    def one_each(listing: Listing, checkpoints: Mapping[str, Checkpoint]) -> list[Position]:
        parents = [shard.parent for shard in listing.shards]
        first = [
            shard
            for number, shard in enumerate(listing.shards)
            if shard.parent is None or shard.parent not in parents[:number]
        ]
        return readable(replace(listing, shards=tuple(first)), checkpoints)

    patch.setattr(coordinator, "readable", one_each)


@bug("split", "rotate")
def late_child_is_not_discovered(patch: Patch) -> None:
    patch.setattr(coordinator, "awaits_child", lambda *_: False)
    patch.setattr(coordinator, "RELIST_EVERY", 10.0**9)
    patch.setattr(coordinator, "LONGEST_PAUSE", 10.0**9)
    patch.setattr(coordinator, "SOONEST", 10.0**9)


@bug()
def hole_in_a_chain_is_not_detected(patch: Patch) -> None:
    patch.setattr(LastImages, "breaks", lambda *_: [])


@bug("repeat_page")
def repeated_page_counts_as_a_hole(patch: Patch) -> None:
    right = LastImages.breaks

    def breaks(self: LastImages, events: Sequence[ChangeEvent]) -> list[Break]:
        found = right(self, events)
        for event in events:
            head = self._head(event.product_id)
            if head is not None and event.event_key < head[0]:
                found.append(Break(event, head[0], None))
        return found

    patch.setattr(LastImages, "breaks", breaks)
