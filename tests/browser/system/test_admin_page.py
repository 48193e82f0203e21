"""Keys are made and revoked with the keyboard alone, and links on a phone without script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.house import House, furnished


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with furnished(endpoint, tmp_path_factory.mktemp("admin")) as running:
        yield running


def press_until(page: Page, key: str, name: str) -> None:
    """Press a key until the element with this name has the focus."""
    for _ in range(60):
        page.keyboard.press(key)
        named = "document.activeElement.ariaLabel ?? document.activeElement.innerText"
        if page.evaluate(named) == name:
            return
    pytest.fail(f"{name!r} cannot be reached with {key}")


def test_a_key_is_made_copied_and_revoked_with_the_keyboard(house: House, browser: Browser) -> None:
    with browser.new_context(
        base_url=house.app.url, permissions=["clipboard-read", "clipboard-write"]
    ) as context:
        context.request.post("/sign-in", form={"key": house.secrets["admin"]})
        page = context.new_page()
        page.goto("/admin")
        press_until(page, "Tab", "Make a key")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("Till 9")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Key made: Till 9")
        press_until(page, "Tab", "Copy")
        page.keyboard.press("Enter")
        expect(page.locator("#copied")).to_have_text("Key copied.")
        secret = page.locator("#secret").input_value()
        assert page.evaluate("navigator.clipboard.readText()") == secret
        press_until(page, "Tab", "I have copied it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Admin")
        assert secret not in page.content()
        press_until(page, "Tab", "Revoke Till 9…")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Revoke Till 9?")
        press_until(page, "Tab", "Revoke")
        page.keyboard.press("Enter")
        row = page.locator("#keys tr", has_text="Till 9")
        expect(row).to_contain_text("revoked")
        expect(row.get_by_role("button")).to_have_count(0)


def test_a_link_is_made_and_revoked_on_a_phone_without_script(
    house: House, browser: Browser
) -> None:
    with browser.new_context(
        base_url=house.app.url,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        java_script_enabled=False,
    ) as context:
        context.request.post("/sign-in", form={"key": house.secrets["admin"]})
        page = context.new_page()
        page.goto("/admin")
        button = page.get_by_role("button", name="Sign-in link for viewer")
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= 390
        button.tap()
        link = re.compile(rf"^{re.escape(house.app.url)}/sign-in/link\?token=[\w-]+$")
        expect(page.get_by_label("Sign-in link")).to_have_value(link)
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)
        page.get_by_role("button", name="I have copied it").tap()
        page.get_by_role("button", name="Revoke the link for viewer").tap()
        expect(page.locator("#links")).to_contain_text("No link is waiting to be used.")
