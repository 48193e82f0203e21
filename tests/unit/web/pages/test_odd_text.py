"""Pages show whatever another program wrote; half an emoji, which has no UTF-8, as its escape."""

from types import SimpleNamespace
from typing import Any

import pytest

from app.core.item import Item
from app.store.dynamodb.paging import Page
from app.store.products.model import product_of
from app.web.pages.rows.attribute_text import attribute_text
from tests.support.builders import an_event, an_item
from tests.unit.web.pages.served.kit import a_broker, a_store, client

HALF = "mug \ud83d"
ITEM: Item = {**an_item(ProductName=HALF, Category=HALF), HALF: {"SS": [HALF]}}


def site() -> Any:
    products = SimpleNamespace(
        page=lambda *_: Page([product_of(ITEM)], None), get=lambda _: product_of(ITEM)
    )
    event = an_event(product_name=HALF, category=HALF, after=ITEM, changed=(HALF, "ProductName"))
    return client(store=a_store(products), broker=a_broker(event))


@pytest.mark.parametrize(
    "path", ["/", "/products", "/products/edit?id=P1", "/products/adjust?id=P1"]
)
def test_page_shows_the_escape(path: str) -> None:
    page = site().get(path)
    assert page.status_code == 200
    assert "mug \\ud83d" in page.text


@pytest.mark.parametrize("name", [HALF, "n" * 300, "a...b", "a.b[0]", "", ".", "a.." * 40])
def test_row_names_an_attribute_that_another_program_added_or_removed(name: str) -> None:
    assert attribute_text(name, {}, {name: 1}) == f"{name} 1 added"
    assert attribute_text(name, {name: 1}, {}) == f"{name} removed"


@pytest.mark.parametrize("path", ["/v1/products", "/v1/products/P1"])
def test_api_returns_it_as_json(path: str) -> None:
    answer = site().get(path, Accept="application/json")
    assert answer.status_code == 200
    found = answer.json().get("items", [answer.json()])[0]
    assert found["name"] == HALF
    assert found["attributes"][HALF] == [HALF]
