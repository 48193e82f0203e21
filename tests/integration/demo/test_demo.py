"""The demo shop runs on a real engine, next to other writers, and stops with its server."""

import threading
import time
from pathlib import Path

import pytest

from app.bootstrap.web import running
from app.config.settings import Settings
from app.demo.runner import DemoShop
from tests.support.demo import BUTTON, NOTICE, feed_events, plan, sells, stocks
from tests.support.processes.running import App, item, serving, settings_for
from tests.support.waiting import until


def test_shop_fills_its_shelves_at_once_and_then_keeps_its_rate(app: App) -> None:
    with DemoShop(app.services.store.products, plan(20)) as shop:
        shop.start()
        until(lambda: len(stocks(app)) >= 220, 20)
        until(lambda: sells(app))
        time.sleep(1)  # until the shop has caught up after the opening
        before, began = len(feed_events(app)), time.monotonic()
        time.sleep(2.5)
        count, took = len(feed_events(app)) - before, time.monotonic() - began
    assert count / took == pytest.approx(20, rel=0.3)


def test_shop_continues_while_other_people_change_its_products(app: App) -> None:
    """They empty, delete, damage and recreate products while the shop runs."""
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
                        TableName=app.services.about.products_table, Key=item(ProductID=product_id)
                    )

    with DemoShop(app.services.store.products, plan(300)) as shop:
        shop.start()
        until(lambda: len(stocks(app)) >= 200)
        other = threading.Thread(target=interfere)
        other.start()
        time.sleep(2.5)
        done.set()
        other.join()
        assert shop.running()
        until(lambda: sells(app))
    assert all(int(count) >= 0 for count in stocks(app).values())
    assert all(event.stock_after is None or event.stock_after >= 0 for event in feed_events(app))


def test_button_starts_the_shop_and_notice_stops_it(app: App) -> None:
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
    count = len(feed_events(app))
    time.sleep(1)  # five changes, if it still ran
    assert len(feed_events(app)) == count


def test_demo_is_refused_in_read_only_mode(endpoint: str, tmp_path: Path) -> None:
    with serving(settings_for(endpoint, tmp_path)):  # creates the tables
        pass
    with serving(settings_for(endpoint, tmp_path, read_only=True)) as app:
        assert BUTTON not in app.http.get("/").text
        assert app.http.post("/demo/start").status_code == 403
        assert not app.services.demo.is_running()


def test_demo_cannot_be_started_from_another_origin(app: App) -> None:
    answer = app.http.post("/demo/start", headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403
    assert not app.services.demo.is_running()


def test_shop_stops_with_its_server(settings: Settings) -> None:
    with running(settings, demo=plan(20)) as services:
        assert services.demo.is_running()
    assert not services.demo.is_running()
