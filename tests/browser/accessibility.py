"""A page is checked on every width, light and dark, in one visit: it is not loaded again."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import CDPSession, Page

WIDE, TABLET, PHONE = 1280, 768, 390  # pixels
_HEIGHT = 844
# Without `resultTypes` axe describes each element that passes, which takes longer than its rules.
_ALL: dict[str, Any] = {"resultTypes": ["violations"]}
_COLOURS = _ALL | {"runOnly": ["color-contrast"]}


def check_page(page: Page, where: str) -> None:
    """Check that the page is accessible and fits its window, on a phone as on a wide screen.

    The rules are checked on the widest and the narrowest layout; a tablet's has the elements of one
    of them. The dark scheme differs in its colours only.
    """
    window = page.context.new_cdp_session(page)  # its sizes hold as long as it is attached
    for width in (WIDE, TABLET, PHONE):
        resize(window, width)
        taken = page.evaluate("document.documentElement.scrollWidth")
        assert taken <= width, f"{where} takes {taken} px of {width}"
        if width == TABLET:
            continue
        for dark in (False, True):
            page.emulate_media(color_scheme="dark" if dark else "light")
            found = violations(page, _COLOURS if dark else _ALL)
            assert not found, f"{where}, {width} px, {'dark' if dark else 'light'}: {found}"


def resize(window: CDPSession, width: int) -> None:
    """Give a page a window of this width; the narrow one is a phone with a touch screen."""
    phone = width == PHONE
    size = {"width": width, "height": _HEIGHT, "deviceScaleFactor": 1, "mobile": phone}
    window.send("Emulation.setDeviceMetricsOverride", size)
    touch = {"enabled": True, "maxTouchPoints": 1} if phone else {"enabled": False}
    window.send("Emulation.setTouchEmulationEnabled", touch)


def violations(page: Page, options: dict[str, Any] = _ALL) -> str:
    """What axe finds wrong with the page; empty if nothing."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    results = AxeResults(page.evaluate("(options) => axe.run(options)", options))
    return results.generate_report() if results.violations_count else ""
