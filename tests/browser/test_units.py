"""Rows, stock cells and tiles that the script updates have units as the server's have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.processes.running import App, serving, settings_for


@pytest.fixture
def app(endpoint: str, tmp_path: Path) -> Iterator[App]:
    """An application with an attribute for units."""
    with serving(settings_for(endpoint, tmp_path, unit_attribute="Unit")) as running:
        yield running


def test_live_page_shows_units_and_never_sums_different_ones(app: App, page: Page) -> None:
    app.create("R1", 12, unit="kg")
    page.goto(app.url)
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    app.adjust("R1", -3)
    expect(page.locator(".row [data-part=change]").first).to_have_text("12 → 9 kg (−3)")
    expect(page.locator("[data-tile=units]")).to_have_text("9 kg")
    app.create("R2", 40)
    expect(page.locator("[data-part=kinds]")).to_have_text("40")
    page.reload()
    shown = page.locator(".tile", has=page.locator("[data-tile=units]"))
    expect(shown).to_have_attribute("title", "40, 9 kg")


def test_stock_cell_follows_the_stream_with_its_unit(app: App, page: Page) -> None:
    app.create("R1", 12, unit="kg", reorder_point=10)
    page.goto(f"{app.url}/products")
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    stock = page.locator("tr[data-product=R1] [data-part=stock]")
    app.adjust("R1", -3)
    expect(stock).to_have_text("9 kg")
    expect(page.locator("tr[data-product=R1] [data-part=level]")).to_have_text("low")
    page.get_by_label("Add to Name of R1").click()
    expect(page.get_by_label("Quantity, kg")).to_be_focused()
    page.keyboard.press("Enter")
    expect(stock).to_have_text("10 kg")
    expect(page.locator("#toasts")).to_contain_text("Added 1 kg: Name of R1 has 10 kg.")
