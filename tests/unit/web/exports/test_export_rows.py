"""A row has the API's fields, in cells or as the API's own document."""

from decimal import Decimal
from typing import Any

from app.core.events import cloud_event, data_of
from app.store.products.model import product_of
from app.web.exports.export_rows import Cell, RowFormat, events_format, products_format
from app.web.schemas.outputs import product_out
from tests.support.builders import an_event, an_item

LONG = "12345678901234567890.123456789"


def cells(rows: RowFormat[Any], row: Any) -> dict[str, Cell]:
    return dict(zip(rows.columns, rows.cells(row), strict=True))


def item(**attributes: Any) -> Any:
    return an_item("P1", ProductName="Tea", Stock=3) | attributes


def test_product_has_a_column_for_each_field_of_the_api() -> None:
    product = product_of(item(Price={"N": "6.90"}, Stock={"N": LONG}, shelf={"S": "A7"}))
    assert products_format().columns == tuple(product_out(product))
    assert products_format().document(product) == product_out(product)
    found = cells(products_format(), product)
    assert found["product_id"] == "P1"
    assert (found["stock"], found["price"]) == (Decimal(LONG), Decimal("6.90"))
    assert found["attributes"] == '{"shelf":"A7"}'
    assert found["category"] is None


def test_tags_are_one_cell_that_can_be_split_again() -> None:
    tags = {"L": [{"S": "a;b"}, {"S": "c\\"}, {"S": "d"}]}
    assert cells(products_format(), product_of(item(Tags=tags)))["tags"] == "a\\;b;c\\\\;d"


def test_nothing_is_an_empty_cell() -> None:
    found = cells(products_format(), product_of(item()))
    assert (found["tags"], found["attributes"], found["mistyped"]) == (None, None, None)


def test_event_has_a_column_for_each_field_but_its_images() -> None:
    event = an_event(7, changed=("Stock", "Price"), stock_before=Decimal(LONG), stock_after=None)
    expected = set(data_of(event)) - {"before", "after", "images_omitted"}
    assert set(events_format("Products").columns) == expected
    found = cells(events_format("Products"), event)
    assert (found["id"], found["changed"]) == (event.id, "Stock;Price")
    assert (found["stock_before"], found["stock_after"]) == (Decimal(LONG), None)


def test_event_s_document_is_the_whole_cloud_event() -> None:
    event = an_event(7)
    assert events_format("Products").document(event) == cloud_event(event, "Products")
