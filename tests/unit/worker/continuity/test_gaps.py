"""A gap is written before the record after it, despite outages, and never blocks that record."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from app.core.errors import StoreRefused, StoreUnavailable
from app.core.events import ChangeEvent
from app.runtime.retry import Retry
from app.store.audit.audit_repository import Appended
from tests.support.builders import STREAM_ARN, a_cursor, an_item, as_boto3, inserted, modified
from worker.continuity.gaps import ChainGuard, Gaps
from worker.stream.decode import decode

STATES = [an_item(Stock=stock) for stock in range(10)]
FIRST = decode(as_boto3(inserted(STATES[1], sequence_number="1")), STREAM_ARN)
LATE = decode(as_boto3(modified(STATES[5], STATES[6], sequence_number="5")), STREAM_ARN)


class Store:
    """Records what is written, in order; `faults` are raised by the next calls of a kind."""

    def __init__(self, **faults: list[Exception]) -> None:
        self.log: list[str] = []
        self.entries: dict[tuple[str, str], ChangeEvent] = {}
        self.faults = faults
        self.chains = self

    def _may_fail(self, call: str) -> None:
        if self.faults.get(call):
            raise self.faults[call].pop(0)

    def get(self, ref: tuple[str, str]) -> ChangeEvent | None:
        return self.entries.get(ref)

    def links(self, *_: str) -> list[Any]:
        self._may_fail("links")
        return []

    def append(self, event: ChangeEvent, hold: Any = None) -> bool:
        self._may_fail("append")
        self.log.append(event.kind)
        self.entries[event.product_id, event.event_key] = event
        return True

    def accept(self, events: Sequence[ChangeEvent]) -> Appended:
        for event in events:
            self.append(event)
        return Appended([(a_cursor(1), event) for event in events], [])

    def ask(self, _: str) -> None:
        self._may_fail("ask")
        self.log.append("ask")

    def guard(self) -> ChainGuard:
        gaps = Gaps(self, self, self.ask)  # type: ignore[arg-type]
        return ChainGuard(gaps, Retry(threading.Event()))


def test_a_gap_is_written_before_the_record_after_it() -> None:
    store, out = Store(), StoreUnavailable("out")
    guard = store.guard()
    guard.accept([FIRST], store.accept)
    store.faults = {"links": [out], "ask": [out], "append": [out]}
    guard.accept([LATE], store.accept)
    assert [entry for entry in store.log if entry != "ask"] == ["inserted", "gap", "stock_changed"]
    assert "ask" in store.log


def test_records_missing_within_a_batch_are_gaps_too() -> None:
    store = Store()
    store.guard().accept([FIRST, LATE], store.accept)
    assert store.log == ["ask", "gap", "inserted", "stock_changed"]
    (gap,) = (event for event in store.entries.values() if event.kind == "gap")
    assert gap.event_key == f"{FIRST.event_key}~g0000"
    assert (gap.before, gap.after) == (FIRST.after, LATE.before)


def test_a_gap_that_dynamodb_refuses_does_not_block_the_record() -> None:
    store = Store()
    guard = store.guard()
    guard.accept([FIRST], store.accept)
    store.faults = {"append": [StoreRefused("no")]}
    guard.accept([LATE], store.accept)
    assert store.log == ["inserted", "ask", "stock_changed"]


def test_reading_the_records_again_gives_the_same_gap() -> None:
    stores = Store(), Store()
    for store in stores:
        store.guard().accept([FIRST, LATE], store.accept)
    assert stores[0].entries == stores[1].entries


def test_reconciliation_is_requested_for_a_shard_gap_that_was_already_written() -> None:
    store = Store(ask=[StoreUnavailable("out")])
    gaps = Gaps(store, store, store.ask)  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        gaps.report("s1", STREAM_ARN, "7", "trimmed")
    gaps.report("s1", STREAM_ARN, "7", "trimmed")
    assert store.log == ["gap", "ask"]
