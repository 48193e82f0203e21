"""Every page is accessible and fits its window, on three widths, light and dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.accessibility import check_page
from tests.support.house import House

# A new page joins here. `K1` is a product with changes, `K2` was deleted; `{event}` is the id of
# K1's newest change, `{long}` a product whose id and texts are long, `{long_at}` a time before its
# newest change, and `{key}` the id of a key. The others are imports, by their state.
PAGES = [
    "/",
    "/products",
    "/products?q=nothing",
    "/products?q=kettle&low=true",
    "/products?deleted=true",
    "/products?done=saved&saved=K1&same_barcode=A%20long%20id&barcode_unknown=1",
    "/products/new",
    "/products/edit?id=K1",
    "/products/adjust?id=K1&mode=count",
    "/products/delete?id=K1",
    "/products/history?id=K1",
    "/products/history?id=K2",
    "/products/history?id={long}&at={long_at}",
    "/products/history?id={long}&tab=fields",
    "/products/history?id=never",
    "/products/restore?id={long}&at={long_at}",
    "/products/export",
    "/alerts",
    "/alerts?tab=reorder",
    "/alerts?tab=resolved",
    "/alerts/order?id=K1&alerts=low-1",
    "/products/import",
    "/products/import/preview?id={ready}",
    "/products/import/preview?id={unclear}",
    "/products/import/preview?id={failed}",
    "/products/import/preview?id={done}",
    "/stock-take",
    "/stock-take?draft=0000000000000001",
    "/stock-take?draft=0000000000000001&code=unknown&find=kettle",
    "/audit",
    "/audit?q=nothing",
    "/audit?q=knd:x",
    "/audit/export",
    "/audit?q=product:K1&event={event}",
    "/audit/{event}",
    "/audit/nothing",
    "/analytics",
    "/analytics?range=24h&category=nothing",
    "/analytics?from=2026-02-01&to=2026-01-01",
    "/notifications",
    "/notifications/new?product=K1",
    "/notifications/rule?id={rule}",
    "/notifications/edit?id={rule}",
    "/notifications/delete?id={rule}",
    "/notifications/inbox",
    "/unsubscribe?token={token}",
    "/system",
    "/system/sinks/rebuild?name=alerts",
    "/admin",
    "/admin/keys/revoke?id={key}",
    "/nothing",
]


def check(page: Page, path: str, act: Callable[[Page], None] = lambda _: None) -> None:
    """Check the page at `path`, or the one that `act` leads to."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Security" in line.text else None)
    page.goto(path)
    act(page)
    check_page(page, path)
    assert errors == [], path


@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible_and_fits(
    signed_in: BrowserContext, names: dict[str, str], path: str
) -> None:
    page = signed_in.new_page()
    check(page, path.format(**names))
    page.close()


def undo_twice(page: Page) -> None:
    """Send a form that was read before somebody else undid the change."""
    button = page.get_by_role("button", name="Undo this change")
    form = button.evaluate_handle("button => button.form.cloneNode(true)")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Undo this change").click()
    expect(other.get_by_text("The change was undone.")).to_be_visible()
    other.close()
    form.evaluate(
        "form => { document.body.append(form); form.requestSubmit(form.querySelector('button')); }"
    )
    expect(page.get_by_role("heading", name="Undone already")).to_be_visible()


def undo_selection(page: Page) -> None:
    page.locator("#list .pick input").first.check()
    page.get_by_role("button", name="Undo the selected changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("of 1 change")


def unfold(page: Page) -> None:
    for title in page.locator("details.part > summary").all():
        title.click()


def refuse_key(page: Page) -> None:
    page.locator("summary", has_text="Make a key").click()
    page.get_by_label("Name").fill("local")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("alert")).to_contain_text("The key was not made.")


def make_key(page: Page) -> None:
    page.locator("summary", has_text="Make a key").click()
    page.get_by_label("Name").fill("Till 3")
    page.get_by_label("Also make a link").check()
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Key made: Till 3")


def change_selection(page: Page) -> None:
    page.get_by_label("Select Kettle").first.check()
    page.get_by_role("button", name="Take…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Take from 1 product")


@pytest.mark.parametrize(
    ("path", "act"),
    [
        ("/audit/{event}", undo_twice),
        ("/audit?q=product:K1", undo_selection),
        ("/products", change_selection),
        ("/system", unfold),
        ("/admin", refuse_key),
        ("/admin", make_key),
    ],
)
def test_page_that_a_form_leads_to_is_accessible_and_fits(
    signed_in: BrowserContext, names: dict[str, str], path: str, act: Callable[[Page], None]
) -> None:
    page = signed_in.new_page()
    check(page, path.format(**names), act)
    page.close()


def refuse_sign_in(page: Page) -> None:
    page.get_by_label("API key").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def test_sign_in_is_accessible_and_fits(house: House, browser: Browser) -> None:
    with browser.new_context(base_url=house.app.url, reduced_motion="reduce") as context:
        check(context.new_page(), "/sign-in", refuse_sign_in)
