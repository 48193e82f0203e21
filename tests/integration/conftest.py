"""Tests in `engine/` are marked `embedded`, because they do not apply to another engine."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import House, furnished
from tests.support.processes.ministack import build_zip
from tests.support.processes.sharing import Shop, shop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in the engine's folder."""
    for test in items:
        if "/integration/engine/" in str(test.path):
            test.add_marker(pytest.mark.embedded)


@pytest.fixture(scope="session")
def lambda_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Lambda function's zip file, built once for all processes of this run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all processes
    built = folder / "function.zip"
    with (folder / "function.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            build_zip(folder / "unfinished.zip").rename(built)
    return built


@pytest.fixture(scope="module")
def house(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application with API keys of every role."""
    with furnished(endpoint, tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture
def store(endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    """Real tables and a stub stream that several workers share."""
    with shop(endpoint, tmp_path.name[-40:]) as found:
        yield found
