"""What a visit to a page costs: bytes over the wire, and the time until the page answers."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from bench.support.report import median_of

_SETTLE_MS = 300  # what is loaded after the page itself
_INTERACTIVE = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


@dataclass(frozen=True)
class Visits:
    """A first visit, and one with what the browser has kept of it: bytes, and milliseconds.

    A page is interactive when its modules have run, which is before DOMContentLoaded ends.
    """

    first_bytes: float
    first_ms: float
    return_bytes: float
    return_ms: float

    def __str__(self) -> str:
        return (
            f"{self.first_bytes / 1000:.0f} kB at a first visit, interactive after "
            f"{self.first_ms:.0f} ms; {self.return_bytes / 1000:.0f} kB and "
            f"{self.return_ms:.0f} ms at a return"
        )


def visits(browser: Browser, url: str, rounds: int) -> Visits:
    """Medians of so many pairs of visits, each pair in a browser without a cache."""
    rows = []
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        try:
            row = {}
            for name in ("first", "return"):
                row[f"{name}_bytes"], row[f"{name}_ms"] = _visit(context, url)
            rows.append(row)
        finally:
            context.close()
    return Visits(**median_of(rows))


def _visit(context: BrowserContext, url: str) -> tuple[float, float]:
    page = context.new_page()
    control = context.new_cdp_session(page)
    control.send("Network.enable")
    received: list[float] = []

    def finished(event: dict[str, Any]) -> None:
        received.append(event["encodedDataLength"])  # with the headers; 0 if it was kept

    control.on("Network.loadingFinished", finished)
    page.goto(url, wait_until="load", timeout=120_000)
    page.wait_for_timeout(_SETTLE_MS)
    interactive: float = page.evaluate(_INTERACTIVE)
    page.close()
    return sum(received), interactive
