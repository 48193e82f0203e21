"""An item holds 400 KB, and another program may have used nearly all of it."""

from tests.support.processes.running import App

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}


def test_a_write_for_which_there_is_no_room_is_told_as_such(app: App) -> None:
    app.put_outside(ProductID="P1", ProductName="n", Stock=5, manual="x" * 409_400)
    refused = app.http.patch("/v1/products/P1", json={"name": "n" * 200}, headers=PATCH)
    assert (refused.status_code, refused.json()["code"]) == (413, "item-too-large")
    assert app.http.get("/v1/products/P1").json()["name"] == "n"


def test_an_item_without_room_for_a_stamp_can_be_deleted_all_the_same(app: App) -> None:
    app.put_outside(ProductID="P1", ProductName="n", Stock=5, manual="x" * 409_520)
    deleted = app.http.delete("/v1/products/P1", headers={"If-Match": "*"})
    assert deleted.status_code == 204, deleted.text
    assert app.http.get("/v1/products").json()["items"] == []
