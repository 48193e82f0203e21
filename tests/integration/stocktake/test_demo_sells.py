"""Two people count the same shelf while the demo's shop sells: book and shelf agree at the end."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Event, Lock

from app.demo.simulation.change import Launch, Move
from app.demo.simulation.shop import changes, monday_morning
from tests.integration.stocktake.kit import List, stock
from tests.support.demo import ZONE
from tests.support.processes.running import App

PRODUCTS, SALES = 12, 25
PAUSE = 0.1  # seconds between two changes of the shop: more than 5 a second with their own time


class Shelf:
    """What really stands there; `hands`: nobody takes from it while somebody counts it."""

    def __init__(self, app: App, name: str) -> None:
        self.app, self.name, self.hands = app, name, Lock()
        self.changes = changes(3, monday_morning(ZONE), ZONE, PRODUCTS, pace=4)
        self.units: dict[str, int] = {}
        for place, change in enumerate(islice(self.changes, PRODUCTS)):
            assert isinstance(change.action, Launch)
            booked = int(change.action.draft.stock or 0)
            app.create(f"{name}{change.product_id}", booked)
            # The books are wrong, as they are before a count: something is missing or too much.
            self.units[f"{name}{change.product_id}"] = max(0, booked + place % 5 - 2)

    def moves(self) -> Iterator[tuple[str, int, str]]:
        """What the demo's shop does with these products, without end."""
        for change in self.changes:
            product_id = f"{self.name}{change.product_id}"
            if isinstance(change.action, Move) and product_id in self.units:
                yield product_id, change.action.delta, change.reason or "sold"

    def trade(self, closed: Event) -> int:
        """Sell and receive until the shop is closed; returns how many changes were made."""
        made = 0
        for product_id, delta, reason in self.moves():
            if closed.wait(PAUSE):
                break
            with self.hands:
                if self.units[product_id] + delta < 0:
                    continue  # there is none to sell, whatever is booked
                answer = self.app.adjust(product_id, delta, reason)
                if answer.status_code == 200:
                    self.units[product_id] += delta
                    made += 1
                else:  # less is booked than there is: the till refuses until it is counted
                    assert answer.json()["code"] == "insufficient-stock", answer.text
        return made

    def count(self, order: int) -> None:
        """Count everything into a list, and what was refused because of the other one again."""
        taken = List(self.app)
        for product_id in list(self.units)[::order]:
            self._count_one(taken, product_id)
            time.sleep(0.05)
        taken.run()
        while taken.state == "open":
            for product_id in taken.refused():
                self._count_one(taken, product_id)
            taken.run()

    def _count_one(self, taken: List, product_id: str) -> None:
        with self.hands:
            seen = str(self.units[product_id])
            taken.scan(product_id, product=product_id, amount=seen, set="1")


def test_two_people_count_the_same_shelf_while_the_demo_sells(app: App, name: str) -> None:
    shelf, closed = Shelf(app, name), Event()
    began = time.monotonic()
    with ThreadPoolExecutor(3) as people:
        trade = people.submit(shelf.trade, closed)
        try:
            list(people.map(shelf.count, (1, -1)))
            while time.monotonic() - began < SALES * PAUSE:  # and it goes on selling afterwards
                list(people.map(shelf.count, (1, -1)))
        finally:
            closed.set()
        assert trade.result() >= SALES // 3
    assert {product_id: stock(app, product_id) for product_id in shelf.units} == shelf.units
