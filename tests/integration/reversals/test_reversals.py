"""An event is taken back once, by a change of its own that names it; later changes remain."""

from typing import Any

import pytest

from app.core.events import event_id
from app.store.products.model import Product
from app.store.products.reversal.reversals import Reversals
from app.web.requests.write_queue import WriteQueue
from tests.integration.reversals.undoing import delete, edit, events_of, refusal, reverse, stored
from tests.support.processes.running import App


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has product ids of its own."""
    return shared


def stock(app: App, product_id: str) -> Any:
    return app.http.get(f"/v1/products/{product_id}").json()["stock"]


def test_sale_is_taken_back_once_by_a_change_that_names_it(app: App) -> None:
    app.create("ua", stock=10)
    app.adjust("ua", -4)
    app.adjust("ua", +1, "found")
    sale = events_of(app, "ua", 3)[1]
    answer = reverse(app, sale, note="wrong till")
    assert (answer.status_code, answer.json()["stock"]) == (200, 11)
    assert answer.json()["not_reversed"] == []
    reversal = events_of(app, "ua", 4)[3]
    assert (reversal["delta"], reversal["reason"], reversal["actor"]) == (4, "correction", "local")
    assert (reversal["note"], reversal["reference"]) == ("wrong till", None)
    assert reversal["reverses"] == sale["id"]
    assert sale["reverses"] is None

    again = reverse(app, sale)
    assert refusal(again) == (409, "already-reversed")
    by = {"event_id": reversal["id"], "request_id": reversal["request_id"]}
    assert again.json()["reversed_by"] == by
    assert stock(app, "ua") == 11


def test_row_that_says_so_is_never_deleted(app: App) -> None:
    app.create("ub")
    app.adjust("ub", -1)
    sale = events_of(app, "ub", 2)[1]
    request = reverse(app, sale).headers["X-Request-Id"]
    kept = app.services.settings.table_names.idempotency
    rows = app.tables.scan(TableName=kept, ConsistentRead=True)["Items"]
    (row,) = [row for row in rows if row["RequestID"]["S"] == request]
    assert "ExpiresAt" not in row, "DynamoDB would delete it"
    assert "Body" not in row, "it is kept for ever, so it is small"


def test_repeat_with_the_same_idempotency_key_gets_the_first_answer(app: App) -> None:
    app.create("uc")
    app.adjust("uc", -1)
    sale = events_of(app, "uc", 2)[1]
    first = reverse(app, sale, key="u")
    again = reverse(app, sale, key="u")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert refusal(reverse(app, sale, key="other")) == (409, "already-reversed")
    assert stock(app, "uc") == 10


@pytest.mark.parametrize("key", [None, "meanwhile"])
def test_event_that_another_process_takes_back_meanwhile_is_taken_back_once(
    app: App, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    product_id = f"ud-{key}"
    app.create(product_id)
    app.adjust(product_id, -4)
    sale = events_of(app, product_id, 2)[1]
    right, queue = Reversals.reverse, app.web.state.writes

    def late(reversals: Reversals, *arguments: Any) -> Product | None:
        monkeypatch.setattr(Reversals, "reverse", right)
        app.web.state.writes = WriteQueue()  # the other process has its own
        assert reverse(app, sale, key=key).status_code == 200
        app.web.state.writes = queue
        return reversals.reverse(*arguments)

    monkeypatch.setattr(Reversals, "reverse", late)
    repeat = reverse(app, sale, key=key)
    if key is None:
        assert refusal(repeat) == (409, "already-reversed")
    else:
        assert (repeat.status_code, repeat.headers["Idempotent-Replayed"]) == (200, "true")
    assert stock(app, product_id) == 10


def test_edit_is_taken_back_field_by_field_as_it_was_stored(app: App) -> None:
    app.put_outside(ProductID="ue", ProductName="Mug", Price="9.90", Tags=[{"S": "b"}, {"S": "a"}])
    edit(app, "ue", price="8.50", tags=["c"], category="Kitchen")
    edit(app, "ue", name="Blue mug")
    before = stored(app, "ue")
    changed = events_of(app, "ue", 3)[1]
    answer = reverse(app, changed)
    assert answer.status_code == 200, answer.text
    after = stored(app, "ue")
    assert after["Price"] == {"S": "9.90"}
    assert after["Tags"] == {"L": [{"S": "b"}, {"S": "a"}]}
    assert "Category" not in after
    assert after["ProductName"] == before["ProductName"] == {"S": "Blue mug"}
    reversal = events_of(app, "ue", 4)[3]
    assert (reversal["kind"], reversal["reverses"]) == ("updated", changed["id"])


def test_change_of_stock_and_fields_adjusts_the_one_and_sets_back_the_others(app: App) -> None:
    app.create("uf", stock=10, price="2")
    edit(app, "uf", stock=30, price="3")
    app.adjust("uf", -5)
    answer = reverse(app, events_of(app, "uf", 3)[1])
    assert (answer.json()["stock"], answer.json()["price"]) == (5, "2")


def test_created_product_is_deleted_again(app: App) -> None:
    app.create("ug")
    (created,) = events_of(app, "ug", 1)
    answer = reverse(app, created, note="typed twice")
    assert (answer.status_code, answer.content) == (204, b"")
    assert stored(app, "ug") == {}
    deletion = events_of(app, "ug", 2)[1]
    assert (deletion["kind"], deletion["actor"]) == ("deleted", "local")
    assert (deletion["reverses"], deletion["note"]) == (created["id"], "typed twice")
    assert refusal(reverse(app, created)) == (409, "already-reversed")


def test_reversal_is_taken_back_and_that_again(app: App) -> None:
    app.create("uh", stock=10)
    app.adjust("uh", -4)
    sale = events_of(app, "uh", 2)[1]
    stocks, last = [], sale
    for count in (3, 4, 5):
        stocks.append(reverse(app, last).json()["stock"])
        reversal = events_of(app, "uh", count)[-1]
        assert reversal["reverses"] == last["id"]
        last = reversal
    assert stocks == [10, 6, 10]
    assert refusal(reverse(app, sale)) == (409, "already-reversed")


def test_creation_is_taken_back_and_the_product_restored(app: App) -> None:
    app.create("ui", stock=3)
    (created,) = events_of(app, "ui", 1)
    assert reverse(app, created).status_code == 204
    deletion = events_of(app, "ui", 2)[1]
    assert reverse(app, deletion).json()["stock"] == 3
    restored = events_of(app, "ui", 3)[2]
    assert (restored["kind"], restored["reverses"]) == ("inserted", deletion["id"])
    assert reverse(app, restored).status_code == 204


def test_event_that_changed_nothing_of_the_product_is_not_reversible(app: App) -> None:
    app.create("uj", stock=5)
    app.http.post("/v1/products/uj/counts", json={"counted": 5})
    answer = reverse(app, events_of(app, "uj", 2)[1])
    assert refusal(answer) == (409, "not-reversible")
    assert answer.json()["detail"] == "It changed no attribute of the product."


def test_delivery_that_was_sold_is_not_taken_back(app: App) -> None:
    app.create("uk", stock=0)
    app.adjust("uk", +5, "received")
    app.adjust("uk", -5)
    received = events_of(app, "uk", 3)[1]
    assert refusal(reverse(app, received)) == (409, "insufficient-stock")
    assert stock(app, "uk") == 0


def test_change_of_a_deleted_product_is_not_taken_back(app: App) -> None:
    app.create("ul")
    app.adjust("ul", -1)
    delete(app, "ul")
    sale = events_of(app, "ul", 3)[1]
    assert refusal(reverse(app, sale)) == (410, "product-gone")


@pytest.mark.parametrize("event", ["nonsense", event_id("P1", "x#" + "0" * 40)])
def test_unknown_event_is_not_found(app: App, event: str) -> None:
    assert refusal(reverse(app, {"id": event})) == (404, "event-not-found")
