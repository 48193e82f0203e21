"""Lists of the past over REST: equal to the live list now, and to each product at a time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

WHOLE = {"total": "exact", "limit": 200}


def listed(app: App, **query: Any) -> dict[str, Any]:
    answer = app.http.get("/v1/products", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def stocks(app: App, **query: Any) -> list[int]:
    return sorted(item["stock"] for item in listed(app, **query)["items"])


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with serving(settings_for(endpoint, tmp_path_factory.mktemp("past"))) as running:
        until(lambda: running.services.read_model.state.events.filled)
        yield running


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_past_now_is_the_present(app: App) -> None:
    app.create("A1", 5, price="9.90", tags=["x"])
    app.create("A2", 0, reorder_point=3)
    app.put_outside(ProductID="A3", ProductName="odd", Stock="none", shelf="A7")
    app.adjust("A1", 7, "received")
    app.http.delete("/v1/products/A2", headers={"If-Match": "*"})
    until(lambda: len(listed(app)["items"]) == 2)
    until(lambda: listed(app, as_of=now(), deleted="true")["items"])
    for query in ({}, {"sort": "-stock"}, {"deleted": "true"}, {"q": "odd"}):
        then = listed(app, as_of=now(), **WHOLE, **query)
        live = listed(app, **WHOLE, **query)
        assert (then["items"], then["total"]) == (live["items"], live["total"])
        assert then["unknown"] == 0


def test_past_list_has_each_product_as_it_was(app: App) -> None:
    moments: list[str] = []
    for number in range(4):
        app.create(f"B{number}", 10, category="Bb")
        for earlier in range(number):
            app.adjust(f"B{earlier}", -1)
        until(lambda: len(listed(app, category="Bb")["items"]) == number + 1)  # noqa: B023
        moments.append(now())
    until(lambda: stocks(app, category="Bb", as_of=now()) == [7, 8, 9, 10])
    for number, moment in enumerate(moments):
        items = listed(app, as_of=moment, category="Bb", sort="-stock")["items"]
        assert len(items) > number  # the engine's times are whole seconds
        for item in items:
            path = f"/v1/products/{item['product_id']}"
            assert app.http.get(path, params={"as_of": moment}).json() == item


def test_pages_keep_the_time(app: App) -> None:
    for number in range(5):
        app.create(f"C{number}", number, category="Cc")
    until(lambda: len(listed(app, category="Cc", as_of=now())["items"]) == 5)
    answer = app.http.get(
        "/v1/products", params={"as_of": now(), "category": "Cc", "sort": "-stock", "limit": 2}
    )
    app.create("C9", 3, category="Cc")
    found = answer.json()["items"]
    while "next" in answer.links:
        answer = app.http.get(answer.links["next"]["url"])
        found += answer.json()["items"]
    assert [item["stock"] for item in found] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("moment", ["tomorrow", "2026-13-01T00:00:00Z", "future"])
def test_wrong_time_is_named(app: App, moment: str) -> None:
    if moment == "future":
        moment = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = app.http.get("/v1/products", params={"as_of": moment})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?as_of"
