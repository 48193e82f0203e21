"""A start with wrong settings ends within seconds, with one line that names what to change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.http import plain
from tests.support.processes.process import Process
from tests.support.processes.starts import Start, assert_one_line, on, start


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
    assert plain.get(f"{server.url}/readyz").status_code == 200


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


def test_reachable_address_without_keys_is_refused_with_the_remedy(
    tmp_path: Path, endpoint: str
) -> None:
    others = on(endpoint, tmp_path) | {"STOCKPULSE_HOST": "0.0.0.0"}
    errors = start(tmp_path, others).errors()
    assert_one_line(errors, "STOCKPULSE_HOST", "stockpulse key create", "STOCKPULSE_OPEN_ACCESS")
