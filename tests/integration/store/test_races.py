"""Another program changes the item between a write's read and its commit."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ProductNotFound
from app.core.item import AttributeNames
from app.core.keys import KeyPart, KeySchema
from app.core.stamps import Stamps
from app.filters.selection import Selection
from app.store.dynamodb.client import connect
from app.store.products.model import Stamp
from app.store.products.product_repository import ProductRepository
from tests.integration.store.keyed import create_table

NAMES = AttributeNames(KeySchema(KeyPart("sku")), stock="inv.qty")
ALTERNATIVES = [{"type": {"S": ["product"]}}, {"kind": {"S": ["x"]}}]
ONLY_PRODUCTS = Selection(json.dumps({"$or": ALTERNATIVES}))
KEY = {"sku": {"S": "A"}}
STAMP = Stamp(actor="ada", request_id="r1")


class Shop:
    """A table with one item, and a repository whose clock another program interferes with."""

    def __init__(self, endpoint: str, folder: Path, names: AttributeNames) -> None:
        self.table = f"race-{folder.name[-30:]}"
        create_table(endpoint, NAMES.key, "NEW_AND_OLD_IMAGES", self.table)
        self.client = connect(endpoint).tables
        self.interference: Callable[[], Any] | None = None
        self.products = ProductRepository(
            self.client,
            Stamps(self.table, names, {"k": b"x" * 32}),
            marks_deletes=True,
            was_known=lambda _: False,
            now=self._now,
        )

    def put(self, **attributes: Any) -> None:
        self.client.put_item(TableName=self.table, Item={**KEY, **attributes})

    def item(self) -> dict[str, Any]:
        answer = self.client.get_item(TableName=self.table, Key=KEY, ConsistentRead=True)
        return dict(answer["Item"])

    def _now(self) -> datetime:
        if self.interference is not None:
            interfere, self.interference = self.interference, None
            interfere()
        return datetime.now(UTC)


@pytest.mark.parametrize("write", ["adjust", "delete"])
def test_an_item_that_stops_being_a_product_is_not_written(
    endpoint: str, tmp_path: Path, write: str
) -> None:
    shop = Shop(endpoint, tmp_path, replace(NAMES, selects=ONLY_PRODUCTS))
    product = {"inv": {"M": {"qty": {"N": "5"}}}, "type": {"S": "product"}}
    shop.put(**product)
    shop.interference = lambda: shop.put(**product | {"type": {"S": "archived"}})
    writes = {
        "adjust": lambda: shop.products.adjust("A", Decimal(-1), STAMP),
        "delete": lambda: shop.products.delete("A", "*", STAMP),
    }
    with pytest.raises(ProductNotFound):
        writes[write]()
    assert shop.item() == KEY | product | {"type": {"S": "archived"}}


@pytest.mark.parametrize("left", [{}, {"inv": {"M": {}}}])
def test_a_map_that_goes_away_is_made_again(
    endpoint: str, tmp_path: Path, left: dict[str, Any]
) -> None:
    shop = Shop(endpoint, tmp_path, NAMES)
    shop.put(inv={"M": {"bin": {"S": "B1"}}})
    shop.interference = lambda: shop.put(**left)
    assert shop.products.count("A", Decimal(3), STAMP).stock == 3
    assert shop.item()["inv"] == {"M": {"qty": {"N": "3"}}}


def test_a_map_that_comes_keeps_what_is_in_it(endpoint: str, tmp_path: Path) -> None:
    shop = Shop(endpoint, tmp_path, NAMES)
    shop.put()
    shop.interference = lambda: shop.put(inv={"M": {"bin": {"S": "B1"}}})
    shop.products.count("A", Decimal(3), STAMP)
    assert shop.item()["inv"] == {"M": {"bin": {"S": "B1"}, "qty": {"N": "3"}}}
