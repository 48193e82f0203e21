"""The Alerts page without a script: its rows, and the buttons of its forms."""

import re
from datetime import timedelta
from typing import Any

import httpx

from tests.support.house import HTML, forms
from tests.support.processes.running import App
from tests.support.waiting import until

DAY = timedelta(days=1)


def page(app: App, path: str = "/alerts", status: int = 200) -> str:
    answer = app.http.get(path, headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text


def row(app: App, product_id: str, path: str = "/alerts") -> str:
    """The product's row of a page; empty if it has none."""
    found = re.findall(r'<tr role="row" data-product=.*?</tr>', page(app, path), re.DOTALL)
    return "".join(one for one in found if f'data-product="{product_id}"' in one)


def level(text: str) -> str:
    found = re.search(r'<span class="level">(\w+)</span>', text)
    return found[1] if found else ""


def low(app: App, product_id: str, stock: int = 4, **fields: Any) -> str:
    """A product that is low, with its row."""
    app.create(product_id, stock, reorder_point=5, **fields)
    return str(until(lambda: row(app, product_id)))


def sold_out(app: App, product_id: str, **fields: Any) -> str:
    """A product that is low and out, with its row."""
    low(app, product_id, **fields)
    app.adjust(product_id, -4)
    until(lambda: level(row(app, product_id)) == "out")
    return row(app, product_id)


def press(app: App, text: str, action: str, **more: str) -> httpx.Response:
    """Press the button of a form of the page that sends to an action."""
    path, fields = next(one for one in forms(text) if f"/alerts/{action}" in one[0])
    return app.http.post(path, data=fields | more, headers=HTML)


def followed(app: App, answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return page(app, answer.headers["Location"])


def states(app: App, product_id: str) -> dict[str, str]:
    known = app.services.store.alerts.get(product_id)
    return {kind: alert.state for kind, alert in known.alerts.items()}
