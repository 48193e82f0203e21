"""The ids of all keys that have signed are stored, so that a start warns of a missing key."""

import base64
import logging

import pytest

from app.bootstrap.web import running
from app.config.settings import Settings
from tests.support.processes.running import settings_for


def with_keys(settings: Settings, *ids: str) -> Settings:
    key = base64.b64encode(b"k" * 32).decode()
    given = ",".join(f"{name}:{key}" for name in ids)
    return settings_for(settings.dynamodb, settings.data_dir, audit_keys=given)


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
