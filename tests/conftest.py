"""Every test that needs a store has a real one: an embedded engine, or STOCKPULSE_TEST_ENDPOINT.

The application is imported by the first fixture that wants it: unit tests want none of these,
nor does the process that hands tests out to others.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

if TYPE_CHECKING:
    from app.config.settings import Settings
    from tests.support.processes.running import App

# Imported here and not at first use, in some server's thread: pytest compiles it anew, and
# CPython 3.11 miscounts the depth of two compilations side by side.
assert anyio.open_file


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A DynamoDB-compatible server for the whole run; tests keep apart by table prefix."""
    given = os.environ.get("STOCKPULSE_TEST_ENDPOINT")
    if given:
        yield given
        return
    from app.store.engine import EmbeddedEngine

    with EmbeddedEngine(tmp_path_factory.mktemp("engine")) as engine:
        yield engine.url


@pytest.fixture
def settings(endpoint: str, tmp_path: Path) -> "Settings":
    """Settings of a deployment of this test's own."""
    from tests.support.processes.running import settings_for

    return settings_for(endpoint, tmp_path)


@pytest.fixture(scope="module")
def shared(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[App]":
    """One application for the tests of a file, which keep apart by the names of their products."""
    from tests.support.processes.running import serving, settings_for

    with serving(settings_for(endpoint, tmp_path_factory.mktemp("shared"))) as running:
        yield running


@pytest.fixture
def app(settings: "Settings") -> "Iterator[App]":
    """The application over empty tables."""
    from tests.support.processes.running import serving

    with serving(settings) as running:
        yield running
