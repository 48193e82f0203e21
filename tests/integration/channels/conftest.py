"""One MiniStack for all tests here; each uses its own topics."""

import os
from collections.abc import Iterator

import pytest

from tests.support.processes.ministack import PYTHON, MiniStack, ministack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    if not PYTHON.exists() and "CI" not in os.environ:
        pytest.skip("no MiniStack here: scripts/ministack.sh sets it up")
    with ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running
