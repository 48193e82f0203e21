"""Tabs of one browser that record what they receive, in a shop where a product is sold."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.http.plain import Client
from tests.support.replay.page_events import after_rendering, heard
from tests.support.waiting import until

PAGES = ("/", "/products", "/audit", "/system", "/products/history?id=P1")


@contextmanager
def busy(url: str, pause: float = 0.05) -> Iterator[None]:
    """A shop in which P1 is sold all the time; `pause` is in seconds."""
    over = threading.Event()

    def sell() -> None:
        with Client(base_url=url, timeout=60) as http:
            while not over.wait(pause):
                http.post("/v1/products/P1/adjustments", json={"delta": -1, "reason": "sold"})

    seller = threading.Thread(target=sell)
    seller.start()
    try:
        yield
    finally:
        over.set()
        seller.join()


def open_tab(context: BrowserContext, url: str) -> Page:
    tab = context.new_page()
    tab.goto(url, wait_until="load", timeout=60_000)
    expect(tab.locator("#pill")).to_contain_text("Live", timeout=60_000)
    return tab


def assert_complete(tabs: Sequence[Page], http: httpx.Client) -> None:
    """Each tab received every change since it was rendered, once and in order."""
    last = created(http, "last")
    for tab in tabs:
        wait_for(tab, f"heard.events.at(-1) === '{last}'")
        assert heard(tab).events == after_rendering(tab, http)
        assert heard(tab).gaps == 0


def created(http: httpx.Client, product_id: str) -> str:
    """Create a product; returns the id of its event once the server's list has it."""
    body = {"product_id": product_id, "name": product_id, "stock": 100_000}
    assert http.post("/v1/products", json=body).status_code == 201
    wanted = {"product_id": product_id}
    found = until(lambda: http.get("/v1/events", params=wanted).json()["items"], seconds=60)
    return str(found[0]["id"])


def wait_for(tab: Page, condition: str) -> None:
    until(lambda: tab.evaluate(condition), seconds=60)


def wait_for_more(tab: Page, count: int) -> None:
    """Wait until a tab has received this many more changes."""
    wait_for(tab, f"heard.events.length > {len(heard(tab).events) + count}")
