"""Two people scan into one list: each sees the lines of the other, and keeps the focus."""

from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.stocktake.kit import List
from tests.support.processes.running import App

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def app(filled: App) -> App:
    """One application for all tests; each test has products of its own."""
    return filled


@pytest.fixture
def cup(app: App) -> str:
    """The beginning of the ids of a test's three products."""
    name = f"C{next(_NUMBERS)}-"
    for number in range(3):
        app.create(f"{name}{number}", 9)
    return name


def scan(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def begun(page: Page, app: App, cup: str) -> List:
    """The list of the page, with a line."""
    page.goto(f"{app.url}/stock-take")
    scan(page, f"{cup}0")
    expect(page.locator(f"tr[data-product='{cup}0']")).to_be_visible()
    return List(app, draft=page.locator("#take").get_attribute("data-draft") or "")


def test_lines_of_others_appear_without_moving_the_focus(app: App, page: Page, cup: str) -> None:
    theirs = begun(page, app, cup)
    box = page.locator("#code")
    page.keyboard.type("half a co")
    theirs.scan(f"{cup}1")
    expect(page.locator(f"tr[data-product='{cup}1']")).to_be_visible()
    expect(page.locator(".summary")).to_contain_text("2")
    expect(box).to_be_focused()
    expect(box).to_have_value("half a co")
    amount = page.get_by_label(f"Counted: Name of {cup}0")
    amount.fill("7")
    theirs.scan(f"{cup}2")
    expect(page.locator(f"tr[data-product='{cup}2']")).to_be_visible()
    expect(amount).to_be_focused()
    expect(amount).to_have_value("7")
    page.keyboard.press("Enter")
    expect(page.locator(f"tr[data-product='{cup}0']")).to_have_attribute("data-amount", "7")


def test_keypad_stays_with_the_own_line(app: App, browser: Browser, cup: str) -> None:
    size = {"width": 390, "height": 844}
    with browser.new_context(viewport=size, has_touch=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        theirs = begun(page, app, cup)
        theirs.scan(f"{cup}1")
        expect(page.locator("tr[data-product]").first).to_have_attribute("data-product", f"{cup}1")
        keypad = page.get_by_label("Quantity of the last line")
        expect(keypad).to_contain_text(f"Name of {cup}0")
        keypad.get_by_role("button", name="4", exact=True).tap()
        expect(page.locator(f"tr[data-product='{cup}0']")).to_have_attribute("data-amount", "4")
        expect(page.locator(f"tr[data-product='{cup}1']")).to_have_attribute("data-amount", "1")


def test_list_that_others_discard_says_so_and_loses_no_later_scan(
    app: App, page: Page, cup: str
) -> None:
    theirs = begun(page, app, cup)
    assert theirs.post("discard", seen=theirs.version).status_code == 303
    expect(page.get_by_role("alert")).to_contain_text("has discarded this list")
    scan(page, f"3*{cup}1")
    page.get_by_role("button", name="Add them to a new list").click()
    expect(page.locator(f"tr[data-product='{cup}1']")).to_have_attribute("data-amount", "3")
