"""A list of the past says honestly how new it is, and its export waits for others."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any

import pytest

from app.readmodel.past.past_lists import PastListsBusy
from app.readmodel.products.product_lists import ProductPage
from app.readmodel.products.product_query import ProductQuery
from app.web.exports.export_file import Dialect
from app.web.requests.exports import product_exports
from app.web.requests.exports.product_exports import ProductListing
from tests.support.builders import NOON


class Model:
    """A read model that gets newer while a list of the past is computed.

    `busy` has, for each attempt at a page, whether too many others wait (1).
    """

    def __init__(self, now: datetime = NOON, busy: Iterable[int] = ()) -> None:
        self.now = now
        self._busy = iter(busy)

    def as_of(self) -> datetime:
        return self.now

    def past_page(self, *_given: Any) -> ProductPage:
        if next(self._busy, 0):
            raise PastListsBusy("Others wait already.")
        self.now += timedelta(minutes=1)
        return ProductPage([], "next" if self.now == NOON + timedelta(minutes=1) else None)


def listing(model: Model) -> ProductListing:
    services: Any = SimpleNamespace(read_model=model)
    return ProductListing(services, ProductQuery(), datetime.now(UTC))


def test_changes_that_arrive_during_the_pass_are_not_promised() -> None:
    _, shown = listing(Model(NOON)).page(5)
    assert shown == NOON


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_exports, "PAUSE", 0.0)


@pytest.mark.usefixtures("no_pause")
def test_file_waits_while_others_are_listed() -> None:
    model = Model(busy=[0, 1, 1, 0, 1])  # the first counts
    order = listing(model).order("csv", Dialect())
    model.now = NOON
    assert list(order.pages()) == [[], []]


@pytest.mark.usefixtures("no_pause")
def test_download_waits_once_it_has_begun() -> None:
    chunks = listing(Model(busy=[0, 1, 1])).chunks("ndjson", Dialect())
    assert len(list(chunks)) == 2


@pytest.mark.usefixtures("no_pause")
def test_download_that_has_not_begun_is_refused() -> None:
    with pytest.raises(PastListsBusy):
        next(listing(Model(busy=repeat(1))).chunks("ndjson", Dialect()))


@pytest.mark.usefixtures("no_pause")
def test_wait_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product_exports, "PATIENCE", 0.01)
    chunks = listing(Model(busy=chain([0], repeat(1)))).chunks("ndjson", Dialect())
    next(chunks)
    with pytest.raises(PastListsBusy):
        next(chunks)
