# ruff: noqa: SLF001 - bugs lie in what is private
"""Bugs in how sinks read, deliver, reject and save."""

from dataclasses import replace
from typing import Any

from app.store.dead_letters.letter_repository import DeadLetters
from app.store.sinks.sink_cursors import SinkCursors
from app.store.timeline import recent_rows
from app.store.timeline.recent_rows import Candidate, RecentRows
from tests.faults.bugs.bug import Patch, bug
from worker.consumers.delivery_threads import DeliveryThreads
from worker.consumers.rejections import Rejections
from worker.consumers.runner import Runner
from worker.consumers.schedule import Call, Schedule
from worker.consumers.sink import Sink
from worker.sharing.membership import Guard


@bug()
def rows_are_delivered_when_first_seen(patch: Patch) -> None:
    """Earlier rows may be committed after the query has passed their place."""
    right = RecentRows.after

    def after(self: RecentRows, place: Any, now: float) -> list[Candidate]:
        return [one._replace(ready=True) for one in right(self, place, now)]

    patch.setattr(RecentRows, "after", after)


@bug()
def place_is_settled_at_the_newest_stamp(patch: Patch) -> None:
    right = RecentRows.add_pass

    def add_pass(self: RecentRows, *args: Any, **given: Any) -> None:
        known = self.newest
        right(self, *args, **given)
        self.settled = max(self.settled, known)

    patch.setattr(RecentRows, "add_pass", add_pass)


@bug("set_clock_of_store")
def place_is_settled_by_time_alone(patch: Patch) -> None:
    """The writers' clock can stand still for minutes."""
    patch.setattr(recent_rows, "LEAD", 0)


@bug()
def missing_audit_entry_is_skipped_at_once(patch: Patch) -> None:
    right = RecentRows.after

    def after(self: RecentRows, place: Any, now: float) -> list[Candidate]:
        return [one._replace(overdue=True) for one in right(self, place, now)]

    patch.setattr(RecentRows, "after", after)


@bug()
def position_is_saved_before_its_delivery(patch: Patch) -> None:
    right = DeliveryThreads.offer

    def offer(self: DeliveryThreads, deliveries: Any) -> None:
        right(self, deliveries)
        self._finished |= {one.cursor for one in deliveries if one.cursor is not None}

    patch.setattr(DeliveryThreads, "offer", offer)


@bug()
def save_undoes_a_rewind(patch: Patch) -> None:
    right = SinkCursors.save

    def save(self: SinkCursors, lease: Any, version: int, *rest: Any) -> None:
        row = self.get(lease.shard_id)
        right(self, lease, version if row is None else row.version, *rest)

    patch.setattr(SinkCursors, "save", save)


@bug()
def save_needs_no_lease(patch: Patch) -> None:
    right = SinkCursors.save

    def save(self: SinkCursors, lease: Any, *rest: Any) -> None:
        row = self.get(lease.shard_id)
        if row is not None and row.owner is not None:
            lease = replace(lease, owner=row.owner, counter=row.counter)
        right(self, lease, *rest)

    patch.setattr(SinkCursors, "save", save)


@bug()
def product_is_delivered_twice_in_parallel(patch: Patch) -> None:
    right = Schedule._started

    def begun(self: Schedule, call: Call) -> Call:
        right(self, call)
        for one in call.deliveries:
            self._products[one.event.product_id].busy = False
        return call

    patch.setattr(Schedule, "_started", begun)


@bug("answer", "refuse_product")
def rejected_event_gets_no_dead_letter(patch: Patch) -> None:
    patch.setattr(Rejections, "park", lambda *_: None)


@bug("redrive")
def dead_letter_is_removed_after_a_failed_redrive(patch: Patch) -> None:
    patch.setattr(DeadLetters, "failed", lambda self, letter, _error: self.remove(letter))


@bug()
def internal_event_is_delivered(patch: Patch) -> None:
    patch.setattr(Sink, "takes", lambda self, event: self.wants(event))


@bug()
def call_is_made_without_the_lease(patch: Patch) -> None:
    patch.setattr(Guard, "__call__", lambda _self: None)


@bug()
def pause_is_not_noticed(patch: Patch) -> None:
    patch.setattr(Runner, "notice", lambda *_: None)
