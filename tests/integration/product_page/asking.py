"""The page of one product, as a browser without JavaScript sees it."""

import re
from html import unescape
from typing import Any

import httpx

from tests.support.processes.running import App
from tests.support.waiting import until

HTML = {"Accept": "text/html"}


def page(app: App, product_id: str, **query: Any) -> str:
    """The page's text, with its references to characters resolved."""
    answer = ask(app, product_id, **query)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def ask(app: App, product_id: str, **query: Any) -> httpx.Response:
    return app.http.get("/products/history", params={"id": product_id} | query, headers=HTML)


def once(app: App, product_id: str, text: str, **query: Any) -> str:
    """The page as soon as it contains the text: the read model follows within a moment."""

    def found() -> str | None:
        shown = page(app, product_id, **query)
        return shown if text in shown else None

    shown: str = until(found)
    return shown


def rows(shown: str) -> list[str]:
    """The text of each change of the timeline, newest first."""
    found = re.findall(r'<span data-part="change"[^>]*>(.*?)</span>', shown)
    return [re.sub(r"\s+", " ", one) for one in found]


def cells(shown: str, table: int = 0) -> list[list[str]]:
    """The rows of a table of differing fields, as text."""
    body = re.findall(r'<table class="diffs">.*?<tbody>(.*?)</tbody>', shown, re.DOTALL)[table]
    return [
        [
            re.sub(r"<[^>]*>", "", one).strip()
            for one in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def hidden(shown: str) -> dict[str, str]:
    """The hidden fields and the ticked boxes of the last form of a page."""
    form = shown[shown.rindex('<form class="sheet') :]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    ticked = re.findall(r'type="checkbox" name="([^"]+)" value="true" checked', form)
    found = [(name, unescape(value)) for name, value in found]
    return dict(found) | dict.fromkeys(ticked, "true")
