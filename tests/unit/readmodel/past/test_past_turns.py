"""Passes over all products at a time are made one at a time, and hold few threads."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from app.core.item import DEFAULT_NAMES
from app.readmodel.past import past_lists
from app.readmodel.past.past_lists import PastLists, PastListsBusy
from app.readmodel.past.past_states import past_states
from app.readmodel.products.product_query import ProductQuery
from tests.support.builders import NOON
from tests.unit.readmodel.kit import Copy, inserted, product

BY_STOCK = ProductQuery(sort="stock")


@contextmanager
def one_pass_lasts(monkeypatch: pytest.MonkeyPatch, lists: PastLists) -> Iterator[None]:
    """A request whose pass lasts until the block ends."""
    begun, end = Event(), Event()

    def slow(*given: Any, **named: Any) -> Any:
        if not begun.is_set():  # others' passes are quick
            begun.set()
            assert end.wait(10)
        return past_states(*given, **named)

    monkeypatch.setattr(past_lists, "past_states", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lists.page, BY_STOCK, NOON, 5)
        try:
            assert begun.wait(10)
            yield
        finally:
            end.set()
        assert len(first.result().items) == 1


def test_list_that_has_to_wait_too_long_is_refused(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_lists, "_WAIT", 0.01)
    copy.apply(inserted(1, product("P1")))
    lists = PastLists(copy.database, DEFAULT_NAMES)
    with one_pass_lasts(monkeypatch, lists), pytest.raises(PastListsBusy):
        lists.page(BY_STOCK, NOON, 5)
    assert len(lists.page(BY_STOCK, NOON, 5).items) == 1


def test_list_for_which_too_many_wait_is_refused_at_once(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_lists, "_WAITING", 0)
    monkeypatch.setattr(past_lists, "_WAIT", 5)
    copy.apply(inserted(1, product("P1")))
    lists = PastLists(copy.database, DEFAULT_NAMES)
    with one_pass_lasts(monkeypatch, lists):
        began = time.monotonic()
        with pytest.raises(PastListsBusy):
            lists.page(BY_STOCK, NOON, 5)
        assert time.monotonic() - began < 2.5
    assert len(lists.page(BY_STOCK, NOON, 5).items) == 1


def test_list_in_the_order_of_ids_waits_for_no_other(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_lists, "_WAIT", 0.01)
    copy.apply(inserted(1, product("P1")))
    lists = PastLists(copy.database, DEFAULT_NAMES)
    with one_pass_lasts(monkeypatch, lists):
        assert len(lists.page(ProductQuery(), NOON, 5).items) == 1


def test_filtered_list_does_not_look_up_each_product(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.apply(*(inserted(number, product(f"P{number}")) for number in range(20)))
    looked: list[Any] = []
    monkeypatch.setattr(past_lists, "past_state", lambda *given: looked.append(given))
    lists = PastLists(copy.database, DEFAULT_NAMES)
    assert lists.page(ProductQuery(q="unicorn"), NOON, 5).items == []
    assert looked == []
