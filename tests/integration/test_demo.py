"""The demo shop on a real engine: live beside other people, as a past, by button and by command."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.demo.errors import NoPast
from app.demo.live import Plan
from app.demo.past import Past, divided, make_past
from app.demo.runner import DemoShop
from app.demo.shop import changes, monday_morning
from app.events import ChangeEvent
from app.serve import running
from app.settings import Settings
from app.signing import signer_of
from app.store import place, tables
from app.store.client import connect
from tests.support.running import App, item, serving, settings_for
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("UTC")
BUTTON, NOTICE = "Run a demo shop", "A demo shop runs in this server"


def plan(rate: float, seed: int = 1) -> Plan:
    return Plan(changes(seed, monday_morning(ZONE), ZONE), rate)


def stocks(app: App) -> dict[str, str]:
    pages = app.tables.get_paginator("scan").paginate(
        TableName=app.services.products_table, ConsistentRead=True
    )
    items = [item for page in pages for item in page["Items"]]
    return {item["ProductID"]["S"]: item["Stock"]["N"] for item in items}


def told(app: App, newest: int = 100_000) -> list[ChangeEvent]:
    """What the feed holds, oldest first."""
    return [event for _, event in islice(app.services.timeline.recent(), newest)][::-1]


def sells(app: App) -> bool:
    """Whether something was sold just now."""
    return any(event.reason == "sold" for event in told(app, 20))


def test_the_shelves_are_full_at_once_and_then_the_rate_holds(app: App) -> None:
    with DemoShop(app.services.products, plan(20)) as shop:
        shop.start()
        until(lambda: len(stocks(app)) >= 220, 20)
        until(lambda: sells(app))
        time.sleep(1)  # what the opening held up has been caught up with
        before, began = len(told(app)), time.monotonic()
        time.sleep(4)
        count, took = len(told(app)) - before, time.monotonic() - began
    assert count / took == pytest.approx(20, rel=0.3)


def test_other_people_in_the_same_shop_do_not_stop_it(app: App) -> None:
    """They sell out, delete, break and put back products while the shop runs."""
    done = threading.Event()

    def interfere() -> None:
        for number, product_id in enumerate(sorted(stocks(app)) * 3):
            if done.is_set():
                return
            match number % 4:
                case 0:
                    app.http.delete(f"/v1/products/{product_id}", headers={"If-Match": "*"})
                case 1:
                    patch = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
                    app.http.patch(
                        f"/v1/products/{product_id}", content='{"stock":0}', headers=patch
                    )
                case 2:
                    app.put_outside(ProductID=product_id, Stock=1)
                case 3:
                    app.tables.delete_item(
                        TableName=app.services.products_table, Key=item(ProductID=product_id)
                    )

    with DemoShop(app.services.products, plan(300)) as shop:
        shop.start()
        until(lambda: len(stocks(app)) >= 200)
        other = threading.Thread(target=interfere)
        other.start()
        time.sleep(5)
        done.set()
        other.join()
        assert shop.running()
        until(lambda: sells(app))
    assert all(int(count) >= 0 for count in stocks(app).values())
    assert all(event.stock_after is None or event.stock_after >= 0 for event in told(app))


@contextmanager
def owned(settings: Settings) -> Iterator[tuple[place.Place, tables.TableNames]]:
    names = tables.table_names(settings.table_prefix, settings.products_table)
    with place.owned(settings.dynamodb, settings.data_dir, names) as where:
        tables.ensure_tables(connect(where.endpoint).tables, names, settings.attributes)
        yield where, names


def give_past(settings: Settings, span: timedelta) -> tuple[Past, Plan]:
    now = datetime.now(UTC)
    past, rest = divided(changes(4, now - span, ZONE), now)
    with owned(settings) as (where, names):
        made = make_past(where, names, settings.attributes, signer_of(settings), past)
    return made, Plan(rest, 50)


def test_a_past_is_in_audit_and_feed_and_the_stream_does_not_tell_it_again(
    settings: Settings,
) -> None:
    span = timedelta(days=3)
    began = datetime.now(UTC) - span
    made, _ = give_past(settings, span)
    assert made.strangers == 0
    with serving(settings) as app:
        first = told(app)
        shown = [event for event in first if event.kind != "internal"]
        assert len(first) == made.records > 700
        assert timedelta(0) <= shown[0].occurred_at - began + timedelta(seconds=1) < timedelta(1)
        assert datetime.now(UTC) - shown[-1].occurred_at < timedelta(hours=14)
        assert all(one.occurred_at <= other.occurred_at for one, other in pairwise(first))

        last = {event.product_id: event.after for event in first}
        left = {key: after for key, after in last.items() if after is not None}
        scanned = app.tables.scan(TableName=app.services.products_table, ConsistentRead=True)
        assert {item["ProductID"]["S"]: item for item in scanned["Items"]} == left
        assert len(left) == made.products >= 200

        # Arrivals lie in the past too: the feed has a day for each.
        days = {cursor.day for cursor, _ in app.services.timeline.recent()}
        assert len(days) in {3, 4}

        product_id = next(key for key, after in left.items() if int(after["Stock"]["N"]))
        assert app.adjust(product_id, -1).status_code == 200
        until(lambda: told(app, 1)[0].actor == "local")
        time.sleep(1)  # time enough for the stream to tell more, if it did
        later = told(app)[len(first) :]
        assert [event.product_id for event in later] == [product_id]
        assert later[0].before == left[product_id]
        assert later[0].event_key > max(event.event_key for event in first)
        history = app.http.get(f"/v1/products/{product_id}/events").json()["items"]
        assert history[0]["data"]["actor"] == "local"
        assert history[-1]["data"]["note"] in {"opening stock", "new in the shop"}


def test_after_its_past_the_shop_goes_on(settings: Settings) -> None:
    _, rest = give_past(settings, timedelta(hours=6))
    with serving(settings) as app:
        before = len(told(app))
        with DemoShop(app.services.products, rest) as shop:
            shop.start()
            until(lambda: len(told(app)) > before + 40)
        later = told(app)[before:]
    assert {event.reason for event in later} >= {"sold"}
    assert not any(event.kind == "inserted" and event.note == "opening stock" for event in later)


def test_what_others_did_before_is_told_as_well(settings: Settings) -> None:
    with owned(settings) as (where, names):
        client = connect(where.endpoint).tables
        client.put_item(TableName=names.products, Item=item(ProductID="mine", Stock=1))
        client.delete_item(TableName=names.products, Key=item(ProductID="mine"))
    made, _ = give_past(settings, timedelta(hours=2))
    assert made.strangers == 2
    with serving(settings) as app:
        kinds = [event.kind for event in told(app) if event.product_id == "mine"]
        assert kinds == ["inserted", "deleted"]


def test_a_store_that_is_not_empty_gets_no_past(settings: Settings) -> None:
    with serving(settings) as app:
        app.create("P1")
        until(lambda: told(app))
        app.http.delete("/v1/products/P1", headers={"If-Match": "*"})
    with pytest.raises(NoPast, match="ProductEvents is not empty"):
        give_past(settings, timedelta(hours=2))


def test_a_past_that_would_expire_at_once_is_refused(endpoint: str, tmp_path: Path) -> None:
    settings = settings_for(endpoint, tmp_path, audit_retention_days=2)
    with pytest.raises(NoPast, match="RETENTION"):
        give_past(settings, timedelta(days=3))


def test_the_button_opens_a_shop_and_the_notice_closes_it(app: App) -> None:
    assert BUTTON in app.http.get("/products").text
    assert BUTTON in app.http.get("/").text
    started = app.http.post("/demo/start", headers={"Origin": app.url})
    assert (started.status_code, started.headers["Location"]) == (303, "/")
    assert NOTICE in app.http.get("/").text
    assert BUTTON not in app.http.get("/products").text
    app.http.post("/demo/start")
    assert sum(thread.name == "demo-shop" for thread in threading.enumerate()) == 1
    until(lambda: sells(app))
    assert app.http.post("/demo/stop").status_code == 303
    page = app.http.get("/").text
    assert NOTICE not in page
    count = len(told(app))
    time.sleep(1.5)
    assert len(told(app)) == count


def test_a_read_only_place_has_no_demo(endpoint: str, tmp_path: Path) -> None:
    with serving(settings_for(endpoint, tmp_path, read_only=True)) as app:
        assert BUTTON not in app.http.get("/").text
        assert app.http.post("/demo/start").status_code == 403
        assert not app.services.demo.running()


def test_a_foreign_page_cannot_press_the_button(app: App) -> None:
    answer = app.http.post("/demo/start", headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert not app.services.demo.running()


def test_the_server_s_end_is_the_shop_s(settings: Settings) -> None:
    with running(settings, demo=plan(20)) as services:
        assert services.demo.running()
    assert not services.demo.running()


class Command:
    """`stockpulse demo …` as a process of its own."""

    def __init__(self, settings: Settings, output: Path, *arguments: str) -> None:
        given = {
            "DYNAMODB": settings.dynamodb,
            "DATA_DIR": str(settings.data_dir),
            "TABLE_PREFIX": settings.table_prefix,
            "PORT": "0",
        }
        clean = {k: v for k, v in os.environ.items() if not k.startswith("STOCKPULSE_")}
        self._output = output
        with output.open("wb") as file:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "app", "demo", *arguments],
                cwd=ROOT,
                env=clean | {f"STOCKPULSE_{name}": value for name, value in given.items()},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._output.read_text()

    def end(self) -> int:
        self.child.send_signal(signal.SIGINT)
        return self.child.wait(30)

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *exc: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait(10)


def test_the_command_serves_where_nobody_does(settings: Settings, tmp_path: Path) -> None:
    output = tmp_path / "said"
    with Command(settings, output, "--history", "12h", "--seed", "3") as command:
        until(lambda: "Ctrl-C ends it" in command.said or command.child.poll() is not None, 60)
        address = re.search(r"http://127\.0\.0\.1:\d+", command.said)
        assert address is not None, command.said
        assert "the table holds 2" in command.said
        assert "5 changes a second (seed 3)" in command.said
        until(lambda: httpx.get(f"{address[0]}/readyz").status_code == 200)
        assert NOTICE in httpx.get(f"{address[0]}/").text
        assert command.end() == 0, command.said
    with Command(settings, output, "--history", "12h") as command:
        assert command.child.wait(30) == 1
        assert "is not empty" in command.said


def test_the_command_only_writes_where_a_server_runs(app: App, tmp_path: Path) -> None:
    settings = app.services.settings
    with Command(settings, tmp_path / "said", "--rate", "50") as command:
        until(lambda: sells(app), 60)
        assert "only writes" not in command.said
        assert "Another process serves" in command.said
        assert not app.services.demo.running()
        assert command.end() == 0, command.said
    with Command(settings, tmp_path / "said", "--history", "12h") as command:
        assert command.child.wait(30) == 1
        assert "held by process" in command.said
