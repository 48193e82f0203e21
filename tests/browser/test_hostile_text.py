"""Markup in the table's data is shown as text on every page."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.support.processes.running import App

MARK = "<img src=x onerror='self.pwned=1'>"
NAME = f"\"'></a></template><script>self.pwned=1</script>{MARK}"
FOREIGN = """() => ({
  elements: document.querySelectorAll(
    'img[src="x"], script:not([src]), a[href^="javascript:"], [onerror]').length,
  ran: self.pwned === 1,
})"""


def put(app: App, stock: int) -> None:
    """Write an item as another program would."""
    app.put_outside(
        ProductID=NAME,
        ProductName=NAME,
        Category=NAME,
        Barcode="javascript:self.pwned=1",
        Stock=stock,
        Price=NAME,
        Tags=[],
        UpdatedBy=NAME,
        Reason=NAME,
        Note=NAME,
        Reference="javascript:self.pwned=1",
        RequestID=f"{NAME}{stock}",
        Other=NAME,
    )


def test_markup_in_every_attribute_is_shown_as_text(app: App, page: Page) -> None:
    put(app, 5)
    page.goto(app.url)
    expect(page.locator("#pill")).to_have_attribute("data-state", "live")
    put(app, 4)  # this row is rendered by the script, the first by the server
    expect(page.locator(".row")).to_have_count(2)
    identifier = quote(NAME, safe="")
    for path in (
        "",
        "products",
        *(f"products/{do}?id={identifier}" for do in ("history", "edit", "adjust", "delete")),
        f"products?done=deleted&saved={identifier}",
        f"products?done=saved&saved={identifier}&same_barcode={identifier}",
        f"stock-take?code={identifier}",
        "system",
    ):
        if path:
            page.goto(f"{app.url}/{path}")
            assert path == "system" or "onerror" in page.inner_text("body") + page.content(), path
        assert page.evaluate(FOREIGN) == {"elements": 0, "ran": False}, path
