"""One application for all tests of the page."""

import pytest

from tests.support.processes.running import App


@pytest.fixture(scope="module")
def app(filled: App) -> App:
    """One application for all tests; each test has products of its own."""
    return filled
