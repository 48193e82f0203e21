"""A test that needs a store uses a real one: an embedded engine, or STOCKPULSE_TEST_ENDPOINT.

The application is imported in the fixtures that need it, because unit tests and the process that
distributes tests to workers do not need it.
"""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

if TYPE_CHECKING:
    from app.config.settings import Settings
    from tests.support.processes.running import App

# Imported here, not at first use in a server's thread: pytest compiles it again, and CPython 3.11
# miscounts the recursion depth of two concurrent compilations.
assert anyio.open_file

# Files that take longest, the longest first. They begin first, so that at the end no process waits
# for another one's long file.
_LONGEST = (
    "readmodel/test_year.py",
    "growth/test_growth.py",
    "aws_lambda/test_lambda_zip.py",
    "access/test_roles.py",
    "readmodel/test_read_model.py",
    "event_source/test_event_source.py",
    "contract/test_schemathesis.py",
    "products/test_odd_items.py",
    "live/test_killed.py",
    "demo/test_demo_history.py",
    "demo/test_demo_command.py",
    "demo/test_demo.py",
    "start/test_tables_refused.py",
    "consumers/test_control.py",
    "consumers/test_sinks_command.py",
    "consumers/test_dead_letters_api.py",
    "readmodel/test_year_elsewhere.py",
    "channels/test_whole_way.py",
    "every_page/test_pages.py",
    "stream/test_tabs.py",
    "browser/test_live_page.py",
    "browser/test_product_pages.py",
    "stream/test_proof_of_life.py",
    "system/test_system_page.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files."""
    place = {name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda test: place.get("/".join(test.path.parts[-2:]), len(place)))


@pytest.fixture(scope="session", autouse=True)
def _no_aws_configuration() -> Iterator[None]:
    """No test depends on the AWS configuration of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude modules and collected tests from garbage collection.

    They live until the process ends. Without this, searching them for garbage again and again takes
    a fifth of the CPU time of the unit tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A DynamoDB-compatible server for the whole run; each test uses its own table prefix."""
    given = os.environ.get("STOCKPULSE_TEST_ENDPOINT")
    if given:
        yield given
        return
    from app.store.engine import EmbeddedEngine

    with EmbeddedEngine(tmp_path_factory.mktemp("engine")) as engine:
        yield engine.url


@pytest.fixture
def settings(endpoint: str, tmp_path: Path) -> "Settings":
    """Settings of a deployment that only this test uses."""
    from tests.support.processes.running import settings_for

    return settings_for(endpoint, tmp_path)


@pytest.fixture(scope="module")
def shared(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[App]":
    """One application for all tests of a file; each test uses different product ids."""
    from tests.support.processes.running import serving, settings_for

    with serving(settings_for(endpoint, tmp_path_factory.mktemp("shared"))) as running:
        yield running


@pytest.fixture(scope="module")
def filled(shared: "App") -> "App":
    """The shared application, once its lists and searches have all changes."""
    from tests.support.waiting import until

    until(lambda: shared.services.read_model.state.events.filled)
    return shared


@pytest.fixture
def app(settings: "Settings") -> "Iterator[App]":
    """The application with empty tables."""
    from tests.support.processes.running import serving

    with serving(settings) as running:
        yield running
