"""A start on a wrong endpoint or table ends soon, with one line that names what to change."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.store.dynamodb.client import connect
from tests.support.http import plain
from tests.support.processes.process import Process
from tests.support.processes.starts import SOON, Start, assert_one_line, on, start

SILENCE = 60.0  # seconds, for a server that accepts connections but never answers


@pytest.fixture(scope="module", autouse=True)
def before_a_silent_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """A start against a server that never answers; begun first, because it takes longest."""
    folder = tmp_path_factory.mktemp("silent")
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        waiting = start(folder, {"STOCKPULSE_DYNAMODB": url})
        yield waiting
        waiting.end()


def test_endpoint_that_refuses_connections_is_named(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"
    errors = start(tmp_path, {"STOCKPULSE_DYNAMODB": url}).errors()
    assert_one_line(errors, url, "STOCKPULSE_DYNAMODB")


PAGE = b"<html>\n<h1>404</h1>\n</html>"


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, PAGE), (200, PAGE), (200, b"[]")],
    ids=["error page", "page", "JSON"],
)
def test_endpoint_that_is_not_dynamodb_is_named(tmp_path: Path, status: int, body: bytes) -> None:
    with answering(status, body) as url:
        errors = start(tmp_path, {"STOCKPULSE_DYNAMODB": url}).errors(SILENCE)
    assert_one_line(errors, url, "STOCKPULSE_DYNAMODB")


def test_table_with_another_key_than_the_setting_is_named(tmp_path: Path, endpoint: str) -> None:
    name = table_of(endpoint, tmp_path, {"sku": "S", "Version": "N"}, stream=True)
    wrong = {"STOCKPULSE_KEY_ATTRIBUTE": "ProductID"}
    errors = start(tmp_path, on(endpoint, tmp_path) | wrong).errors()
    assert_one_line(errors, name, "sku (S), Version (N)", "STOCKPULSE_KEY_ATTRIBUTE is ProductID")


def test_table_without_a_stream_is_named_and_init_enables_it(tmp_path: Path, endpoint: str) -> None:
    name = table_of(endpoint, tmp_path, {"ProductID": "S"}, stream=False)
    settings = on(endpoint, tmp_path)
    # Neither command enables the stream unless asked to.
    for refused in [start(tmp_path, settings), start(tmp_path, settings, "init")]:
        assert_one_line(refused.errors(), name, "stockpulse init --enable-stream")
    enabled = start(tmp_path, settings, "init", "--enable-stream")
    output, errors = enabled.child.communicate(timeout=SOON)
    assert (enabled.child.returncode, errors) == (0, "")
    assert f"The stream of {name} has view type NEW_AND_OLD_IMAGES" in output
    with Process(tmp_path / "data", environment=settings) as app:
        assert plain.get(f"{app.url}/v1/products").json()["items"] == []
        assert app.stop() == 0


def test_missing_products_table_is_never_created(tmp_path: Path, endpoint: str) -> None:
    table_of(endpoint, tmp_path, {"ProductID": "S"}, stream=True)
    existing = f"{tmp_path.name}-Products"
    misspelt = f"{tmp_path.name}-Prodcuts"
    by_case = existing.swapcase()
    read_only = {"STOCKPULSE_READ_ONLY": "true"}
    for name in (misspelt, by_case):
        named = on(endpoint, tmp_path) | {"STOCKPULSE_PRODUCTS_TABLE": name}
        for settings in (named, named | read_only):
            errors = start(tmp_path, settings).errors()
            assert_one_line(errors, f"no table {name}", f"Similar names: {existing}")
    prefix = {"STOCKPULSE_TABLE_PREFIX": f"{tmp_path.name}-none-"}
    errors = start(tmp_path, on(endpoint, tmp_path) | prefix | read_only).errors()
    assert_one_line(errors, f"no table {tmp_path.name}-none-Products", "STOCKPULSE_READ_ONLY")
    clients = connect(endpoint)
    made = clients.tables.list_tables()["TableNames"]
    assert [name for name in made if name.casefold().startswith(tmp_path.name.casefold())] == [
        existing
    ]


def test_second_products_table_on_the_audit_of_the_first_is_refused(
    tmp_path: Path, endpoint: str
) -> None:
    """Their histories would merge, and `verify` would report tampering."""
    settings = on(endpoint, tmp_path)
    with Process(tmp_path / "data", environment=settings) as app:
        assert app.stop() == 0
    other = table_of(endpoint, tmp_path, {"ProductID": "S"}, stream=True, suffix="Other")
    errors = start(tmp_path, settings | {"STOCKPULSE_PRODUCTS_TABLE": other}).errors()
    assert_one_line(errors, f"{tmp_path.name}-ProductEvents", other, "STOCKPULSE_TABLE_PREFIX")
    with Process(tmp_path / "data", environment=settings) as app:
        assert app.stop() == 0


def test_endpoint_that_never_answers_is_named(before_a_silent_server: Start) -> None:
    *waits, error = before_a_silent_server.errors().splitlines()
    assert_one_line(error, "http://127.0.0.1:", "STOCKPULSE_DYNAMODB")
    assert all("the start waits" in line for line in waits)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """An HTTP server that gives the same response to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def table_of(
    endpoint: str, folder: Path, key: dict[str, str], *, stream: bool, suffix: str = "Products"
) -> str:
    """Create a products table as another program would; returns its name."""
    name = f"{folder.name}-{suffix}"
    view = {"StreamViewType": "NEW_AND_OLD_IMAGES"} if stream else {}
    clients = connect(endpoint)
    clients.tables.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": attribute, "KeyType": role}
            for attribute, role in zip(key, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in key.items()
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": stream, **view},
    )
    clients.tables.close()
    clients.streams.close()
    return name
