"""A start that cannot succeed ends within seconds, with one line that names what to change."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.store.dynamodb.client import connect
from tests.support.processes.process import Process
from tests.support.processes.starts import SOON, Start, assert_one_line, start

SILENCE = 30.0  # seconds, for a server that accepts connections but never answers


@pytest.fixture(scope="module", autouse=True)
def before_a_silent_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """A start against a server that never answers; begun first, because it takes longest."""
    folder = tmp_path_factory.mktemp("silent")
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        waiting = start(folder, {"STOCKPULSE_DYNAMODB": url})
        yield waiting
        waiting.end()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A running Stockpulse."""
    with Process(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


WRONG_SETTINGS = {
    "unknown name": ({"STOCKPULSE_PORTT": "1"}, ["STOCKPULSE_PORTT", "unknown setting"]),
    "not a number": ({"STOCKPULSE_PORT": "http"}, ["STOCKPULSE_PORT", "integer"]),
    "too large": ({"STOCKPULSE_PORT": "70000"}, ["STOCKPULSE_PORT", "65535"]),
    "not a boolean": ({"STOCKPULSE_READ_ONLY": "maybe"}, ["STOCKPULSE_READ_ONLY", "boolean"]),
    "not a time zone": ({"STOCKPULSE_TIMEZONE": "Mars"}, ["STOCKPULSE_TIMEZONE", "Europe/Berlin"]),
    "not an endpoint": ({"STOCKPULSE_DYNAMODB": "ftp://x"}, ["STOCKPULSE_DYNAMODB", "http://"]),
    "not a port": ({"STOCKPULSE_DYNAMODB": "http://127.0.0.1:99999"}, ["STOCKPULSE_DYNAMODB"]),
    "not a table name": ({"STOCKPULSE_PRODUCTS_TABLE": "a b"}, ["STOCKPULSE_PRODUCTS_TABLE"]),
    "not a Redis URL": (
        {"STOCKPULSE_BROKER_URL": "http://x"},
        ["STOCKPULSE_BROKER_URL", "redis://"],
    ),
    "one name for two": ({"STOCKPULSE_NAME_ATTRIBUTE": "Stock"}, ["STOCKPULSE_STOCK_ATTRIBUTE"]),
    "AWS without a key": ({"STOCKPULSE_DYNAMODB": "aws"}, ["STOCKPULSE_AUDIT_KEYS"]),
}


@pytest.fixture(scope="module")
def wrong_starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Start]]:
    """Start all of them at once, to use every processor."""
    starts = {
        name: start(tmp_path_factory.mktemp("wrong"), settings)
        for name, (settings, _) in WRONG_SETTINGS.items()
    }
    yield starts
    for begun in starts.values():
        begun.end()


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_invalid_setting_is_named(wrong_starts: dict[str, Start], name: str) -> None:
    refused = wrong_starts[name]
    assert_one_line(refused.errors(), *WRONG_SETTINGS[name][1])
    assert list(refused.folder.iterdir()) == []


def test_every_invalid_setting_has_a_line_and_no_secret_is_shown(tmp_path: Path) -> None:
    wrong = {"STOCKPULSE_PORT": "x", "STOCKPULSE_CURRENCY": "x", "STOCKPULSE_AUDIT_KEYS": "k:hush"}
    errors = start(tmp_path, wrong).errors()
    assert len(errors.splitlines()) == len(wrong)
    assert all(name in errors for name in wrong)
    assert "hush" not in errors


@pytest.mark.parametrize(
    "content", [b"STOCKPULSE_PORTT=1\n", b"\xff\xfe\x00"], ids=["typo", "noise"]
)
def test_invalid_settings_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".env").write_bytes(content)
    name = "STOCKPULSE_PORTT" if b"PORTT" in content else ".env"
    assert_one_line(start(tmp_path, {}).errors(), name)


@pytest.mark.embedded
def test_port_in_use_is_named(tmp_path: Path, server: Process) -> None:
    errors = start(tmp_path, {"STOCKPULSE_PORT": str(server.port)}).errors()
    assert_one_line(errors, f"127.0.0.1:{server.port}", "STOCKPULSE_PORT")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.embedded
def test_data_folder_in_use_is_named_with_its_owner(tmp_path: Path, server: Process) -> None:
    held = {"STOCKPULSE_DATA_DIR": str(server.data_dir)}
    elsewhere = {"STOCKPULSE_DYNAMODB": "http://127.0.0.1:9"}  # the folder still has one owner
    for refused in [start(tmp_path, held), start(tmp_path, held | elsewhere)]:
        errors = refused.errors()
        assert_one_line(errors, str(server.data_dir), f"process {server.pid}", *held)
    assert httpx.get(f"{server.url}/readyz").status_code == 200


@pytest.mark.embedded
def test_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    errors = start(tmp_path, {}).errors()
    assert_one_line(errors, str(tmp_path / "data"), "STOCKPULSE_DATA_DIR")


@pytest.mark.embedded
@pytest.mark.parametrize("name", ["engine.db", "audit.key"])
def test_damaged_file_in_the_data_folder_is_named(tmp_path: Path, name: str) -> None:
    file = tmp_path / "data" / name
    file.parent.mkdir()
    file.write_bytes(b"noise " * 100)
    assert_one_line(start(tmp_path, {}).errors(), str(file))
    assert file.read_bytes() == b"noise " * 100


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
        assert httpx.get(f"{app.url}/v1/products").json()["items"] == []
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


def test_reachable_address_without_keys_is_refused_with_the_remedy(
    tmp_path: Path, endpoint: str
) -> None:
    others = on(endpoint, tmp_path) | {"STOCKPULSE_HOST": "0.0.0.0"}
    errors = start(tmp_path, others).errors()
    assert_one_line(errors, "STOCKPULSE_HOST", "stockpulse key create", "STOCKPULSE_OPEN_ACCESS")


def test_endpoint_that_never_answers_is_named(before_a_silent_server: Start) -> None:
    errors = before_a_silent_server.errors(SILENCE)
    assert_one_line(errors, "http://127.0.0.1:", "STOCKPULSE_DYNAMODB")


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


def on(endpoint: str, folder: Path) -> dict[str, str]:
    return {"STOCKPULSE_DYNAMODB": endpoint, "STOCKPULSE_TABLE_PREFIX": f"{folder.name}-"}


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
