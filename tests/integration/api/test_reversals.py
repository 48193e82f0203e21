"""A stock change can be reversed once, by a change that refers to it."""

from typing import Any

import httpx
import pytest

from app.core.events import event_id
from app.store.products.model import Product
from app.store.products.product_repository import ProductRepository
from app.web.requests.write_queue import WriteQueue
from tests.support.http.sse import Listener
from tests.support.processes.running import App


def reverse(app: App, event: str, **body: Any) -> httpx.Response:
    return app.http.post(f"/v1/events/{event}/reversals", json=body)


def test_sale_is_reversed_once_however_often_it_is_requested(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1", stock=10)
        app.adjust("P1", -4)
        sale = feed.changes(2, 10)[1].data["data"]
        app.adjust("P1", +1, "found")
        answer = reverse(app, sale["id"], note="wrong till")
        assert (answer.status_code, answer.json()["stock"]) == (200, 11)
        again = reverse(app, sale["id"], note="twice?")
        assert again.content == answer.content
        assert again.headers["Idempotent-Replayed"] == "true"
        reversal = feed.changes(4, 10)[3].data["data"]
    assert (reversal["delta"], reversal["reason"]) == (4, "correction")
    assert reversal["note"] == "wrong till"
    assert reversal["reference"] == sale["id"]

    # After a day the response is no longer repeated, but its row still says that there was one.
    kept = app.services.about.products_table.replace("Products", "IdempotencyKeys")
    (row,) = app.tables.scan(TableName=kept)["Items"]
    assert "ExpiresAt" not in row, "DynamoDB would delete it"
    app.tables.put_item(TableName=kept, Item=row | {"RepeatedUntil": {"N": "1"}})
    late = reverse(app, sale["id"])
    assert (late.status_code, late.json()["code"]) == (409, "already-reversed")
    assert app.http.get("/v1/products/P1").json()["stock"] == 11


def test_reversal_without_a_stock_change_or_enough_stock_is_rejected(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1", stock=0)
        app.adjust("P1", +5, "received")
        app.adjust("P1", -5)
        made, received, _ = [message.data["data"]["id"] for message in feed.changes(3, 10)]
    assert reverse(app, made).json()["code"] == "not-reversible"
    assert reverse(app, received).json()["code"] == "insufficient-stock"
    assert app.http.get("/v1/products/P1").json()["stock"] == 0


@pytest.mark.parametrize("event", ["nonsense", event_id("P1", "x#" + "0" * 40)])
def test_reversal_of_an_unknown_event_is_not_found(app: App, event: str) -> None:
    assert reverse(app, event).json()["code"] == "event-not-found"


def test_repeat_of_a_reversal_that_is_made_meanwhile_is_replayed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy may repeat a request while the first one is still under way, in another process."""
    with Listener(app.url) as feed:
        app.create("P1", stock=10)
        app.adjust("P1", -4)
        sale = feed.changes(2, 10)[1].data["data"]["id"]
        adjust = ProductRepository.adjust

        def adjust_late(products: ProductRepository, *arguments: Any) -> Product:
            monkeypatch.setattr(ProductRepository, "adjust", adjust)
            monkeypatch.setattr(app.web.state, "writes", WriteQueue())  # of the other process
            assert reverse(app, sale).status_code == 200
            return products.adjust(*arguments)

        monkeypatch.setattr(ProductRepository, "adjust", adjust_late)
        repeat = reverse(app, sale)
    assert (repeat.status_code, repeat.headers["Idempotent-Replayed"]) == (200, "true")
    assert repeat.json()["stock"] == 10
