"""One application for all tests of the page."""

import pytest

from tests.support.processes.running import App
from tests.support.waiting import until


@pytest.fixture(scope="module")
def app(shared: App) -> App:
    """One application for all tests; each test has products of its own."""
    until(lambda: shared.services.read_model.state.events.filled)
    return shared
