"""Lists of a server that is killed and started again, over HTTP alone."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.support.http.plain import Client
from tests.support.processes.process import Process
from tests.support.waiting import until

PATH = "/stock-take"
PROGRAM = {"Accept": "application/json"}


class Counting:
    """Products and lists of one server."""

    def __init__(self, server: Process) -> None:
        self.server = server
        self.products: list[str] = []

    def create(self, count: int, stock: int = 10) -> None:
        """More products, each with this stock."""
        for number in range(len(self.products), len(self.products) + count):
            body = {"product_id": f"K{number:03}", "name": f"Name {number}", "stock": stock}
            assert self._send("POST", "/v1/products", json=body).status_code == 201
            self.products.append(f"K{number:03}")

    def received(self, draft: str, products: Sequence[str], amount: int = 2) -> str:
        """A list in which so many of each product came."""
        return self._listed(draft, "receive", dict.fromkeys(products, amount))

    def counted(self, draft: str, products: Sequence[str], missing: int) -> str:
        """A list in which so many of each product are missing."""
        stocks = self.stocks()
        return self._listed(draft, "count", {one: stocks[one] - missing for one in products})

    def _listed(self, draft: str, mode: str, amounts: dict[str, int]) -> str:
        for product_id, amount in amounts.items():
            fields = {"draft": draft, "mode": mode, "product": product_id, "amount": f"{amount}"}
            answer = self._send("POST", f"{PATH}/scan", data=fields)
            assert answer.status_code == 303, answer.text
        return draft

    def commit(self, draft: str, form: str = "commit") -> dict[str, int]:
        """Send the form once; returns the progress."""
        answer = self._send("POST", f"{PATH}/{form}", data={"draft": draft}, headers=PROGRAM)
        assert answer.status_code == 200, answer.text
        progress: dict[str, int] = answer.json()
        return progress

    def run(self, draft: str, form: str = "commit") -> int:
        """Send the form until nothing is left; returns how many lines are committed."""

        def ended() -> Any:
            fields = {"draft": draft}
            answer = self._send("POST", f"{PATH}/{form}", data=fields, headers=PROGRAM)
            if answer.status_code in {409, 503}:  # changes that are to be undone still arrive
                return None
            return answer.json() if answer.json()["left"] == 0 else None

        progress = until(ended, 30)
        assert progress["failed"] == 0, progress
        return int(progress["written"])

    def written(self, draft: str) -> int:
        """How many lines the page says are committed."""
        text = self._send("GET", f"{PATH}?draft={draft}").text
        return int(text.partition('<progress value="')[2].partition('"')[0])

    def stocks(self) -> dict[str, int]:
        return {
            one: int(self._send("GET", f"/v1/products/{one}").json()["stock"])
            for one in self.products
        }

    def changes(self) -> dict[str, list[str]]:
        """The reasons of each product's changes since it was created, the newest first."""

        def reasons(product_id: str) -> list[str]:
            path = f"/v1/products/{product_id}/events"
            events = self._send("GET", path).json()["items"]
            return [one["data"]["reason"] for one in events[:-1]]

        def settled() -> Any:
            found = {one: reasons(one) for one in self.products}
            return all(len(some) >= 2 for some in found.values()) and found

        return dict(until(settled, 30))

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        with Client(base_url=self.server.url, timeout=30) as http:
            return http.request(method, path, **request)
