# ruff: noqa: SLF001 - bugs lie in what is private
"""Bugs in what sinks read, deliver, reject and save."""

from dataclasses import replace
from typing import Any

from app.store.coordination.sinks import SinkRows
from app.store.dead_letters.repository import DeadLetters
from tests.faults.bugs.bug import Patch, bug
from worker.consumers import tail
from worker.consumers.courier import Couriers
from worker.consumers.runner import Runner
from worker.consumers.schedule import Call, Schedule
from worker.consumers.tail import Tail
from worker.stream.guard import Guard


@bug()
def rows_are_taken_when_first_seen(patch: Patch) -> None:
    """What precedes them may have been committed after the query went past it."""
    right = tail._arrivals
    patch.setattr(
        tail,
        "_arrivals",
        lambda candidates, position: right([(row, True) for row, _ in candidates], position),
    )


@bug()
def a_place_is_settled_at_the_newest_stamp(patch: Patch) -> None:
    right = Tail._pass

    def make_pass(self: Tail, begun: float) -> None:
        known = self._newest
        right(self, begun)
        self._settled = max(self._settled, known)

    patch.setattr(Tail, "_pass", make_pass)


@bug("set_clock_of_store")
def a_place_is_settled_by_time_alone(patch: Patch) -> None:
    """The writers' clock may stand still for minutes."""
    patch.setattr(tail, "LEAD", 0)


@bug()
def what_is_absent_is_skipped_at_once(patch: Patch) -> None:
    right = Tail._batch

    def batch(self: Tail, candidates: Any, _overdue: Any, *rest: Any) -> Any:
        return right(self, candidates, {row.cursor for row, _ in candidates}, *rest)

    patch.setattr(Tail, "_batch", batch)


@bug()
def a_position_is_saved_before_its_delivery(patch: Patch) -> None:
    right = Couriers.offer

    def offer(self: Couriers, deliveries: Any) -> None:
        right(self, deliveries)
        self._finished |= {one.cursor for one in deliveries if one.cursor is not None}

    patch.setattr(Couriers, "offer", offer)


@bug()
def a_save_undoes_a_rewind(patch: Patch) -> None:
    right = SinkRows.save

    def save(self: SinkRows, lease: Any, version: int, *rest: Any) -> None:
        row = self.get(lease.shard_id)
        right(self, lease, version if row is None else row.version, *rest)

    patch.setattr(SinkRows, "save", save)


@bug()
def a_save_needs_no_lease(patch: Patch) -> None:
    right = SinkRows.save

    def save(self: SinkRows, lease: Any, *rest: Any) -> None:
        row = self.get(lease.shard_id)
        if row is not None and row.owner is not None:
            lease = replace(lease, owner=row.owner, counter=row.counter)
        right(self, lease, *rest)

    patch.setattr(SinkRows, "save", save)


@bug()
def a_product_is_delivered_twice_at_once(patch: Patch) -> None:
    right = Schedule._begun

    def begun(self: Schedule, call: Call) -> Call:
        right(self, call)
        for one in call.deliveries:
            self._products[one.event.product_id].busy = False
        return call

    patch.setattr(Schedule, "_begun", begun)


@bug("answer", "refuse_product")
def what_is_rejected_leaves_no_letter(patch: Patch) -> None:
    patch.setattr(Couriers, "park", lambda *_: None)


@bug("redrive")
def a_letter_is_removed_though_its_redrive_failed(patch: Patch) -> None:
    patch.setattr(DeadLetters, "failed", lambda self, letter, _error: self.remove(letter))


@bug()
def what_is_internal_is_delivered(patch: Patch) -> None:
    patch.setattr(Runner, "_wants", lambda self, event: self._sink.wants(event))


@bug()
def a_call_rests_on_a_lease_that_is_lost(patch: Patch) -> None:
    patch.setattr(Guard, "__call__", lambda _self: None)


@bug()
def a_pause_is_not_noticed(patch: Patch) -> None:
    patch.setattr(Runner, "notice", lambda *_: None)
