"""An engine applies a write, loses its answer and forgets its token: the write is applied once."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import ANY

import pytest

from app.core.errors import OutcomeUnknown
from app.store.idempotency import Answer, IdempotencyKeyRows, Once, Replayed, RequestKey
from app.store.products.changes import WHOLE_UNITS
from app.store.products.model import Product, ProductDraft, Stamp
from app.store.products.product_repository import ProductRepository
from app.store.products.reversal.reversal_errors import AlreadyReversed
from app.store.products.reversal.reversals import Reversals
from tests.support.builders import NOON, STAMPS, an_event
from tests.support.fakes.fake_errors import lost_answer
from tests.support.fakes.fake_tables import FakeTables
from tests.support.processes.running import item

MUG = ProductDraft(product_id="P1", name="Mug", stock=Decimal(97))
STAMP = Stamp(actor="ada", request_id="r-1")
THREE = Decimal(-3)
KEYS = {STAMPS.table: ("ProductID",), "Keys": ("RequestKey",)}

Act = Callable[[], Any]


class CrashingTables(FakeTables):
    """Crashes after a transaction that contains `crash_after`, and calls `meanwhile` afterwards."""

    crash_after = ""
    meanwhile: Act = staticmethod(lambda: None)
    applied = 0

    def transact_write_items(self, **request: Any) -> Any:  # type: ignore[override]
        answer = super().transact_write_items(**request)
        kinds = {kind for action in request["TransactItems"] for kind in action}
        if self.crash_after in kinds:
            self.applied += 1
            if self.applied == 1:
                self._tokens.clear()
                self.meanwhile()
                raise lost_answer()
        return answer


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> CrashingTables:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return CrashingTables(KEYS)


@pytest.fixture
def products(tables: CrashingTables) -> ProductRepository:
    return ProductRepository(
        tables,  # type: ignore[arg-type]
        STAMPS,
        marks_deletes=True,
        was_known=lambda _: True,
    )


@pytest.fixture
def once(tables: CrashingTables) -> Once[Product]:
    rows = IdempotencyKeyRows(tables, "Keys")  # type: ignore[arg-type]
    key = RequestKey("ada", "POST /", "k-1", b"{}", "r-1")
    return Once(rows, [key], lambda product: Answer(200, {}, str(product.stock).encode()))


def replacing(tables: CrashingTables, stock: int) -> Act:
    """Another program puts an item of its own in the product's place."""
    return lambda: tables.put_item(TableName=STAMPS.table, Item=item(ProductID="P1", Stock=stock))


def writes(products: ProductRepository) -> dict[str, tuple[str, Act]]:
    """Each write by its name, with the action after which the engine crashes."""
    return {
        "create": ("Put", lambda: products.create(MUG, STAMP)),
        "adjust": ("Update", lambda: products.adjust("P1", THREE, STAMP)),
        "count": ("Update", lambda: products.count("P1", Decimal(7), STAMP)),
        "patch": ("Update", lambda: products.patch("P1", {"name": "Cup"}, "*", STAMP)),
        "replace": ("Update", lambda: products.replace(MUG, "*", STAMP)),
        "delete": ("Delete", lambda: products.delete("P1", "*", STAMP)),
    }


@pytest.mark.parametrize("name", ["create", "adjust", "count", "patch", "replace", "delete"])
@pytest.mark.parametrize("hidden", [False, True])
def test_write_is_applied_once_or_its_outcome_is_unknown(
    tables: CrashingTables, products: ProductRepository, name: str, *, hidden: bool
) -> None:
    if name != "create":
        replacing(tables, 97)()
    tables.crash_after, act = writes(products)[name]
    if hidden:
        tables.meanwhile = replacing(tables, 50)
        with pytest.raises(OutcomeUnknown, match="history"):
            act()
        assert products.get("P1").stock == 50
    else:
        act()
    assert tables.applied == 1


@pytest.mark.parametrize("name", ["create", "adjust", "delete"])
def test_write_is_unknown_if_the_store_stays_away_after_it(
    tables: CrashingTables,
    products: ProductRepository,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name != "create":
        replacing(tables, 97)()
    tables.crash_after, act = writes(products)[name]

    def away(**_: Any) -> Any:
        raise lost_answer()

    tables.meanwhile = lambda: monkeypatch.setattr(tables, "get_item", away)
    with pytest.raises(OutcomeUnknown):
        act()


def test_write_is_unknown_if_another_writer_has_deleted_the_product_since(
    tables: CrashingTables, products: ProductRepository
) -> None:
    replacing(tables, 97)()
    tables.crash_after = "Update"
    tables.meanwhile = lambda: tables.delete_item(TableName=STAMPS.table, Key=item(ProductID="P1"))
    with pytest.raises(OutcomeUnknown):
        products.adjust("P1", THREE, STAMP)


def test_idempotency_key_makes_the_outcome_known(
    tables: CrashingTables, products: ProductRepository, once: Once[Product]
) -> None:
    replacing(tables, 97)()
    tables.crash_after, tables.meanwhile = "Update", replacing(tables, 94)
    with pytest.raises(Replayed) as stored:
        products.adjust("P1", THREE, STAMP, once)
    assert (stored.value.answer.body, stored.value.again) == (b"94", False)
    assert products.get("P1").stock == 94


def test_idempotency_key_shows_that_a_lost_write_was_not_applied(
    tables: CrashingTables, products: ProductRepository, once: Once[Product]
) -> None:
    replacing(tables, 97)()

    def undone() -> None:
        """The engine crashed before it had written anything."""
        tables.rows["Keys"].clear()
        replacing(tables, 50)()

    tables.crash_after, tables.meanwhile = "Update", undone
    assert products.adjust("P1", THREE, STAMP, once).stock == 47
    assert datetime.fromisoformat(products.get("P1").updated_at or "").tzinfo == UTC


# By the event's kind: the record's name, and the action after which the engine crashes.
REVERSED = {
    "stock_changed": ("MODIFY", "Update"),
    "inserted": ("INSERT", "Delete"),
    "deleted": ("REMOVE", "Put"),
}


@pytest.mark.parametrize("kind", REVERSED)
def test_reversal_with_a_lost_answer_is_applied_once_and_is_its_own_success(
    tables: CrashingTables, products: ProductRepository, kind: str
) -> None:
    products.create(MUG, STAMP)
    (image,) = tables.rows[STAMPS.table].values()
    if kind == "deleted":
        products.delete("P1", "*", STAMP)
    before = {"stock_changed": image | {"Stock": {"N": "100"}}, "deleted": image}.get(kind)
    after = None if kind == "deleted" else image
    name, tables.crash_after = REVERSED[kind]
    event = an_event(kind=kind, before=before, after=after, event_name=name)
    reversals = Reversals(products, STAMPS, WHOLE_UNITS, lambda: NOON, lambda *_: "its event")
    rows = IdempotencyKeyRows(tables, "Keys")  # type: ignore[arg-type]

    def reverse(request_id: str) -> Product | None:
        spent = partial(reversals.already, event)
        key = RequestKey("", "reversal", event.id, b"", request_id, spent)
        once: Once[Product | None] = Once(rows, [key], lambda _: Answer(200, {}, b"done"))
        return reversals.reverse(event, replace(STAMP, request_id=request_id), once)

    with pytest.raises(Replayed) as stored:
        reverse("r-5")
    assert (stored.value.answer.body, stored.value.again) == (b"done", False)
    with pytest.raises(AlreadyReversed) as refused:
        reverse("r-6")
    by = {"event_id": "its event", "request_id": "r-5"}
    assert refused.value.extra == {"reversed_by": by}
    assert tables.applied == 1
    assert products.find("P1") == (None if kind == "inserted" else ANY)
