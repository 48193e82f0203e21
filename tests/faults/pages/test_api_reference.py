"""All operations of the API reference are accessible, light and dark."""

from playwright.sync_api import BrowserContext

from tests.browser.accessibility import check_page
from tests.support.processes.running import App


def test_api_reference_with_all_operations_is_accessible_and_fits(
    shared: App, context: BrowserContext
) -> None:
    context.set_default_timeout(120_000)  # axe reads the whole API for half a minute
    page = context.new_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{shared.url}/docs")
    page.locator(".opblock").last.wait_for()
    check_page(page, "/docs")
