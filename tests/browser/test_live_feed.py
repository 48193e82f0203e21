"""The feed holds still while somebody reads it, groups when it is busy, filters and undoes."""

import re
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_live_page import ROWS, open_live, put_products
from tests.support.processes.running import App
from tests.support.waiting import until

FRESH = "#fresh"
COUNTED = """() => {
  const count = ({ dataset, textContent }) =>
    Number(dataset.count ?? (dataset.id ? 1 : textContent.replace(/\\D/g, "")));
  return [...document.querySelectorAll("#feed > *")].map(count).reduce((sum, one) => sum + one, 0);
}"""  # changes that the feed shows or counts


_NUMBERS = count(1)


@pytest.fixture
def kettle(shared: App) -> str:
    """The id of a product that no other test has."""
    product_id = f"K{next(_NUMBERS)}"
    create_kettle(shared, product_id)
    return product_id


@pytest.fixture
def live(shared: App, page: Page, kettle: str) -> Page:
    """The Live page with the changes of that product."""
    open_live(page, shared.url, kettle)
    expect(page.locator(ROWS)).to_have_count(1)
    return page


@pytest.fixture
def shop(app: App, page: Page) -> Page:
    """The Live page of a shop whose only product is P1."""
    create_kettle(app, "P1")
    open_live(page, app.url)
    expect(page.locator(ROWS)).to_have_count(1)
    return page


def create_kettle(app: App, product_id: str) -> None:
    """Create it, and wait until the server's lists have it."""
    app.create(product_id, 100, name="Kettle")
    until(lambda: app.http.get("/v1/events", params={"product_id": product_id}).json()["items"])
    until(lambda: app.http.get(f"/v1/products?q={product_id}").json()["items"])


def test_pointing_at_a_row_holds_the_feed(shared: App, live: Page, kettle: str) -> None:
    live.locator(ROWS).hover()
    shared.adjust(kettle, -1)
    expect(live.locator(FRESH)).to_have_text("1 new ↑")
    live.mouse.move(5, 5)
    expect(live.locator(ROWS)).to_have_count(2)
    expect(live.locator(FRESH)).to_be_hidden()


def test_a_link_with_the_focus_holds_the_feed_until_new_ones_are_asked_for(
    shared: App, live: Page, kettle: str
) -> None:
    live.locator("#pause").focus()
    live.keyboard.press("Tab")
    expect(live.locator(f"{ROWS} a.name")).to_be_focused()
    shared.adjust(kettle, -1)
    live.locator(FRESH).click()
    expect(live.locator(ROWS)).to_have_count(2)


def test_selected_text_holds_the_feed(shared: App, live: Page, kettle: str) -> None:
    live.evaluate("() => getSelection().selectAllChildren(document.querySelector('#feed .name'))")
    shared.adjust(kettle, -1)
    expect(live.locator(FRESH)).to_have_text("1 new ↑")
    live.evaluate("() => getSelection().removeAllRanges()")
    expect(live.locator(ROWS)).to_have_count(2)


def test_scrolling_away_holds_the_feed_and_new_ones_lead_back_to_the_top(
    shared: App, live: Page, kettle: str
) -> None:
    for _ in range(25):
        shared.adjust(kettle, -1)
    expect(live.locator(ROWS).first).to_contain_text("76 → 75")
    live.set_viewport_size({"width": 1000, "height": 400})
    live.mouse.wheel(0, 600)
    live.wait_for_function("() => scrollY > 300")
    shared.adjust(kettle, -1)
    expect(live.locator(FRESH)).to_have_text("1 new ↑")
    expect(live.locator(FRESH)).to_be_in_viewport()
    live.locator(FRESH).click()
    expect(live.locator(ROWS).first).to_contain_text("75 → 74")
    assert live.evaluate("scrollY") == 0


def test_busy_feed_groups_and_counts_what_it_does_not_show(app: App, shop: Page) -> None:
    put_products(app, 400)
    shop.wait_for_function(f"() => ({COUNTED})() === 401", timeout=30_000)
    assert shop.locator(ROWS).count() < 300
    expect(shop.locator("#feed .marker").first).to_have_text(re.compile("^[0-9,]+ not shown$"))
    href = shop.locator("#feed .marker a").first.get_attribute("href")
    assert href is not None
    assert href.startswith("/audit?q=created%3A")


def test_changes_of_one_product_are_one_row_that_opens_to_them(app: App, shop: Page) -> None:
    shop.locator("#pause").click()
    for stock in range(20, 10, -1):
        put_products(app, 25, stock)
    expect(shop.locator(FRESH)).to_have_text("250 new ↑", timeout=30_000)
    shop.locator("#pause").click()
    expect(shop.locator("#feed .group")).to_have_count(25)
    group = shop.locator("#feed .group").first
    expect(group.locator("> .change")).to_have_text("\N{MULTIPLICATION SIGN}10, net −9")
    group.get_by_role("button", name="Show").click()
    expect(group.locator(".inner > .row")).to_have_count(10)
    expect(group.locator(".inner > .row").first).to_contain_text("12 → 11 (−1)")


def test_list_keeps_at_most_500_rows(app: App, shop: Page) -> None:
    shop.locator("#pause").click()
    put_products(app, 600)
    expect(shop.locator(FRESH)).to_have_text("600 new ↑", timeout=30_000)
    shop.locator("#pause").click()
    expect(shop.locator("#feed > *")).to_have_count(500)
    app.create("last")
    expect(shop.locator(ROWS).first).to_contain_text("last")
    expect(shop.locator("#feed > *")).to_have_count(500)


def test_filter_is_in_the_address_and_holds_for_first_and_new_rows(app: App, shop: Page) -> None:
    app.create("P2", 9, name="Cup")
    app.adjust("P2", -1)
    shop.get_by_label("Kind of change").select_option(label="Stock changed")
    shop.wait_for_url(f"{app.url}/?kind=stock_changed")
    expect(shop.locator(ROWS)).to_have_count(1)
    app.create("P3")
    app.adjust("P2", -2)
    expect(shop.locator(ROWS)).to_have_count(2)
    shop.get_by_label("At least so many units").fill("5")
    shop.get_by_label("At least so many units").press("Enter")
    shop.wait_for_url(re.compile("kind=stock_changed&min_delta=5"))
    expect(shop.locator("#none")).to_be_visible()
    app.adjust("P2", 6, "received")
    expect(shop.locator(ROWS)).to_have_count(1)
    expect(shop.locator("#none")).to_be_hidden()
    shop.get_by_role("link", name="Clear", exact=True).click()
    expect(shop.locator(ROWS)).to_have_count(6)


def test_undo_stays_on_the_page_and_can_be_undone_itself(
    shared: App, live: Page, kettle: str
) -> None:
    shared.adjust(kettle, -3)
    expect(live.locator(ROWS)).to_have_count(2)
    live.locator(ROWS).first.hover()
    live.locator(f"{ROWS} .undo").first.click()
    expect(live.locator(".toast")).to_contain_text("Undone.")
    live.mouse.move(5, 5)
    expect(live.locator(ROWS).first).to_contain_text("97 → 100 (+3)")
    live.locator(".toast .undo").click()
    expect(live.locator(ROWS).first).to_contain_text("100 → 97 (−3)")


def test_undo_of_what_changed_again_shows_it_before_after_and_now(
    shared: App, live: Page, kettle: str
) -> None:
    edit = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    for price in ("2", "3", "4"):
        shared.http.patch(f"/v1/products/{kettle}", content=f'{{"price":"{price}"}}', headers=edit)
    expect(live.locator(ROWS)).to_have_count(4)
    live.locator(ROWS).nth(1).hover()
    live.locator(f"{ROWS} .undo").nth(1).click()
    dialog = live.get_by_role("dialog", name="Changed again since")
    expect(dialog.locator("tbody tr")).to_have_text(re.compile(r"Price\s*2\s*3\s*4"))
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    assert live.url == f"{shared.url}/?product_id={kettle}"


def test_tiles_follow_the_stream_and_survive_a_reload(app: App, shop: Page) -> None:
    numbers = {"products": "2", "units": "97", "low": "1", "out": "1", "changes": "3"}
    app.create("P2", 0, name="Cup", reorder_point=3)
    app.adjust("P1", -3)
    for name, text in numbers.items():
        expect(shop.locator(f'[data-tile="{name}"]')).to_have_text(text)
    until(lambda: app.http.get("/v1/products?out=true").json()["items"])
    shop.reload()
    for name, text in numbers.items():
        expect(shop.locator(f'[data-tile="{name}"]')).to_have_text(text)
    expect(shop.locator('[data-tile="lag"]')).to_have_text(re.compile(r"^[\d.]+ s$"))


def test_a_screen_reader_hears_a_summary_and_never_each_row(
    shared: App, page: Page, kettle: str
) -> None:
    page.clock.install()
    open_live(page, shared.url, kettle)
    expect(page.locator(ROWS)).to_have_count(1)
    assert page.locator("#feed").evaluate("list => list.closest('[aria-live]')") is None
    for _ in range(3):
        shared.adjust(kettle, -1)
    expect(page.locator(ROWS).first).to_contain_text("98 → 97")
    page.clock.fast_forward(10_000)
    summary = re.compile("^3 changes. Latest: Kettle, sold, 98 to 97")
    expect(page.locator("#summary")).to_have_text(summary)


def test_dots_of_a_card_offer_undo_on_a_phone(shared: App, live: Page, kettle: str) -> None:
    live.set_viewport_size({"width": 390, "height": 844})
    shared.adjust(kettle, -3)
    expect(live.locator(ROWS)).to_have_count(2)
    live.locator(ROWS).first.get_by_label("More about this change").click()
    actions = live.get_by_role("dialog", name="Kettle")
    expect(actions.get_by_text("sold 100 → 97 (−3)")).to_be_visible()
    actions.get_by_role("button", name="Undo this change").click()
    expect(live.locator(".toast")).to_contain_text("Undone.")
    expect(actions).to_be_hidden()
    live.mouse.move(5, 5)
    expect(live.locator(ROWS).first).to_contain_text("97 → 100 (+3)")
