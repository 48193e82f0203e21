"""A process whose audit key the workers lack does not start: its changes would not be believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap.web import running
from app.config.signing import audit_keys
from app.core.stamps import Stamps
from app.demo.external import run_beside
from app.demo.live import Plan
from app.store.coordination.audit_key_ids import AuditKeyIDs, AuditKeysDiffer
from app.store.deployment import CONSUMER
from app.store.dynamodb import tables
from app.store.dynamodb.aws_session import session_for
from app.store.dynamodb.client import connect
from app.store.location import Place
from tests.support.processes.forked import ran
from tests.support.processes.process import with_settings
from tests.support.processes.running import settings_for

K1, K2, K3 = "k1:" + "A" * 43 + "=", "k2:" + "B" * 42 + "A=", "k1:" + "C" * 42 + "A="
SPLIT = {"broker_url": "redis://127.0.0.1:1/0", "session_key": "s" * 32}


@contextmanager
def worker_with(keys: str, endpoint: str, folder: Path) -> Iterator[Any]:
    """Tables in which a worker with these keys has registered itself."""
    settings = settings_for(endpoint, folder, audit_keys=keys)
    client, names = connect(endpoint).tables, settings.table_names
    tables.ensure_tables(client, names, settings.attributes)
    row = AuditKeyIDs(client, names.checkpoints, CONSUMER)
    stamps = Stamps(names.products, settings.attributes, audit_keys(settings))
    row.register_reader(audit_keys(settings), stamps.scope)
    yield row
    client.close()


def web_starts(endpoint: str, folder: Path, keys: str | None, **changes: Any) -> bool:
    settings = settings_for(endpoint, folder, audit_keys=keys, **SPLIT, **changes)
    try:
        with running(settings):
            return True
    except AuditKeysDiffer:
        return False


def test_split_web_process_needs_a_key_of_the_worker(endpoint: str, tmp_path: Path) -> None:
    with worker_with(f"{K1},{K2}", endpoint, tmp_path):
        assert web_starts(endpoint, tmp_path, K1)
        assert web_starts(endpoint, tmp_path, f"{K2},{K1}"), "while the key is being changed"
        assert not web_starts(endpoint, tmp_path, K3), "another key under the same id"
        assert not web_starts(endpoint, tmp_path, f"{K3.replace('k1', 'k3')},{K1}")
        assert not web_starts(endpoint, tmp_path, None), "a key of the data folder's own"


def test_split_web_process_that_writes_needs_the_attribute_names_of_the_worker(
    endpoint: str, tmp_path: Path
) -> None:
    with worker_with(K1, endpoint, tmp_path):
        assert not web_starts(endpoint, tmp_path, K1, stock_attribute="Qty")
        assert web_starts(endpoint, tmp_path, K1, stock_attribute="Qty", read_only=True)


def test_demo_shop_beside_a_server_needs_a_key_of_the_worker(endpoint: str, tmp_path: Path) -> None:
    settings = settings_for(endpoint, tmp_path)
    place = Place(endpoint, session_for(endpoint))
    plan = Plan(iter(()), 1.0)
    with worker_with(K1, endpoint, tmp_path), pytest.raises(AuditKeysDiffer):
        run_beside(place, settings.table_names, settings.attributes, {"k9": b"9" * 32}, plan)


def test_worker_that_lacks_the_key_of_a_writer_says_so(
    endpoint: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert web_starts(endpoint, tmp_path, K2), "no worker has started yet"
    with worker_with(K1, endpoint, tmp_path):
        assert "lacks keys that have signed (k2)" in caplog.text


def test_key_command_never_signs_with_a_new_key_beside_a_worker(
    endpoint: str, tmp_path: Path
) -> None:
    def key_command(folder: Path, *words: str, **given: str) -> tuple[int, str, str]:
        settings = settings_for(endpoint, tmp_path)
        environment = {
            "STOCKPULSE_DYNAMODB": endpoint,
            "STOCKPULSE_DATA_DIR": str(folder),
            "STOCKPULSE_TABLE_PREFIX": settings.table_prefix,
            **given,
        }
        return ran("key", *words, environment=with_settings(environment))

    with worker_with(K1, endpoint, tmp_path):
        create = ("create", "ada", "--role", "admin")
        status, output, errors = key_command(tmp_path / "other", *create)
        assert (status, output) == (1, "")
        assert "STOCKPULSE_AUDIT_KEYS" in errors
        assert not (tmp_path / "other" / "audit.key").exists()

        status, _, errors = key_command(tmp_path, *create, STOCKPULSE_AUDIT_KEYS=K2)
        assert status == 0
        assert "Warning: the audit key that signs here (one named 'k2')" in errors

        _, output, errors = key_command(tmp_path, "list", STOCKPULSE_AUDIT_KEYS=K1)
        assert "REFUSED" in output
        assert "signed with the audit key 'k2'" in errors
        status, _, errors = key_command(tmp_path, *create, STOCKPULSE_AUDIT_KEYS=K1)
        assert status == 1
        assert "revoke it first" in errors
        for command in (("revoke", "ada"), create, ("list",)):
            status, output, errors = key_command(tmp_path, *command, STOCKPULSE_AUDIT_KEYS=K1)
            assert status == 0, errors
        assert "REFUSED" not in output
