"""A person finds a change in the Audit, sees what it changed and takes it back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.processes.running import App
from tests.support.waiting import until

BLANK = {"x": 60, "y": 8}  # of a row, beside its links and its box
WIDE, PHONE = 1280, 390


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests."""
    return shared


@pytest.fixture(scope="module")
def lamp(app: App) -> str:
    """A product that was sold three times."""
    app.create("LAMP", 20, name="Desk lamp", category="Light")
    for _ in range(3):
        app.adjust("LAMP", -2)
    until(lambda: found(app, "product:LAMP reason:sold") == 3)
    return "LAMP"


def found(app: App, q: str) -> int:
    answer = app.http.get("/v1/events", params={"q": q, "total": "exact"})
    return int(answer.json()["total"]["count"]) if answer.status_code == 200 else -1


def tab_of(browser: Browser, width: int, *, script: bool = True, dark: bool = False) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
    )
    context.set_default_timeout(15_000)
    return context.new_page()


@pytest.fixture
def wide(browser: Browser) -> Iterator[Page]:
    tab = tab_of(browser, WIDE)
    yield tab
    tab.context.close()


def test_facets_narrow_the_search_and_a_chip_widens_it(app: App, lamp: str, wide: Page) -> None:
    wide.goto(f"{app.url}/audit?q=product:{lamp}")
    wide.locator("#facets").get_by_role("link", name="sold 3").click()
    expect(wide.locator("#list .row")).to_have_count(3)
    assert wide.url.endswith("?q=product%3ALAMP+reason%3Asold")
    wide.get_by_role("link", name="Remove reason:sold").click()
    wide.locator("#facets").get_by_role("link", name="Exclude sold").click()
    expect(wide.locator("#list .row")).to_have_count(1)


def test_example_fills_the_query_line(app: App, wide: Page) -> None:
    wide.goto(f"{app.url}/audit")
    wide.locator("[data-example]").click()
    expect(wide.locator("#query")).to_have_value(re.compile("^kind:stock_changed reason:damaged"))
    expect(wide.locator("#query")).to_be_focused()


def test_choice_follows_clicks_and_arrow_keys_and_survives_a_reload(
    app: App, lamp: str, wide: Page
) -> None:
    wide.goto(f"{app.url}/audit?q=product:{lamp}+reason:sold")
    pane = wide.locator("#pane")
    wide.locator("#list .row").nth(0).click(position=BLANK)
    expect(pane).to_contain_text("16 → 14 (−2)")
    wide.keyboard.press("ArrowDown")
    expect(pane).to_contain_text("18 → 16 (−2)")
    expect(wide.locator("#list .open[aria-current]")).to_be_focused()
    wide.locator("#query").press("ArrowDown")
    expect(wide.locator("#list .open[aria-current]")).to_be_focused()
    wide.reload()
    expect(pane).to_contain_text("18 → 16 (−2)")
    pane.get_by_text("JSON", exact=True).click()
    expect(pane.locator("pre")).to_contain_text('"stock_after": 16')


def test_new_changes_wait_above_the_list(app: App, wide: Page) -> None:
    app.create("VASE", 9)
    until(lambda: found(app, "product:VASE") == 1)
    wide.goto(f"{app.url}/audit?q=product:VASE")
    expect(wide.locator("#pill")).to_contain_text("Live")
    app.adjust("VASE", -1)
    app.adjust("VASE", -1)
    fresh = wide.locator("#fresh")
    expect(fresh).to_have_text("2 new ↑", timeout=30_000)
    expect(wide.locator("#list .row")).to_have_count(1)
    fresh.click()
    expect(wide.locator("#list .row")).to_have_count(3)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_changes_are_undone_singly_and_together(
    app: App, browser: Browser, *, script: bool
) -> None:
    name = f"UNDO{script}"
    app.create(name, 20)
    for _ in range(3):
        app.adjust(name, -2)
    until(lambda: found(app, f"product:{name}") == 4)
    tab = tab_of(browser, WIDE, script=script)
    tab.goto(f"{app.url}/audit?q=product:{name}+reason:sold")
    tab.locator("#list .row").nth(2).click(position=BLANK)
    tab.get_by_role("button", name="Undo this change").click()
    until(lambda: app.http.get(f"/v1/products/{name}").json()["stock"] == 16)
    expect(tab.locator("#pane")).to_contain_text("This change was undone")
    expect(tab.get_by_role("button", name="Undo this change")).to_have_count(0)
    tab.goto(f"{app.url}/audit?q=product:{name}+reason:sold")
    for box in tab.locator("#list .pick input").all()[:2]:
        box.check()
    tab.get_by_role("button", name="Undo the selected changes").click()
    expect(tab.locator("h1")).to_have_text("2 of 2 changes were undone")
    assert app.http.get(f"/v1/products/{name}").json()["stock"] == 20
    tab.context.close()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_on_a_phone_a_change_opens_as_a_page(
    app: App, lamp: str, browser: Browser, *, script: bool
) -> None:
    tab = tab_of(browser, PHONE, script=script)
    tab.goto(f"{app.url}/audit?q=product:{lamp}+reason:sold")
    tab.get_by_role("button", name="Filter").click()
    expect(tab.locator("#filters")).to_be_visible()
    tab.get_by_role("button", name="Done").click()
    tab.locator("#list .row").nth(0).click(position={"x": 200, "y": 50})
    expect(tab.locator("#pane")).to_contain_text("16 → 14 (−2)")
    expect(tab.locator("#list")).to_be_hidden()
    tab.get_by_role("link", name="Back to the list").click()
    expect(tab.locator("#list")).to_be_visible()
    tab.context.close()
