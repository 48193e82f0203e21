"""Entries reconciled too early become void once all records are read."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.events import ChangeEvent
from app.store.audit.chain import link_of, void_keys
from app.store.audit.verification import check_entries, check_live
from tests.support.builders import (
    STREAM_ARN,
    an_item,
    as_boto3,
    inserted,
    modified,
    removed,
)
from tests.unit.worker.reconcile.looking import KEYS, SIGNER, checked, found
from worker.stream.decode import decode


class Life:
    """A product, its pending records, and its audit entries."""

    def __init__(self) -> None:
        self.live: Any = None
        self.pending: list[ChangeEvent] = []
        self.audit: list[ChangeEvent] = []
        self.records = 0

    def write(self, state: Any) -> None:
        if state == self.live:
            return
        self.records += 1
        number = str(self.records)
        if self.live is None:
            change = inserted(state, sequence_number=number)
        elif state is None:
            change = removed(self.live, sequence_number=number)
        else:
            change = modified(self.live, state, sequence_number=number)
        self.pending.append(decode(as_boto3(change), STREAM_ARN))
        self.live = state

    def read(self) -> None:
        if self.pending:
            self.audit.append(self.pending.pop(0))

    def reconcile(self) -> None:
        head = self.audit[-1] if self.audit else None
        if checked(head, self.live).differs:
            self.audit.append(found(head, self.live))

    @property
    def entries(self) -> list[dict[str, Any]]:
        ordered = sorted(self.audit, key=lambda event: event.event_key)
        return [SIGNER.entry(event) for event in ordered]

    def play(self, steps: list[Any]) -> None:
        for step in steps:
            match step:
                case "read":
                    self.read()
                case "reconcile":
                    self.reconcile()
                case _:
                    self.write(step)
        while self.pending:
            self.read()


def steps(states: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(st.sampled_from(["read", "reconcile"]), states), max_size=25)


@given(steps(st.one_of(st.none(), st.builds(lambda n: an_item(Stock=n), st.integers(1, 3)))))
def test_the_chain_is_valid_once_all_is_read_whenever_it_was_reconciled(played: list[Any]) -> None:
    life = Life()
    life.play(played)
    result = check_entries("P1", life.entries, KEYS)
    assert result.findings == []
    known = result.entries > 0
    assert check_live("P1", result.last_after, life.live, has_entries=known) == []


@given(steps(st.just("new")))
def test_an_entry_reconciled_before_a_pending_record_is_void_once_that_is_audited(
    played: list[Any],
) -> None:
    life = Life()
    # Every state is different, as `Version` makes it.
    life.play([an_item(Stock=n) if step == "new" else step for n, step in enumerate(played)])
    early = {event.event_key for event in life.audit if event.kind == "reconciled"}
    assert void_keys([link_of(entry) for entry in life.entries]) == early
