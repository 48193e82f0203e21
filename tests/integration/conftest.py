"""Marks what is about the embedded engine itself: on another engine there is nothing to test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sharing import Shop, shop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in the engine's folder."""
    for test in items:
        if "/integration/engine/" in str(test.path):
            test.add_marker(pytest.mark.embedded)


@pytest.fixture
def store(endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    """Real tables and a stub stream, on which workers meet."""
    with shop(endpoint, tmp_path.name[-40:]) as found:
        yield found
