"""An account and the server have only so many streams; one that ends makes room.

The clients are behind a trusted proxy, so that each is a person of its own.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack

import httpx
import pytest

from tests.support.house import House, furnished
from tests.support.http.raw_http import connect, request
from tests.support.waiting import until

STREAMS, PER_KEY = 3, 2
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application with few streams."""
    with furnished(
        endpoint,
        tmp_path_factory.mktemp("streams"),
        proxy_addresses="127.0.0.1",
        proxy_user_header="X-User",
        proxy_roles="*=viewer",
        max_streams=STREAMS,
        max_streams_per_key=PER_KEY,
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_open_streams(house: House) -> Iterator[None]:
    """The server notices late that a client has left: wait until the test's streams have ended."""
    yield
    until(lambda: house.app.services.broker.subscribers == 0)


def person(name: str) -> dict[str, str]:
    return {"X-User": name, "X-Forwarded-For": "2001:db8::1"}


def following(house: House, who: dict[str, str]) -> AbstractContextManager[httpx.Response]:
    return house.app.http.stream("GET", "/v1/events", headers=STREAM | who)


def test_streams_are_limited_per_key_and_in_total(house: House) -> None:
    with ExitStack() as opened:
        first = opened.enter_context(following(house, person("eve")))
        opened.enter_context(following(house, person("eve")))
        with following(house, person("eve")) as third:
            third.read()
            assert (third.status_code, third.json()["code"]) == (429, "too-many-of-your-streams")
            assert third.headers["Retry-After"] == "10"
        assert opened.enter_context(following(house, person("fay"))).status_code == 200
        with following(house, person("gus")) as fourth:
            fourth.read()
            assert (fourth.status_code, fourth.json()["code"]) == (503, "too-many-streams")
            assert fourth.headers["Retry-After"] == "10"
        first.close()
        assert opened.enter_context(let_in(house, person("eve"), among=STREAMS)).status_code == 200


def let_in(
    house: House, who: dict[str, str], *, among: int
) -> AbstractContextManager[httpx.Response]:
    """A stream, opened once fewer than `among` streams are open."""
    until(lambda: house.app.services.broker.subscribers < among)
    return following(house, who)


def test_broken_stream_frees_its_slot(house: House) -> None:
    head = [f"{name}: {value}".encode() for name, value in (STREAM | person("hal")).items()]
    for _ in range(PER_KEY):
        with connect(house.app.url) as connection:
            connection.sendall(request("GET", "/v1/events", *head))
            assert b"200 OK" in connection.recv(100)
    with let_in(house, person("hal"), among=1) as again:
        assert again.status_code == 200
