"""Worker and web processes with a real Redis between them miss nothing, whatever happens to it."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from app.bootstrap import broker_feed
from app.bootstrap.broker_feed import feed_from_redis
from app.bootstrap.worker import publish_to_redis
from app.broker.redis.connection import keys_of
from app.broker.redis.hints import HintSender, RedisHints
from app.config.settings import Settings
from tests.support.http.sse import Listener
from tests.support.processes.redis_server import RedisServer
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until
from worker.stream.shards.polling import Idle


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    with RedisServer(folder) as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use timeouts of tenths of a second instead of seconds."""
    quick = partial(feed_from_redis, timeout=0.4, block=0.1, poll_interval=0.1)
    monkeypatch.setattr(broker_feed, "feed_from_redis", quick)


@pytest.fixture
def split(endpoint: str, redis_server: RedisServer, tmp_path: Path) -> Settings:
    """Settings of a deployment with several processes."""
    keys = "k1:" + "a2V5" * 11
    return settings_for(
        endpoint, tmp_path, broker_url=redis_server.url, session_key="k" * 32, audit_keys=keys
    )


@contextmanager
def deployment(settings: Settings, webs: int = 1, idle: float = 0.25) -> Iterator[list[App]]:
    """`webs` web processes and a worker."""
    with ExitStack() as stack:
        apps = []
        for number in range(webs):
            own = settings.model_copy(update={"data_dir": settings.data_dir / str(number)})
            apps.append(stack.enter_context(serving(own)))
        pace = Idle(idle, idle)
        stack.enter_context(publish_to_redis(settings, idle=pace, timeout=0.5, retry_interval=0.2))
        yield apps


def test_each_web_process_has_a_copy_that_follows_all(split: Settings) -> None:
    with deployment(split, webs=2) as apps:
        for app in apps:
            until(lambda: app.services.read_model.state.filled)  # noqa: B023 - called in this turn
        for number in range(10):
            apps[number % 2].create(f"P{number}", number, name="Gnu")
        expected = [f"P{number}" for number in range(9, -1, -1)]
        for app in apps:
            until(lambda: listed(app) == expected)  # noqa: B023


def listed(app: App) -> list[str]:
    answer = app.http.get("/v1/products", params={"q": "gnu", "sort": "-stock"})
    return [product["product_id"] for product in answer.json()["items"]]


def ids(feed: Listener) -> list[str]:
    return [message.data["subject"] for message in feed.seen]


def once(subjects: list[str]) -> list[str]:
    """The subjects without duplicates, which clients drop."""
    return list(dict.fromkeys(subjects))


def broker_of(app: App) -> str:
    state: str = app.http.get("/readyz").json()["parts"]["broker"]
    return state


def test_write_at_one_web_process_appears_at_all_and_hints_wake_the_worker(
    split: Settings,
) -> None:
    with (
        deployment(split, webs=2, idle=20) as (one, other),
        Listener(one.url) as here,
        Listener(other.url) as there,
    ):
        until(lambda: broker_of(one) == "ok" and broker_of(other) == "ok")
        for number in range(5):  # without hints the worker would sleep for 20 s
            one.create(f"P{number}")
        expected = [f"P{number}" for number in range(5)]
        for feed in (here, there):
            feed.changes(5, seconds=10)
            assert ids(feed) == expected
        assert [m.id for m in here.seen] == [m.id for m in there.seen]
        assert [m.data for m in here.seen] == [m.data for m in there.seen]
        assert "worker" not in one.http.get("/readyz").json()["parts"]

        # A client moves from one process to the other: without duplicates, it gets everything once.
        one.create("P5")
        with Listener(other.url, after=here.changes(6)[3].id) as moved:
            moved.wait_until(lambda: {"P4", "P5"} <= set(ids(moved)))
            assert once(ids(moved))[-2:] == ["P4", "P5"]


def flushed(server: RedisServer, _: Settings) -> None:
    with server.client() as client:
        client.flushall()


def trimmed(server: RedisServer, settings: Settings) -> None:
    with server.client() as client:
        client.xtrim(keys_of(settings.table_prefix, f"{settings.table_prefix}Products").stream, 0)


def restarted_empty(server: RedisServer, _: Settings) -> None:
    server.kill()
    server.start()


def test_no_event_is_missed_when_the_redis_stream_is_lost(
    split: Settings, redis_server: RedisServer
) -> None:
    with deployment(split) as (app,), Listener(app.url) as feed:
        app.create("first")
        feed.changes(1)
        written = ["first"]
        for trouble in (flushed, trimmed, restarted_empty):
            name = trouble.__name__
            app.create(f"before {name}")
            trouble(redis_server, split)
            app.create(f"after {name}")
            written += [f"before {name}", f"after {name}"]
            feed.wait_until(lambda name=name: f"after {name}" in ids(feed))
            until(lambda: broker_of(app) == "ok")
        app.create("last")
        feed.wait_until(lambda: "last" in ids(feed))
        feed.wait_until(lambda: {*written, "last"} <= set(ids(feed)))
        assert sorted(once(ids(feed))) == sorted([*written, "last"])


def test_live_stream_continues_and_reports_it_while_redis_hangs(
    split: Settings, redis_server: RedisServer
) -> None:
    with deployment(split) as (app,), Listener(app.url) as feed:
        app.create("P0")
        feed.changes(1)
        redis_server.hang()
        app.create("P1")
        feed.wait_until(lambda: "P1" in ids(feed))  # from the feed
        until(lambda: "Redis" in broker_of(app))
        feed.wait_until(
            lambda: any("Redis" in m.data["store"] for m in feed.messages if m.event == "heartbeat")
        )
        with Listener(app.url, after=feed.changes(2)[0].id) as returned:
            returned.wait_until(lambda: "P1" in ids(returned))
        app.create("P2")  # the worker is still retrying P1, so P2 waits
        redis_server.resume()
        app.create("P3")
        feed.wait_until(lambda: {"P1", "P2", "P3"} <= set(ids(feed)))
        until(lambda: broker_of(app) == "ok")
        assert once(ids(feed)) == ["P0", "P1", "P2", "P3"]


def test_redis_may_start_late_and_restart(split: Settings, redis_server: RedisServer) -> None:
    redis_server.kill()
    with deployment(split) as (app,), Listener(app.url) as feed:
        app.create("P0")
        feed.changes(1)
        redis_server.start()
        until(lambda: broker_of(app) == "ok")
        app.create("P1")  # it appears once the worker has published P0
        feed.wait_until(lambda: "P1" in ids(feed))
        redis_server.kill()
        app.create("P2")
        feed.wait_until(lambda: "P2" in ids(feed))
        redis_server.start()
        app.create("P3")
        feed.wait_until(lambda: "P3" in ids(feed))
        assert once(ids(feed)) == ["P0", "P1", "P2", "P3"]


def test_hints_reach_listeners_and_never_block(redis_server: RedisServer) -> None:
    heard = threading.Event()
    with (
        HintSender(redis_server.url, "c", retry_interval=0.1) as sender,
        RedisHints(redis_server.url, "c", heard.set, retry_interval=0.1),
    ):
        assert heard.wait(5), "a listener starts with a hint, for earlier writes"
        heard.clear()
        until(lambda: sender.hint() or heard.wait(0.1))
        redis_server.kill()
        started = time.monotonic()
        for _ in range(1_000):
            sender.hint()
        assert time.monotonic() - started < 0.5
        redis_server.start()
        heard.clear()
        until(lambda: sender.hint() or heard.wait(0.1))


def test_deployments_can_share_redis_and_foreign_entries_are_tolerated(
    split: Settings, redis_server: RedisServer
) -> None:
    names = split.table_prefix, f"{split.table_prefix}Products"
    assert keys_of(*names) != keys_of("other-", names[1])
    with deployment(split) as (app,), Listener(app.url) as feed:
        until(lambda: broker_of(app) == "ok")
        with redis_server.client() as client:
            client.xadd(keys_of(*names).stream, {"head": b"nonsense", "data": b"{}"})
        app.create("P0")
        feed.changes(1)
        until(lambda: broker_of(app) == "ok")
