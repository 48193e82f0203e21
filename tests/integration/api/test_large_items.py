"""An item can have 400 KB, of which another program may have used nearly all."""

from tests.support.processes.running import App

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
