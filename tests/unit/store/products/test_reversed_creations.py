"""Taking a creation back deletes the product as it was checked, and is recorded."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from app.core.events import ChangeEvent
from app.store.idempotency import Answer, IdempotencyKeyRows, Once, Replayed, RequestKey
from app.store.products.changes import WHOLE_UNITS
from app.store.products.model import ProductDraft, Stamp
from app.store.products.product_repository import ProductRepository
from app.store.products.reversal.reversal_errors import AlreadyReversed, Superseded
from app.store.products.reversal.reversals import Reversals
from tests.support.builders import NOON, STAMPS, an_event
from tests.support.fakes.fake_tables import FakeTables
from tests.support.processes.running import item

P1 = item(ProductID="P1")
STAMP = Stamp(actor="ada", request_id="r-1")


class SharedTables(FakeTables):
    """Another program writes right before a transaction that contains `kind`."""

    kind = ""
    writes: Callable[[], Any] = staticmethod(lambda: None)

    def transact_write_items(self, **request: Any) -> Any:  # type: ignore[override]
        if any(self.kind in action for action in request["TransactItems"]):
            self.kind = ""
            self.writes()
        return super().transact_write_items(**request)


@pytest.fixture
def tables() -> SharedTables:
    return SharedTables({STAMPS.table: ("ProductID",), "Keys": ("RequestKey",)})


@pytest.fixture
def products(tables: SharedTables) -> ProductRepository:
    return ProductRepository(
        tables,  # type: ignore[arg-type]
        STAMPS,
        marks_deletes=True,
        was_known=lambda _: True,
    )


@pytest.fixture
def created(tables: SharedTables, products: ProductRepository) -> ChangeEvent:
    products.create(ProductDraft(product_id="P1", name="Mug", stock=Decimal(5)), STAMP)
    outside(tables, "Shelf", "A")
    return an_event(kind="inserted", before=None, after=stored(tables), event_name="INSERT")


@pytest.fixture
def reversals(products: ProductRepository) -> Reversals:
    return Reversals(products, STAMPS, WHOLE_UNITS, lambda: NOON, lambda *_: "its event")


def outside(tables: SharedTables, name: str, value: str) -> None:
    """Another program sets an attribute of its own."""
    tables.update_item(
        TableName=STAMPS.table,
        Key=P1,
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
    )


def stored(tables: SharedTables) -> Any:
    return tables.get_item(TableName=STAMPS.table, Key=P1).get("Item")


@pytest.mark.parametrize(
    ("kind", "name"), [("Update", "Supplier"), ("Update", "Shelf"), ("Delete", "Shelf")]
)
def test_product_that_another_program_changes_after_the_check_stays(
    tables: SharedTables, reversals: Reversals, created: ChangeEvent, kind: str, name: str
) -> None:
    tables.kind, tables.writes = kind, lambda: outside(tables, name, "B")
    with pytest.raises(Superseded) as raised:
        reversals.reverse(created, STAMP)
    assert [entry["attribute"] for entry in raised.value.extra["conflicts"]] == [name]
    assert stored(tables) == created.after | {name: {"S": "B"}}, "and has no delete mark"


def test_item_with_more_attributes_than_a_condition_compares_is_deleted(
    tables: SharedTables, reversals: Reversals, created: ChangeEvent
) -> None:
    for number in range(150):
        outside(tables, f"a{number}", "x")
    event = an_event(kind="inserted", before=None, after=stored(tables), event_name="INSERT")
    assert reversals.reverse(event, STAMP) is None
    assert stored(tables) is None


def test_reversal_is_recorded_if_somebody_else_deletes_the_product_first(
    tables: SharedTables, reversals: Reversals, created: ChangeEvent
) -> None:
    tables.kind = "Delete"
    tables.writes = lambda: tables.delete_item(TableName=STAMPS.table, Key=P1)
    rows = IdempotencyKeyRows(tables, "Keys")  # type: ignore[arg-type]
    spent = partial(reversals.already, created)

    def reverse(request_id: str, key: str) -> Any:
        requests = [
            RequestKey("", "reversal", created.id, b"", request_id, spent),
            RequestKey("ada", "POST /", key, b"{}", request_id),
        ]
        return reversals.reverse(
            created, STAMP, Once(rows, requests, lambda _: Answer(204, {}, b""))
        )

    assert reverse("r-5", "k-1") is None
    with pytest.raises(Replayed):
        reverse("r-6", "k-1")
    with pytest.raises(AlreadyReversed):
        reverse("r-7", "k-2")
