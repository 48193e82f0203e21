"""What the state machine needs: silence."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def quiet() -> Iterator[None]:
    """Failures are the machine's daily bread: their warnings would drown its own words."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
