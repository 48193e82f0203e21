"""People sign in and use their session, and are redirected to the sign-in when it ends."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.house import House, furnished


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with furnished(endpoint, tmp_path_factory.mktemp("browser")) as running:
        running.app.http.post(
            "/v1/products",
            json={"product_id": "K1", "name": "Kettle", "stock": 12},
            headers=running.headers["editor"],
        )
        yield running


def sign_in(page: Page, house: House, role: str) -> None:
    page.goto(f"{house.app.url}/products")
    page.get_by_label("API key").fill(house.secrets[role])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Products", exact=True)).to_be_visible()


def test_editor_changes_stock_with_a_session_and_signs_out(house: House, page: Page) -> None:
    sign_in(page, house, "editor")
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    row = page.locator("tr[data-product=K1]")
    row.get_by_label("Take from Kettle").click()
    page.keyboard.press("Enter")  # sent by script, with the form's token
    expect(row.locator("[data-part=stock]")).to_have_text("11")
    page.locator("#more > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    page.goto(f"{house.app.url}/")
    expect(page.get_by_label("API key")).to_be_visible()


def test_open_page_redirects_to_the_sign_in_when_its_session_ends(house: House, page: Page) -> None:
    sign_in(page, house, "viewer")
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    expect(page.get_by_label("Take from Kettle")).to_have_count(0)
    other = page.context.new_page()
    other.goto(f"{house.app.url}/products")
    other.locator("#more > summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible(timeout=20_000)
