"""Calls to a local engine work without botocore's HTTP client, and fail as with it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from botocore.session import Session as CoreSession

from app.core.errors import ItemTooLarge, StoreUnavailable
from app.store.dynamodb.aws_session import Session
from app.store.dynamodb.calls.local_transport import LocalTransport, use_local_transport
from app.store.dynamodb.client import connect, translated
from tests.support.waiting import until

TABLES = b'{"TableNames": ["Products"]}'
KEEP = (
    b"HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 09:00:00 GMT\r\nContent-Length: 28\r\n\r\n" + TABLES
)
LAST = KEEP.replace(b"Date:", b"Connection: close\r\nDate:")
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"a\r\n" + TABLES[:10] + b"\r\n12\r\n" + TABLES[10:] + b"\r\n0\r\n\r\n"
)
REFUSED = (
    b'HTTP/1.1 400 Bad Request\r\nContent-Length: 36\r\n\r\n{"__type": "ThrottlingException"}   '
)
CUT = KEEP[:-5]  # and then the connection is closed
TOO_LARGE = (  # and then the connection is closed, before the request was read
    b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 42\r\n\r\n"
    b'{"__type": "X", "message": "length limit"}'
)
GARBAGE = b"220 mail.example ESMTP\r\n\r\n"


class Engine:
    """Answers each request with the next of the given responses; None: it does not answer."""

    def __init__(self, *responses: bytes | None) -> None:
        self._left = list(responses)
        self.requests: list[bytes] = []
        self.connections = self.closed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends `accept`
        self._listener.close()
        for connection in self._open:
            connection.close()

    def hang_up(self) -> None:
        """Close all connections, as an engine does with idle ones."""
        for connection in self._open:
            connection.shutdown(socket.SHUT_RDWR)

    def answer_all(self, response: bytes) -> None:
        for connection in self._open:
            connection.sendall(response)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the test has closed it
            while request := connection.recv(65536):
                self.requests.append(request)
                response = self._left.pop(0)
                if response is None:
                    continue
                connection.sendall(response)
                if response is TOO_LARGE:
                    connection.close()
                if response in {CUT, LAST, GARBAGE}:
                    connection.shutdown(socket.SHUT_RDWR)
        self.closed += 1


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    running = Engine(*request.param)
    yield running
    running.close()


@pytest.fixture
def no_urllib3(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_: Any) -> None:
        raise AssertionError("botocore sent the request itself")

    monkeypatch.setattr(URLLib3Session, "send", send)


def with_placeholders() -> Session:
    core = CoreSession()
    core.set_credentials("stockpulse", "stockpulse")
    return Session(boto3.Session(botocore_session=core, region_name="eu-west-1"), placeholder=True)


def tables_at(engine: Engine, tries: int = 1) -> Any:
    return connect(engine.url, tries, with_placeholders()).tables


def names(client: Any) -> list[str]:
    with translated():
        found: list[str] = client.list_tables()["TableNames"]
    return found


def impatient(engine: Engine) -> Any:
    """A client that waits 0.1 s for a response."""
    config = Config(
        read_timeout=0.1, connect_timeout=0.1, retries={"total_max_attempts": 1}, proxies={}
    )
    client: Any = with_placeholders().boto.client(
        "dynamodb", config=config, endpoint_url=engine.url
    )
    use_local_transport([client], engine.url, "stockpulse")
    return client


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[KEEP, CHUNKED, KEEP]], indirect=True)
def test_calls_share_a_connection_and_name_the_placeholder_key(engine: Engine) -> None:
    client = tables_at(engine)
    assert [names(client) for _ in range(3)] == [["Products"]] * 3
    assert engine.connections == 1
    for request in engine.requests:
        assert request.startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:")
        assert b"\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n" in request
        assert b"Credential=stockpulse/20260101/eu-west-1/dynamodb/aws4_request" in request
        assert request.endswith(b"\r\n\r\n{}")


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[KEEP, KEEP, LAST, KEEP]], indirect=True)
def test_a_connection_that_the_engine_closed_is_not_used_again(engine: Engine) -> None:
    client = tables_at(engine)
    assert names(client) == ["Products"]
    engine.hang_up()
    assert [names(client) for _ in range(3)] == [["Products"]] * 3
    assert (engine.connections, len(engine.requests)) == (3, 4)


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[CUT, GARBAGE, KEEP]], indirect=True)
def test_an_incomplete_or_wrong_response_is_retried(engine: Engine) -> None:
    assert names(tables_at(engine, tries=3)) == ["Products"]
    assert engine.connections == 3


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[REFUSED]], indirect=True)
def test_an_error_of_the_engine_is_read(engine: Engine) -> None:
    with pytest.raises(StoreUnavailable, match="throttling"):
        names(tables_at(engine))


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[TOO_LARGE, KEEP]], indirect=True)
def test_a_refusal_that_comes_before_all_was_sent_is_read(engine: Engine) -> None:
    client = tables_at(engine)
    with pytest.raises(ItemTooLarge), translated():
        client.put_item(TableName="Products", Item={"ProductID": {"S": "x" * 40_000_000}})
    assert names(client) == ["Products"]
    assert engine.connections == 2


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[None, KEEP]], indirect=True)
def test_a_silent_engine_is_given_up_and_its_connection_closed(engine: Engine) -> None:
    client = impatient(engine)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        names(client)
    assert names(client) == ["Products"]
    assert engine.connections == 2


@pytest.mark.usefixtures("no_urllib3")
@pytest.mark.parametrize("engine", [[]], indirect=True)
def test_an_engine_that_is_gone_is_reported(engine: Engine) -> None:
    client = impatient(engine)
    engine.close()
    with pytest.raises(StoreUnavailable, match="did not answer"):
        names(client)


@pytest.mark.parametrize("engine", [[LAST]], indirect=True)
def test_requests_with_real_credentials_are_signed(engine: Engine) -> None:
    core = CoreSession()
    core.set_credentials("AKIAEXAMPLE", "secret")
    session = Session(boto3.Session(botocore_session=core, region_name="eu-west-1"))
    assert names(connect(engine.url, 1, session).tables) == ["Products"]
    assert b"Credential=AKIAEXAMPLE/" in engine.requests[0]
    assert b"Signature=none" not in engine.requests[0]


@pytest.mark.parametrize("engine", [[LAST]], indirect=True)
def test_a_proxy_gets_signed_requests(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", engine.url)
    monkeypatch.setenv("http_proxy", engine.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    client = connect("http://engine.example:8000", 1, with_placeholders()).tables
    assert names(client) == ["Products"]
    assert engine.requests[0].startswith(b"POST http://engine.example:8000/ HTTP/1.1\r\n")
    assert b"Signature=none" not in engine.requests[0]


def test_idle_connections_are_limited_and_closed_with_their_owner() -> None:
    engine = Engine(None, None, None)
    transport = LocalTransport(engine.url, 5, 5, most=2)
    request = SimpleNamespace(method="POST", url=f"{engine.url}/", headers={}, body=b"{}")
    calls = [threading.Thread(target=transport.send, args=(request,)) for _ in range(3)]
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
