"""Charts are drawn from tables: both lead to the same changes, by mouse, by touch and by keys."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.processes.running import App
from tests.support.waiting import until


@pytest.fixture(scope="module")
def shop(shared: App) -> App:
    shared.create("T", 40, price="2", category="Tea")
    shared.adjust("T", -10)
    shared.adjust("T", 30, "received")
    until(lambda: shared.services.read_model.state.events.filled)
    page = {"Accept": "text/html"}
    until(lambda: "<span>+30<" in shared.http.get("/analytics", headers=page).text)  # the last one
    return shared


def searched(page: Page) -> str:
    """The search of the Audit page that was opened."""
    page.wait_for_url("**/audit?q=*")
    return parse_qs(urlsplit(page.url).query)["q"][0]


def plotted(page: Page, name: str) -> None:
    expect(page.locator(f"#{name}-plot canvas")).to_be_visible()


def test_bar_opens_its_reason_and_the_keys_open_the_whole_bar(shop: App, page: Page) -> None:
    page.goto(f"{shop.url}/analytics?range=7d")
    plotted(page, "movement")
    day = datetime.now(UTC).date().isoformat()
    box = page.locator("#movement-plot .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    expect(page.locator("#movement .reading")).to_contain_text("nothing")
    assert page.locator("#movement-plot").bounding_box()["height"] == 260  # type: ignore[index]
    # The last bar's lower end is what was sold: 70 units came in, and 10 went out.
    page.mouse.click(box["x"] + box["width"] * 13 / 14, box["y"] + box["height"] * 0.93)
    assert searched(page) == f"created:{day} kind:stock_changed delta:>=0 reason:sold"
    expect(page.locator("#list .row")).to_have_count(1)
    page.go_back()
    plotted(page, "rate")
    chart = page.get_by_role("slider", name="Changes per day")
    chart.focus()
    page.keyboard.press("ArrowLeft")
    expect(chart).to_have_attribute("aria-valuenow", "5")
    page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuetext", page.locator("#rate .reading").inner_text())
    page.keyboard.press("Enter")
    assert searched(page) == f"created:{day}"
    expect(page.locator("#list .row")).to_have_count(3)


def test_chart_switches_to_its_table_and_stays_so(shop: App, page: Page) -> None:
    page.goto(f"{shop.url}/analytics")
    plotted(page, "value")
    table = page.get_by_role("region", name="Stock value, as a table")
    expect(table).to_be_hidden()
    page.locator("#value").get_by_label("Table", exact=True).check()
    expect(table.get_by_role("row").last).to_contain_text("120.00")
    expect(page.locator("#value-plot")).to_be_hidden()
    page.locator("#ask").get_by_label("Category").select_option("Tea")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/analytics?category=Tea")
    expect(page.get_by_role("region", name="Stock value, as a table")).to_be_visible()


def test_products_are_bars_that_lead_to_their_changes(shop: App, page: Page) -> None:
    page.goto(f"{shop.url}/analytics?range=7d&by=moved")
    bars = page.get_by_role("list", name="Top movers: In and out")
    expect(bars.get_by_role("link")).to_have_count(1)
    expect(bars).to_contain_text("+70 −10")
    first, second = (one.bounding_box() for one in bars.locator("rect").all())
    assert first is not None
    assert second is not None
    assert first["width"] == pytest.approx(7 * second["width"], rel=0.05)
    expect(page.locator("#movers table")).to_be_hidden()
    page.locator("#movers").get_by_label("Table", exact=True).check()
    expect(bars).to_be_hidden()
    expect(page.locator("#movers table")).to_contain_text("Name of T")
    page.locator("#movers").get_by_label("Table", exact=True).uncheck()
    bars.get_by_role("link").focus()
    page.keyboard.press("Enter")
    assert "product:T" in searched(page)
    expect(page.locator("#list .row")).to_have_count(3)


def test_without_a_script_tables_and_form_do_the_same(shop: App, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False, base_url=shop.url) as context:
        page = context.new_page()
        page.goto("/analytics")
        expect(page.get_by_label("Table", exact=True)).to_have_count(5)
        expect(page.get_by_label("Table", exact=True).first).to_be_hidden()
        page.get_by_label("From").fill("2026-01-01")
        page.get_by_role("button", name="Show").click()
        sold = page.locator("[data-figures=movement]").get_by_role("link", name="−10")
        sold.click()
        assert "reason:sold" in searched(page)


def test_tables_are_there_if_the_charts_cannot_be_loaded(shop: App, page: Page) -> None:
    page.route("**/uPlot.esm.js", lambda route: route.abort())
    page.goto(f"{shop.url}/analytics")
    expect(page.get_by_role("region", name="Movement by reason, as a table")).to_be_visible()
    expect(page.locator("#movement .plot")).to_be_hidden()


def test_touch_reads_a_bar_before_it_opens_it(shop: App, browser: Browser) -> None:
    with browser.new_context(
        base_url=shop.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto("/analytics?range=7d")
        plotted(page, "rate")
        panels = [panel.bounding_box() for panel in page.locator(".panel").all()]
        assert {box["x"] for box in panels if box} == {panels[0]["x"]}  # type: ignore[index]
        over = page.locator("#rate-plot .u-over")
        box = over.bounding_box()
        assert box is not None
        place = {"x": box["width"] - 6, "y": box["height"] / 2}
        over.tap(position=place)  # type: ignore[arg-type]
        expect(page.locator("#rate .reading")).to_contain_text("Changes 3")
        assert "/analytics" in page.url
        over.tap(position=place)  # type: ignore[arg-type]
        assert searched(page).startswith("created:")
