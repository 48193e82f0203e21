"""What every page has: navigation, menu, keys, theme, toasts, whole times, and news of alerts."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from app.web.statics import static_path
from tests.support.processes.running import App


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    shared.create("SH1", stock=9)
    return shared


def toast(page: Page, text: str, *, undo: bool = False, error: str = "") -> None:
    """Show a toast as a page's script does; its undo is counted, and fails with `error`."""
    page.evaluate(
        """async ([module, text, undoable, error]) => {
          const { toast } = await import(module);
          async function undo() {
            window.undone = (window.undone ?? 0) + 1;
            if (error) throw new Error(error);
          }
          toast(text, undoable ? { undo } : {});
        }""",
        [f"{static_path()}/shell/toast.js", text, undo, error],
    )


def test_phone_has_its_navigation_at_the_bottom_without_script(app: App, browser: Browser) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=False, has_touch=True
    ) as context:
        page = context.new_page()
        page.goto(f"{app.url}/products")
        bar = page.get_by_role("navigation", name="Main")
        expect(bar.get_by_role("link")).to_have_text(
            ["Live", "Products", "Scan", "Alerts"], use_inner_text=True
        )
        for target in (*bar.get_by_role("link").all(), page.locator("#more > summary")):
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 44, target
            assert box["y"] + box["height"] > 840, "not at the bottom"
        page.locator("#more > summary").click()
        page.locator(".menu").get_by_role("link", name="System").click()
        expect(page.get_by_role("heading", name="System", exact=True)).to_be_visible()


def test_menu_closes_with_escape_and_returns_the_focus(app: App, page: Page) -> None:
    page.goto(f"{app.url}/products")
    more = page.locator("#more > summary")
    more.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="API", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="API", exact=True)).to_be_hidden()
    expect(more).to_be_focused()


def test_keys_act_on_the_page_but_not_while_typing_and_can_be_switched_off(
    app: App, page: Page
) -> None:
    page.goto(f"{app.url}/products")
    expect(page.locator("#show-keys")).to_have_count(1)
    search = page.get_by_role("searchbox").first
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("a?/")
    expect(search).to_have_value("a?/")
    page.get_by_role("heading", name="Products", exact=True).click()
    page.keyboard.press("Control+/")
    expect(search).not_to_be_focused()

    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.locator("dt")).to_contain_text(["/", "u", "?"])
    dialog.get_by_role("switch", name="Use these keys").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("#show-keys")).not_to_have_attribute("hidden", "")
    page.keyboard.press("/")
    expect(search).not_to_be_focused()
    page.locator("#more > summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_role("switch", name="Use these keys").check()
    dialog.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    expect(search).to_be_focused()


def test_chosen_theme_holds_on_the_next_page_and_in_other_tabs(app: App, page: Page) -> None:
    def ground(of: Page) -> str:
        return str(of.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    page.emulate_media(color_scheme="light")
    page.goto(f"{app.url}/products")
    other = page.context.new_page()
    other.goto(f"{app.url}/audit")
    light = ground(page)
    page.locator("#more > summary").click()
    page.get_by_role("radio", name="Dark").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    expect(other.locator("#theme [value=dark]")).to_be_checked()
    page.goto(f"{app.url}/system")
    assert ground(page) != light
    page.goto(f"{app.url}/docs")
    expect(page.locator("html")).to_have_class(re.compile("dark-mode"))


def test_toast_is_undone_by_button_or_key_and_says_how_that_went(app: App, page: Page) -> None:
    page.goto(f"{app.url}/products")
    expect(page.locator("#show-keys")).not_to_have_attribute("hidden", "")
    said = page.locator("#toasts")
    toast(page, "3 sold.", undo=True)
    expect(said).to_contain_text("3 sold.")
    page.keyboard.press("u")
    expect(said).to_contain_text("Undone.")
    assert page.evaluate("window.undone") == 1
    toast(page, "4 sold.", undo=True, error="Changed again since.")
    said.get_by_role("button", name="Undo").click()
    expect(said).to_contain_text("Changed again since.")
    expect(said.get_by_role("button", name="Undo")).to_have_count(0)


def test_toast_waits_while_it_has_the_focus(app: App, page: Page) -> None:
    page.clock.install()
    page.goto(f"{app.url}/products")
    toast(page, "Left alone")
    page.clock.run_for(7_000)
    expect(page.get_by_text("Left alone")).to_have_count(0)
    toast(page, "Pointed at")
    page.locator("#toasts").get_by_role("button", name="Dismiss").focus()
    page.clock.run_for(60_000)
    expect(page.get_by_text("Pointed at")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Pointed at")).to_have_count(0)
    expect(page.locator("#content")).to_be_focused()


def test_time_is_an_age_and_whole_on_hover_and_focus(app: App, browser: Browser) -> None:
    with browser.new_context(timezone_id="Asia/Tokyo") as context:
        page = context.new_page()
        page.goto(f"{app.url}/products/history?id=SH1")
        time = page.locator("ol time").first
        expect(time).to_have_text(re.compile(r"now|\d+ (s|min) ago"))
        tip = page.get_by_role("tooltip")
        time.hover()
        expect(tip).to_contain_text("here (Asia/Tokyo)")
        expect(tip).to_contain_text("in the shop (UTC)")
        page.keyboard.press("Escape")
        expect(tip).to_be_hidden()


def test_alert_that_opened_unseen_is_in_the_title_and_told_on_return(app: App, page: Page) -> None:
    page.clock.install()
    page.goto(f"{app.url}/products")
    title = page.title()
    page.evaluate("localStorage.setItem('stockpulse-alerts-seen', '2020-01-01T00:00:00Z')")
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true})"
    page.evaluate(hide % "true")
    alert = {"since": "2026-01-01T00:00:00Z", "kind": "low", "stock": 2}
    alert |= {"product_id": "SH1", "product_name": "Kettle"}
    page.route("**/v1/alerts?*", lambda route: route.fulfill(json={"items": [alert]}))
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    app.adjust("SH1", -1)
    for _ in range(100):  # the change arrives in its own time
        page.clock.run_for(1_000)
        if page.title() != title:
            break
    assert page.title() == f"(1) {title}"
    assert str(page.locator("#icon").get_attribute("href")).startswith("data:image/svg+xml")
    page.evaluate(hide % "false")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")
    expect(page.locator("#toasts")).to_contain_text("Kettle is low: 2 left.")
    link = page.locator("#toasts").get_by_role("link", name="Show")
    expect(link).to_have_attribute("href", "/alerts")
    assert page.title() == title


def test_a_long_pill_leaves_room_for_the_menu_on_a_tablet(app: App, page: Page) -> None:
    page.set_viewport_size({"width": 768, "height": 900})
    page.goto(f"{app.url}/products")
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    page.locator("#pill [data-part=text]").evaluate(
        "(text) => text.textContent = 'Live · caught up 12,312, some missed'"
    )
    box = page.locator("#more > summary").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 768
