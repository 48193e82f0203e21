"""A lease is asked for again after every moment in which it may have been lost, and only then."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.store.coordination.leases import LeaseLost
from worker.sharing.membership import Guard


class Held:
    """A hold that counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.lost = False

    def check(self) -> None:
        self.asked += 1
        if self.lost:
            raise LeaseLost

    def condition(self) -> dict[str, Any] | None:
        return None


def asked(*terms: int | None) -> list[int]:
    """How often the hold was asked, after each page; the first term is that of the take."""
    held, now = Held(), iter(terms)
    guard = Guard(held, lambda: next(now))

    def pages() -> Iterator[int]:
        for _ in terms[1:]:
            guard()
            yield held.asked

    return list(pages())


def test_within_a_term_nothing_is_asked() -> None:
    assert asked(1, 1, 1, 1) == [0, 0, 0]


def test_in_a_new_term_it_is_asked_once() -> None:
    assert asked(1, 2, 2, 2) == [1, 1, 1]


def test_while_no_heartbeat_gets_through_it_is_asked_each_time() -> None:
    assert asked(1, None, None, 1, 1) == [1, 2, 3, 3]


def test_a_lease_that_was_lost_in_the_pause_is_not_read_under() -> None:
    held, terms = Held(), iter([1, 2])
    guard = Guard(held, lambda: next(terms))
    held.lost = True
    with pytest.raises(LeaseLost):
        guard()
