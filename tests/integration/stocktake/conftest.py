"""The tests of this folder share an application, and each has products of its own."""

from itertools import count

import pytest

from tests.support.processes.running import App

_NUMBERS = count(1)


@pytest.fixture(scope="module")
def app(filled: App) -> App:
    """One application for all tests; each test has products of its own."""
    return filled


@pytest.fixture
def name() -> str:
    """The beginning of the ids of a test's products."""
    return f"T{next(_NUMBERS)}-"
