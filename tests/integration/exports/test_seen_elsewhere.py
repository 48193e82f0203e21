"""With several web processes, a list that names a write has it, or says that it does not."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from app.bootstrap.worker import publish_to_redis
from tests.support.processes.redis_server import RedisServer
from tests.support.processes.running import App, serving, settings_for
from tests.support.waiting import until

Pair = tuple[App, App]


@pytest.fixture(scope="module")
def pair(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two web processes and a worker."""
    folder = tmp_path_factory.mktemp("seen")
    (folder / "redis").mkdir()
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder / "redis"))
        settings = settings_for(
            endpoint,
            folder,
            broker_url=redis.url,
            session_key="k" * 32,
            audit_keys="k1:" + "a2V5" * 11,
        )
        one, other = (
            stack.enter_context(serving(settings.model_copy(update={"data_dir": folder / name})))
            for name in ("one", "other")
        )
        stack.enter_context(publish_to_redis(settings))
        for app in (one, other):
            until(lambda app=app: app.services.read_model.state.filled)
        yield one, other


def test_list_of_another_process_has_the_write_that_it_names(pair: Pair) -> None:
    one, other = pair
    product = one.create("S1", 0).json()
    for number in range(10):
        seen = {"seen": f"S1:{product['version']}", "q": "S1"}
        until(lambda seen=seen: other.http.get("/v1/products", params=seen).json()["seen"])
        (listed,) = other.http.get("/v1/products", params=seen).json()["items"]
        assert listed["stock"] == number
        product = one.adjust("S1", 1, "received").json()
    etag = one.http.get("/v1/products/S1").headers["ETag"]
    one.http.delete("/v1/products/S1", headers={"If-Match": etag})
    gone = {"seen": "S1:deleted", "q": "S1"}
    until(lambda: other.http.get("/v1/products", params=gone).json()["seen"])
    assert other.http.get("/v1/products", params=gone).json()["items"] == []


def test_write_that_never_comes_is_waited_for_a_second_at_most_and_said(pair: Pair) -> None:
    _, other = pair
    began = time.monotonic()
    answer = other.http.get("/v1/products?seen=nothing:1")
    assert time.monotonic() - began >= 1
    assert (answer.status_code, answer.json()["seen"]) == (200, False)
    csv = other.http.get("/v1/products?seen=nothing:1", headers={"Accept": "text/csv"})
    assert csv.headers["Seen"] == "false"


def test_own_write_is_seen_without_a_wait(pair: Pair) -> None:
    one, _ = pair
    version = one.create("S2").json()["version"]
    assert one.http.get(f"/v1/products?seen=S2:{version}").json()["seen"] is True
