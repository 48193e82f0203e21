"""Trends over REST, from the events of a running shop."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.events import rfc3339
from app.readmodel.events.event_fill import EventFill
from app.readmodel.opening import FILE
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

ROUTES = ("movement", "event-rate", "stock-value", "top-movers", "not-sold", "days-left")


@pytest.fixture(scope="module")
def app(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A shop in Berlin: 2 sold and 12 received of A, at 2.50; 5 lost of B, which is deleted."""
    settings = settings_for(
        endpoint, tmp_path_factory.mktemp("trends"), timezone="Europe/Berlin", currency="CHF"
    )
    with serving(settings) as running:
        running.create("A", 10, price="2.50", category="Tea")
        running.create("B", 7, category="Cups")
        running.create("C", 1, price="100", category="Tea")
        running.adjust("A", -2)
        running.adjust("A", 12, "received")
        running.adjust("B", -5, "lost")
        running.http.delete("/v1/products/B", headers={"If-Match": "*"})
        until(lambda: is_filled(running))
        until(lambda: sum(bucket["events"] for bucket in ask(running, "event-rate")["items"]) == 7)
        yield running


def is_filled(app: App) -> bool:
    return app.services.read_model.state.events.filled


def ask(app: App, name: str, **query: Any) -> Any:
    answer = app.http.get(f"/v1/analytics/{name}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_movement_by_reason_and_category(app: App) -> None:
    found = ask(app, "movement", range="24h", bucket="day")
    assert (found["timezone"], found["bucket"]) == ("Europe/Berlin", "day")
    sums = [one for bucket in found["items"] for one in bucket["sums"]]
    assert sum(one["units_in"] for one in sums) == 30
    assert sum(one["units_out"] for one in sums) == 9
    assert [(one["kind"], one["reason"], one["units_in"], one["units_out"])
            for one in found["reasons"]] == [
        ("deleted", None, 0, 2),
        ("inserted", None, 18, 0),
        ("stock_changed", "lost", 0, 5),
        ("stock_changed", "received", 12, 0),
        ("stock_changed", "sold", 0, 2),
    ]  # fmt: skip
    assert {one["category"]: one["units_in"] for one in found["categories"]} == {
        "Tea": 23,
        "Cups": 7,
    }
    tea = ask(app, "movement", range="24h", category="Tea", reason="sold")
    assert [one["units_out"] for bucket in tea["items"] for one in bucket["sums"]] == [2]
    assert tea["categories"] == []


def test_a_named_range_begins_with_a_day_of_the_shop(app: App) -> None:
    found = ask(app, "movement", range="30d")
    assert len(found["items"]) == 30
    begin = datetime.fromisoformat(found["since"])
    assert rfc3339(begin).endswith(("T22:00:00Z", "T23:00:00Z"))
    assert found["recorded_since"] <= found["as_of"]


def test_event_rate_by_kind(app: App) -> None:
    app.put_outside(ProductID="D", ProductName="outside")
    until(lambda: sum(one["outside"] for one in ask(app, "event-rate", range="24h")["items"]) == 1)
    found = ask(app, "event-rate", range="24h")
    assert (found["bucket"], len(found["items"])) == ("15m", 97)
    kinds: dict[str, int] = {}
    for bucket in found["items"]:
        for kind, number in bucket["kinds"].items():
            kinds[kind] = kinds.get(kind, 0) + number
    assert kinds == {"inserted": 4, "stock_changed": 3, "deleted": 1}


def test_stock_value_ends_with_that_of_the_products(app: App) -> None:
    found = ask(app, "stock-value", range="24h", bucket="day")
    assert found["items"][-1]["value"] == "150"  # 20 at 2.50, and 1 at 100
    assert found["currency"] == "CHF"
    assert found["known_since"] is None
    assert found["items"][0]["value"] is None  # before the first event


def test_every_answer_says_since_when_changes_are_known(app: App) -> None:
    assert {name: ask(app, name)["known_since"] for name in ROUTES} == dict.fromkeys(ROUTES)


def test_top_movers_in_pages(app: App) -> None:
    found = ask(app, "top-movers", by="moved", range="7d", limit=2)
    assert [(one["product_id"], one["units_in"], one["units_out"]) for one in found["items"]] == [
        ("A", 22, 2),
        ("B", 7, 7),
    ]
    assert found["items"][1]["deleted"]
    assert found["items"][0]["product"]["stock"] == 20
    rest = ask(app, "top-movers", by="moved", range="7d", limit=2, cursor=found["next_cursor"])
    assert [one["product_id"] for one in rest["items"]] == ["C"]
    assert rest["next_cursor"] is None


def test_days_left_and_products_not_sold(app: App) -> None:
    (left,) = ask(app, "days-left")["items"]
    assert (left["product_id"], left["units_sold"], left["days_left"]) == ("A", 2, 10)
    assert ask(app, "not-sold")["items"] == []  # all are new


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"since": "2026-01-01"}, "?since"),
        ({"since": "9999-01-01T00:00:00Z"}, "?since"),
        ({"since": "0001-01-01T00:00:00Z"}, "?since"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "?since"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2999-03-01T00:00:00Z"}, "?until"),
        ({"until": "2026-03-01T00:00:00Z"}, "?until"),
        ({"since": "2026-03-02T00:00:00Z", "range": "7d"}, "?range"),
        ({"range": "90d", "bucket": "15m"}, "?bucket"),
        ({"range": "1y"}, "?range"),
    ],
)
def test_bad_period_is_named(app: App, query: dict[str, str], pointer: str) -> None:
    for name in ("movement", "event-rate", "stock-value"):
        answer = app.http.get(f"/v1/analytics/{name}", params=query)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["top-movers", "not-sold", "days-left"])
def test_cursor_of_another_list_is_rejected(app: App, name: str) -> None:
    answer = app.http.get(f"/v1/analytics/{name}", params={"cursor": "WzEsMiwzLDRd"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


def test_custom_period_is_cut_into_whole_buckets(app: App) -> None:
    now = datetime.now(UTC)
    found = ask(
        app,
        "event-rate",
        since=rfc3339(now - timedelta(hours=2)),
        until=rfc3339(now),
        bucket="hour",
    )
    assert 3 <= len(found["items"]) <= 4
    assert all(one["start"].endswith(":00:00Z") for one in found["items"])


def test_figures_are_the_same_after_a_refill(endpoint: str, tmp_path: Path) -> None:
    """While the events are read again, there is no answer rather than half of one."""
    settings = settings_for(endpoint, tmp_path)
    with serving(settings) as app:
        app.create("A", 10, price="2.50", category="Tea")
        for _ in range(5):
            app.adjust("A", -1)
        until(lambda: is_filled(app))
        until(lambda: ask(app, "days-left")["items"] != [])
        until(lambda: ask(app, "days-left")["items"][0]["units_sold"] == 5)
        before = figures(app)
    (tmp_path / FILE).unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventFill, "run", lambda *given: None)
        with serving(settings) as app:
            until(lambda: app.services.read_model.state.filled)
            for name in ROUTES:
                answer = app.http.get(f"/v1/analytics/{name}")
                assert (answer.status_code, answer.json()["code"]) == (503, "read-model-filling")
                assert answer.headers["Retry-After"] == "5"
    with serving(settings) as app:
        until(lambda: is_filled(app))
        assert figures(app) == before


def figures(app: App) -> list[Any]:
    """All answers, without what depends on the time of the request."""
    answers = [ask(app, name) for name in ROUTES]
    for answer in answers:
        answer.pop("as_of")
        if "currency" in answer:
            answer["items"][-1].pop("at")
    return answers
