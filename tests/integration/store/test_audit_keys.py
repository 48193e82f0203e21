"""What has signed is stored, so that a start warns of a missing key."""

import base64
import logging
from typing import Any

import pytest

from app.bootstrap.web import running
from app.config.settings import Settings
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
