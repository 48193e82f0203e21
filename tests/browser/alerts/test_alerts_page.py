"""The Alerts page follows the stream without moving under a hand, and acts without leaving it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.processes.running import App
from tests.support.waiting import until

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


@pytest.fixture(scope="module")
def app(filled: App) -> App:
    """One application for all tests; each has products of its own."""
    return filled


def low(app: App, product_id: str, stock: int = 4) -> None:
    """A product with an alert."""
    app.create(product_id, stock, reorder_point=5)
    until(lambda: f'data-product="{product_id}"' in app.http.get("/alerts").text)


def row(page: Page, product_id: str) -> str:
    return f'tr[data-product="{product_id}"]'


def test_alerts_change_in_place_and_new_ones_wait_for_the_pointer(app: App, page: Page) -> None:
    low(app, "LA1")
    page.goto(f"{app.url}/alerts")
    expect(page.locator("#pill")).to_contain_text("Live")
    first = page.locator(row(page, "LA1"))
    first.evaluate("one => (one.dataset.kept = 'yes')")
    app.adjust("LA1", -4)
    expect(first.locator(".level")).to_have_text("out")
    expect(first).to_have_attribute("data-kept", "yes")
    first.locator(".name").hover()
    low(app, "LA2", stock=-1 + 1)  # it is out, and would come first or next
    expect(page.locator("#news")).to_have_text("1 more alert")
    expect(page.locator(row(page, "LA2"))).to_have_count(0)
    app.adjust("LA1", 40, reason="received")
    expect(first.locator(".level")).to_have_text("low")
    page.mouse.move(2, 2)
    expect(page.locator(row(page, "LA2"))).to_have_count(1)
    expect(page.locator("#news")).to_have_text("")


def test_alert_is_snoozed_ordered_and_taken_back_with_the_keyboard_alone(
    app: App, page: Page
) -> None:
    low(app, "LB1")
    page.goto(f"{app.url}/alerts")
    shown = page.locator(row(page, "LB1"))
    shown.get_by_role("button", name="Snooze").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="For a day")).to_be_focused()
    page.keyboard.press("Enter")
    toast = page.locator("#toasts .toast").last
    expect(toast).to_contain_text("Snoozed: Name of LB1.")
    expect(shown).to_contain_text("snoozed")
    expect(shown.get_by_role("link", name="Name of LB1")).to_be_focused()
    expect(page.locator("#tabs")).to_contain_text("Snoozed 1")
    page.keyboard.press("u")
    expect(toast).to_contain_text("Undone.")
    ordered = shown.get_by_role("button", name="Ordered: Name of LB1")
    ordered.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Quantity")).to_be_focused()
    dialog.get_by_label("Quantity").evaluate("one => one.removeAttribute('min')")
    page.keyboard.type("0")  # over what is suggested, which is selected
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Input should be greater than 0")
    expect(dialog.get_by_label("Quantity")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator("#toasts .toast").last).to_contain_text("Order noted: Name of LB1.")
    page.get_by_role("link", name=re.compile("^Ordered 1")).click()
    expect(page.locator(row(page, "LB1"))).to_contain_text("12 ordered for")


def test_what_somebody_else_did_is_marked_while_the_row_is_in_use(app: App, page: Page) -> None:
    low(app, "LC1")
    page.goto(f"{app.url}/alerts")
    shown = page.locator(row(page, "LC1"))
    shown.get_by_role("button", name="Acknowledge").focus()
    page.keyboard.press("Shift+Tab")  # the focus of a keyboard
    alert = app.http.get("/v1/alerts", params={"limit": 200}).json()["items"]
    (one,) = (item["id"] for item in alert if item["product_id"] == "LC1")
    app.http.post(f"/v1/alerts/{one}/order", json={"quantity": 5, "expected": TOMORROW})
    app.create("LC2", 9)  # any change lets the page look
    expect(shown).to_contain_text("not in this list any more")
    expect(shown.get_by_role("button")).to_have_count(0)
    expect(shown.get_by_role("link")).to_be_focused()


def test_phone_has_cards_with_ordered_over_the_full_width(app: App, browser: Browser) -> None:
    low(app, "LD1")
    with browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto(f"{app.url}/alerts")
        card = page.locator(row(page, "LD1"))
        ordered = card.get_by_role("button", name="Ordered").bounding_box()
        width = card.bounding_box()
        assert ordered is not None
        assert width is not None
        assert ordered["width"] > width["width"] - 40
        for button in card.get_by_role("button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
        card.get_by_role("button", name="Acknowledge").tap()
        expect(page.locator(row(page, "LD1"))).to_contain_text("seen by local")
        expect(page.locator("#toasts")).to_contain_text("Acknowledged: Name of LD1.")


def test_reorder_list_opens_one_sheet_and_prints_without_the_frame(app: App, page: Page) -> None:
    low(app, "LE1")
    page.goto(f"{app.url}/alerts?tab=reorder")
    page.get_by_role("button", name="Ordered: Name of LE1").dblclick()
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)  # there was one only
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.emulate_media(media="print")
    for hidden in ("header.top", "#tabs", ".alerts .acts", ".tools"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator(row(page, "LE1")).locator(".c-suggested")).to_be_visible()
    expect(page.locator(".printed")).to_contain_text("Reorder list · ")


def test_badge_of_a_product_leads_to_its_alert(app: App, page: Page) -> None:
    low(app, "LF1")
    page.goto(f"{app.url}/products/history?id=LF1")
    page.locator("a.badge").click()
    expect(page.locator("#saved")).to_have_attribute("data-product", "LF1")
