"""Lists are committed and undone while the server is killed again and again, and the shop sells.

`make faults` runs this, with `FAULT_ROUNDS` lists.
"""

import os
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx

from tests.integration.stocktake.killed import Counting
from tests.support.http.plain import Client
from tests.support.processes.process import Process
from tests.support.waiting import until

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "12"))
LINES, STOCK = 60, 1000
MOST_KILLS = 3  # in one round


class Till:
    """Sells one unit after the other, each exactly once however often its request is sent."""

    def __init__(self, server: Process, products: list[str]) -> None:
        self._server, self._products = server, products
        self.sold: Counter[str] = Counter()
        self.closed = threading.Event()

    def sell(self) -> None:
        chance = random.Random(5)
        while not self.closed.wait(0.1):
            product_id, key = chance.choice(self._products), uuid.uuid4().hex
            until(lambda: self._sold(product_id, key), 60)  # noqa: B023 - called at once
            self.sold[product_id] += 1

    def _sold(self, product_id: str, key: str) -> bool:
        path = f"/v1/products/{product_id}/adjustments"
        headers = {"Idempotency-Key": key}
        with suppress(httpx.TransportError), Client(base_url=self._server.url, timeout=10) as http:
            answer = http.post(path, json={"delta": -1, "reason": "sold"}, headers=headers)
            assert answer.status_code in {200, 429, 503}, answer.text
            return answer.status_code == 200
        return False


def test_killed_commits_and_undos_are_exact_while_the_shop_sells(tmp_path: Path) -> None:
    server = Process(tmp_path / "data")
    counting, chance = Counting(server), random.Random(7)
    server.start()
    kills = 0
    try:
        counting.create(LINES, STOCK)
        till, undone = Till(server, counting.products), 0
        with ThreadPoolExecutor(2) as threads:
            selling = threads.submit(till.sell)
            try:
                for number in range(ROUNDS):
                    draft = counting.received(f"{number + 1:016x}", counting.products, 2)
                    kills += killed_at_random(counting, threads, draft, "commit", chance)
                    assert counting.run(draft) == LINES
                    if number % 3 == 2:
                        kills += killed_at_random(counting, threads, draft, "undo", chance)
                        assert counting.run(draft, "undo") == LINES
                        undone += 1
            finally:
                till.closed.set()
            selling.result()
        came = 2 * (ROUNDS - undone)
        expected = {one: STOCK + came - till.sold[one] for one in counting.products}
        print(f"\n{kills} kills, {ROUNDS} lists, {undone} undone, {till.sold.total()} sold")
        assert counting.stocks() == expected
        assert kills >= ROUNDS // 2
        assert till.sold.total() > 0
    finally:
        server.kill()


def killed_at_random(
    counting: Counting, threads: ThreadPoolExecutor, draft: str, form: str, chance: random.Random
) -> int:
    """Send the form, and kill the server at any moment of it; returns how often that happened."""
    for kills in range(1, MOST_KILLS + 1):
        sent = threads.submit(attempted, counting, draft, form)
        time.sleep(chance.uniform(0.0, 0.4))
        counting.server.kill()
        sent.result()
        counting.server.start()
        if chance.random() < 0.5:
            return kills
    return MOST_KILLS


def attempted(counting: Counting, draft: str, form: str) -> None:
    """Send the form once, whatever becomes of it."""
    with suppress(httpx.TransportError, AssertionError):  # killed, or what is to be undone arrives
        counting.commit(draft, form)
