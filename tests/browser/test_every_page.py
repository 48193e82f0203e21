"""Every page is accessible and fits its window, on three widths, light and dark."""

from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from app.config.signing import audit_keys
from app.notifications.unsubscribe import token
from tests.support.house import House, furnished
from tests.support.messages.rule_past import BOB, EVERYONE, rule_with_past
from tests.support.waiting import until

# A new page joins here. `K1` is a product with changes, `K2` was deleted; `{event}` is the id of
# K1's newest change, `{at}` a time before it, and `{key}` the id of a key. The others are imports,
# by their state.
PAGES = [
    "/",
    "/products",
    "/products?q=nothing",
    "/products/new",
    "/products/edit?id=K1",
    "/products/adjust?id=K1",
    "/products/delete?id=K1",
    "/products/history?id=K1",
    "/products/history?id=K2",
    "/products/restore?id=K1&at={at}",
    "/products/export",
    "/alerts",
    "/alerts?tab=reorder",
    "/alerts?tab=resolved",
    "/alerts/order?id=K1&alerts=low-1",
    "/products/import",
    "/products/import/preview?id={ready}",
    "/products/import/preview?id={unclear}",
    "/products/import/preview?id={failed}",
    "/products/import/preview?id={done}",
    "/stock-take",
    "/stock-take?draft=0000000000000001",
    "/stock-take?draft=0000000000000001&code=unknown&find=kettle",
    "/audit",
    "/audit?q=nothing",
    "/audit?q=product:K1&event={event}",
    "/audit/{event}",
    "/audit/nothing",
    "/analytics",
    "/analytics?range=24h&category=nothing",
    "/analytics?from=2026-02-01&to=2026-01-01",
    "/notifications",
    "/notifications/new?product=K1",
    "/notifications/rule?id={rule}",
    "/notifications/edit?id={rule}",
    "/notifications/delete?id={rule}",
    "/notifications/inbox",
    "/unsubscribe?token={token}",
    "/system",
    "/system/sinks/rebuild?name=alerts",
    "/admin",
    "/admin/keys/revoke?id={key}",
    "/docs",
    "/nothing",
]
SIZES: list[ViewportSize] = [
    {"width": 1280, "height": 800},
    {"width": 768, "height": 1024},
    {"width": 390, "height": 844},
]
# The dark differs in its colours only, and all rules take seconds on a large page.
RULES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {},
    "dark": {"runOnly": ["color-contrast"]},
}


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with furnished(endpoint, tmp_path_factory.mktemp("every")) as running:
        admin = running.headers["admin"]
        for product_id in ("K1", "K2"):
            body = {"product_id": product_id, "name": "Kettle", "stock": 2, "reorder_point": 3}
            running.app.http.post("/v1/products", json=body, headers=admin)
        running.app.http.delete("/v1/products/K2", headers={"If-Match": "*"} | admin)
        adjusted = "/v1/products/K1/adjustments"
        running.app.http.post(adjusted, json={"delta": 1, "reason": "found"}, headers=admin)
        scan = {"draft": "0000000000000001", "mode": "count", "code": "K1", "list_name": "Aisle 3"}
        running.app.http.post("/stock-take/scan", data=scan, headers=admin)
        yield running


@pytest.fixture(scope="module")
def names(house: House) -> dict[str, str]:
    """The values in braces."""

    def events() -> list[dict[str, Any]]:
        answer = house.app.http.get("/v1/products/K1/events", headers=house.headers["admin"])
        return list(answer.json()["items"])

    until(lambda: len(events()) == 2)
    newest, oldest = events()
    admin, key = house.headers["admin"], house.made["viewer"].id
    until(lambda: "K1" in house.app.http.get("/alerts", headers=admin).text)
    rows = "sku,name,price,category\nK1,Pot,3,\nN1,New,,x\nK1x,,1,y\n,Nothing,,\n"
    imports = {
        "ready": imported(house, rows),
        "unclear": imported(house, "a,b\n1,2\n"),
        "failed": imported(house, ""),
        "done": imported(house, "sku,name\nN2,New\nN3,\n", start="true"),
    }
    event = quote(newest["id"], safe="")
    rule = rule_with_past(house.app.services.store)
    house.app.services.rule_desk.test(rule.id, EVERYONE.id, "ann")
    link = token(audit_keys(house.app.services.settings), rule.id, BOB.id)
    return {
        "event": event,
        "at": oldest["time"],
        "key": key,
        "rule": rule.id,
        "token": link,
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


def check(page: Page, path: str, act: Callable[[Page], None] = lambda _: None) -> None:
    """Check the page at `path`, or the one that `act` leads to, at every size in both schemes."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Security" in line.text else None)
    page.goto(path)
    if path == "/docs":
        page.locator(".opblock").first.wait_for()
    act(page)
    for size in SIZES:
        page.set_viewport_size(size)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], (path, size)
        if path == "/docs" and size != SIZES[0]:
            continue  # axe reads the whole API for half a minute, and nothing changes with the size
        for scheme, rules in RULES.items():
            page.emulate_media(color_scheme=scheme)
            results = Axe().run(page, options=rules)
            where = f"{path}, {size['width']} px, {scheme}: {results.generate_report()}"
            assert results.violations_count == 0, where
    assert errors == [], path


@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible_and_fits(
    signed_in: BrowserContext, names: dict[str, str], path: str
) -> None:
    page = signed_in.new_page()
    check(page, path.format(**names))
    page.close()


def undo_twice(page: Page) -> None:
    """Send a form that was read before somebody else undid the change."""
    button = page.get_by_role("button", name="Undo this change")
    form = button.evaluate_handle("button => button.form.cloneNode(true)")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Undo this change").click()
    expect(other.get_by_text("The change was undone.")).to_be_visible()
    other.close()
    form.evaluate(
        "form => { document.body.append(form); form.requestSubmit(form.querySelector('button')); }"
    )
    expect(page.get_by_role("heading", name="Undone already")).to_be_visible()


def undo_selection(page: Page) -> None:
    page.locator("#list .pick input").first.check()
    page.get_by_role("button", name="Undo the selected changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("of 1 change")


def unfold(page: Page) -> None:
    for title in page.locator("details.part > summary").all():
        title.click()


def refuse_key(page: Page) -> None:
    page.locator("summary", has_text="Make a key").click()
    page.get_by_label("Name").fill("local")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("alert")).to_contain_text("The key was not made.")


def make_key(page: Page) -> None:
    page.locator("summary", has_text="Make a key").click()
    page.get_by_label("Name").fill("Till 3")
    page.get_by_label("Also make a link").check()
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Key made: Till 3")


def change_selection(page: Page) -> None:
    page.get_by_label("Select Kettle").first.check()
    page.get_by_role("button", name="Take…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Take from 1 product")


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("/audit/{event}", undo_twice),
        ("/audit?q=product:K1", undo_selection),
        ("/products", change_selection),
        ("/system", unfold),
        ("/admin", refuse_key),
        ("/admin", make_key),
    ],
)
def test_page_that_a_form_leads_to_is_accessible_and_fits(
    signed_in: BrowserContext, names: dict[str, str], path: str, act: Callable[[Page], None]
) -> None:
    page = signed_in.new_page()
    check(page, path.format(**names), act)
    page.close()


def test_sign_in_is_accessible_and_fits(house: House, browser: Browser) -> None:
    with browser.new_context(base_url=house.app.url, reduced_motion="reduce") as context:
        check(context.new_page(), "/sign-in")
