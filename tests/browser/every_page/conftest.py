"""A shop that has everything that a page can show, and an administrator who is signed in to it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext

from app.config.signing import audit_keys
from app.notifications.unsubscribe import token
from tests.support.house import House, furnished
from tests.support.messages.rule_past import BOB, EVERYONE, rule_with_past
from tests.support.waiting import until

LONG = "long" + "i" * 2000


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with furnished(endpoint, tmp_path_factory.mktemp("every")) as running:
        app, admin = running.app, running.headers["admin"]
        name = "Kettle with a rather long name for a phone"
        for product_id in ("K1", "K2"):
            body = {"product_id": product_id, "name": name, "stock": 2, "reorder_point": 3}
            app.http.post("/v1/products", json=body | {"price": "12.50"}, headers=admin)
        app.http.delete("/v1/products/K2", headers={"If-Match": "*"} | admin)
        adjusted = "/v1/products/K1/adjustments"
        app.http.post(adjusted, json={"delta": 1, "reason": "found"}, headers=admin)
        for stock, letter in ((-1, "t"), (5, "u")):
            named = {"ProductID": LONG, "ProductName": "A" * 200}
            app.put_outside(**named, Stock=stock, remark=letter * 10_000)
        for name, q in (("Low kettles", "q=kettle&low=true"), ("S" * 64, "out=true")):
            saved = {"kind": "products", "q": q}
            app.http.put(f"/v1/views/{name}", json=saved, headers=admin)
        scan = {"draft": "0000000000000001", "mode": "count", "code": "K1", "list_name": "Aisle 3"}
        app.http.post("/stock-take/scan", data=scan, headers=admin)
        yield running


@pytest.fixture(scope="module")
def names(house: House) -> dict[str, str]:
    """The values in braces of the addresses in test_pages.py."""
    admin, key = house.headers["admin"], house.made["viewer"].id

    def events(product_id: str) -> list[dict[str, Any]]:
        answer = house.app.http.get(f"/v1/products/{product_id}/events", headers=admin)
        return list(answer.json().get("items", []))

    rows = "sku,name,price,category\nK1,Pot,3,\nN1,New,,x\nK1x,,1,y\n,Nothing,,\n"
    imports = {
        "ready": imported(house, rows),
        "unclear": imported(house, "a,b\n1,2\n"),
        "failed": imported(house, ""),
        "done": imported(house, "sku,name\nN2,New\nN3,\n", start="true"),
    }
    rule = rule_with_past(house.app.services.store)
    house.app.services.rule_desk.test(rule.id, EVERYONE.id, "ann")
    until(lambda: len(events("K1")) == 2 and len(events(LONG)) == 2)
    until(lambda: "K1" in house.app.http.get("/alerts", headers=admin).text)
    newest, oldest = events("K1")
    return {
        "event": quote(newest["id"], safe=""),
        "at": oldest["time"],
        "long": LONG,
        "long_at": events(LONG)[1]["time"],
        "key": key,
        "rule": rule.id,
        "token": token(audit_keys(house.app.services.settings), rule.id, BOB.id),
        **imports,
    }


def imported(house: House, text: str, **parameters: str) -> str:
    """The id of an import, once it is not at work."""
    headers = house.headers["admin"] | {"Content-Type": "text/csv"}
    query = {"filename": "deliveries of November.csv", **parameters}
    one = house.app.http.post("/v1/imports", content=text, params=query, headers=headers).json()

    def is_settled() -> bool:
        now = house.app.http.get(f"/v1/imports/{one['id']}", headers=headers).json()
        return now["state"] not in {"reading", "running"}

    until(is_settled)
    return str(one["id"])


@pytest.fixture(scope="module")
def signed_in(house: House, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which an administrator has signed in."""
    with browser.new_context(base_url=house.app.url, reduced_motion="reduce") as context:
        context.set_default_timeout(60_000)  # a loaded machine draws the API slowly
        context.request.post("/sign-in", form={"key": house.secrets["admin"]})
        yield context
