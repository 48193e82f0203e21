"""A list of the Stock-take page, as a browser without script uses it."""

import re
from typing import Any

import httpx

from app.web.pages.stocktake.scan import new_id
from tests.support.house import HTML
from tests.support.processes.running import App
from tests.support.waiting import until

PATH = "/stock-take"


class List:
    """One list."""

    def __init__(self, app: App, mode: str = "count", draft: str = "") -> None:
        self.app, self.mode, self.id = app, mode, draft or new_id()

    def post(self, form: str, **fields: Any) -> httpx.Response:
        given = {"draft": self.id, "mode": self.mode, **fields}
        return self.app.http.post(f"{PATH}/{form}", data=given, headers=HTML)

    def scan(self, code: str, **fields: Any) -> httpx.Response:
        answer = self.post("scan", code=code, **fields)
        assert answer.status_code == 303, answer.text
        return answer

    def news(self, version: str) -> httpx.Response:
        """What others have made of the list since this version."""
        headers = {**HTML, "If-None-Match": f'"{version}"'}
        return self.app.http.get(f"{PATH}/news?draft={self.id}", headers=headers)

    @property
    def version(self) -> str:
        """The version that the page shows."""
        return re.findall(r'data-version="(\d+)"', self.page())[0]

    def page(self) -> str:
        return self.app.http.get(f"{PATH}?draft={self.id}", headers=HTML).text

    def run(self, form: str = "commit") -> None:
        """Press the button until nothing is left."""
        state = "committing" if form == "commit" else "undoing"
        for _ in range(9):
            assert self.post(form).status_code == 303
            if self.app.services.store.stocktakes.get(self.id).state != state:
                return
        raise AssertionError("never done")

    @property
    def state(self) -> str:
        return self.app.services.store.stocktakes.get(self.id).state

    def refused(self) -> list[str]:
        """The products whose lines could not be committed."""
        return re.findall(r'data-product="([^"]*)"[^>]*class="failed"', self.page())

    def amounts(self) -> list[str]:
        return re.findall(r'data-amount="([^"]*)"', self.page())


def stock(app: App, product_id: str) -> Any:
    return app.http.get(f"/v1/products/{product_id}").json()["stock"]


def events(app: App, product_id: str, least: int) -> list[dict[str, Any]]:
    path = f"/v1/products/{product_id}/events"
    return list(until(lambda: len(found := app.http.get(path).json()["items"]) >= least and found))
