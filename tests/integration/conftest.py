"""Marks what is about the embedded engine itself: on another engine there is nothing to test."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in the engine's folder."""
    for test in items:
        if "/integration/engine/" in str(test.path):
            test.add_marker(pytest.mark.embedded)
