"""Which keys ever signed is kept with the data, so that a missing one is told at the start."""

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


def test_a_key_that_signed_once_and_is_lacking_now_is_named(
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
