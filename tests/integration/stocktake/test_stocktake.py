"""Lists are scanned, committed and undone by forms, without a script."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from app.core.errors import StoreUnavailable
from app.core.events import rfc3339
from app.store.stocktake.line_writer import LineWriter
from app.web.pages.stocktake.scan import new_id
from tests.support.house import HTML
from tests.support.processes.running import App
from tests.support.waiting import until

_NUMBERS = count(1)
PATH = "/stock-take"


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each test has products of its own."""
    until(lambda: shared.services.read_model.state.events.filled)
    return shared


@pytest.fixture
def name() -> str:
    """The beginning of the ids of a test's products."""
    return f"T{next(_NUMBERS)}-"


class List:
    """A list, as a browser without script uses it."""

    def __init__(self, app: App, mode: str = "count", draft: str = "") -> None:
        self.app, self.mode, self.id = app, mode, draft or new_id()

    def post(self, form: str, **fields: Any) -> httpx.Response:
        given = {"draft": self.id, "mode": self.mode, **fields}
        return self.app.http.post(f"{PATH}/{form}", data=given, headers=HTML)

    def scan(self, code: str, **fields: Any) -> httpx.Response:
        answer = self.post("scan", code=code, **fields)
        assert answer.status_code == 303, answer.text
        return answer

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

    def amounts(self) -> list[str]:
        return re.findall(r'data-amount="([^"]*)"', self.page())


def stock(app: App, product_id: str) -> Any:
    return app.http.get(f"/v1/products/{product_id}").json()["stock"]


def events(app: App, product_id: str, least: int) -> list[dict[str, Any]]:
    path = f"/v1/products/{product_id}/events"
    return list(
        until(lambda: len(found := app.http.get(path).json()["items"]) >= least and found)
    )


def test_count_adds_the_difference_so_that_sales_in_between_stay_sold(app: App, name: str) -> None:
    app.create(f"{name}1", 12, price="2.50")
    app.create(f"{name}2", 7)
    app.create(f"{name}3", 5)  # never scanned
    taken = List(app)
    taken.scan(f"10*{name}1", list_name="Aisle 3")
    taken.scan(f"7*{name}2")
    app.adjust(f"{name}1", -3)
    text = taken.page()
    assert "−3</td>" in text  # moved since
    assert "−5.00" in text  # its value
    taken.run()
    assert [stock(app, f"{name}{n}") for n in (1, 2, 3)] == [7, 7, 5]
    newest = events(app, f"{name}1", 3)[0]["data"]
    assert (newest["reason"], newest["note"], newest["reference"]) == (
        "counted",
        "counted 10, booked 12",
        "Aisle 3",
    )
    as_booked = events(app, f"{name}2", 2)[0]["data"]
    assert (as_booked["reason"], as_booked["note"]) == ("counted", "counted 7, as booked")
    history = app.http.get(f"/products/history?id={name}2", headers=HTML).text
    assert "7, as booked" in history
    taken.run("undo")
    assert taken.state == "undone"
    assert [stock(app, f"{name}{n}") for n in (1, 2, 3)] == [9, 7, 5]


def test_scans_add_up_and_a_repeated_scan_counts_once(app: App, name: str) -> None:
    app.create(f"{name}1", 3, barcode=f"{name}bar")
    taken = List(app)
    for scan in ("a", "b", "a", "c", "b"):
        taken.scan(f"{name}bar", scan=f"{name}{scan}")
    assert taken.amounts() == ["3"]
    assert "must be whole" in taken.post("scan", code="=2,5").text
    taken.scan("=2,0")
    assert taken.amounts() == ["2"]


def test_two_people_scan_the_same_list_at_once(app: App, name: str) -> None:
    app.create(f"{name}1", 3)
    taken = List(app)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: taken.scan(f"{name}1"), range(12)))
    assert taken.amounts() == ["12"]


@pytest.mark.parametrize(
    ("mode", "after", "reason"),
    [("receive", 14, "received"), ("sell", 6, "sold"), ("write-off", 6, "lost")],
)
def test_other_modes_add_or_take(app: App, name: str, mode: str, after: int, reason: str) -> None:
    app.create(f"{name}1", 10)
    taken = List(app, mode)
    taken.scan(f"4*{name}1", reason=reason)
    taken.run()
    assert stock(app, f"{name}1") == after
    assert events(app, f"{name}1", 2)[0]["data"]["reason"] == reason
    taken.run("undo")
    assert stock(app, f"{name}1") == 10


def test_second_count_of_the_same_shelf_is_not_applied_on_top(app: App, name: str) -> None:
    app.create(f"{name}1", 12)
    mine, theirs = List(app), List(app)
    mine.scan(f"10*{name}1")
    theirs.scan(f"10*{name}1")
    theirs.scan("=10")
    mine.run()
    theirs.run()
    assert stock(app, f"{name}1") == 10
    assert theirs.state == "open"
    assert "Counted by somebody else since" in theirs.page()
    theirs.post("scan", product=f"{name}1", amount="9", set="1")
    theirs.run()
    assert theirs.state == "done"
    assert stock(app, f"{name}1") == 9


def test_what_cannot_be_committed_stays_in_the_list(app: App, name: str) -> None:
    app.create(f"{name}1", 2)
    app.create(f"{name}2", 2)
    taken = List(app, "sell")
    taken.scan(f"5*{name}1")
    taken.scan(f"1*{name}2")
    taken.run()
    assert [stock(app, f"{name}{n}") for n in (1, 2)] == [2, 1]
    assert "Not enough stock" in taken.page()
    assert taken.post("discard").status_code == 409  # a part is committed
    taken.post("remove", product=f"{name}1")
    taken.run()
    assert taken.state == "done"
    assert taken.post("scan", code=f"{name}1").status_code == 409


def test_commit_that_dies_in_the_middle_goes_on_where_it_was(
    app: App, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = List(app, "receive")
    for number in range(6):
        app.create(f"{name}{number}", 10)
        taken.scan(f"{name}{number}")
    real, calls = LineWriter.write, count()

    def dies(*given: Any) -> Any:
        """Half of the lines are written, and then the answers are lost."""
        if next(calls) < 3:
            real(*given)
        raise StoreUnavailable("gone")

    monkeypatch.setattr(LineWriter, "write", dies)
    assert taken.post("commit").status_code == 503
    assert taken.state == "committing"
    assert "lines are committed" in taken.page()
    assert taken.post("scan", code=f"{name}1").status_code == 409
    monkeypatch.undo()
    taken.run()
    assert [stock(app, f"{name}{number}") for number in range(6)] == [11] * 6


def test_unknown_code_is_linked_or_created_without_another_scan(app: App, name: str) -> None:
    app.create(f"{name}1", 4, name=f"Teapot {name}")
    taken = List(app)
    asked = taken.scan(f"3*{name}new").headers["Location"]
    text = app.http.get(f"{asked}&find=teapot+{name}", headers=HTML).text
    assert "No product has the code" in text
    assert f'value="{name}1"' in text
    fields = {"code": f"{name}new", "amount": "3"}
    assert taken.post("link", product=f"{name}1", **fields).status_code == 303
    assert app.http.get(f"/v1/products/{name}1").json()["barcode"] == f"{name}new"
    made = {"new_id": f"{name}2", "new_name": "Cup", "code": f"{name}other", "amount": "5"}
    assert taken.post("create", **made).status_code == 303
    assert taken.post("create", **made, scan="x").status_code == 303  # a repeat goes on
    assert app.http.get(f"/v1/products/{name}2").json()["barcode"] == f"{name}other"
    assert taken.amounts() == ["10", "3"]


def test_code_of_two_products_asks_which(app: App, name: str) -> None:
    for number in (1, 2):
        app.create(f"{name}{number}", 4, barcode=f"{name}same", name=f"Twin {number}")
    taken = List(app)
    asked = app.http.get(taken.scan(f"{name}same").headers["Location"], headers=HTML).text
    assert "Which product is" in asked
    assert {f"{name}1", f"{name}2"} <= set(re.findall(r'name="product" value="([^"]*)"', asked))
    taken.scan(f"{name}same", product=f"{name}2", scan="chosen")
    assert taken.amounts() == ["1"]


def test_count_that_waited_for_the_network_is_compared_with_its_own_time(
    app: App, name: str
) -> None:
    app.create(f"{name}1", 12)
    events(app, f"{name}1", 1)
    until(lambda: datetime.now(UTC).microsecond > 500_000)
    counted = datetime.now(UTC)
    until(lambda: datetime.now(UTC) - counted > timedelta(seconds=3.2))
    app.adjust(f"{name}1", -4)
    events(app, f"{name}1", 2)
    taken = List(app)
    taken.scan(f"11*{name}1", at=rfc3339(counted))
    assert 'data-book="12"' in taken.page()
    taken.run()
    assert stock(app, f"{name}1") == 7


def test_bad_input_is_explained_and_kept(app: App, name: str) -> None:
    taken = List(app)
    app.create(f"{name}1", 4)
    for fields, says in (
        ({"code": ""}, "Scan a barcode"),
        ({"code": "=3"}, "no line yet"),
        ({"code": f"{name}1", "amount": "x"}, "must be a number"),
        ({"code": f"{name}1", "amount": "0.5"}, "must be whole"),
        ({"code": f"{name}1", "mode": "burn"}, "Begin again"),
        ({"code": f"{name}1", "at": "soon"}, "time of the scan"),
        ({"code": f"{name}1", "list_name": "x" * 81}, "1 to 80"),
        ({"product": "none", "code": "<b>"}, "Product not found"),
    ):
        answer = taken.post("scan", **fields)
        assert answer.status_code in {404, 422}, (fields, answer.text)
        assert says in answer.text
    assert app.http.get(f"{PATH}?draft={taken.id}", headers=HTML).status_code == 404
    assert taken.post("commit").status_code == 404


def test_lists_are_listed_renamed_and_discarded(app: App, name: str) -> None:
    app.create(f"{name}1", 4)
    taken = List(app, "receive")
    taken.scan(f"{name}1", list_name=f"Order {name}")
    assert f"Order {name}" in app.http.get(PATH, headers=HTML).text
    assert taken.post("name", list_name=f"Other {name}").status_code == 303
    assert f"Other {name}" in app.http.get(PATH, headers=HTML).text
    assert taken.post("discard").status_code == 303
    assert f"Other {name}" not in app.http.get(PATH, headers=HTML).text
    assert app.services.store.stocktakes.lines(taken.id) == []
