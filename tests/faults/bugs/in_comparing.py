"""Bugs in reconciliation and in the writers' clock."""

from datetime import timedelta
from typing import Any

from app.store.audit.compared_tables import ComparedTables
from app.store.feed.feed import Feed
from app.store.feed.shared_clock import ClockRow, Reading
from tests.faults.bugs.bug import Patch, bug
from worker.continuity import gaps
from worker.reconcile import decision
from worker.reconcile.comparison import Comparison

EARLY = "compare_while_records_are_delayed", "hold_back"
LATE = "lose_broker", "pause", "pause_in_call", "answer_late", "throttle", "fail", "lose_answer"


@bug()
def reconciled_entry_counts_as_a_hole(patch: Patch) -> None:
    patch.setattr(gaps, "goes_on", lambda *_: False)


@bug(*EARLY)
def early_entry_is_not_void(patch: Patch) -> None:
    """No entry is void, so the record that follows an early entry looks like a break."""
    patch.setattr(
        "app.store.audit.verification.goes_on", lambda trail, before, _at: trail[-1].after == before
    )


@bug()
def difference_is_reconciled_without_waiting(patch: Patch) -> None:
    right = Comparison.__init__

    def init(self: Any, *args: Any, **more: Any) -> None:
        right(self, *args, **(more | {"settle": 0.0}))

    patch.setattr(Comparison, "__init__", init)


@bug()
def deleted_products_are_not_compared(patch: Patch) -> None:
    patch.setattr(ComparedTables, "_missing", lambda *_: [])


@bug()
def product_is_reconciled_again_immediately(patch: Patch) -> None:
    patch.setattr(decision, "AGAIN", timedelta(0))


@bug("set_clock", "set_clock_of_store")
def writer_uses_its_own_clock(patch: Patch) -> None:
    right = ClockRow.read
    patch.setattr(ClockRow, "read", lambda self: Reading(right(self).ms, None))


@bug()
def writers_do_not_share_a_clock(patch: Patch) -> None:
    patch.setattr(ClockRow, "read", lambda _self: Reading(0, None))
    patch.setattr(ClockRow, "raise_to", lambda *_: None)


@bug("set_clock_of_store")
def restart_forgets_the_clock(patch: Patch) -> None:
    right = ClockRow.read
    patch.setattr(ClockRow, "read", lambda self: Reading(0, right(self).second))
    patch.setattr(ClockRow, "raise_to", lambda *_: None)
    patch.setattr(Feed, "newest_ms", lambda _self: 0)


@bug(*LATE)
def delayed_batch_keeps_its_old_stamp(patch: Patch) -> None:
    patch.setattr("worker.effects.audit_writer.STAMP_LIFE", 10.0**9)
    patch.setattr("worker.effects.publish_order.PUBLISH_LIFE", 10.0**9)
