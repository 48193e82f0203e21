"""A commit adds what was counted to what was sold since, once, and is undone as one."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from app.core.errors import StoreUnavailable
from app.store.stocktake.draft_rows import draft_key
from app.store.stocktake.draft_rules import committing
from app.store.stocktake.line_writer import LineWriter
from app.web.errors import ChangeNotRecorded
from app.web.pages.stocktake import commit_forms
from tests.integration.stocktake.kit import List, events, stock
from tests.support.house import HTML
from tests.support.processes.running import App


def test_count_adds_the_difference_so_that_sales_in_between_stay_sold(app: App, name: str) -> None:
    app.create(f"{name}1", 12, price="2500.5")
    app.create(f"{name}2", 7)
    app.create(f"{name}3", 5)  # never scanned
    taken = List(app)
    taken.scan(f"10*{name}1", list_name="Aisle 3")
    taken.scan(f"7*{name}2")
    app.adjust(f"{name}1", -3)
    text = taken.page()
    assert "−3</td>" in text  # moved since
    assert "−5,001.00" in text  # its value
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


def test_slow_end_of_a_run_does_not_open_a_list_that_is_committed_since(
    app: App, name: str
) -> None:
    app.create(f"{name}1", 2)
    app.create(f"{name}2", 2)
    taken, lists = List(app, "sell"), app.services.store.stocktakes
    taken.scan(f"5*{name}1")
    taken.scan(f"1*{name}2")
    slow = lists.change(taken.id, lambda one: committing(one, "c", "anna"))  # of another tab
    taken.run()
    taken.post("remove", product=f"{name}1")
    taken.run()
    assert (taken.state, lists.finish(slow, "open").state) == ("done", "done")
    taken.run("undo")
    row = app.tables.get_item(TableName=lists.table, Key=draft_key(taken.id))["Item"]
    assert "ExpiresAt" in row


def test_undo_of_an_old_list_leaves_what_is_not_in_the_history_any_more(
    app: App, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.create(f"{name}1", 2)
    app.create(f"{name}2", 2)
    taken = List(app, "receive")
    taken.scan(f"{name}1")
    taken.scan(f"{name}2")
    taken.run()
    real, gone = commit_forms.events_of, app.services.store.stocktakes.lines(taken.id)[0].request

    async def without(services: Any, ids: list[str], expected: int) -> Any:
        found = [one for one in await real(services, ids, len(ids)) if one.request_id != gone]
        if len(found) < expected:
            raise ChangeNotRecorded
        return found

    monkeypatch.setattr(commit_forms, "events_of", without)
    assert taken.post("undo").status_code == 409  # it may still arrive
    monkeypatch.setattr(commit_forms, "_ARRIVED", timedelta())
    taken.run("undo")
    assert taken.state == "done"
    assert "Not in the history any more" in taken.page()
    assert sorted(stock(app, f"{name}{n}") for n in (1, 2)) == [2, 3]


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
