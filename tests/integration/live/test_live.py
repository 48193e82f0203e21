"""A write appears in the live stream, on a real engine."""

import time

from tests.support.http.sse import Listener
from tests.support.processes.running import App
from tests.support.waiting import until

PATCH = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}


def test_changes_of_a_product_appear_in_the_live_stream(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1", 12)
        app.adjust("P1", -3)
        app.http.patch("/v1/products/P1", content='{"name":"New"}', headers=PATCH)
        app.http.delete("/v1/products/P1?reason=lost&note=flood", headers={"If-Match": "*"})
        changes = feed.changes(4)
    events = [message.data["data"] for message in changes]
    assert [event["kind"] for event in events] == [
        "inserted",
        "stock_changed",
        "updated",
        "deleted",
    ]
    assert [event["actor"] for event in events] == ["local"] * 4
    sale = events[1]
    assert (sale["stock_before"], sale["stock_after"], sale["delta"]) == (12, 9, -3)
    assert sale["reason"] == "sold"
    assert events[2]["changed"] == ["ProductName"]
    assert (events[3]["reason"], events[3]["note"]) == ("lost", "flood")
    assert not any(name.startswith("Deleted") for name in events[3]["before"])


def test_live_event_can_be_read_by_id_by_page_and_by_product(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1", 1)
        app.adjust("P1", 4, "received")
        live = [message.data for message in feed.changes(2)]
    for event in live:
        assert app.http.get(f"/v1/events/{event['id']}").json() == event
    until(lambda: listed(app) == [event["id"] for event in reversed(live)])
    history = app.http.get("/v1/products/P1/events").json()["items"]
    assert history == list(reversed(live))


def listed(app: App, **query: str) -> list[str]:
    """The ids of a page of events."""
    page = app.http.get("/v1/events", params=query).json()["items"]
    return [event["id"] for event in page]


def test_events_can_be_paged_in_both_directions(app: App) -> None:
    with Listener(app.url) as feed:
        for number in range(9):
            app.create(f"P{number}")
        live = [message.data["id"] for message in feed.changes(9)]
        cursors = [message.id for message in feed.seen]
    until(lambda: len(listed(app)) == 9)
    backwards, link = [], "/v1/events?limit=4"
    while link:
        answer = app.http.get(link)
        backwards += [event["id"] for event in answer.json()["items"]]
        link = answer.links.get("next", {}).get("url")
    assert backwards == live[::-1]
    assert listed(app, after=cursors[3]) == live[4:]


def test_reconnecting_client_gets_each_event_exactly_once(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1")
        app.create("P2")
        first = feed.changes(2)
    app.create("P3")
    app.create("P4")
    with Listener(app.url, after=first[0].id) as feed:
        app.create("P5")
        rest = feed.changes(4)
        time.sleep(0.2)
        assert [message.data["subject"] for message in feed.seen] == ["P2", "P3", "P4", "P5"]
    assert {message.id for message in rest}.isdisjoint({first[0].id})


def test_filtered_stream_sends_only_matching_events(app: App) -> None:
    with Listener(app.url, kind="stock_changed", min_delta="5") as feed:
        app.create("P1", 100)
        app.adjust("P1", -4)
        app.adjust("P1", -5)
        app.adjust("P1", 6, "received")
        deltas = [message.data["data"]["delta"] for message in feed.changes(2)]
    assert deltas == [-5, 6]


def test_stream_and_pages_have_the_changes_of_several_reasons(app: App) -> None:
    wanted = [("reason", "received"), ("reason", "lost")]
    with Listener(app.url, reason=["received", "lost"]) as feed:
        app.create("P1", 100)
        app.adjust("P1", -4, "sold")
        app.adjust("P1", 5, "received")
        app.adjust("P1", -6, "lost")
        assert [message.data["data"]["delta"] for message in feed.changes(2)] == [5, -6]
    until(lambda: len(app.http.get("/v1/events", params=wanted).json()["items"]) == 2)
    page = app.http.get("/v1/events", params=wanted).json()["items"]
    assert [event["data"]["reason"] for event in page] == ["lost", "received"]


def test_deleted_product_answers_410_with_a_link_to_its_history(app: App) -> None:
    with Listener(app.url) as feed:
        app.create("P1")
        app.http.delete("/v1/products/P1", headers={"If-Match": "*"})
        feed.changes(2)
    gone = app.http.get("/v1/products/P1")
    assert gone.status_code == 410
    kinds = [
        event["data"]["kind"] for event in app.http.get(gone.json()["history"]).json()["items"]
    ]
    assert kinds == ["deleted", "inserted"]


def test_disconnected_clients_leave_no_subscriber(app: App) -> None:
    for _ in range(5):
        with Listener(app.url):
            pass
    deadline = time.monotonic() + 10
    while app.services.broker.subscribers and time.monotonic() < deadline:
        app.create(f"wake-{time.monotonic_ns()}")
        time.sleep(0.05)
    assert app.services.broker.subscribers == 0
