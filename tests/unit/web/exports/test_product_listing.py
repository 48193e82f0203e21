"""A list of the past says honestly how new it is."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from app.readmodel.products.product_lists import ProductPage
from app.readmodel.products.product_query import ProductQuery
from app.web.requests.exports.product_exports import ProductListing


class Model:
    """A read model that gets newer while a list of the past is computed."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def as_of(self) -> datetime:
        return self.now

    def past_page(self, *_given: Any) -> ProductPage:
        self.now += timedelta(minutes=1)
        return ProductPage([], None)


def listing(model: Model) -> ProductListing:
    services: Any = SimpleNamespace(read_model=model)
    return ProductListing(services, ProductQuery(), datetime.now(UTC))


def test_changes_that_arrive_during_the_pass_are_not_promised() -> None:
    began = datetime(2026, 11, 1, tzinfo=UTC)
    _, shown = listing(Model(began)).page(5)
    assert shown == began
