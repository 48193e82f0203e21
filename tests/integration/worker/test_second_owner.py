"""A second owner, or another kind of host, is refused in one line that names what to change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.store.coordination.workers import Workers
from app.store.deployment import CONSUMER
from tests.support.processes.running import App, serving
from tests.support.processes.starts import SOON, assert_one_line, start


@pytest.fixture
def owner(settings: Settings) -> Iterator[App]:
    """A server that reads the stream."""
    with serving(settings) as running:
        yield running


def same_tables(settings: Settings) -> dict[str, str]:
    return {
        "STOCKPULSE_DYNAMODB": settings.dynamodb,
        "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
    }


def hosts(app: App, settings: Settings) -> Workers:
    return Workers(app.tables, f"{settings.table_prefix}StreamCheckpoints", CONSUMER)


def test_a_second_server_and_another_host_are_refused_while_one_runs(
    owner: App, settings: Settings, tmp_path: Path
) -> None:
    given = same_tables(settings)
    second = start(tmp_path, given | {"STOCKPULSE_DATA_DIR": str(tmp_path / "second")})
    switch = start(tmp_path, given, "init", "--host", "lambda")
    assert_one_line(second.errors(), "worker ", "STOCKPULSE_BROKER_URL")
    assert_one_line(switch.errors(), "worker ", "stop it first")
    assert owner.create("P1").status_code == 201


def test_a_server_is_refused_alongside_lambda_and_the_error_says_how_to_switch(
    settings: Settings, tmp_path: Path
) -> None:
    given = same_tables(settings)
    with serving(settings) as app:
        workers = hosts(app, settings)
    workers.set_host("lambda")
    refused = start(tmp_path, given | {"STOCKPULSE_DATA_DIR": str(tmp_path / "second")})
    assert_one_line(refused.errors(), "Lambda", "stockpulse init --host worker")
    switched = start(tmp_path, given, "init", "--host", "worker")
    output, errors = switched.child.communicate(timeout=SOON)
    assert (switched.child.returncode, errors) == (0, "")
    assert "kind worker" in output
    with serving(settings) as app:
        assert app.http.get("/readyz").status_code == 200


def test_a_worker_without_a_broker_is_refused(tmp_path: Path) -> None:
    assert_one_line(start(tmp_path, {}, "worker").errors(), "STOCKPULSE_BROKER_URL", "serve")
