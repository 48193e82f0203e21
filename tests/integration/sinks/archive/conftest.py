"""Fixtures: tables for one test, and a log whose events arrived long ago."""

from collections.abc import Iterator

import pytest

from app.config.settings import Settings
from tests.integration.sinks.archive.kit import Log


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    """Empty tables and a log."""
    log = Log(settings)
    yield log
    log.shop.close()
