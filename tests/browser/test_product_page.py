"""The page of one product follows its changes, and leads back to its versions."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.reversals.undoing import edit, events_of
from tests.support.processes.running import App
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each has products of its own."""
    return shared


def charted(app: App, product_id: str) -> None:
    """Wait until the read model has the product's events."""
    until(lambda: "data-chart" in app.http.get(f"/products/history?id={product_id}").text)


def test_changes_arrive_without_a_reload(app: App, page: Page) -> None:
    app.create("ba", stock=10, reorder_point=4)
    events_of(app, "ba", 1)
    charted(app, "ba")
    page.goto(f"{app.url}/products/history?id=ba")
    expect(page.locator("#pill")).to_contain_text("Live")
    expect(page.locator("#chart canvas")).to_be_visible()
    page.locator("#facts summary").evaluate("one => (one.dataset.kept = 'yes')")
    page.evaluate("document.querySelector('#changes > li').dataset.kept = 'yes'")
    app.adjust("ba", -7)
    expect(page.locator("#changes > .row [data-part=change]").first).to_have_text("10 → 3 (−7)")
    expect(page.locator(".stock-now strong")).to_have_text("3")
    expect(page.locator(".badge")).to_have_text("low")
    expect(page.locator("#changes > [data-kept]")).to_have_count(1)
    edit(app, "ba", name="Another name")
    expect(page.locator("h1")).to_have_text("Another name")


def test_slider_shows_the_stock_while_it_moves_and_the_version_after_it(
    app: App, page: Page
) -> None:
    app.create("bb", stock=10, price="2")
    events_of(app, "bb", 1)
    page.wait_for_timeout(1200)  # times have whole seconds on some engines
    edit(app, "bb", price="3")
    events_of(app, "bb", 2)
    charted(app, "bb")
    page.goto(f"{app.url}/products/history?id=bb&range=all")
    expect(page.locator("#chart canvas")).to_be_visible()
    slider = page.get_by_label("Point in time of the chart")
    slider.focus()
    slider.evaluate("one => { one.value = 1; one.dispatchEvent(new Event('input')); }")
    expect(page.locator("#scrub output")).to_contain_text("· 10")
    slider.evaluate("one => one.dispatchEvent(new Event('change'))")
    expect(page).to_have_url(re.compile(r"at=.*#version"))
    expect(page.locator("#version .diffs tbody tr")).to_have_text(
        re.compile(r"Price\s*2.00\s*3.00")
    )


@pytest.mark.parametrize("script", [True, False])
def test_version_is_restored_and_a_change_undone(
    app: App, browser: Browser, *, script: bool
) -> None:
    product_id = f"bc{script}"
    app.create(product_id, stock=10, price="2")
    (created,) = events_of(app, product_id, 1)
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.wait_for_timeout(1200)
    edit(app, product_id, price="3")
    events_of(app, product_id, 2)
    page.goto(f"{app.url}/products/history?id={product_id}&at={created['occurred_at']}")
    page.get_by_role("button", name="Restore this version").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("#toasts" if script else "#done")).to_contain_text(
        f"Restored Name of {product_id}."
    )
    assert app.http.get(f"/v1/products/{product_id}").json()["price"] == "2"

    events_of(app, product_id, 3)
    page.goto(f"{app.url}/products/history?id={product_id}")
    page.locator("#changes > .row").first.hover()
    page.locator("#changes .undo").first.click()
    done = page.locator("#toasts" if script else "main")
    expect(done).to_contain_text("Undone." if script else "The change was undone")
    assert app.http.get(f"/v1/products/{product_id}").json()["price"] == "3"
    context.close()


@pytest.mark.parametrize("script", [True, False])
def test_form_returns_to_the_product_and_is_undone_there(
    app: App, browser: Browser, *, script: bool
) -> None:
    product_id = f"be{script}"
    app.create(product_id, stock=10)
    events_of(app, product_id, 1)
    charted(app, product_id)
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{app.url}/products/history?id={product_id}&tab=stock")
    page.get_by_role("button", name="Adjust").click()
    page.get_by_label("Quantity").fill("4")
    page.get_by_label("Quantity").press("Enter")
    done = page.locator("#toasts" if script else "#done")
    expect(done).to_contain_text(f"Stock changed: Name of {product_id}.")
    expect(page).to_have_url(re.compile(r"tab=stock$" if script else r"tab=stock&done=adjusted"))
    assert app.http.get(f"/v1/products/{product_id}").json()["stock"] == 6
    done.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts" if script else "main")).to_contain_text(
        "Undone." if script else "The change was undone"
    )
    assert app.http.get(f"/v1/products/{product_id}").json()["stock"] == 10
    context.close()


def test_phone_has_stock_and_adjust_on_top_and_facts_folded(app: App, browser: Browser) -> None:
    app.create("be", stock=10, price="2")
    events_of(app, "be", 1)
    charted(app, "be")
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"{app.url}/products/history?id=be")
    expect(page.locator("#chart canvas")).to_be_visible()
    order = [page.locator(one) for one in (".stock-now", "#facts", "#chart", "#timeline")]
    tops = [one.bounding_box() for one in order]
    places = [box["y"] for box in tops if box is not None]
    assert places == sorted(places)
    assert len(places) == 4
    adjust = page.get_by_role("button", name="Adjust").bounding_box()
    assert adjust is not None
    assert adjust["height"] >= 44
    expect(page.locator("#facts dl").first).to_be_hidden()
    page.locator("#facts summary").tap()
    expect(page.locator("#facts dl").first).to_be_visible()
    context.close()
