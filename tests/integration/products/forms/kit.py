"""A form is sent without a script, and Undo is pressed on the page that it leads to."""

import re
from html import unescape
from typing import Any

import httpx

from tests.support.house import HTML
from tests.support.processes.running import App


def post(app: App, path: str, **fields: Any) -> httpx.Response:
    return app.http.post(path, data=fields, headers=HTML)


def page(app: App, path: str) -> str:
    return app.http.get(path, headers=HTML).text


def stock(app: App, product_id: str) -> Any:
    return app.http.get(f"/v1/products/{product_id}").json().get("stock")


def undo(app: App, answer: httpx.Response) -> httpx.Response:
    """Press Undo on the page that a form has led to."""
    text = page(app, answer.headers["Location"])
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))
    wanted = {
        field: unescape(fields[field])
        for field in ("request", "back", "of", "count")
        if field in fields
    }
    return post(app, "/products/undo", **wanted)


def rows(text: str) -> list[str]:
    return re.findall(r'<tr role="row" data-product="([^"]+)"', text)
