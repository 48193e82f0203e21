"""The lease's row is read after each moment in which the lease may be lost, and only then."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.core.errors import StoreUnavailable
from app.store.coordination.leases import LeaseLost
from worker.sharing.membership import Guard


class Held:
    """A lease that counts its checks."""

    def __init__(self) -> None:
        self.checks = 0
        self.lost = False

    def check(self) -> None:
        self.checks += 1
        if self.lost:
            raise LeaseLost

    def condition(self) -> dict[str, Any] | None:
        return None


def checks(*terms: int) -> list[int]:
    """The number of checks after each page."""
    held, now = Held(), iter(terms)
    guard = Guard(held, lambda: next(now))

    def pages() -> Iterator[int]:
        for _ in terms:
            guard()
            yield held.checks

    return list(pages())


def test_within_a_term_the_lease_is_checked_once() -> None:
    """The take does not count: its worker may have been paused between the take and its end."""
    assert checks(1, 1, 1) == [1, 1, 1]


def test_in_a_new_term_the_lease_is_checked_once() -> None:
    assert checks(1, 2, 2, 2) == [1, 2, 2, 2]


def test_while_the_heartbeat_is_overdue_nothing_is_done() -> None:
    """The row may be deleted, so that a lease that is still held may be taken at any moment."""
    held, terms = Held(), iter([1, None, None, 2])
    guard = Guard(held, lambda: next(terms))
    guard()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            guard()
    guard()
    assert held.checks == 2


def test_nothing_is_read_under_a_lease_lost_in_a_pause() -> None:
    held, terms = Held(), iter([1, 2])
    guard = Guard(held, lambda: next(terms))
    held.lost = True
    with pytest.raises(LeaseLost):
        guard()
