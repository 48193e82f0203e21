"""People see what was not accepted, have it tried again, or give it up; the worker delivers."""

import argparse
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.sinking import QUICK, Deployment, Recorder, change
from worker.sinks.policy import Backoff
from worker.sinks.sink import Sink

from app.commands import redrive
from app.commands.errors import CommandError
from app.events import ChangeEvent
from app.settings import Settings
from app.store.dead_letters.letter import Letter
from tests.support.builders import STREAM_ARN
from tests.support.running import App
from tests.support.waiting import until

LETTERS = "/v1/dead-letters"

# Nothing is tried again by itself within a test.
PATIENT = QUICK.__class__(
    hangs_after=5,
    in_window=Backoff(0.01, 0.02),
    in_lane=Backoff(600, 600),
    look=0.05,
    look_while_open=0.05,
)


def audit_letter(record: Any, key: str = "label#1") -> Letter:
    return Letter(
        sink="audit",
        product_id="P9",
        event_key=key,
        record=record,
        stream_arn=STREAM_ARN,
        error="UndecodableRecord",
        attempts=1,
    )


def listed(app: App, **filters: Any) -> list[dict[str, Any]]:
    answer = app.http.get(LETTERS, params=filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class Poison:
    """A sink that never takes one event of a product, and takes the rest once it is well."""

    def __init__(self) -> None:
        self.well = threading.Event()
        self.sink = Recorder(self._mood)

    def _mood(self, event: ChangeEvent) -> None:
        if event.stock_after == 1 or not self.well.is_set():
            raise ConnectionError(f"not {event.stock_after}")


@pytest.fixture
def lane(app: App, deployment: Deployment) -> Iterator[Poison]:
    """Product P1's lane of the sink `archive`: three letters, the first of which is poison."""
    poison = Poison()
    with deployment.worker(Sink("archive", poison.sink), retries=0, pacing=PATIENT) as work:
        work.process([change("P1", n) for n in (1, 2, 3)])
        until(lambda: len(listed(app, sink="archive")) == 3)
        until(lambda: listed(app, sink="archive")[0]["attempts"] == 2)  # the lane's first try
        yield poison


def test_a_lane_is_shown_in_the_order_of_its_events(app: App, lane: Poison) -> None:
    letters = listed(app, sink="archive", product_id="P1")
    assert [letter["state"] for letter in letters] == ["parked", "waiting", "waiting"]
    assert "not 1" in letters[0]["error"]
    assert letters[0]["record"]["dynamodb"]["NewImage"]["Stock"] == {"N": "1"}
    assert letters == sorted(letters, key=lambda letter: letter["event_key"])
    assert listed(app, sink="other") == []
    assert listed(app, product_id="P2") == []
    one = app.http.get(f"{LETTERS}/{letters[1]['id']}")
    assert one.json() == letters[1]


def test_pages_hold_every_letter_once_and_what_is_no_letter_is_a_problem(
    app: App, deployment: Deployment
) -> None:
    deployment.letters.park([audit_letter({"n": n}, f"label#{n}") for n in range(7)])
    for filters in ({}, {"sink": "audit"}, {"product_id": "P9"}):
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            parameters = {"limit": 3, **filters, **({"cursor": cursor} if cursor else {})}
            page = app.http.get(LETTERS, params=parameters).json()
            ids += [letter["id"] for letter in page["items"]]
            cursor = page["next_cursor"]
        assert len(ids) == len(set(ids)) == 7

    for identifier in ("x", "UDEAYXVkaXQjbGFiZWwjMQ", "%00", "UDE"):
        for method, path in (("GET", ""), ("POST", "/redrive"), ("DELETE", "")):
            answer = app.http.request(method, f"{LETTERS}/{identifier}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "dead-letter-not-found")

    cursor = app.http.get(LETTERS, params={"limit": 1}).json()["next_cursor"]
    for wrong in ({"cursor": "x"}, {"product_id": "P1"}, {"sink": "other"}):
        answer = app.http.get(LETTERS, params={"cursor": cursor} | wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


def test_a_redrive_over_rest_delivers_the_lane_in_order(
    app: App, deployment: Deployment, lane: Poison
) -> None:
    first = listed(app, sink="archive")[0]
    app.http.delete(f"{LETTERS}/{first['id']}")
    until(lambda: listed(app, sink="archive")[0]["attempts"] == 1)  # the next one's try
    lane.well.set()
    last = listed(app, sink="archive")[-1]
    answer = app.http.post(f"{LETTERS}/{last['id']}/redrive")
    assert (answer.status_code, answer.json()["status"]) == (202, "due")
    until(lambda: not deployment.rows())
    assert lane.sink.of("P1") == [2, 3]


def test_a_deleted_letter_lets_the_rest_follow_and_leaves_a_trace(
    app: App, deployment: Deployment, lane: Poison
) -> None:
    lane.well.set()
    first = listed(app, sink="archive")[0]
    answer = app.http.delete(f"{LETTERS}/{first['id']}")
    assert answer.status_code == 200
    skipped = answer.json()
    assert (skipped["product_id"], skipped["sink"], skipped["waiting_behind"]) == (
        "P1",
        "archive",
        2,
    )
    assert skipped["event_key"] == first["event_key"]
    until(lambda: not deployment.rows())
    assert lane.sink.of("P1") == [2, 3]
    (deed,) = deployment.log.page(10).items
    assert (deed.actor, deed.action) == ("local", "dead-letter.deleted")
    assert deed.before["id"] == first["id"]


def test_the_log_is_read_newest_first(deployment: Deployment) -> None:
    for number in range(3):
        deployment.log._now_ms = lambda: 1_000 + number  # noqa: B023, SLF001
        deployment.clients.tables.transact_write_items(
            TransactItems=[deployment.log.entry("ada", f"deed {number}", after={"n": number})]
        )
    page = deployment.log.page(2)
    assert [deed.after["n"] for deed in page.items] == [2, 1]
    assert [deed.action for deed in deployment.log.page(2, page.next_cursor).items] == ["deed 0"]


def test_a_redrive_by_command_line_delivers(
    app: App, settings: Settings, lane: Poison, capsys: pytest.CaptureFixture[str]
) -> None:
    app.http.delete(f"{LETTERS}/{listed(app, sink='archive')[0]['id']}")
    until(lambda: listed(app, sink="archive")[0]["attempts"] == 1)
    lane.well.set()
    given = argparse.Namespace(sink="archive", ids=None)
    assert redrive.run(given, settings) == 0
    assert "2 dead letters are due" in capsys.readouterr().out
    until(lambda: lane.sink.of("P1") == [2, 3])
    until(lambda: not listed(app))
    assert redrive.run(given, settings) == 0
    assert "no dead letters" in capsys.readouterr().out
    with pytest.raises(CommandError, match="id"):
        redrive.run(argparse.Namespace(sink=None, ids=["x"]), settings)


def test_a_letter_of_the_audit_that_can_be_decoded_now_is_audited_and_shown(
    app: App, deployment: Deployment
) -> None:
    letter = audit_letter(change("P9", 5))
    deployment.letters.park([letter])
    assert app.http.post(f"{LETTERS}/{letter.id}/redrive").status_code == 202
    until(lambda: app.http.get("/v1/products/P9/events").json()["items"])
    until(lambda: not listed(app))
    (event,) = app.http.get("/v1/events").json()["items"]
    assert event["data"]["stock_after"] == 5


def test_a_letter_of_the_audit_that_still_fails_says_so(app: App, deployment: Deployment) -> None:
    letter = audit_letter({"eventName": "UPSERT"})
    deployment.letters.park([letter])
    app.http.post(f"{LETTERS}/{letter.id}/redrive")
    until(lambda: listed(app)[0]["attempts"] == 2)
    (found,) = listed(app)
    assert "not a stream record" in found["error"]
    assert found["last_seen_at"] >= found["first_seen_at"]
