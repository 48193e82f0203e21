"""Fixtures: tables for one test, and workers on them."""

from collections.abc import Iterator

import pytest

from app.config.settings import Settings
from tests.integration.consumers.kit import Recorder, Shop


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """Empty tables."""
    shop = Shop(settings)
    yield shop
    shop.close()


@pytest.fixture
def recorder() -> Recorder:
    """A test sink that records events."""
    return Recorder()
