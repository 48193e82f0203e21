"""People change products with and without JavaScript, by keyboard, on a phone, in the dark."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.processes.running import App, item
from tests.support.waiting import until

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each test has products of its own."""
    return shared


@pytest.fixture
def kettle() -> str:
    """The id of a product that no other test has."""
    return f"K{next(_NUMBERS)}"


@pytest.fixture(params=["with script", "without script"])
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param == "with script")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_create_edit_adjust_and_delete(app: App, tab: Page, kettle: str) -> None:
    odd = "A/../ü <b>"
    app.put_outside(ProductID=odd, ProductName="Odd", Stock=1, shelf="A7")

    tab.goto(f"{app.url}/products/new")
    tab.fill("#product_id", kettle)
    tab.fill("#name", "Kettle")
    tab.fill("#stock", "12")
    tab.fill("#price", "19.90")
    tab.keyboard.press("Enter")
    expect(tab.locator(f"tr[data-product={kettle}]")).to_contain_text("Kettle")

    row = tab.locator(f"tr[data-product={kettle}]")
    row.hover()
    row.get_by_label("Take from Kettle").click()
    tab.locator("[name=quantity]:visible").fill("3")
    tab.keyboard.press("Enter")
    expect(row.locator("[data-part=stock]")).to_have_text("9")
    tab.get_by_role("button", name="Undo").last.click()
    expect(row.locator("[data-part=stock]")).to_have_text("12")
    row.hover()
    row.get_by_label("Take from Kettle").click()
    tab.locator("[name=quantity]:visible").fill("3")
    tab.get_by_role("button", name="Take", exact=True).click()
    expect(row.locator("[data-part=stock]")).to_have_text("9")
    assert app.http.get(f"/v1/products/{kettle}").json()["stock"] == 9

    tab.locator(f'tr[data-product="{odd}"]').get_by_label("More for Odd").click()
    tab.get_by_role("link", name="Edit", exact=True).click()
    tab.fill("#name", "Odder")
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator(f'tr[data-product="{odd}"]')).to_contain_text("Odder")
    stored = app.tables.get_item(
        TableName=app.services.about.products_table, Key=item(ProductID=odd), ConsistentRead=True
    )["Item"]
    assert (stored["ProductName"], stored["shelf"]) == ({"S": "Odder"}, {"S": "A7"})

    tab.locator(f"tr[data-product={kettle}]").get_by_label("More for Kettle").click()
    tab.get_by_role("link", name="Delete…").click()
    tab.get_by_role("button", name="Delete").click()
    expect(tab.locator(f"tr[data-product={kettle}]")).to_have_count(0)
    assert app.http.get(f"/v1/products/{kettle}").status_code in {404, 410}


def test_invalid_input_is_kept_and_its_error_is_shown(app: App, tab: Page, kettle: str) -> None:
    tab.goto(f"{app.url}/products/new")
    tab.fill("#product_id", kettle)
    tab.fill("#name", "Kettle")
    tab.fill("#stock", "1")
    tab.fill("#price", "cheap")
    tab.get_by_role("button", name="Create").click()
    expect(tab.locator("#price-help .error")).to_be_visible()
    expect(tab.locator("#name")).to_have_value("Kettle")
    assert app.http.get(f"/v1/products/{kettle}").status_code == 404


def test_edits_of_two_people_are_merged(app: App, tab: Page, kettle: str) -> None:
    app.create(kettle, 5, name="Kettle")
    tab.goto(f"{app.url}/products/edit?id={kettle}")
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    app.http.patch(f"/v1/products/{kettle}", content='{"name":"Theirs"}', headers=patch)
    tab.fill("#name", "Mine")
    tab.fill("#category", "Kitchen")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("row", name="Name Kettle Theirs Mine")).to_be_visible()
    assert app.http.get(f"/v1/products/{kettle}").json()["name"] == "Theirs"
    tab.get_by_label("Theirs").check()
    tab.get_by_role("button", name="Save the merged product").click()
    row = tab.locator(f"tr[data-product={kettle}]")
    expect(row).to_contain_text("Theirs")
    expect(row).to_contain_text("Kitchen")


def test_selected_products_are_deleted_and_restored(app: App, tab: Page, kettle: str) -> None:
    for number in (1, 2):
        app.create(f"{kettle}-{number}", 5, name=f"Selected {kettle}")
    tab.goto(f"{app.url}/products?q=selected+{kettle}")
    expect(tab.get_by_role("button", name="Delete…")).to_be_hidden()
    for number in (1, 2):
        tab.locator(f"tr[data-product={kettle}-{number}] [name=product]").check()
    tab.get_by_role("button", name="Delete…").click()
    tab.get_by_role("button", name="Delete", exact=True).click()
    expect(tab.get_by_text("No product matches.")).to_be_visible()
    expect(tab.get_by_text("2 products changed")).to_be_visible()
    tab.goto(f"{app.url}/products?q=selected+{kettle}&deleted=true")
    until(lambda: app.http.get(f"/v1/products/{kettle}-1").status_code == 410)
    tab.get_by_role("button", name="Restore").first.click()
    expect(tab.locator(f"tr[data-product={kettle}-1]#saved")).to_contain_text("5")
    assert app.http.get(f"/v1/products/{kettle}-1").json()["stock"] == 5


def test_saved_row_is_in_view_after_the_way_back(app: App, tab: Page, kettle: str) -> None:
    for number in range(30):
        app.create(f"{kettle}-{number:02}", 5, name=f"Far {kettle}")
    rows = tab.locator("tbody tr")
    until(lambda: tab.goto(f"{app.url}/products?q=far+{kettle}") and rows.count() == 30)
    last = rows.last
    last.get_by_role("button", name="More for").click()
    last.get_by_role("link", name="Edit").click()
    tab.fill("#price", "8.8")
    tab.keyboard.press("Enter")
    expect(tab.locator("#saved [data-part=price]")).to_have_text("8.80")
    expect(tab.locator("#saved")).to_be_in_viewport()


def test_search_as_one_types_keeps_its_address(app: App, page: Page, kettle: str) -> None:
    app.create(kettle, 0, name=f"Typed {kettle}")
    page.goto(f"{app.url}/products")
    page.get_by_role("searchbox").press_sequentially(f"typed {kettle}")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(f"{app.url}/products?q=typed+{kettle}")
    page.get_by_label("Low", exact=True).check()
    expect(page.get_by_text("No product matches.")).to_be_visible()
    page.get_by_label("Low", exact=True).uncheck()
    page.get_by_label("Out", exact=True).check()
    expect(page.locator("tbody tr")).to_have_count(1)
    app.adjust(kettle, 4, "received")
    expect(page.locator("tbody [data-part=stock]")).to_have_text("4")
    page.locator("tbody tr").click()  # the row is the link
    expect(page).to_have_url(f"{app.url}/products/history?id={kettle}")


def test_live_changes_keep_rows_focus_and_widths(app: App, page: Page, kettle: str) -> None:
    for number in (1, 2):
        app.create(f"{kettle}-{number}", number, name=f"Steady {number}", reorder_point=5)
    page.goto(f"{app.url}/products?q={kettle}&sort=stock")
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    row = page.locator(f"tr[data-product={kettle}-1]")
    row.get_by_role("link", name="Steady 1").focus()
    widths = "() => [...document.querySelectorAll('thead th')].map((one) => one.offsetWidth)"
    before = page.evaluate(widths)
    app.adjust(f"{kettle}-1", 123456789, "received")
    expect(row.locator("[data-part=stock]")).to_have_text("123456790")
    expect(row.locator("[data-part=level]")).to_be_empty()
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
    edit = f'{{"name":"{"Renamed " * 20}x","category":"{"Category " * 9}x"}}'
    app.http.patch(f"/v1/products/{kettle}-1", content=edit, headers=patch)
    expect(row).to_contain_text("Renamed")
    assert page.evaluate(widths) == before
    assert page.locator("tbody tr").first.get_attribute("data-product") == f"{kettle}-1"
    expect(row.locator(".name")).to_be_focused()


def test_hidden_columns_stay_hidden(app: App, page: Page, kettle: str) -> None:
    app.create(kettle, 1)
    page.goto(f"{app.url}/products")
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Price", exact=True).uncheck()
    expect(page.get_by_role("columnheader", name="Price, EUR")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("columnheader", name="Price, EUR")).to_be_hidden()
    expect(page.get_by_role("columnheader", name="Category")).to_be_visible()


def test_stock_on_the_products_page_follows_the_stream(app: App, page: Page, kettle: str) -> None:
    app.create(kettle, 5)
    page.goto(f"{app.url}/products")
    expect(page.locator("#pill")).to_contain_text("Live")
    app.adjust(kettle, -2)
    expect(page.locator(f"tr[data-product={kettle}] [data-part=stock]")).to_have_text("3")


def test_the_first_product_is_a_few_keys_from_the_search(app: App, page: Page) -> None:
    app.create("KEYS", name="Keys")
    page.goto(f"{app.url}/products?q=KEYS")
    expect(page.get_by_label("Take from Keys")).to_be_attached()
    page.get_by_label("Find products").focus()
    for key in ("Tab", "Enter", "Tab", "Tab", "Tab"):  # the link to the list, box, name, minus
        page.keyboard.press(key)
    expect(page.get_by_label("Take from Keys")).to_be_focused()
