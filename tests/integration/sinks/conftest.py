"""Tables of a test's own on the real engine."""

from collections.abc import Iterator

import pytest
from tests.support.sinking import Deployment

from app.settings import Settings


@pytest.fixture
def deployment(settings: Settings) -> Iterator[Deployment]:
    """A deployment without a process."""
    made = Deployment(settings)
    yield made
    made.close()
