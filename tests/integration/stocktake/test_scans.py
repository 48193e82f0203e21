"""Scans become lines, by forms that work without a script; an unclear one asks."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.core.events import rfc3339
from app.store.stocktake.draft import Line
from app.store.stocktake.line_store import LineStore
from tests.integration.stocktake.kit import PATH, List, events, stock
from tests.support.house import HTML
from tests.support.processes.running import App
from tests.support.waiting import until


def test_scans_add_up_and_a_repeated_scan_counts_once(app: App, name: str) -> None:
    app.create(f"{name}1", 3, barcode=f"{name}bar")
    taken = List(app)
    for scan in ("a", "b", "a", "c", "b"):
        taken.scan(f"{name}bar", scan=f"{name}{scan}")
    assert taken.amounts() == ["3"]
    assert "must be whole" in taken.post("scan", code="=2,5").text
    taken.scan("=2,0")
    assert taken.amounts() == ["2"]


def test_scan_whose_answer_was_lost_counts_once_days_later_and_for_another_person(
    app: App, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.create(f"{name}1", 3)
    taken = List(app)
    taken.scan(f"{name}1", scan=f"{name}a")
    later = datetime.now(UTC) + timedelta(days=3)
    monkeypatch.setattr(app.services.store.idempotency_keys, "_now", lambda: later)
    monkeypatch.setattr("app.web.requests.idempotency.actor_of", lambda _: "somebody else")
    taken.scan(f"{name}1", scan=f"{name}a")
    assert taken.amounts() == ["1"]


def test_two_people_scan_the_same_list_at_once(app: App, name: str) -> None:
    app.create(f"{name}1", 3)
    taken = List(app)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: taken.scan(f"{name}1"), range(12)))
    assert taken.amounts() == ["12"]


def test_unknown_code_is_linked_or_created_without_another_scan(app: App, name: str) -> None:
    app.create(f"{name}1", 4, name=f"Teapot {name}")
    taken = List(app)
    asked = taken.scan(f"3*{name}new", list_name=f"Aisle {name}").headers["Location"]
    assert taken.id in asked  # the answer is for the list that it began
    assert f'value="Aisle {name}"' in app.http.get(asked, headers=HTML).text
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


def test_product_that_is_created_long_after_its_scan_was_not_counted_without_network(
    app: App, name: str
) -> None:
    taken = List(app)
    scanned = rfc3339(datetime.now(UTC) - timedelta(minutes=1))
    made = {"new_id": f"{name}1", "new_name": "Cup", "code": f"{name}new", "at": scanned}
    assert taken.post("create", **made, amount="5").status_code == 303
    assert 'data-book="0"' in taken.page()
    assert "without network" not in taken.page()


def test_last_line_is_the_one_that_the_same_person_scanned(app: App, name: str) -> None:
    app.create(f"{name}1", 4)
    app.create(f"{name}2", 4)
    taken = List(app)
    taken.scan(f"{name}1")
    lines = app.services.store.stocktakes
    lines.set_line(taken.id, f"{name}2", "ben", lambda _: theirs(lines, taken.id, f"{name}2"))
    taken.scan("=9")
    assert {line.product_id: line.amount for line in lines.lines(taken.id)} == {
        f"{name}1": 9,
        f"{name}2": 1,
    }


def theirs(lines: LineStore, draft_id: str, product_id: str) -> Line:
    """A newer line, of somebody else."""
    mine = lines.lines(draft_id)[0]
    return replace(mine, product_id=product_id, actor="ben", at=lines.now(), version=1)


def test_code_of_two_products_asks_which(app: App, name: str) -> None:
    for number in (1, 2):
        app.create(f"{name}{number}", 4, barcode=f"{name}same", name=f"Twin {number}")
    taken = List(app)
    asked = app.http.get(taken.scan(f"{name}same").headers["Location"], headers=HTML).text
    assert "Which product is" in asked
    assert {f"{name}1", f"{name}2"} <= set(re.findall(r'name="product" value="([^"]*)"', asked))
    taken.scan(f"{name}same", product=f"{name}2", scan="chosen")
    assert taken.amounts() == ["1"]


@pytest.mark.embedded  # DynamoDB Local dates records to whole minutes
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
    unknown = List(app)  # of that time, nothing is recorded
    unknown.scan(f"7*{name}1", at=rfc3339(counted - timedelta(hours=1)))
    assert 'data-book="7"' in unknown.page()
    assert "booked is from when it arrived" in unknown.page()


def test_bad_input_is_explained_and_kept(app: App, name: str) -> None:
    taken = List(app)
    app.create(f"{name}1", 4)
    for fields, says in (
        ({"code": ""}, "Scan a barcode"),
        ({"code": "=3"}, "no line in this list yet"),
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
    assert taken.post("discard", seen=taken.version).status_code == 303
    assert f"Other {name}" not in app.http.get(PATH, headers=HTML).text
    assert app.services.store.stocktakes.lines(taken.id) == []
