"""What has signed is stored, so that a start warns of a missing key, or refuses other stamps."""

import base64
import logging
from typing import Any

import pytest

from app.bootstrap.web import running
from app.config.settings import Settings, SettingsError
from app.store.dynamodb.table_names import TableError
from tests.support.processes.running import settings_for


def with_keys(settings: Settings, *ids: str, **changes: Any) -> Settings:
    given = ",".join(f"{name}:{base64.b64encode(name.encode() * 32).decode()}" for name in ids)
    keys = {"audit_keys": given} if ids else {}
    return settings_for(settings.dynamodb, settings.data_dir, **keys, **changes)


def test_a_missing_key_that_has_signed_is_named_in_a_warning(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def warnings(*ids: str) -> str:
        caplog.clear()
        with caplog.at_level(logging.WARNING), running(with_keys(settings, *ids)):
            return "\n".join(record.getMessage() for record in caplog.records)

    assert "AUDIT_KEYS" not in warnings("first")
    assert "AUDIT_KEYS" not in warnings("second", "first")
    assert "(first)" in warnings("second")
    assert "(first, second)" in warnings("third")


SPLIT = {"broker_url": "redis://127.0.0.1:1", "session_key": "k" * 32}  # the worker is elsewhere


def test_split_web_process_whose_stamps_the_worker_disbelieves_is_refused(
    settings: Settings,
) -> None:
    with running(with_keys(settings, "first", "older")):  # with a worker
        pass
    for keys in (["first"], ["older"], ["first", "older"]):
        with running(with_keys(settings, *keys, **SPLIT)):
            pass
    for keys, changes in (["second"], {}), (["second", "first"], {}), (["first"], {"stock": "Qty"}):
        names = {f"{name}_attribute": value for name, value in changes.items()}
        with (
            pytest.raises(TableError, match="STOCKPULSE_AUDIT_KEYS and the names"),
            running(with_keys(settings, *keys, **names, **SPLIT)),
        ):
            pass


def test_split_web_process_without_keys_is_refused_unless_it_only_reads(settings: Settings) -> None:
    with running(with_keys(settings, "first")):
        pass
    with (
        pytest.raises(SettingsError, match="STOCKPULSE_AUDIT_KEYS must be set"),
        running(with_keys(settings, **SPLIT)),
    ):
        pass
    with running(with_keys(settings, read_only=True, **SPLIT)):
        pass
