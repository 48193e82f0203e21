"""A product is watched from its page, and the message appears in the browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.house import House, furnished
from tests.support.messages.rule_past import rule_with_past
from tests.support.waiting import until

# Records what would be shown over other windows, of a page that nobody looks at.
UNSEEN = """
Object.defineProperty(document, "hidden", { get: () => window.unseen === true });
window.shown = [];
window.Notification = class extends EventTarget {
  static permission = "default";
  static async requestPermission() { return (this.permission = "granted"); }
  constructor(title, options) { super(); window.shown.push({ title, ...options }); }
  close() {}
};
"""


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with furnished(endpoint, tmp_path_factory.mktemp("notify")) as running:
        body = {"product_id": "N1", "name": "Kettle", "stock": 2, "reorder_point": 3}
        running.app.http.post("/v1/products", json=body, headers=running.headers["admin"])
        yield running


def asks_now(page: Page, path: str) -> None:
    """Open a page that asks for messages soon, as if no tab had asked lately."""
    page.evaluate("localStorage.removeItem('stockpulse-inbox-asked')")
    page.goto(path)


def test_a_product_is_watched_and_the_message_appears(house: House, browser: Browser) -> None:
    with browser.new_context(base_url=house.app.url, reduced_motion="reduce") as context:
        context.request.post("/sign-in", form={"key": house.secrets["editor"]})
        context.add_init_script(UNSEEN)
        page = context.new_page()
        page.goto("/products/history?id=N1")
        page.get_by_role("button", name="Watch").click()
        expect(page.get_by_label("Name", exact=True)).to_have_value("Kettle")
        expect(page.get_by_label("Out of stock")).to_be_checked()
        expect(page.get_by_label("Address 1")).to_have_value("editor")
        expect(page.locator("[data-hint=browser]")).to_be_visible()
        expect(page.locator("[data-hint=webhook]")).to_be_hidden()
        page.get_by_label("Way 2").select_option("webhook")
        expect(page.locator("[data-hint=webhook]")).to_be_visible()
        rows = page.locator("[data-row]")
        before = rows.count()
        page.get_by_role("button", name="Add a row").click()
        expect(rows).to_have_count(before + 1)
        expect(page.get_by_label(f"Address {before + 1}")).to_be_focused()
        page.get_by_label(f"Way {before + 1}").select_option("browser")
        page.get_by_label(f"Address {before + 1}").fill("everyone")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("heading", name="What it would have sent")).to_be_visible()
        page.get_by_role("button", name="Make the rule").click()
        expect(page.get_by_role("status").filter(has_text="The rule is made.")).to_be_visible()
        page.get_by_role("button", name="Send a test").click()
        expect(page.locator("#sent")).to_contain_text("Waits in the browser of editor.")
        asks_now(page, "/products")
        toast = page.locator(".toast", has_text="Test of “Kettle”")
        expect(toast).to_be_visible()
        page.locator(".toast", has_text="Show messages").get_by_role("button", name="Allow").click()
        assert page.evaluate("Notification.permission") == "granted"
        assert page.evaluate("window.shown") == []
        asks_now(page, "/products")
        house.app.services.rule_desk.test(newest_rule(house), None, "t")
        page.evaluate("window.unseen = true; Notification.permission = 'granted'")
        shown = until(lambda: page.evaluate("window.shown"))
        assert [one["title"] for one in shown] == ["Test of “Kettle”"]
        expect(toast).to_have_count(0)
        page.goto("/notifications/inbox")
        expect(page.get_by_role("heading", level=2, name="Test of “Kettle”")).to_have_count(2)


def newest_rule(house: House) -> str:
    return house.app.services.store.rules.all()[-1].id


def test_a_rule_is_handled_on_a_phone_without_script(house: House, browser: Browser) -> None:
    rule = rule_with_past(house.app.services.store)
    with browser.new_context(
        base_url=house.app.url,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        java_script_enabled=False,
    ) as context:
        context.request.post("/sign-in", form={"key": house.secrets["editor"]})
        page = context.new_page()
        page.goto("/notifications")
        page.get_by_role("link", name="Kitchen runs low").tap()
        row = page.get_by_role("row").filter(has_text="loft 3")
        expect(row).to_contain_text("Gets nothing more: it bounced.")
        button = row.get_by_role("button", name="Send again")
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        button.tap()
        expect(page.get_by_role("row").filter(has_text="loft 3")).to_contain_text("cannot send")
        page.get_by_role("button", name="Signing secret").tap()
        secret = page.get_by_label("Secret", exact=True)
        first = secret.input_value()
        assert first.startswith("whsec_")
        page.get_by_role("button", name="Make a new secret").tap()
        expect(page.get_by_text("also signs until")).to_be_visible()
        assert secret.input_value() != first
        page.goto(f"/notifications/edit?id={rule.id}")
        page.get_by_role("button", name="Add a row").tap()
        expect(page.locator("[data-row]")).to_have_count(8)
        page.get_by_label("Address 5").fill("ann")
        page.get_by_role("button", name="Save", exact=True).last.tap()
        expect(page.get_by_text("Saved. It applies")).to_be_visible()
        expect(page.get_by_role("row", name="ann Way In the browser")).to_be_visible()
        # Its channel is not set up here, and the rule can be changed all the same.
        expect(page.get_by_role("row").filter(has_text="loft 3")).to_be_visible()
