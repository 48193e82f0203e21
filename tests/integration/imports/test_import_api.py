"""A file sent to the API is compared, written as one batch, and taken back as one."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("imports"))) as running:
        until(lambda: running.services.read_model.state.filled)
        yield running


def sent(app: App, text: str | bytes, **parameters: Any) -> Any:
    """The import of a file, once it was compared."""
    answer = app.http.post(
        "/v1/imports", content=text, params=parameters, headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 202, answer.text
    return settled(app, answer.headers["Location"], "reading")


def settled(app: App, path: str, *busy: str) -> Any:
    """The import, once it is in another state."""

    def found() -> Any:
        one = app.http.get(path).json()
        return one["state"] not in busy and one

    return until(found)


def rows(app: App, one: Any, show: str = "all") -> dict[str, Any]:
    page = app.http.get(f"/v1/imports/{one['id']}/rows", params={"show": show, "limit": 200})
    return {item["product_id"]: item for item in page.json()["items"]}


def test_rows_are_compared_written_and_taken_back(app: App) -> None:
    app.create("A", stock=5, price="1.00", category="Tea")
    app.create("B", stock=6)
    app.create("C", stock=7, barcode="0123")
    file = (
        "SKU;Name;Price;Stock;EAN\r\n"
        "A;Name of A;1,50;5;\r\n"
        "B;Name of B;;6;\r\n"
        "C;;;;123\r\n"
        "NEW;New one;2,00;3;\r\n"
        "BAD;;x;1;\r\n"
    )
    one = sent(app, file, filename="prices.csv")
    assert (one["state"], one["decimal"], one["detail"]) == ("ready", ",", None)
    assert [one[name] for name in ("create", "change", "unchanged", "refused")] == [1, 1, 1, 2]
    found = rows(app, one)
    assert found["A"]["changes"] == [{"field": "price", "before": "1", "after": "1.5"}]
    assert "leading zeros" in found["C"]["reason"]
    assert "“x” is not a number" in found["BAD"]["reason"]
    assert app.http.get("/v1/products/A").json()["price"] == "1"

    path = f"/v1/imports/{one['id']}"
    app.adjust("A", -1)  # a sale does not spoil a new price
    assert app.http.post(path + "/start").status_code == 202
    done = settled(app, path, "running")
    assert (done["state"], done["written"], done["not_written"]) == ("done", 2, 0)
    assert app.http.get("/v1/products/A").json()["price"] == "1.5"
    assert app.http.get("/v1/products/A").json()["stock"] == 4
    assert app.http.get("/v1/products/NEW").json()["name"] == "New one"

    assert app.http.post(path + "/undo").status_code == 202
    undone = settled(app, path, "undoing")
    assert (undone["state"], undone["undone"], undone["kept"]) == ("undone", 2, 0), rows(app, one)
    assert app.http.get("/v1/products/A").json()["price"] == "1"
    assert app.http.get("/v1/products/NEW").status_code == 404 or 410
