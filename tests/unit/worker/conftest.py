"""What the state machine and the stories on its stage need: silence."""

import logging
from collections.abc import Iterator

import pytest

from tests.unit.worker.machine.scene import Scene


@pytest.fixture
def quiet() -> Iterator[None]:
    """Failures are the machine's daily bread: their warnings would drown its own words."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def scene(quiet: None) -> Iterator[Scene]:
    """A stage for one story."""
    made = Scene()
    yield made
    made.close()
