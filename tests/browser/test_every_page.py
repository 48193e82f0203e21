"""Every page is accessible and fits its window, on three widths, light and dark."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.support.house import House, furnished

# A new page joins here. `K1` is a product with changes, `K2` was deleted.
PAGES = [
    "/",
    "/products",
    "/products?q=nothing",
    "/products/new",
    "/products/edit?id=K1",
    "/products/adjust?id=K1",
    "/products/delete?id=K1",
    "/products/history?id=K1",
    "/products/history?id=K2",
    "/products/export",
    "/audit",
    "/audit?q=nothing",
    "/system",
    "/admin",
    "/docs",
    "/nothing",
]
SIZES: list[ViewportSize] = [
    {"width": 1280, "height": 800},
    {"width": 768, "height": 1024},
    {"width": 390, "height": 844},
]
# The dark differs in its colours only, and all rules take seconds on a large page.
RULES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {},
    "dark": {"runOnly": ["color-contrast"]},
}


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with furnished(endpoint, tmp_path_factory.mktemp("every")) as running:
        admin = running.headers["admin"]
        for product_id in ("K1", "K2"):
            body = {"product_id": product_id, "name": "Kettle", "stock": 2, "reorder_point": 3}
            running.app.http.post("/v1/products", json=body, headers=admin)
        running.app.http.delete("/v1/products/K2", headers={"If-Match": "*"} | admin)
        yield running


@pytest.fixture(scope="module")
def signed_in(house: House, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which an administrator has signed in."""
    with browser.new_context(base_url=house.app.url, reduced_motion="reduce") as context:
        context.request.post("/sign-in", form={"key": house.secrets["admin"]})
        yield context


def check(page: Page, path: str) -> None:
    """Check one page at every size in both schemes."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Security" in line.text else None)
    page.goto(path)
    if path == "/docs":
        page.locator(".opblock").first.wait_for()
    for size in SIZES:
        page.set_viewport_size(size)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], (path, size)
        for scheme, rules in RULES.items():
            page.emulate_media(color_scheme=scheme)
            results = Axe().run(page, options=rules)
            where = f"{path}, {size['width']} px, {scheme}: {results.generate_report()}"
            assert results.violations_count == 0, where
    assert errors == [], path


@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible_and_fits(signed_in: BrowserContext, path: str) -> None:
    page = signed_in.new_page()
    check(page, path)
    page.close()


def test_sign_in_is_accessible_and_fits(house: House, browser: Browser) -> None:
    with browser.new_context(base_url=house.app.url, reduced_motion="reduce") as context:
        check(context.new_page(), "/sign-in")
