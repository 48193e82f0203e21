"""An item can have 400 KB, of which another program may have used nearly all."""

from collections.abc import Iterator
from typing import Any

from app.store.dynamodb.paging import PAGE_BYTES
from tests.support.processes.running import App
from tests.support.waiting import until

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}


def test_write_that_exceeds_the_item_size_is_rejected(app: App) -> None:
    app.put_outside(ProductID="P1", ProductName="n", Stock=5, manual="x" * 409_400)
    refused = app.http.patch("/v1/products/P1", json={"name": "n" * 200}, headers=PATCH)
    assert (refused.status_code, refused.json()["code"]) == (413, "item-too-large")
    assert app.http.get("/v1/products/P1").json()["name"] == "n"


def test_item_too_large_for_a_stamp_can_be_deleted(app: App) -> None:
    app.put_outside(ProductID="P1", ProductName="n", Stock=5, manual="x" * 409_520)
    deleted = app.http.delete("/v1/products/P1", headers={"If-Match": "*"})
    assert deleted.status_code == 204, deleted.text
    assert app.http.get("/v1/products").json()["items"] == []


LARGE = 24  # items, of which ten fill a page


def test_pages_of_large_items_end_early_and_lead_to_all_items(app: App) -> None:
    for number in range(LARGE):
        app.put_outside(ProductID=f"L{number}", ProductName="n", Stock=1, manual="x" * 390_000)
    until(lambda: len(_new(app)) == LARGE, 30)
    expected = sorted(f"L{number}" for number in range(LARGE))
    until(lambda: _listed(app, "/v1/products") == expected)
    assert _listed(app, "/v1/events") == expected


def _listed(app: App, path: str) -> list[str]:
    """The ids of the large products on all pages, sorted."""
    found = [item for page in _pages(app, path) for item in page]
    names = [item.get("product_id") or item["data"]["product_id"] for item in found]
    return sorted(name for name in names if name.startswith("L"))


def _new(app: App) -> set[str]:
    """The large products that the live feed has seen."""
    _, frames, _ = app.services.broker.newest()
    return {frame.topic.product_id for frame in frames if frame.topic.product_id.startswith("L")}


def _pages(app: App, path: str) -> Iterator[Any]:
    more: str | None = f"{path}?limit=200"
    while more is not None:
        answer = app.http.get(more)
        assert len(answer.content) < PAGE_BYTES + 500_000
        yield answer.json()["items"]
        more = answer.links.get("next", {}).get("url")
