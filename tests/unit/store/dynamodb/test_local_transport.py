"""Calls to a local engine work without botocore's HTTP client, and fail as with it."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from botocore.session import Session as CoreSession

from app.core.errors import ItemTooLarge, StoreUnavailable
from app.store.dynamodb.aws_session import Session
from app.store.dynamodb.calls.local_calls import use_local_calls
from app.store.dynamodb.calls.local_transport import LocalTransport
from app.store.dynamodb.client import connect, translated
from tests.support.fakes.scripted_engine import (
    CHUNKED,
    CUT,
    CUT_CHUNKS,
    CUT_HEADERS,
    GARBAGE,
    KEEP,
    LAST,
    REFUSED,
    TOO_LARGE,
    UNFRAMED,
    ScriptedEngine,
)
from tests.support.waiting import until

Names = Callable[[Any], list[str]]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[ScriptedEngine]:
    running = ScriptedEngine(*request.param)
    yield running
    running.close()


@pytest.fixture
def no_urllib3(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_: Any) -> None:
        raise AssertionError("botocore sent the request itself")

    monkeypatch.setattr(URLLib3Session, "send", send)


@cache
def with_placeholders() -> Session:
    """One for all tests: it reads the description of DynamoDB's operations."""
    core = CoreSession()
    core.set_credentials("stockpulse", "stockpulse")
    return Session(boto3.Session(botocore_session=core, region_name="eu-west-1"), placeholder=True)


def tables_at(engine: ScriptedEngine, tries: int = 1) -> Any:
    return connect(engine.url, tries, with_placeholders()).tables


@pytest.fixture(params=["ListTables", "Scan"])
def operation(request: pytest.FixtureRequest) -> str:
    """One that passes through botocore, and one that does not if it succeeds."""
    name: str = request.param
    return name


@pytest.fixture
def names(operation: str) -> Names:
    def call(client: Any) -> list[str]:
        with translated():
            if operation == "Scan":
                found: list[str] = client.scan(TableName="Products")["TableNames"]
            else:
                found = client.list_tables()["TableNames"]
        return found

    return call


def post(transport: LocalTransport, engine: ScriptedEngine) -> None:
    transport.send(f"{engine.url}/", {}, b"{}")


def impatient(engine: ScriptedEngine) -> Any:
    """A client that waits 0.1 s for a response."""
    config = Config(
        read_timeout=0.1, connect_timeout=0.1, retries={"total_max_attempts": 1}, proxies={}
    )
    client: Any = with_placeholders().boto.client(
        "dynamodb", config=config, endpoint_url=engine.url
    )
    use_local_calls([client], engine.url, "stockpulse")
    return client


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[KEEP, CHUNKED, KEEP]], indirect=True)
def test_calls_share_a_connection_and_name_the_placeholder_key(
    engine: ScriptedEngine, operation: str, names: Names
) -> None:
    client = tables_at(engine)
    assert [names(client) for _ in range(3)] == [["Products"]] * 3
    assert engine.connections == 1
    for request in engine.requests:
        assert request.startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:")
        assert f"\r\nX-Amz-Target: DynamoDB_20120810.{operation}\r\n".encode() in request
        assert b"Credential=stockpulse/20260101/eu-west-1/dynamodb/aws4_request" in request
        assert request.partition(b"\r\n\r\n")[2] in {b"{}", b'{"TableName": "Products"}'}


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[KEEP, KEEP, LAST, KEEP]], indirect=True)
def test_a_connection_that_the_engine_closed_is_not_used_again(
    engine: ScriptedEngine, names: Names
) -> None:
    client = tables_at(engine)
    assert names(client) == ["Products"]
    engine.hang_up()
    assert [names(client) for _ in range(3)] == [["Products"]] * 3
    assert (engine.connections, len(engine.requests)) == (3, 4)


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[CUT, CUT_HEADERS, CUT_CHUNKS, GARBAGE, KEEP]], indirect=True)
def test_an_incomplete_or_wrong_response_is_retried(engine: ScriptedEngine, names: Names) -> None:
    assert names(tables_at(engine, tries=5)) == ["Products"]
    assert engine.connections == 5


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[UNFRAMED, KEEP]], indirect=True)
def test_a_body_may_end_with_its_connection(engine: ScriptedEngine, names: Names) -> None:
    client = tables_at(engine)
    assert [names(client) for _ in range(2)] == [["Products"]] * 2
    assert engine.connections == 2


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[REFUSED]], indirect=True)
def test_an_error_of_the_engine_is_read(engine: ScriptedEngine, names: Names) -> None:
    with pytest.raises(StoreUnavailable, match="throttling"):
        names(tables_at(engine))


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[TOO_LARGE, KEEP]], indirect=True)
def test_a_refusal_that_comes_before_all_was_sent_is_read(
    engine: ScriptedEngine, names: Names
) -> None:
    client = tables_at(engine)
    with pytest.raises(ItemTooLarge), translated():
        client.put_item(TableName="Products", Item={"ProductID": {"S": "x" * 40_000_000}})
    assert names(client) == ["Products"]
    assert engine.connections == 2


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[None, KEEP]], indirect=True)
def test_a_silent_engine_is_given_up_and_its_connection_closed(
    engine: ScriptedEngine, names: Names
) -> None:
    client = impatient(engine)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        names(client)
    assert names(client) == ["Products"]
    assert engine.connections == 2


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[]], indirect=True)
def test_an_engine_that_is_gone_is_reported(engine: ScriptedEngine, names: Names) -> None:
    client = impatient(engine)
    engine.close()
    with pytest.raises(StoreUnavailable, match="did not answer"):
        names(client)


@pytest.mark.parametrize("engine", [[LAST]], indirect=True)
def test_requests_with_real_credentials_are_signed(engine: ScriptedEngine, names: Names) -> None:
    core = CoreSession()
    core.set_credentials("AKIAEXAMPLE", "secret")
    session = Session(boto3.Session(botocore_session=core, region_name="eu-west-1"))
    assert names(connect(engine.url, 1, session).tables) == ["Products"]
    assert b"Credential=AKIAEXAMPLE/" in engine.requests[0]
    assert b"Signature=none" not in engine.requests[0]


@pytest.mark.parametrize("engine", [[LAST]], indirect=True)
def test_a_proxy_gets_signed_requests(
    engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, names: Names
) -> None:
    monkeypatch.setenv("HTTP_PROXY", engine.url)
    monkeypatch.setenv("http_proxy", engine.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    client = connect("http://engine.example:8000", 1, with_placeholders()).tables
    assert names(client) == ["Products"]
    assert engine.requests[0].startswith(b"POST http://engine.example:8000/ HTTP/1.1\r\n")
    assert b"Signature=none" not in engine.requests[0]


def test_idle_connections_are_limited_and_closed_with_their_owner() -> None:
    engine = ScriptedEngine(None, None, None)
    transport = LocalTransport(engine.url, 5, 5, most=2)
    calls = [threading.Thread(target=post, args=(transport, engine)) for _ in range(3)]
    for call in calls:
        call.start()
    until(lambda: len(engine.requests) == 3)
    engine.answer_all(KEEP)
    for call in calls:
        call.join(10)
    until(lambda: engine.closed == 1)
    del transport, calls, call
    until(lambda: engine.closed == 3)
    engine.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_process_opens_connections_of_its_own() -> None:
    engine = ScriptedEngine(KEEP, KEEP, KEEP)
    transport = LocalTransport(engine.url, 5, 5, most=2)
    post(transport, engine)
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            post(transport, engine)
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0) == (child, 0)
    post(transport, engine)
    assert (engine.connections, len(engine.requests)) == (2, 3)
    engine.close()
